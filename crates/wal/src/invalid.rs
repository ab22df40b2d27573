//! The scanner's report on bytes without anything valid.

/// The defect of a stretch of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReason {
    /// All of it is zero: space that was allocated and never written, or a write that never reached
    /// the disk.
    Blank,
    /// No valid group header stands on any of its sector boundaries.
    NoGroup,
    /// The same where a file may hold the remains of an earlier segment: space that nothing was
    /// written to, or a write that never reached the disk. A scanner does not tell this from
    /// [`NoGroup`](Self::NoGroup); [`LogRules`](crate::LogRules) does.
    Remains,
    /// The checksum of the record with this sequence does not hold.
    RecordChecksum {
        /// The record's sequence.
        sequence: u64,
        /// The checksum in the record.
        expected: u32,
        /// The checksum of its bytes.
        actual: u32,
    },
    /// The record with this sequence states a length that is past its limit, or does not add up to
    /// the group's.
    RecordLength {
        /// The record's sequence.
        sequence: u64,
    },
    /// The record with this sequence has a valid checksum and impossible fields: no release has
    /// written it.
    RecordMalformed {
        /// The record's sequence.
        sequence: u64,
    },
    /// A chunk that the record with this sequence stands for is not there, or does not match the
    /// record's checksum. A scanner does not report it: it comes from the program that reads the
    /// chunks.
    ChunkMismatch {
        /// The record's sequence.
        sequence: u64,
        /// The chunk, counted from the first leaf of the tree.
        chunk: u64,
    },
    /// The segment ends before the record with this sequence does.
    Truncated {
        /// The record's sequence.
        sequence: u64,
    },
}

impl core::fmt::Display for InvalidReason {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Blank => write!(out, "there are only zeros"),
            Self::NoGroup => write!(out, "there is no valid sync group"),
            Self::Remains => write!(out, "there are the remains of an earlier segment"),
            Self::RecordChecksum {
                sequence,
                expected,
                actual,
            } => {
                write!(
                    out,
                    "the checksum of record {sequence} is {actual:#010x} where {expected:#010x} is stored"
                )
            }
            Self::RecordLength { sequence } => {
                write!(out, "the length of record {sequence} is impossible")
            }
            Self::RecordMalformed { sequence } => write!(
                out,
                "record {sequence} has a valid checksum and impossible fields"
            ),
            Self::ChunkMismatch { sequence, chunk } => write!(
                out,
                "chunk {chunk} is not the one that record {sequence} stands for"
            ),
            Self::Truncated { sequence } => {
                write!(out, "the segment ends within record {sequence}")
            }
        }
    }
}
