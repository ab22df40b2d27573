//! [`RecoveryReport`]: the findings and actions of opening.

use rotortree_lean_imt::TreeHead;

use super::progress::ReplayCounts;
use crate::manifest::CutNotice;

/// The findings and actions of opening, also for a sound store. As text
/// ([`Display`](std::fmt::Display)) the report is one line. With the feature `serde` it serializes
/// as a map of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RecoveryReport {
    /// Whether this call created the store.
    pub created: bool,
    /// Whether the last run closed the store cleanly.
    pub was_closed: bool,
    /// Leaves in the recovered tree.
    pub size: u64,
    /// Leaves from the checkpoint.
    pub checkpoint_size: u64,
    /// Whether every stored node was compared with the hash of its children.
    pub verified: bool,
    /// Segments of the log read.
    pub segments: u64,
    /// Records replayed. A batch beyond 1 MiB has several.
    pub replayed_records: u64,
    /// Leaves replayed.
    pub replayed_leaves: u64,
    /// Valid records that were not replayed: behind a break, or of a batch without its end. None
    /// had been acknowledged as durable unless there is `damage`.
    pub cut_records: u64,
    /// The leaves in these records.
    pub cut_leaves: u64,
    /// The place of a torn tail, which a crash leaves: bytes that were never known to be durable.
    pub tear: Option<LogBreak>,
    /// The place of damage to records that are known to have been durable.
    pub damage: Option<Damage>,
    /// Segments whose damaged header was restored from its copy. Nothing was lost, but check the
    /// disk.
    pub restored_headers: Vec<String>,
    /// The cuts of this and earlier openings that are not acknowledged yet, the oldest first. See
    /// [`RotorTree::acknowledge_cuts`](crate::RotorTree::acknowledge_cuts).
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
    /// The defect at this place.
    pub reason: String,
}

/// The loss of durable entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Damage {
    /// The place of the damage.
    pub at: LogBreak,
    /// The last record that was recovered.
    pub valid_sequence: u64,
    /// Recovered leaves.
    pub valid_size: u64,
    /// The last record that is known to have been durable.
    pub durable_sequence: u64,
    /// The largest durable head that is known to be lost. After an orderly close this is the very
    /// last head. Otherwise it is the last head that any valid part of the store states, or `None`
    /// if no part states one.
    pub lost: Option<TreeHead>,
    /// The files with the bytes from that place on.
    pub quarantined: Vec<String>,
}

impl RecoveryReport {
    pub(super) fn count_replayed(&mut self, counts: ReplayCounts) {
        self.replayed_records = counts.records;
        self.replayed_leaves = counts.leaves;
    }
}

impl Damage {
    /// The number of leaves that are known to be lost, or `None` if no durable head beyond the
    /// recovered tree is known.
    #[must_use]
    pub fn lost_leaves(&self) -> Option<u64> {
        self.lost
            .map(|head| head.size.saturating_sub(self.valid_size))
    }
}
