//! [`ReplayBatch`]: records on their way into the tree.

use std::sync::Arc;

use rotortree_hasher::Hash;
use rotortree_wal::{GroupHeader, Position, RecordView};

use crate::ahead::ChunksAhead;

/// Leaves per run of hashing: 1 MiB of them.
pub(super) const BATCH_LEAVES: usize = 1 << 15;
/// Bytes of records in a batch, so that batches of single leaves and metadata stay bounded as well.
const BATCH_BYTES: usize = 2 << 20;

/// Records in the order of the log, and the state of the tree that the log states after them.
#[derive(Default)]
pub(super) struct ReplayBatch {
    pub(super) leaves: Vec<Hash>,
    /// Bytes of the records.
    bytes: usize,
    /// The number of leaves that belong to complete entries.
    pub(super) ended: usize,
    /// The sequence of the end of the last complete entry; 0 without one.
    pub(super) end_sequence: u64,
    pub(super) metadata: Option<Arc<[u8]>>,
    /// The chunks among the leaves.
    pub(super) ahead: Vec<ChunksAhead>,
    /// The state that the last group states after its records.
    pub(super) after_group: Option<Position>,
    /// The state that the segment behind these records continues from.
    pub(super) base: Option<Position>,
}

impl ReplayBatch {
    /// Adds a record and all its leaves.
    #[inline]
    pub(super) fn push(&mut self, record: &RecordView<'_>, leaves: &[Hash]) {
        let needed = self.leaves.len() + leaves.len();
        if needed > self.leaves.capacity() && needed > BATCH_LEAVES / 2 {
            // Reserves the final size at once rather than doubling: several batches exist.
            let enough = needed.max(BATCH_LEAVES + BATCH_LEAVES / 8);
            self.leaves.reserve_exact(enough - self.leaves.len());
        }
        self.leaves.extend_from_slice(leaves);
        self.bytes += record.encoded_len();
        self.ahead.extend(record.chunks.iter().map(ChunksAhead::of));
        if let Some(metadata) = record.metadata {
            self.metadata = Some(metadata.into());
        }
        if !record.more {
            self.ended = self.leaves.len();
            self.end_sequence = record.sequence;
        }
    }

    /// Starts a group, to which the next records belong.
    pub(super) fn group(&mut self, group: &GroupHeader) {
        if group.record_count > 0 {
            self.after_group = Some(Position {
                sequence: group.last_sequence(),
                size: group.size_after,
                root: group.root_after,
            });
        }
    }

    /// Whether the batch is large enough for one run of hashing.
    pub(super) fn is_full(&self) -> bool {
        self.leaves.len() >= BATCH_LEAVES || self.bytes >= BATCH_BYTES
    }

    /// Whether the batch holds only whole entries, or nothing.
    pub(super) fn is_whole(&self) -> bool {
        self.ended == self.leaves.len()
    }

    /// Forgets the records. Keeps the allocation and the states that are still to be compared.
    pub(super) fn clear(&mut self) {
        self.leaves.clear();
        self.bytes = 0;
        self.ended = 0;
        self.end_sequence = 0;
        self.metadata = None;
        self.ahead.clear();
        self.base = None;
    }

    /// Continues a batch that was handed over: takes the states that are still to be compared.
    pub(super) fn follow(&mut self, before: &Self) {
        self.clear();
        self.after_group = before.after_group;
    }
}
