//! [`Scratch`]: the buffers for hashing a block of a batch.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use crate::{TreeError, prefetch::prefetch};

/// Number of leaves of a block: few enough that its inner levels are in the cache when they are
/// read. This crate's tests have small blocks, so that small batches have many.
pub(super) const BLOCK: usize = if cfg!(test) { 64 } else { 4096 };

/// Distance in nodes between staging and prefetching: 4 KiB. During hashing the processor does not
/// look that far ahead by itself.
const PREFETCHED: usize = 128;

/// Number of groups by which staging is ahead of hashing: as many as a vector has lanes.
const AHEAD: usize = 16;

/// Two buffers that take turns: a level's new nodes, and their parents. Their content has no
/// meaning between blocks.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) run: Vec<Hash>,
    pub(super) parents: Vec<Hash>,
}

impl Scratch {
    /// Makes room for the nodes above a block of so many leaves.
    pub(super) fn reserve<const N: usize>(&mut self, leaves: usize) -> Result<(), TreeError> {
        // A frontier fits in front of the nodes.
        let most = N + leaves / N + 1;
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

    /// Releases the buffers, unless the nodes of a tree of `size` leaves take many times
    /// as much memory.
    pub(crate) fn shrink_beside(&mut self, size: u64) {
        const SHARE: u64 = 16;
        if size / SHARE < (self.run.len() + self.parents.len()) as u64 {
            *self = Self::default();
        }
    }
}

/// The children of a level to hash: whole groups.
pub(super) struct Children<'a> {
    pub(super) groups: &'a [Hash],
    /// The number of leading children that are staged already.
    pub(super) known: usize,
    /// Whether they are in the cache.
    pub(super) is_cached: bool,
}

/// Hashes groups and passes their children to `stage`, in order and in portions between the steps
/// of hashing, so that the writes of staging overlap with hashing. Staging is a little ahead, so
/// the children that it has read are in the cache when they are hashed.
pub(super) fn hash_groups<H: Hasher, const N: usize>(
    hasher: &H,
    children: &Children<'_>,
    parents: &mut [Hash],
    stage: &mut impl FnMut(&[Hash]) -> Result<(), TreeError>,
) -> Result<(), TreeError> {
    let mut staged = Ok(());
    let mut rest = &children.groups[children.known..];
    let mut stage_next = |count: usize| {
        let (next, behind) = rest.split_at(count.min(rest.len()));
        rest = behind;
        if !children.is_cached {
            let soon = behind.get(PREFETCHED..).unwrap_or(&[]);
            prefetch(&soon[..count.min(soon.len())]);
        }
        // A result that is written here would be read in other pieces than it was written. The
        // processor then waits for all copies before.
        if staged.is_ok()
            && !next.is_empty()
            && let Err(error) = stage(next)
        {
            staged = Err(error);
        }
    };
    stage_next(AHEAD * N);
    hasher.hash_groups_beside(N, children.groups, parents, &mut stage_next);
    stage_next(children.groups.len());
    staged
}
