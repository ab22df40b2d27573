//! [`BlockCache`]: inner nodes of blocks, which were hashed from stored nodes.
//!
//! The cache is set-associative: a block has one [set](super::set). Consecutive blocks have
//! different sets, so a level that fits loses no block. How much of each block it keeps follows
//! from the number of blocks and the memory ([plan](super::plan)).
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
use rotortree_lean_imt::geometry::Stride;

use super::{
    plan::{Crowns, Plan},
    set::{BlockId, Found, Set, set_bytes},
    slabs::Slabs,
};
use crate::{
    fork::is_child,
    runtime::{Lane, Runtime},
};

/// The cache is given back after no read for one to two of these periods.
const IDLE: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 5_000 });

/// Inner nodes of blocks, bounded in bytes. Where all inner nodes have no room, it keeps the upper
/// levels of each block, and a proof hashes the nodes below them from at most 32 stored ones. The
/// blocks above level 0, which all proofs share, have a quarter of the memory to themselves. If it
/// is full even so, a block is kept when it is hashed for the second time.
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
        table.as_ref().map_or(0, |table| table.bytes() as u64)
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

    /// What it keeps of the blocks of a tree with so many whole blocks of leaves.
    pub(super) fn plan(&self, stride: &Stride, leaf_blocks: u64) -> Plan {
        Plan::new(self.most_bytes, stride, leaf_blocks)
    }

    /// Keeps the crown of a block, all of whose inner nodes these are.
    pub(super) fn insert(self: &Arc<Self>, plan: &Plan, block: BlockId, inner: &[Hash]) {
        let table = self.table.load();
        match &*table {
            Some(table) if !plan.replaces(&table.plan) => table.insert(block, inner),
            _ => {
                let fresh = Arc::new(Table::new(*plan));
                fresh.insert(block, inner);
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
    /// The place of a block's crown, if the cache has memory for it.
    #[inline]
    pub(super) fn place(&self, block: BlockId) -> Option<Place<'_>> {
        let table = self.0.as_ref()?;
        let pool = table.pool(block.level);
        let words = pool.slabs.get(pool.set(block))?;
        Some(Place {
            set: Set::new(words, pool.crowns.nodes)?,
            crowns: &pool.crowns,
        })
    }

    /// A block's crown, if the cache has it.
    #[inline]
    pub(super) fn find(&self, block: BlockId) -> Option<Crown<'_>> {
        self.place(block)?.find(block)
    }
}

/// Where a block's crown is, if the cache has it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) set: Set<'a>,
    crowns: &'a Crowns,
}

impl<'a> Place<'a> {
    #[inline]
    pub(super) fn find(self, block: BlockId) -> Option<Crown<'a>> {
        Some(Crown {
            found: self.set.find(block)?,
            crowns: self.crowns,
        })
    }
}

/// The crown of a block in the cache.
#[derive(Clone, Copy)]
pub(super) struct Crown<'a> {
    found: Found<'a>,
    crowns: &'a Crowns,
}

impl Crown<'_> {
    /// The lowest level that it has, counted from the stored one.
    pub(super) fn lowest(&self) -> usize {
        self.crowns.lowest
    }

    /// Starts to fetch inner nodes, by their place among all of the block, into the processor's
    /// cache.
    #[inline]
    pub(super) fn prefetch(&self, slot: usize, len: usize) {
        self.found.prefetch(slot - self.crowns.below, len);
    }

    /// An inner node, by its place among all of the block, if the crown
    /// [is unchanged](Self::is_unchanged) afterwards.
    #[inline]
    pub(super) fn node(&self, slot: usize) -> Hash {
        self.found.node(slot - self.crowns.below)
    }

    /// Whether what was read so far is of the block that was found.
    #[inline]
    pub(super) fn is_unchanged(&self) -> bool {
        self.found.is_unchanged()
    }
}

/// The memory of a cache.
#[derive(Debug)]
struct Table {
    plan: Plan,
    /// Blocks of leaves, and all others.
    pools: [Pool; 2],
    /// Whether a block was read or kept since this was asked last.
    used: AtomicBool,
}

impl Table {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            pools: plan.pools.map(Pool::new),
            used: AtomicBool::new(true),
        }
    }

    #[inline]
    fn pool(&self, level: usize) -> &Pool {
        // Most calls find the mark set, and leave its cache line shared.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        &self.pools[usize::from(level > 0)]
    }

    fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn bytes(&self) -> usize {
        self.pools.iter().map(|pool| pool.slabs.bytes()).sum()
    }

    fn insert(&self, block: BlockId, inner: &[Hash]) {
        let pool = self.pool(block.level);
        let words = pool.slabs.get_or_make(pool.set(block));
        if let Some(set) = words.and_then(|words| Set::new(words, pool.crowns.nodes)) {
            set.insert(block, &inner[pool.crowns.below..]);
        }
    }
}

#[derive(Debug)]
struct Pool {
    crowns: Crowns,
    slabs: Slabs,
}

impl Pool {
    fn new(crowns: Crowns) -> Self {
        Self {
            crowns,
            slabs: Slabs::new(crowns.sets, set_bytes(crowns.ways, crowns.nodes)),
        }
    }

    #[inline]
    fn set(&self, block: BlockId) -> usize {
        // The blocks of a level fill the sets one after the other. The levels start at different
        // ones, because each has far fewer blocks than the one below.
        let start = (block.level as u64).wrapping_mul(0x9e37_79b9);
        (block.number.wrapping_add(start) % self.crowns.sets as u64) as usize
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    fn block(number: u64) -> BlockId {
        BlockId { level: 7, number }
    }

    fn insert(cache: &Arc<BlockCache>, number: u64) {
        let plan = cache.plan(&Stride::widest(2, 128), 4);
        cache.insert(&plan, block(number), &[[1; 32]; 126]);
    }

    #[test]
    fn an_idle_cache_is_given_back_and_a_used_one_is_not() {
        let cache = BlockCache::new(1 << 20, None);
        insert(&cache, 3);
        assert!(cache.bytes() > 4_000);
        // Used since, then read since, then neither.
        cache.release_if_idle();
        let node = cache.blocks().find(block(3)).map(|crown| crown.node(125));
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
            insert(&cache, round);
            // Far longer than it takes, so that a cache that is kept fails the test.
            let mut looks = 0..6_000;
            while cache.bytes() > 0 {
                assert!(looks.next().is_some(), "the cache is kept");
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}
