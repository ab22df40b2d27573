//! [`ReplayTarget`]: the tree that the log is replayed into.

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeError};
use rotortree_wal::Position;

use super::{batch::ReplayBatch, segments::LiveLog};
use crate::{RotorTreeError, StorageError, ahead::ChunksAhead, hashing};

/// The tree of a store that is being opened, with the part of the log that was applied so far.
pub(super) struct ReplayTarget<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(super) log: &'a LiveLog,
    pub(super) tree: &'a mut LeanIMT<H, N, MAX_DEPTH>,
    /// State after the last whole entry in the tree.
    pub(super) position: Position,
    /// The chunks that the applied records refer to.
    pub(super) ahead: Vec<ChunksAhead>,
    /// Whether large runs of leaves are spread over threads, if the features allow it.
    pub(super) shares: bool,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ReplayTarget<'_, H, N, MAX_DEPTH> {
    /// Applies a batch and clears it: whole entries first, to learn the state after them, then the
    /// beginning of an unfinished one.
    pub(super) fn apply(&mut self, batch: &mut ReplayBatch) -> Result<(), RotorTreeError> {
        let (ended, unfinished) = batch.leaves.split_at(batch.ended);
        if batch.end_sequence > self.position.sequence {
            self.append(ended)?;
            if let Some(metadata) = batch.metadata.take() {
                self.tree.set_metadata(Some(metadata));
            }
            self.position = Position {
                sequence: batch.end_sequence,
                size: self.tree.size(),
                root: self.tree.root().unwrap_or_default(),
            };
            self.check_group(batch.after_group)?;
        }
        self.append(unfinished)?;
        self.ahead.append(&mut batch.ahead);
        if let Some(base) = batch.base {
            self.check_base(&base)?;
        }
        batch.clear();
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

    /// Compares the tree with the base of the segment that continues from here.
    pub(super) fn check_base(&self, base: &Position) -> Result<(), StorageError> {
        if base.sequence == self.position.sequence && *base != self.position {
            return Err(self
                .log
                .changed("a segment continues from another tree than the one before it leads to"));
        }
        Ok(())
    }

    /// Compares the tree with the state that the group that ends here states.
    fn check_group(&self, after: Option<Position>) -> Result<(), StorageError> {
        match after {
            Some(after) if after.sequence == self.position.sequence && after != self.position => {
                Err(self.log.changed(&format!(
                    "entry {} leads to another tree than the log states ({} leaves where it states {})",
                    after.sequence, self.position.size, after.size
                )))
            }
            _ => Ok(()),
        }
    }
}
