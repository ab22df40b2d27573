//! The bytes of heads, frontiers and proofs: compact, canonical, versioned.
//!
//! Every encoding starts with the same header and ends with its last hash:
//!
//! ```text
//! kind: 1 byte   version: 1 byte (1)   N: varint   then by kind
//!
//!  1 head         size, root (left out for size 0)
//!  2 frontier     size, hashes from the left
//!  3 inclusion    tree size, leaf index, leaf, siblings
//!  4 consistency  old size, new size, hashes
//!  5 multiproof   tree size, count, first index, gaps between indices less one, hashes from the
//!                 left, leaves
//!  6 range        tree size, first index, count, hashes from the left, leaves
//!  7 catch-up     old size, count, old frontier from the left, leaves
//! ```
//!
//! Siblings and the hashes of a consistency proof stand from the lowest level up, and from the left
//! within a level.
//!
//! Kinds and versions are among 1 to 8 and 14 to 31, control characters that no text has. Bytes
//! that start otherwise are not an encoding of any version.
//!
//! Numbers are varints: 7 bits a byte, low bits first, the high bit set on all but the last byte,
//! in their shortest form. A hash is its 32 bytes. An encoding stores nothing that can be derived:
//! no root that the hashes lead to, no count that sizes and indices fix, and no `MAX_DEPTH`. A
//! decoded proof is therefore *unrooted*: it proves nothing until it is verified against a head.
//! One value has one encoding; bytes that differ from it are refused or encode another value.
//!
//! Decoding borrows the bytes, allocates nothing and takes time in proportion to them.

mod error;
mod reader;
mod writer;

pub use error::DecodeError;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// The version of the encodings that this crate writes, and the one it reads.
pub const ENCODING_VERSION: u8 = 1;

/// The kind of encoded bytes.
///
/// ```
/// use rotortree_lean_imt::{Frontier, Kind, peek_kind};
///
/// let bytes = Frontier::<4, 20>::new().export();
/// assert_eq!(peek_kind(&bytes)?, (Kind::Frontier, 4));
/// # Ok::<(), rotortree_lean_imt::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// A [`TreeHead`](crate::TreeHead).
    Head = 1,
    /// A [`Frontier`](crate::Frontier).
    Frontier = 2,
    /// An inclusion proof, [`NaryProof`](crate::NaryProof).
    Inclusion = 3,
    /// A [`ConsistencyProof`](crate::ConsistencyProof).
    Consistency = 4,
    /// A [`MultiProof`](crate::MultiProof).
    Multi = 5,
    /// A [`RangeProof`](crate::RangeProof).
    Range = 6,
    /// A [`CatchUpProof`](crate::CatchUpProof).
    CatchUp = 7,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Head,
        Self::Frontier,
        Self::Inclusion,
        Self::Consistency,
        Self::Multi,
        Self::Range,
        Self::CatchUp,
    ];
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Head => "head",
            Self::Frontier => "frontier",
            Self::Inclusion => "inclusion proof",
            Self::Consistency => "consistency proof",
            Self::Multi => "multiproof",
            Self::Range => "range proof",
            Self::CatchUp => "catch-up proof",
        })
    }
}

/// Kind and N of encoded bytes, for callers that know neither. Reads the header only.
///
/// # Errors
/// [`DecodeError`] if the bytes do not start with a header.
pub fn peek_kind(bytes: &[u8]) -> Result<(Kind, usize), DecodeError> {
    let mut reader = Reader::new(bytes);
    let kind = reader.kind()?;
    Ok((kind, reader.arity()?))
}
