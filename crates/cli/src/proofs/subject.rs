//! [`Subject`]: the tree that proofs are about.

use rotortree::{AnyProof, Kind, TreeHead};

use crate::{
    failure::{Code, Failure},
    hash_function::HashFunction,
};

/// What a proof says nothing about, and some of its forms need.
pub(crate) struct Subject {
    pub(crate) hash: HashFunction,
    pub(crate) arity: usize,
    /// Levels of the circuit.
    pub(crate) levels: Option<usize>,
    /// The head that proofs are made for.
    pub(crate) head: TreeHead,
    /// The head that a proof of growth starts from.
    pub(crate) old: Option<TreeHead>,
}

impl Subject {
    /// The proof in bytes that were made a moment ago.
    pub(super) fn decode<'a>(&self, bytes: &'a [u8]) -> Result<AnyProof<'a>, Failure> {
        AnyProof::from_bytes(bytes, self.arity)
            .map_err(|error| Failure::new(Code::System, error).at("a proof that was just made"))
    }

    /// Refuses a form that a proof does not have.
    pub(super) fn no_such_form(&self, kind: Kind) -> Failure {
        let sentence = format!(
            "a {kind} of a tree with N = {} and {} does not have this form",
            self.arity, self.hash
        );
        Failure::new(Code::Usage, sentence).next("use --format json, bytes or abi")
    }
}
