//! [`read`]: a proof in any form, as canonical bytes.

use rotortree_lean_imt::{Hash, LeanImtProof, TreeHead};
use serde_json::Value;

use crate::{FormError, Missing, ProofDocument, abi, circuit, hex, rfc6962, zk_kit};

/// What a verifier knows of a proof beside its bytes. Some forms leave the index or the leaf out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// The head that the verifier trusts.
    pub head: TreeHead,
    /// The earlier head, for a proof of growth.
    pub old: Option<TreeHead>,
    /// N of the tree.
    pub arity: usize,
    /// Whether a hash is a number whose first byte is the lowest; forms for circuits have it with
    /// the highest byte first.
    pub is_little_endian: bool,
    /// The index of the leaf.
    pub index: Option<u64>,
    /// The leaf.
    pub leaf: Option<Hash>,
}

impl Claim {
    /// The claim about a tree with this head and N.
    #[must_use]
    pub fn new(head: TreeHead, arity: usize) -> Self {
        Self {
            head,
            old: None,
            arity,
            is_little_endian: false,
            index: None,
            leaf: None,
        }
    }
}

/// The canonical bytes of a proof. Its form follows from its first bytes. Bytes that are in no
/// other form are taken for canonical ones; nothing is verified.
///
/// # Errors
/// [`FormError::Unreadable`]; [`FormError::Missing`] if the form leaves out what the claim does not
/// say either; [`FormError::Tree`] if the parts do not make a proof.
pub fn read(bytes: &[u8], claim: &Claim) -> Result<Vec<u8>, FormError> {
    let Some(text) = std::str::from_utf8(bytes).ok().map(str::trim) else {
        return Ok(bytes.to_vec());
    };
    if text.starts_with('{') {
        let value = serde_json::from_str(text);
        let value = value.map_err(FormError::unreadable)?;
        return from_json(value, claim);
    }
    if !text.starts_with("0x") {
        return Ok(bytes.to_vec());
    }
    let bytes = hex::decode_bytes(text)
        .ok_or_else(|| FormError::unreadable("the text behind 0x is not pairs of hex digits"))?;
    // The first word of an ABI encoding is 32; canonical bytes start with their kind, never 0.
    match bytes.first() {
        Some(0) => abi::read(&bytes, claim.arity),
        _ => Ok(bytes),
    }
}

fn from_json(value: Value, claim: &Claim) -> Result<Vec<u8>, FormError> {
    let has = |key: &str| value.get(key).is_some();
    if has("proof") {
        let document: ProofDocument =
            serde_json::from_value(value).map_err(FormError::unreadable)?;
        return hex::decode_bytes(&document.proof)
            .ok_or_else(|| FormError::unreadable("`proof` is not pairs of hex digits behind 0x"));
    }
    if has("consistency") {
        let old = claim
            .old
            .ok_or_else(|| FormError::Missing(Missing::OldHead))?;
        return rfc6962::read_consistency(&value, old, claim.head);
    }
    if has("audit_path") {
        let index = claim.index.or_else(|| value["leaf_index"].as_u64());
        let index = index.ok_or_else(|| FormError::Missing(Missing::Index))?;
        let leaf = claim
            .leaf
            .ok_or_else(|| FormError::Missing(Missing::Leaf))?;
        return rfc6962::read_inclusion(&value, leaf, index, claim.head);
    }
    if !has("siblings") {
        let sentence = "the JSON is no proof: it has neither `proof` nor `audit_path`, \
                        `consistency` nor `siblings`";
        return Err(FormError::unreadable(sentence));
    }
    let proof: LeanImtProof = match has("indices") {
        true => circuit::read(value, claim.is_little_endian, claim.head)?,
        false => serde_json::from_value(value).map_err(FormError::unreadable)?,
    };
    let index = claim
        .index
        .ok_or_else(|| FormError::Missing(Missing::Index))?;
    zk_kit::read(&proof, index, claim.head)
}
