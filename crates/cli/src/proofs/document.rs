//! [`ProofDocument`]: a proof as JSON of our own.

use rotortree::Hex;
use serde::{Deserialize, Serialize};

use super::Subject;
use crate::{failure::Failure, hex};

/// A proof with its claim in words. Only `proof`, the canonical bytes, counts when it is verified.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ProofDocument {
    /// The kind of the proof.
    pub(crate) kind: String,
    pub(crate) arity: usize,
    pub(crate) hash: String,
    /// The head that the proof was made for. A verifier takes a head from elsewhere.
    pub(crate) head: String,
    /// The head that a proof of growth starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old: Option<String>,
    pub(crate) leaves: Vec<LeafAt>,
    /// The canonical bytes.
    pub(crate) proof: String,
}

/// A leaf at its index.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct LeafAt {
    pub(crate) index: u64,
    pub(crate) leaf: String,
}

impl LeafAt {
    pub(crate) fn new((index, leaf): (u64, &rotortree::Hash)) -> Self {
        Self {
            index,
            leaf: Hex(*leaf).to_string(),
        }
    }
}

impl ProofDocument {
    pub(super) fn new(subject: &Subject, bytes: &[u8]) -> Result<Self, Failure> {
        let proof = subject.decode(bytes)?;
        Ok(Self {
            kind: proof.kind().to_string(),
            arity: subject.arity,
            hash: subject.hash.name().to_owned(),
            head: subject.head.to_string(),
            old: subject.old.map(|old| old.to_string()),
            leaves: proof.leaves().map(LeafAt::new).collect(),
            proof: hex::encode(bytes),
        })
    }
}
