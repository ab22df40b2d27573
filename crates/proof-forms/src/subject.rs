//! [`Subject`]: the tree that proofs are about.

use std::{borrow::Cow, sync::Arc};

use rotortree_lean_imt::{AnyProof, Kind, SharedHasher, TreeHead};

use crate::FormError;

/// The hash function of a tree.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TreeHash {
    /// Its name in documents.
    pub name: Cow<'static, str>,
    /// Its hasher.
    pub hasher: SharedHasher,
    /// Whether a hash is a number of a field whose first byte is the lowest. A circuit computes
    /// with the number, and forms for circuits have it with the highest byte first.
    pub is_little_endian: bool,
}

impl TreeHash {
    /// A hash function whose hashes are bytes, or numbers with the highest byte first.
    pub fn new(name: impl Into<Cow<'static, str>>, hasher: SharedHasher) -> Self {
        Self {
            name: name.into(),
            hasher,
            is_little_endian: false,
        }
    }

    /// Says that hashes are numbers with the lowest byte first.
    #[must_use]
    pub fn little_endian(mut self) -> Self {
        self.is_little_endian = true;
        self
    }
}

/// What a proof says nothing about, and some of its forms need.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subject {
    /// The hash function of the tree.
    pub hash: Arc<TreeHash>,
    /// N of the tree.
    pub arity: usize,
    /// Levels of the circuit; those of the proof if there is no number.
    pub levels: Option<usize>,
    /// The head that proofs are made for.
    pub head: TreeHead,
    /// The head that a proof of growth starts from.
    pub old: Option<TreeHead>,
}

impl Subject {
    /// The tree with this head.
    #[must_use]
    pub fn new(hash: Arc<TreeHash>, arity: usize, head: TreeHead) -> Self {
        Self {
            hash,
            arity,
            levels: None,
            head,
            old: None,
        }
    }

    pub(crate) fn decode<'a>(&self, bytes: &'a [u8]) -> Result<AnyProof<'a>, FormError> {
        AnyProof::from_bytes(bytes, self.arity).map_err(FormError::NotCanonical)
    }

    pub(crate) fn no_such_form(&self, kind: Kind) -> FormError {
        FormError::NoSuchForm {
            kind,
            arity: self.arity,
            hash: self.hash.name.to_string(),
        }
    }
}
