//! [`DecodeError`]: why bytes are refused.

use super::{ENCODING_VERSION, Kind};
use crate::TreeError;

/// Why bytes are not the encoding of what was asked for.
///
/// ```
/// use rotortree_lean_imt::{DecodeError, Frontier, TreeHead};
///
/// let bytes = Frontier::<2, 32>::new().export();
/// let error = TreeHead::from_bytes(&bytes, 2).unwrap_err();
/// assert!(matches!(error, DecodeError::WrongKind { .. }));
/// assert_eq!(error.to_string(), "the bytes are a frontier, not a head");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the bytes end where {needed} more are needed")]
    Truncated {
        /// How many more are needed at least.
        needed: u64,
    },
    /// Bytes follow the end.
    #[error("{count} bytes follow the end")]
    TrailingBytes {
        /// How many.
        count: u64,
    },
    /// The bytes do not start as an encoding does: they are a text, perhaps, or compressed.
    #[error("the bytes are not an encoding of a head, a frontier or a proof")]
    NotAnEncoding,
    /// The bytes are of no known kind.
    #[error("kind {found} is none that this version knows")]
    UnknownKind {
        /// The byte that stands for the kind.
        found: u8,
    },
    /// The bytes are of another kind.
    #[error("the bytes are a {found}, not a {expected}")]
    WrongKind {
        /// What was asked for.
        expected: Kind,
        /// What the bytes are.
        found: Kind,
    },
    /// The bytes are of a kind that proves nothing.
    #[error("the bytes are a {found}, not a proof")]
    NotAProof {
        /// What the bytes are.
        found: Kind,
    },
    /// The bytes are of a version that this crate does not read.
    #[error("encoding version {found} is not {ENCODING_VERSION}, the one that is read here")]
    UnsupportedVersion {
        /// The version of the bytes.
        found: u8,
    },
    /// The bytes are about a tree of another branching factor.
    #[error("the bytes are about trees with N = {found}, not {expected}")]
    WrongArity {
        /// The N that was asked for.
        expected: usize,
        /// The N of the bytes.
        found: usize,
    },
    /// A number is not in its shortest form, or exceeds what it stands for.
    #[error("the number at byte {offset} is not in its shortest form or too large")]
    InvalidNumber {
        /// Where the number starts.
        offset: u64,
    },
    /// The bytes decode to something that no tree has.
    #[error(transparent)]
    Tree(#[from] TreeError),
}
