//! [`FormError`]: why a proof has no such form, or is none.

use rotortree_lean_imt::{DecodeError, Kind, TreeError, VerifyError};

/// A proof that cannot be written in a form, or be read back from one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The form is for other kinds of proofs, or for trees of another N or hash function.
    #[error("no {kind} of a tree with N = {arity} and {hash} has this form")]
    NoSuchForm {
        /// The kind of the proof.
        kind: Kind,
        /// N of the tree.
        arity: usize,
        /// The name of the tree's hash function.
        hash: String,
    },
    /// The circuit has fewer levels than the proof, or more than any tree.
    #[error("the proof has {needed} hashed levels, and a circuit of {levels} levels is asked for")]
    Levels {
        /// Hashed levels of the proof.
        needed: usize,
        /// Levels of the circuit.
        levels: usize,
    },
    /// The text or the words are not those of a proof.
    #[error("{0}")]
    Unreadable(String),
    /// The form leaves out a part of the claim that its reader has to know.
    #[error("this form of a proof does not say {0}")]
    Missing(Missing),
    /// The parts do not make a proof.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Bytes that are not the canonical bytes of a proof of this N were to be written in a form.
    #[error("the bytes to be written in a form are not a proof: {0}")]
    NotCanonical(DecodeError),
    /// A proof that was to be written in a form does not hold for the heads of its subject.
    #[error("the proof to be written in a form does not hold for its heads: {0}")]
    NotOfHeads(VerifyError),
}

/// A part of the claim that some forms leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The index of the leaf.
    Index,
    /// The leaf.
    Leaf,
    /// The head that growth starts from.
    OldHead,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Index => "the index of its leaf",
            Self::Leaf => "its leaf",
            Self::OldHead => "the old head",
        })
    }
}

impl FormError {
    pub(crate) fn unreadable(reason: impl std::fmt::Display) -> Self {
        Self::Unreadable(reason.to_string())
    }
}
