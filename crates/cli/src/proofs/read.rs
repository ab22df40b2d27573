//! [`read`]: a proof in any form, as canonical bytes.

use rotortree::{Hash, LeanImtProof, TreeHead};
use serde_json::Value;

use super::{ProofDocument, abi, circuit, rfc6962, zk_kit};
use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
    hex,
};

/// What a verifier knows of a proof beside its bytes. Some forms leave the index or the leaf out.
pub(crate) struct Claim {
    pub(crate) head: TreeHead,
    pub(crate) old: Option<TreeHead>,
    pub(crate) arity: usize,
    pub(crate) hash: HashFunction,
    pub(crate) index: Option<u64>,
    pub(crate) leaf: Option<Hash>,
}

/// The canonical bytes of a proof. Its form follows from its first bytes.
pub(crate) fn read(bytes: &[u8], claim: &Claim) -> Result<Vec<u8>, Failure> {
    let Some(text) = std::str::from_utf8(bytes).ok().map(str::trim) else {
        return Ok(bytes.to_vec());
    };
    if text.starts_with('{') {
        let value = serde_json::from_str(text);
        let value = value.map_err(|error| Failure::new(Code::Input, error))?;
        return from_json(value, claim);
    }
    if !text.starts_with("0x") {
        return Ok(bytes.to_vec());
    }
    let bytes = hex::decode_bytes(text).ok_or_else(|| {
        Failure::new(Code::Input, "the text behind 0x is not pairs of hex digits")
    })?;
    // The first word of an ABI encoding is 32; canonical bytes start with their kind, never 0.
    match bytes.first() {
        Some(0) => abi::read(&bytes, claim.arity),
        _ => Ok(bytes),
    }
}

fn from_json(value: Value, claim: &Claim) -> Result<Vec<u8>, Failure> {
    let refused = |error: serde_json::Error| Failure::new(Code::Input, error);
    let has = |key: &str| value.get(key).is_some();
    if has("proof") {
        let document: ProofDocument = serde_json::from_value(value).map_err(refused)?;
        return hex::decode_bytes(&document.proof).ok_or_else(|| {
            Failure::new(Code::Input, "`proof` is not pairs of hex digits behind 0x")
        });
    }
    if has("consistency") {
        let old = claim.old.ok_or_else(|| missing("the old head", "--old"))?;
        return rfc6962::read_consistency(&value, old, claim.head);
    }
    if has("audit_path") {
        let index = claim.index.or_else(|| value["leaf_index"].as_u64());
        let index = index.ok_or_else(|| missing("the index of its leaf", "--index"))?;
        let leaf = claim.leaf.ok_or_else(|| missing("its leaf", "--leaf"))?;
        return rfc6962::read_inclusion(&value, leaf, index, claim.head);
    }
    if !has("siblings") {
        let sentence = "the JSON is no proof: it has neither `proof` nor `audit_path`, \
                        `consistency` nor `siblings`";
        return Err(Failure::new(Code::Input, sentence));
    }
    let proof: LeanImtProof = match has("indices") {
        true => circuit::read(value, claim.hash, claim.head)?,
        false => serde_json::from_value(value).map_err(refused)?,
    };
    let index = claim
        .index
        .ok_or_else(|| missing("the index of its leaf", "--index"))?;
    zk_kit::read(&proof, index, claim.head)
}

fn missing(what: &str, option: &str) -> Failure {
    let sentence = format!("this form of a proof does not say {what}");
    Failure::new(Code::Usage, sentence).next(format!("give {option}"))
}
