//! [`Plan`]: how much of each block the cache keeps.
//!
//! A block's *crown* are its upper inner nodes, from some level on. The nodes below them are hashed
//! from few stored nodes when a proof needs them, which are read from fewer lines of memory than
//! the whole block. A crown of half as many levels takes an eighth of the memory, or less, and so a
//! cache has the crowns of many more blocks.

use rotortree_hasher::Hash;
use rotortree_lean_imt::geometry::Stride;

use super::{
    set::{WAYS, set_bytes},
    slabs,
};

/// The most stored nodes below a node that is kept. Hashing so many takes the time of a few hashes,
/// because a level of them is one or two calls of a kernel.
const MOST_BELOW: u64 = 32;

/// What a cache keeps of the blocks of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Whole blocks of leaves that the tree has, or twice as many.
    leaf_blocks: u64,
    /// Of blocks of leaves, and of all others.
    pub(super) pools: [Crowns; 2],
}

/// What a pool keeps of each block, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowns {
    /// The lowest level that is kept, counted from the stored one.
    pub(super) lowest: usize,
    /// The inner nodes of the levels below it.
    pub(super) below: usize,
    /// The nodes that are kept of a block.
    pub(super) nodes: usize,
    pub(super) sets: usize,
    /// Blocks of a set, 0 where there is room for none.
    pub(super) ways: usize,
}

impl Plan {
    /// That for so many whole blocks of leaves, and the blocks above them, in `most_bytes`. A tree
    /// that grows keeps its plan until it has twice as many.
    pub(super) fn new(most_bytes: usize, stride: &Stride, leaf_blocks: u64) -> Self {
        let leaf_blocks = leaf_blocks.next_power_of_two();
        let quarter = most_bytes / 4;
        // All levels above together: a block of 2 leaves has as many.
        let above = leaf_blocks.div_ceil(stride.block_nodes() - 1);
        Self {
            leaf_blocks,
            pools: [
                Crowns::new(quarter, most_bytes - quarter, stride, leaf_blocks),
                Crowns::new(quarter, quarter, stride, above),
            ],
        }
    }

    /// Whether there is room for a block of a stored level, if others go.
    pub(super) fn keeps(&self, level: usize) -> bool {
        self.pools[usize::from(level > 0)].ways > 0
    }

    /// Whether a cache with the other plan is not that for this tree, which has grown since.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.leaf_blocks > other.leaf_blocks && self.pools != other.pools
    }
}

impl Crowns {
    /// The largest crowns with which so many `bytes` have room for all `blocks`; or the smallest,
    /// in `most_bytes`. Few bytes take less time to reach than a few more hashes.
    fn new(bytes: usize, most_bytes: usize, stride: &Stride, blocks: u64) -> Self {
        let mut crowns = Self::from_level(1, bytes, stride);
        for lowest in 2..stride.levels() {
            if crowns.have_room(blocks) || stride.span(lowest) > MOST_BELOW {
                break;
            }
            crowns = Self::from_level(lowest, bytes, stride);
        }
        if !crowns.have_room(blocks) {
            crowns = Self::from_level(crowns.lowest, most_bytes, stride);
        }
        if crowns.have_room(blocks) {
            crowns.sets = (blocks as usize).div_ceil(WAYS);
        }
        crowns
    }

    /// Those that have the levels from `lowest` on, as many as there is room for.
    fn from_level(lowest: usize, most_bytes: usize, stride: &Stride) -> Self {
        let below = stride.slot(lowest, 0);
        let nodes = stride.inner_nodes() - below;
        let (sets, ways) = match slabs::sets_in(most_bytes, set_bytes(WAYS, nodes)) {
            0 => {
                let each = nodes * size_of::<Hash>();
                let for_ways = most_bytes.saturating_sub(slabs::OVERHEAD + set_bytes(0, nodes));
                // Where all levels are stored, blocks have no inner nodes.
                (1, for_ways.checked_div(each).unwrap_or(0))
            }
            sets => (sets, WAYS),
        };
        Self {
            lowest,
            below,
            nodes,
            sets,
            ways,
        }
    }

    fn have_room(&self, blocks: u64) -> bool {
        self.ways == WAYS && self.sets as u64 >= blocks.div_ceil(WAYS as u64)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn plan(arity: u64, most_bytes: usize, leaves: u64) -> Plan {
        let stride = Stride::widest(arity, 128);
        Plan::new(most_bytes, &stride, leaves / stride.block_nodes())
    }

    #[test]
    fn crowns_shrink_as_the_tree_grows() {
        let lowest = |arity, leaves| {
            plan(arity, 64 * MIB, leaves)
                .pools
                .map(|pool| (pool.lowest, pool.nodes))
        };
        assert_eq!(lowest(2, 0), [(1, 126), (1, 126)]);
        assert_eq!(lowest(2, 500_000), [(1, 126), (1, 126)]);
        assert_eq!(lowest(2, 1_000_000), [(2, 62), (1, 126)]);
        assert_eq!(lowest(2, 2_000_000), [(3, 30), (1, 126)]);
        assert_eq!(lowest(2, 4_000_000), [(4, 14), (1, 126)]);
        assert_eq!(lowest(2, 50_000_000), [(5, 6), (1, 126)]);
        assert_eq!(lowest(2, 1_000_000_000), [(5, 6), (5, 6)]);
        assert_eq!(lowest(4, 1_000_000), [(1, 20), (1, 20)]);
        assert_eq!(lowest(4, 50_000_000), [(2, 4), (1, 20)]);
        assert_eq!(lowest(8, 50_000_000), [(1, 8), (1, 8)]);
    }

    #[test]
    fn a_plan_keeps_its_bound_and_takes_no_more_than_the_tree_needs() {
        for arity in [2, 3, 4, 5, 8, 11] {
            for leaves in [0, 1, 1_000, 100_000, 10_000_000, 1 << 40] {
                for bytes in [0, 1, 300, 4_000, 40_000, 300_000, 6 * MIB, 64 * MIB] {
                    let plan = plan(arity, bytes, leaves);
                    let sets = |pool: &Crowns| pool.sets * set_bytes(pool.ways, pool.nodes);
                    let kept = plan.pools.iter().filter(|pool| pool.ways > 0);
                    let taken: usize = kept.map(sets).sum();
                    assert!(taken <= bytes, "{taken} of {bytes}: {plan:?}");
                    let blocks = plan.pools.map(|pool| (pool.sets * pool.ways) as u64);
                    assert!(
                        blocks[0] <= 2 * leaves.max(8),
                        "{plan:?} for {leaves} leaves"
                    );
                }
            }
        }
    }

    #[test]
    fn a_tree_that_has_grown_replaces_the_plan_and_an_older_view_does_not() {
        let [small, large] = [4_000_000, 9_000_000].map(|leaves| plan(2, 64 * MIB, leaves));
        assert!(large.replaces(&small) && !small.replaces(&large) && !small.replaces(&small));
        // Both have the smallest crowns, as many as there is room for.
        let [small, large] = [1 << 40, 1 << 41].map(|leaves| plan(2, 64 * MIB, leaves));
        assert!(!large.replaces(&small));
    }
}
