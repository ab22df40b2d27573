//! [`DecodeError`]: why bytes are refused.

use super::kind::{ENCODING_VERSION, Kind};
use crate::TreeError;

/// Why bytes are not an encoding of the requested value.
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
    #[error("the bytes end too early: at least {needed} more are needed")]
    Truncated {
        /// The least number of bytes that are missing.
        needed: u64,
    },
    /// Bytes follow the end.
    #[error("{count} bytes follow the end")]
    TrailingBytes {
        /// The number of bytes after the end.
        count: u64,
    },
    /// The bytes do not start like an encoding. They may be text, or compressed.
    #[error("the bytes are not an encoding of a head, a frontier or a proof")]
    NotAnEncoding,
    /// The bytes are of no known kind.
    #[error("this version does not know the kind {found}")]
    UnknownKind {
        /// The byte of the kind.
        found: u8,
    },
    /// The bytes are of another kind.
    #[error("the bytes are a {found}, not a {expected}")]
    WrongKind {
        /// The requested kind.
        expected: Kind,
        /// The kind of the bytes.
        found: Kind,
    },
    /// The bytes are of a kind that proves nothing.
    #[error("the bytes are a {found}, not a proof")]
    NotAProof {
        /// The kind of the bytes.
        found: Kind,
    },
    /// The bytes are of a version that this crate does not read.
    #[error("the encoding has version {found}; this crate reads version {ENCODING_VERSION}")]
    UnsupportedVersion {
        /// The version of the bytes.
        found: u8,
    },
    /// The bytes are about trees of another branching factor.
    #[error("the bytes are about trees with N = {found}, not {expected}")]
    WrongArity {
        /// The requested N.
        expected: usize,
        /// The N of the bytes.
        found: usize,
    },
    /// A number is not in its shortest form, or is larger than its field allows.
    #[error("the number at byte {offset} is not in its shortest form or too large")]
    InvalidNumber {
        /// Offset of the number in bytes.
        offset: u64,
    },
    /// The bytes decode to a value that no tree has.
    #[error(transparent)]
    Tree(#[from] TreeError),
}
