//! Blocks of a large batch on rayon's threads: each block is hashed up to the one node above it,
//! and only these nodes are appended in order.
//!
//! A block starts where every group of the levels below that node is finished. It therefore depends
//! on no earlier leaf, and its nodes go directly to their final slots.

use alloc::vec::Vec;
use rayon::prelude::*;
use rotortree_hasher::{Hash, Hasher};

use super::{
    NodeSink, RightEdge,
    scratch::{BLOCK, Children, Scratch, hash_groups},
};
use crate::{TreeError, geometry, is_slow, memory::Block, threads::Threads};

/// The least number of leaves of a block, unless one group has more: fewer would not outweigh the
/// cost of a task. Of a slow hasher these are 32, which fill the lanes of Poseidon.
fn least<H: Hasher>() -> usize {
    if is_slow::<H>() {
        BLOCK / 128
    } else {
        BLOCK / 8
    }
}
/// Number of blocks per thread for a large batch: with several, a late thread delays the
/// others little.
const BLOCKS_PER_THREAD: usize = 4;
/// The least number of blocks for which other threads are used.
const WORTHWHILE: usize = 4;

impl NodeSink<'_> {
    /// Stages `count` blocks of `widths[k]` nodes on each level `k`. `write` completes them
    /// on any threads.
    fn complete_blocks(
        &mut self,
        widths: &[usize],
        count: usize,
        write: impl FnOnce(Vec<Option<Block<'_>>>) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        match self {
            Self::Store(store) => store.stage_blocks(widths, count, |blocks| {
                write(blocks.into_iter().map(Some).collect())
            }),
            Self::Discard => write((0..count).map(|_| None).collect()),
        }
    }
}

/// The division of a batch: leaves before the first block, and blocks.
struct Cut {
    head: usize,
    /// The level of the nodes above the blocks.
    level: usize,
    /// Number of leaves of a block.
    width: usize,
    count: usize,
}

impl Cut {
    /// The division of a batch of `len` leaves that is appended to `size`; `None` if one
    /// thread is faster.
    fn new<H: Hasher, const N: usize>(threads: Threads, size: u64, len: usize) -> Option<Self> {
        let least = least::<H>();
        let threads = threads.count();
        if threads == 1 || len / N < WORTHWHILE {
            return None;
        }
        let (mut level, mut width) = (1, N);
        while width <= BLOCK / N
            && (width < least || width * N * threads * BLOCKS_PER_THREAD <= len)
        {
            (level, width) = (level + 1, width * N);
        }
        let past = (size % width as u64) as usize;
        let head = if past == 0 { 0 } else { width - past };
        let count = len.checked_sub(head)? / width;
        (count >= WORTHWHILE && width >= least.min(BLOCK / N)).then_some(Self {
            head,
            level,
            width,
            count,
        })
    }

    /// Number of leaves in all blocks.
    fn len(&self) -> usize {
        self.count * self.width
    }
}

impl<const N: usize> RightEdge<N> {
    /// Appends leaves after the first `before`, on these threads.
    pub(super) fn append_on<H: Hasher>(
        &mut self,
        threads: Threads,
        hasher: &H,
        before: u64,
        leaves: &[Hash],
        scratch: &mut Scratch,
        sink: &mut NodeSink<'_>,
    ) -> Result<(), TreeError> {
        let Some(cut) = Cut::new::<H, N>(threads, before, leaves.len()) else {
            return self.append_in_order(hasher, before, leaves, scratch, sink);
        };
        let (head, rest) = leaves.split_at(cut.head);
        let (blocks, tail) = rest.split_at(cut.len());
        self.append_in_order(hasher, before, head, scratch, sink)?;
        let before = before + head.len() as u64;
        self.append_blocks(hasher, before, &cut, blocks, scratch, sink)?;
        let before = before + blocks.len() as u64;
        self.append_in_order(hasher, before, tail, scratch, sink)
    }

    /// Appends the blocks of a batch. `before` is a multiple of the width of a block.
    fn append_blocks<H: Hasher>(
        &mut self,
        hasher: &H,
        before: u64,
        cut: &Cut,
        leaves: &[Hash],
        scratch: &mut Scratch,
        sink: &mut NodeSink<'_>,
    ) -> Result<(), TreeError> {
        let mut above = Vec::new();
        above
            .try_reserve_exact(cut.count)
            .map_err(|_| TreeError::CapacityExceeded)?;
        above.resize(cut.count, [0; 32]);
        let widths: Vec<usize> = (0..cut.level)
            .map(|level| geometry::complete_len::<N>(cut.width as u64, level) as usize)
            .collect();
        sink.complete_blocks(&widths, cut.count, |blocks| {
            let blocks = leaves.par_chunks_exact(cut.width).zip(blocks);
            let blocks = blocks.zip(&mut above);
            blocks.try_for_each_init(Scratch::default, |scratch, ((leaves, block), above)| {
                *above = hash_block::<H, N>(hasher, leaves, cut.level, scratch, block)?;
                Ok(())
            })
        })?;
        // A run of nodes like any other, except that it starts on the level above the blocks.
        scratch.reserve::<N>(above.len())?;
        let complete = before / cut.width as u64;
        self.append_run(hasher, cut.level, complete, &above, scratch, sink)
    }
}

/// The node on `level` above a whole subtree of leaves.
fn hash_block<H: Hasher, const N: usize>(
    hasher: &H,
    leaves: &[Hash],
    level: usize,
    scratch: &mut Scratch,
    mut block: Option<Block<'_>>,
) -> Result<Hash, TreeError> {
    scratch.reserve::<N>(leaves.len())?;
    let Scratch { run, parents } = scratch;
    for k in 0..level {
        let len = geometry::complete_len::<N>(leaves.len() as u64, k) as usize;
        let children = if k == 0 { leaves } else { &run[..len] };
        let mut stage = |nodes: &[Hash]| {
            if let Some(block) = &mut block {
                block.write(k, nodes);
            }
            Ok(())
        };
        let children = Children {
            groups: children,
            known: 0,
            is_cached: k > 0,
        };
        hash_groups::<H, N>(hasher, &children, &mut parents[..len / N], &mut stage)?;
        core::mem::swap(run, parents);
    }
    Ok(run[0])
}

#[cfg(all(test, not(loom)))]
mod tests;
