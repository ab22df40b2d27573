//! [`Scratch`]: what a block of a batch is hashed up through.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use crate::{TreeError, prefetch::prefetch};

/// Leaves hashed up together, so that a block's inner levels are still in cache when they are read.
/// Few in this crate's own tests, so that small batches have many blocks.
pub(super) const BLOCK: usize = if cfg!(test) { 64 } else { 4096 };

/// Nodes between what is staged and what is asked of the cache meanwhile: 4 KiB. Hashing keeps the
/// processor from looking that far ahead by itself.
const PREFETCHED: usize = 128;

/// Groups by which staging is ahead of hashing: as many as a kernel hashes together.
const AHEAD: usize = 16;

/// Two buffers that take turns: a level's new nodes, and their parents. What they hold means
/// nothing between blocks.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) run: Vec<Hash>,
    pub(super) parents: Vec<Hash>,
}

impl Scratch {
    /// Makes room for the nodes above a block of so many leaves.
    pub(super) fn reserve<const N: usize>(&mut self, leaves: usize) -> Result<(), TreeError> {
        let most = leaves / N + 1;
        for buffer in [&mut self.run, &mut self.parents] {
            if buffer.len() < most {
                buffer
                    .try_reserve_exact(most - buffer.len())
                    .map_err(|_| TreeError::CapacityExceeded)?;
                buffer.resize(most, [0; 32]);
            }
        }
        Ok(())
    }

    /// Keeps the memory for the next batch only beside a tree of `size` leaves that takes many
    /// times as much.
    pub(crate) fn settle(&mut self, size: u64) {
        const SHARE: u64 = 16;
        if size / SHARE < (self.run.len() + self.parents.len()) as u64 {
            *self = Self::default();
        }
    }
}

/// Hashes groups, whose children are also given to `stage`, in order and in portions between the
/// steps of hashing: what staging writes goes to memory meanwhile. It is a little ahead, so that
/// what it has read is in cache when it is hashed.
pub(super) fn hash_groups<H: Hasher, const N: usize>(
    hasher: &H,
    children: &[Hash],
    parents: &mut [Hash],
    stage: &mut impl FnMut(&[Hash]) -> Result<(), TreeError>,
) -> Result<(), TreeError> {
    let mut staged = Ok(());
    let mut rest = children;
    let mut stage_next = |count: usize| {
        let (next, behind) = rest.split_at(count.min(rest.len()));
        rest = behind;
        let soon = behind.get(PREFETCHED..).unwrap_or(&[]);
        prefetch(&soon[..count.min(soon.len())]);
        if staged.is_ok() && !next.is_empty() {
            staged = stage(next);
        }
    };
    stage_next(AHEAD * N);
    hasher.hash_groups_beside(N, children, parents, &mut stage_next);
    stage_next(children.len());
    staged
}
