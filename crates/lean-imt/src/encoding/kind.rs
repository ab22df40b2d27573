//! [`Kind`]: the kinds of encoded bytes, as their header names them.

/// The version of the encodings that this crate writes, and the one it reads.
pub(super) const ENCODING_VERSION: u8 = 1;

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
    pub(super) const ALL: [Self; 7] = [
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
