//! [`ReplayBatch`]: records on their way into the tree.

use std::sync::Arc;

use rotortree_hasher::Hash;
use rotortree_wal::{GroupHeader, Position, RecordView};

/// Leaves hashed at once: 1 MiB of them.
pub(super) const BATCH_LEAVES: usize = 1 << 15;

/// Records in the order of the log, and what the log states of the tree after them.
#[derive(Default)]
pub(super) struct ReplayBatch {
    pub(super) leaves: Vec<Hash>,
    /// How many of the leaves belong to entries that have ended.
    pub(super) ended: usize,
    /// The sequence of the last end of an entry; 0 without one.
    pub(super) end_sequence: u64,
    pub(super) metadata: Option<Arc<[u8]>>,
    /// The state that the last group states after its records.
    pub(super) after_group: Option<Position>,
    /// The state that the segment behind these records continues from.
    pub(super) base: Option<Position>,
}

impl ReplayBatch {
    pub(super) fn push(&mut self, record: &RecordView<'_>) {
        let needed = self.leaves.len() + record.leaves.len();
        if needed > self.leaves.capacity() && needed > BATCH_LEAVES / 2 {
            // All that it will need, rather than twice what it has: there are several of these.
            let enough = needed.max(BATCH_LEAVES + BATCH_LEAVES / 8);
            self.leaves.reserve_exact(enough - self.leaves.len());
        }
        self.leaves.extend_from_slice(record.leaves);
        if let Some(metadata) = record.metadata {
            self.metadata = Some(metadata.into());
        }
        if !record.more {
            self.ended = self.leaves.len();
            self.end_sequence = record.sequence;
        }
    }

    /// The records that come next are this group's.
    pub(super) fn group(&mut self, group: &GroupHeader) {
        if group.record_count > 0 {
            self.after_group = Some(Position {
                sequence: group.last_sequence(),
                size: group.size_after,
                root: group.root_after,
            });
        }
    }

    /// Whether there is enough for one run of hashing.
    pub(super) fn is_full(&self) -> bool {
        self.leaves.len() >= BATCH_LEAVES
    }

    /// Whether there are only whole entries, or nothing.
    pub(super) fn is_whole(&self) -> bool {
        self.ended == self.leaves.len()
    }

    /// Forgets the records, and keeps the allocation and what is still to be compared.
    pub(super) fn clear(&mut self) {
        self.leaves.clear();
        self.ended = 0;
        self.end_sequence = 0;
        self.metadata = None;
        self.base = None;
    }

    /// Takes the place of a batch that is on its way: what is still to be compared goes on.
    pub(super) fn follow(&mut self, before: &Self) {
        self.clear();
        self.after_group = before.after_group;
    }
}
