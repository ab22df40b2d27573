//! [`BlockCache`]: inner nodes of blocks, which were hashed from stored nodes.
//!
//! The cache is set-associative: a block has one [set](super::set). Consecutive blocks have
//! different sets, so a level that fits loses no block.
//!
//! No reader takes a lock. A set that another thread writes to, or wrote to in the parent of a
//! forked child, counts as one without the block and without room.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::{ArcSwapOption, Guard};
use rotortree_hasher::Hash;
use rotortree_lean_imt::prefetch;

use super::set::{self, BlockId, Found, Set, WAYS};
use crate::{
    fork::is_child,
    runtime::{Lane, Runtime},
};

/// The cache is given back after no read for one to two of these periods.
const IDLE: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 5_000 });

/// Inner nodes of blocks, bounded in bytes. Blocks of level 0 take at most a quarter: a proof of a
/// random leaf rarely finds its block of leaves again, but all proofs share the blocks above. Once
/// it is full, a block is kept when it is hashed for the second time.
///
/// Memory is allocated on use. With a [`Runtime`] it is given back when no proof has read it for 5
/// to 10 seconds.
#[derive(Debug)]
pub struct BlockCache {
    most_bytes: usize,
    runtime: Option<Runtime>,
    table: ArcSwapOption<Table>,
    recomputed: AtomicU64,
}

impl BlockCache {
    /// A cache of at most `most_bytes`. With 0 it keeps nothing. `runtime` gives the memory back
    /// when the cache is idle.
    #[must_use]
    pub fn new(most_bytes: usize, runtime: Option<Runtime>) -> Arc<Self> {
        Arc::new(Self {
            most_bytes,
            runtime,
            table: ArcSwapOption::empty(),
            recomputed: AtomicU64::new(0),
        })
    }

    /// Bytes of memory that the cache takes now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let table = self.table.load();
        table.as_ref().map_or(0, |table| table.bytes())
    }

    /// Requests that did not find their block here and hashed it, or a part of it.
    #[must_use]
    pub fn recomputed(&self) -> u64 {
        self.recomputed.load(Ordering::Relaxed)
    }

    /// Gives all memory back.
    pub fn release(&self) {
        self.table.store(None);
    }

    pub(super) fn count_recomputed(&self) {
        self.recomputed.fetch_add(1, Ordering::Relaxed);
    }

    /// The blocks that the cache has now.
    pub(super) fn blocks(&self) -> Blocks {
        Blocks(self.table.load())
    }

    /// Whether there is room for a block with so many inner nodes, if others go.
    pub(super) fn has_room(&self, block: BlockId, nodes: usize) -> bool {
        Bounds::of(self.most_bytes, block.level, nodes).ways > 0
    }

    /// Keeps the inner nodes of a block. All blocks of a cache have as many.
    pub(super) fn insert(self: &Arc<Self>, block: BlockId, nodes: &[Hash]) {
        let table = self.table.load();
        match &*table {
            Some(table) => table.insert(block, nodes),
            None => {
                let fresh = Arc::new(Table::new(self.most_bytes, nodes.len()));
                fresh.insert(block, nodes);
                // Of two threads that make one, one does.
                let before = self.table.compare_and_swap(&table, Some(fresh));
                if before.is_none() {
                    self.await_idleness();
                }
            }
        }
    }

    /// Looks again later whether the cache is read. Without a thread for that the memory stays
    /// until the tree is dropped.
    fn await_idleness(self: &Arc<Self>) {
        // In a forked child the threads of the parent's trees are not started anew.
        let Some(runtime) = self.runtime.as_ref().filter(|_| !is_child()) else {
            return;
        };
        let cache = Arc::downgrade(self);
        let look = move || {
            if let Some(cache) = cache.upgrade() {
                cache.release_if_idle();
            }
        };
        drop(runtime.run_at(Instant::now() + IDLE, Lane::Flush, Box::new(look)));
    }

    fn release_if_idle(self: &Arc<Self>) {
        let table = self.table.load();
        let was_used = table.as_ref().is_some_and(|table| table.take_used());
        if was_used {
            self.await_idleness();
        } else {
            self.release();
        }
    }
}

/// The blocks of a cache, which keeps the memory of these as long as this value lives.
pub(super) struct Blocks(Guard<Option<Arc<Table>>>);

