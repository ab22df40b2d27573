//! [`RecoveryReport`]: the findings and actions of opening.

use rotortree_lean_imt::TreeHead;

use super::progress::ReplayCounts;
use crate::manifest::CutNotice;

/// The findings and actions of opening, also if nothing was wrong. As text
/// ([`Display`](std::fmt::Display)) it is one line; with the feature `serde` it serializes as a map
/// of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RecoveryReport {
    /// The store was created by this call.
    pub created: bool,
    /// The last run closed the store cleanly.
    pub was_closed: bool,
    /// Leaves in the tree that was recovered.
    pub size: u64,
    /// Leaves that the checkpoint gave.
    pub checkpoint_size: u64,
    /// Whether every stored node was compared with the hash of its children.
    pub verified: bool,
    /// Segments of the log read.
    pub segments: u64,
    /// Records replayed; a batch beyond 1 MiB has several.
    pub replayed_records: u64,
    /// Leaves replayed.
    pub replayed_leaves: u64,
    /// Valid records that were not replayed: behind a break, or of a batch whose end is missing.
    /// None had been acknowledged as durable unless there is `damage`.
    pub cut_records: u64,
    /// The leaves in these records.
    pub cut_leaves: u64,
    /// The place of a torn tail, which a crash leaves: bytes that were never known to be durable.
    pub tear: Option<LogBreak>,
    /// The place of damage to records that are known to have been durable.
    pub damage: Option<Damage>,
    /// Segments whose damaged header was restored from its copy. Nothing was lost, but
    /// check the disk.
    pub restored_headers: Vec<String>,
    /// The cuts that this and earlier openings took and that were not acknowledged yet, the oldest
    /// first. See [`RotorTree::acknowledge_cuts`](crate::RotorTree::acknowledge_cuts).
    pub cuts: Vec<CutNotice>,
}

/// A place where the log breaks off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LogBreak {
    /// The segment.
    pub file: String,
    /// Byte offset in it.
    pub offset: u64,
    /// What is wrong there.
    pub reason: String,
}

/// The loss of durable entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Damage {
    /// Where.
    pub at: LogBreak,
    /// The last record that was recovered.
    pub valid_sequence: u64,
    /// Leaves that were recovered.
    pub valid_size: u64,
    /// The last record that is known to have been durable.
    pub durable_sequence: u64,
    /// The largest durable head that is known to be lost. An orderly close names the very last
    /// one; without one it is the last that anything valid still tells of, and `None` where
    /// nothing does.
    pub lost: Option<TreeHead>,
    /// Where the bytes from there on are kept.
    pub quarantined: Vec<String>,
}

impl RecoveryReport {
    pub(super) fn count_replayed(&mut self, counts: ReplayCounts) {
        self.replayed_records = counts.records;
        self.replayed_leaves = counts.leaves;
    }
}

impl Damage {
    /// How many leaves are known to be lost, or `None` where no durable head beyond what was
    /// recovered is known.
    #[must_use]
    pub fn lost_leaves(&self) -> Option<u64> {
        self.lost
            .map(|head| head.size.saturating_sub(self.valid_size))
    }
}
