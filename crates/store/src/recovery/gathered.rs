//! [`Gathered`]: records for the tree, and [`Grown`]: the tree that receives them.

use std::sync::Arc;

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeError};
use rotortree_wal::{GroupHeader, Position, RecordView};

use super::segments::LiveLog;
use crate::{RotorTreeError, StorageError, hashing};

/// Leaves hashed at once: 1 MiB of them.
pub(super) const GATHER: usize = 1 << 15;

/// Records in the order of the log.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) leaves: Vec<Hash>,
    /// How many of the leaves belong to batches that have ended.
    pub(super) ended: usize,
    /// The sequence of the last batch end; 0 without one.
    pub(super) end_sequence: u64,
    metadata: Option<Arc<[u8]>>,
    /// What the last group that was come across says the tree is after it.
    claim: Option<Claim>,
    /// What the segment that stands behind these records continues from.
    base: Option<Position>,
}

#[derive(Clone, Copy)]
struct Claim {
    last_sequence: u64,
    size: u64,
    root: Hash,
}

impl Gathered {
    pub(super) fn record(&mut self, record: &RecordView<'_>) {
        let needed = self.leaves.len() + record.leaves.len();
        if needed > self.leaves.capacity() && needed > GATHER / 2 {
            // All that it will need, rather than twice what it has: there are several of these.
            let enough = needed.max(GATHER + GATHER / 8);
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

    /// The group whose records come next.
    pub(super) fn group(&mut self, group: &GroupHeader) {
        if group.record_count > 0 {
            self.claim = Some(Claim {
                last_sequence: group.last_sequence(),
                size: group.size_after,
                root: group.root_after,
            });
        }
    }

    /// The segment whose groups come next.
    pub(super) fn segment(&mut self, base: Position) {
        self.base = Some(base);
    }

    /// Whether there are only whole batches, or nothing.
    pub(super) fn is_whole(&self) -> bool {
        self.ended == self.leaves.len()
    }

    /// Forgets the records, and keeps the allocation and what is still to be compared.
    fn clear(&mut self) {
        self.leaves.clear();
        self.ended = 0;
        self.end_sequence = 0;
        self.metadata = None;
        self.base = None;
    }

    /// What is still to be compared goes on with others.
    pub(super) fn follow(&mut self, before: &Self) {
        self.clear();
        self.claim = before.claim;
    }
}

/// The tree of a store that is being opened, as far as the log has been applied to it.
pub(super) struct Grown<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(super) log: &'a LiveLog,
    pub(super) tree: &'a mut LeanIMT<H, N, MAX_DEPTH>,
    /// State after the last batch that is in the tree as a whole.
    pub(super) position: Position,
    /// Whether large runs of leaves are shared out among threads, where the features have it.
    pub(super) shares: bool,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Grown<'_, H, N, MAX_DEPTH> {
    /// Hashes what was gathered: whole batches first, to know the state after them, then the front
    /// of an unfinished one.
    pub(super) fn settle(&mut self, gathered: &mut Gathered) -> Result<(), RotorTreeError> {
        let (ended, front) = gathered.leaves.split_at(gathered.ended);
        if gathered.end_sequence > self.position.sequence {
            self.append(ended)?;
            if let Some(metadata) = gathered.metadata.take() {
                self.tree.set_metadata(Some(metadata));
            }
            self.position = Position {
                sequence: gathered.end_sequence,
                size: self.tree.size(),
                root: self.tree.root().unwrap_or_default(),
            };
            self.check_claim(gathered.claim)?;
        }
        self.append(front)?;
        if let Some(base) = gathered.base {
            self.check_base(&base)?;
        }
        gathered.clear();
        Ok(())
    }

    fn append(&mut self, leaves: &[Hash]) -> Result<(), TreeError> {
        if leaves.is_empty() {
            Ok(())
        } else if self.shares {
            hashing::append(self.tree, leaves)
        } else {
            self.tree.insert_many_sequential(leaves).map(drop)
        }
    }

    /// Compares the tree with what the segment that continues from here says of it.
    pub(super) fn check_base(&self, base: &Position) -> Result<(), StorageError> {
        if base.sequence == self.position.sequence && *base != self.position {
            return Err(self
                .log
                .changed("a segment continues from another tree than the one before it leads to"));
        }
        Ok(())
    }

    /// Compares the tree with what the group that ends here says of it.
    fn check_claim(&self, claim: Option<Claim>) -> Result<(), StorageError> {
        match claim {
            Some(claim)
                if claim.last_sequence == self.position.sequence
                    && (claim.size != self.position.size || claim.root != self.position.root) =>
            {
                Err(self.log.changed(&format!(
                    "entry {} leads to another tree than the log states ({} leaves where it states {})",
                    self.position.sequence, self.position.size, claim.size
                )))
            }
            _ => Ok(()),
        }
    }
}
