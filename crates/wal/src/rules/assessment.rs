//! The outcome of the rules for a log: plain values, which recovery acts on and reports.

use crate::invalid::InvalidReason;
use crate::segment::SegmentError;

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOffset {
    /// The segment's number.
    pub segment: u64,
    /// Bytes from the segment's start.
    pub offset: u64,
}

/// The place where a log deviates from the log that was written, and the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Break {
    /// The place of the break.
    pub place: LogOffset,
    /// The cause of the break.
    pub cause: BreakCause,
}

impl Break {
    /// Whether a valid record stands here whose chunks do not match it.
    pub(crate) fn lacks_chunks(&self) -> bool {
        matches!(
            self.cause,
            BreakCause::Invalid(InvalidReason::ChunkMismatch { .. })
        )
    }

    /// Whether nothing was written here: zeros, or the remains of an earlier segment.
    pub(crate) fn is_blank(&self) -> bool {
        use InvalidReason::{Blank, Remains};
        matches!(self.cause, BreakCause::Invalid(Blank | Remains))
    }
}

/// A deviation from the log that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakCause {
    /// No valid bytes at this place.
    Invalid(InvalidReason),
    /// A valid record stands here that is not the next one: earlier records are missing, or the
    /// record is a duplicate.
    OutOfSequence {
        /// The sequence that comes next.
        expected: u64,
        /// The sequence of the record.
        found: u64,
    },
    /// A record stands for chunks that do not continue the leaves before it.
    MisplacedChunks {
        /// The first chunk.
        first: u64,
        /// Leaves before the record.
        size: u64,
    },
    /// The segment does not start with a header, and contained the next records.
    UnreadableSegment(SegmentError),
    /// The segment continues from a later sequence than those before it reach.
    MissingBefore {
        /// The sequence that the segment continues from.
        base: u64,
    },
    /// The log ends here, before the sequence up to which it is known to be durable.
    EndsEarly,
    /// A batch starts here whose last record is not in the log. It was never acknowledged unless it
    /// counts as damage.
    UnfinishedBatch,
}

/// The verdict on a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The log ends where writing stopped.
    Whole,
    /// The log has a torn tail: it ends in something invalid that was never known to be durable, as
    /// after a crash.
    Torn(Break),
    /// Something that was known to be durable is invalid or missing.
    Damaged(Break),
}

impl Verdict {
    /// The place and cause of the break, unless the log is whole.
    #[must_use]
    pub fn broken_at(&self) -> Option<&Break> {
        match self {
            Self::Whole => None,
            Self::Torn(found) | Self::Damaged(found) => Some(found),
        }
    }
}

/// The result of [`LogRules`](crate::LogRules) for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assessment {
    /// A: the sequence up to which the log is known to have been durable.
    pub attested: u64,
    /// E: the sequence of the last record of the last batch that can be recovered.
    pub end: u64,
    /// Leaves in the tree at `end`.
    pub size: u64,
    /// Whether the log is whole, torn or damaged, and where.
    pub verdict: Verdict,
    /// The bytes that were written to the segments with a readable header, from the start of each
    /// to the end of what is neither zero nor the remains of an earlier segment.
    pub used_bytes: u64,
    /// The first byte that is not recovered and not blank. The bytes from here on go to quarantine
    /// before anything is dropped. It is the break, or lies before it if an unfinished batch is
    /// cut as a whole.
    pub cut: Option<LogOffset>,
    /// Valid records that are not recovered because they stand behind the break or belong to an
    /// unfinished batch. Records that a later segment superseded are not among them.
    pub cut_records: u64,
    /// The leaves in these records.
    pub cut_leaves: u64,
}

impl Assessment {
    /// Whether something that was known to be durable is invalid or missing.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(self.verdict, Verdict::Damaged(_))
    }

    /// The number of sequences that were known to be durable and cannot be recovered. It can be 0
    /// in spite of damage: a segment with an unreadable header is damage, and the number of its
    /// durable records is unknown.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.attested.saturating_sub(self.end)
    }
}
