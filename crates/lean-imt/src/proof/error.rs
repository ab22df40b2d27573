//! [`VerifyError`]: why a proof does not hold against a head.

use crate::{DecodeError, Kind, TreeError, TreeHead};

/// Why a proof does not hold against a head.
///
/// Verification against a head returns `Ok(())` or this error, so `?` and `unwrap` cannot
/// drop a verdict:
///
/// ```compile_fail
/// # use rotortree_lean_imt::{Blake3Hasher, NaryProof, TreeHead, VerifyError};
/// fn accept(proof: &NaryProof<2, 32>, head: TreeHead) -> Result<bool, VerifyError> {
///     Ok(proof.verify_against(&Blake3Hasher, head)?) // No `bool` can be forgotten.
/// }
/// ```
///
/// | the proof is | variants |
/// | --- | --- |
/// | false: well-formed, and its hashes lead elsewhere | [`RootMismatch`](Self::RootMismatch) |
/// | of another tree | [`SizeMismatch`](Self::SizeMismatch), [`ArityMismatch`](Self::ArityMismatch) |
/// | a proof of no tree | [`Malformed`](Self::Malformed), [`Encoding`](Self::Encoding) |
/// | verified by the caller with unsuitable arguments | [`HeadCount`](Self::HeadCount), [`ArityExceedsHasher`](Self::ArityExceedsHasher) |
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, VerifyError};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let head = tree.head().ok_or("three leaves")?;
/// let mut proof = tree.snapshot().generate_proof(1)?;
/// proof.verify_against(&Blake3Hasher, head)?;
///
/// proof.leaf = [9; 32];
/// let verdict = proof.verify_against(&Blake3Hasher, head);
/// assert_eq!(verdict, Err(VerifyError::RootMismatch { head }));
///
/// tree.insert([4; 32])?;
/// let later = tree.head().ok_or("four leaves")?;
/// let verdict = proof.verify_against(&Blake3Hasher, later);
/// assert_eq!(verdict, Err(VerifyError::SizeMismatch { expected: 4, actual: 3 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The proof is false: it is well-formed, of the head's size, and leads to another root.
    #[error("the hashes do not lead to the root of the head {head}")]
    RootMismatch {
        /// The head. For a proof about two trees, the head whose root the hashes do not lead to.
        head: TreeHead,
    },
    /// The proof is about a tree of another size.
    #[error("the proof is about a tree of {actual} leaves, but the head has {expected} leaves")]
    SizeMismatch {
        /// The head's size.
        expected: u64,
        /// The proof's size.
        actual: u64,
    },
    /// The proof is about trees of another branching factor.
    #[error("the proof is about trees with N = {actual}, not {expected}")]
    ArityMismatch {
        /// The verifier's N.
        expected: usize,
        /// The proof's N.
        actual: usize,
    },
    /// The proof is a proof of no tree: its shape does not fit sizes and indices, or the hasher
    /// refuses a hash of the proof or of a head.
    #[error(transparent)]
    Malformed(TreeError),
    /// The bytes are not the encoding of such a proof.
    #[error(transparent)]
    Encoding(DecodeError),
    /// The proof, whose kind is known only at run time, takes another number of heads
    /// than were given.
    #[error(
        "a {kind} is verified against {needed} heads: one for leaves of a tree, old and new for \
         its growth"
    )]
    HeadCount {
        /// The kind of the proof.
        kind: Kind,
        /// The number of heads that it takes, 1 or 2.
        needed: usize,
    },
    /// N, known only at run time, exceeds the hasher's `MAX_ARITY`.
    #[error("N = {arity} exceeds the {max_arity} children that the hasher accepts")]
    ArityExceedsHasher {
        /// The proof's N.
        arity: usize,
        /// The hasher's `MAX_ARITY`.
        max_arity: usize,
    },
}

/// Bytes of another N are a proof about other trees. All other bytes that do not decode
/// are no proof.
impl From<DecodeError> for VerifyError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::WrongArity { expected, found } => Self::ArityMismatch {
                expected,
                actual: found,
            },
            other => Self::Encoding(other),
        }
    }
}

/// The verdict on a proof that was verified against the heads that it claims itself.
pub(super) fn own_verdict(verdict: Result<(), VerifyError>) -> Result<bool, TreeError> {
    match verdict {
        Ok(()) => Ok(true),
        Err(VerifyError::Malformed(error)) => Err(error),
        Err(_) => Ok(false),
    }
}

impl TreeHead {
    /// Refuses a head that no tree has: size 0 with a root other than 32 zero bytes.
    pub(super) fn expect_possible(self) -> Result<(), VerifyError> {
        match self.size {
            0 => self.expect_root(&Self::EMPTY.root),
            _ => Ok(()),
        }
    }

    /// Refuses a proof about a tree of another size.
    pub(super) fn expect_size(self, actual: u64) -> Result<(), VerifyError> {
        if self.size == actual {
            Ok(())
        } else {
            Err(VerifyError::SizeMismatch {
                expected: self.size,
                actual,
            })
        }
    }

    /// Refuses hashes that lead to another root.
    pub(super) fn expect_root(self, root: &rotortree_hasher::Hash) -> Result<(), VerifyError> {
        if self.root == *root {
            Ok(())
        } else {
            Err(VerifyError::RootMismatch { head: self })
        }
    }
}