impl Blocks {
    /// A block, if the cache has it.
    #[inline]
    pub(super) fn find(&self, block: BlockId) -> Option<Found<'_>> {
        self.0.as_ref()?.pool(block).set(block).find(block)
    }

    /// Starts to fetch the entry of a block into the processor's cache.
    #[inline]
    pub(super) fn prefetch(&self, block: BlockId) {
        if let Some(table) = &*self.0 {
            prefetch(table.pool(block).set(block));
        }
    }
}

/// The memory of a cache.
#[derive(Debug)]
struct Table {
    /// Blocks of leaves, and all others.
    pools: [Pool; 2],
    /// Whether a block was read or kept since this was asked last.
    used: AtomicBool,
}

impl Table {
    fn new(most_bytes: usize, nodes: usize) -> Self {
        let pool = |level| Pool::new(Bounds::of(most_bytes, level, nodes));
        Self {
            pools: [pool(0), pool(1)],
            used: AtomicBool::new(true),
        }
    }

    fn pool(&self, block: BlockId) -> &Pool {
        // Most calls find the mark set, and leave its cache line shared.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        &self.pools[usize::from(block.level > 0)]
    }

    fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn bytes(&self) -> u64 {
        self.pools.iter().map(Pool::bytes).sum()
    }

    fn insert(&self, block: BlockId, nodes: &[Hash]) {
        self.pool(block).insert(block, nodes);
    }
}

/// The number of sets of a pool, and of blocks in each.
#[derive(Clone, Copy)]
struct Bounds {
    sets: usize,
    ways: usize,
}

impl Bounds {
    /// Those of the pool with the blocks of a level, of a cache of `most_bytes`.
    fn of(most_bytes: usize, level: usize, nodes: usize) -> Self {
        let quarter = most_bytes / 4;
        let most_bytes = if level == 0 {
            quarter
        } else {
            most_bytes - quarter
        };
        let block = set::block_bytes(nodes);
        let sets = most_bytes / (size_of::<Set>() + WAYS * block);
        if sets > 0 {
            return Self { sets, ways: WAYS };
        }
        Self {
            sets: 1,
            ways: most_bytes.saturating_sub(size_of::<Set>()) / block,
        }
    }
}

#[derive(Debug)]
struct Pool {
    sets: Box<[Set]>,
    /// Blocks that a set may have.
    ways: usize,
    /// Bytes of the blocks.
    bytes: AtomicU64,
}

impl Pool {
    fn new(Bounds { sets, ways }: Bounds) -> Self {
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            ways,
            bytes: AtomicU64::new(0),
        }
    }

    fn bytes(&self) -> u64 {
        size_of_val(&*self.sets) as u64 + self.bytes.load(Ordering::Relaxed)
    }

    fn set(&self, block: BlockId) -> &Set {
        // The blocks of a level fill the sets one after the other. The levels start at different
        // ones, because each has far fewer blocks than the one below.
        let start = (block.level as u64).wrapping_mul(0x9e37_79b9);
        let set = block.number.wrapping_add(start) % self.sets.len() as u64;
        &self.sets[set as usize]
    }

    fn insert(&self, block: BlockId, nodes: &[Hash]) {
        let taken = self.set(block).insert(block, nodes, self.ways);
        self.bytes.fetch_add(taken as u64, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    fn block(number: u64) -> BlockId {
        BlockId { level: 7, number }
    }

    #[test]
    fn an_idle_cache_is_given_back_and_a_used_one_is_not() {
        let cache = BlockCache::new(1 << 20, None);
        cache.insert(block(3), &[[1; 32]; 126]);
        assert!(cache.bytes() > 4_000);
        // Used since, then read since, then neither.
        cache.release_if_idle();
        let node = cache.blocks().find(block(3)).map(|found| found.node(125));
        assert_eq!(node, Some([1; 32]));
        cache.release_if_idle();
        assert!(cache.bytes() > 4_000);
        cache.release_if_idle();
        assert_eq!(cache.bytes(), 0);
        assert!(cache.blocks().find(block(3)).is_none());
    }

    #[test]
    fn the_runtime_gives_an_idle_cache_back() {
        let cache = BlockCache::new(1 << 20, Some(Runtime::new()));
        for round in 0..2 {
            cache.insert(block(round), &[[1; 32]; 126]);
            // Far longer than it takes, so that a cache that is kept fails the test.
            let mut looks = 0..6_000;
            while cache.bytes() > 0 {
                assert!(looks.next().is_some(), "the cache is kept");
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}
