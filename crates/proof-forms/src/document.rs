//! [`ProofDocument`]: a proof as JSON of our own.

use rotortree_lean_imt::Hash;
use serde::{Deserialize, Serialize};

use crate::{FormError, Subject, hex};

/// A proof with its claim in words. Only `proof`, the canonical bytes, counts when it is verified.
#[derive(Debug, Deserialize, Serialize)]
pub struct ProofDocument {
    /// The kind of the proof.
    pub kind: String,
    /// N of the tree.
    pub arity: usize,
    /// The name of its hash function.
    pub hash: String,
    /// The head that the proof was made for. A verifier takes a head from elsewhere.
    pub head: String,
    /// The head that a proof of growth starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The leaves that the proof is about.
    pub leaves: Vec<LeafAt>,
    /// The canonical bytes.
    pub proof: String,
}

/// A leaf at its index.
#[derive(Debug, Deserialize, Serialize)]
pub struct LeafAt {
    /// Its index.
    pub index: u64,
    /// The leaf, `0x` and 64 hex digits.
    pub leaf: String,
}

impl LeafAt {
    /// A leaf of a proof.
    #[must_use]
    pub fn new((index, leaf): (u64, &Hash)) -> Self {
        Self {
            index,
            leaf: hex::encode(leaf),
        }
    }
}

impl ProofDocument {
    pub(crate) fn new(subject: &Subject, bytes: &[u8]) -> Result<Self, FormError> {
        let proof = subject.decode(bytes)?;
        Ok(Self {
            kind: proof.kind().to_string(),
            arity: subject.arity,
            hash: subject.hash.name.to_string(),
            head: subject.head.to_string(),
            old: subject.old.map(|old| old.to_string()),
            leaves: proof.leaves().map(LeafAt::new).collect(),
            proof: hex::encode(bytes),
        })
    }
}
