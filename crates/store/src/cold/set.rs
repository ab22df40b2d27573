//! [`Set`]: a few blocks of the [cache](super::cache), read without a lock.
//!
//! One thread at a time writes to a set; the others find it without room meanwhile. A reader copies
//! nodes beside a writer, and looks afterwards whether the set was written to: then it drops the
//! copy and counts the block as not there. All of a block's bytes are in atomic words, so that such
//! a copy is of no meaning, but defined.
//!
//! A full set keeps a block when it is offered for the second time within [`WAYS`] offers, in place
//! of one that was not read since the set last looked for one to drop. A block that is met once, as
//! that of a random leaf is, drives nothing out and is not copied.

use std::sync::{
    Mutex, OnceLock,
    atomic::Ordering::{Acquire, Relaxed, Release},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::prefetch;

use crate::sync::{AtomicU64, AtomicUsize, fence};

/// The most blocks of a set.
pub(super) const WAYS: usize = 8;
/// Bytes that the allocator takes for a block beside its nodes.
const ALLOCATION_BYTES: usize = 16;

/// Bytes that a block with so many inner nodes takes beside its set.
pub(super) const fn block_bytes(nodes: usize) -> usize {
    ALLOCATION_BYTES + nodes * size_of::<Hash>()
}

/// A block, by the stored level that has it and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockId {
    pub(super) level: usize,
    pub(super) number: u64,
}

impl BlockId {
    /// A number that no other block has, not 0. A block of 4 nodes or more at level `k` has a
    /// number below `2^(62 - k)`, so that the highest bit tells the level.
    const fn tag(self) -> u64 {
        self.number | 1 << 63 >> self.level
    }
}

/// A node in words.
type Words = [AtomicU64; 4];

/// Blocks.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// Odd while a thread writes; another number after each write.
    version: AtomicUsize,
    /// A bit for each block that was read since it was last passed over.
    read: AtomicUsize,
    /// The tags of the blocks, 0 where there is none.
    tags: [AtomicU64; WAYS],
    nodes: [OnceLock<Box<[Words]>>; WAYS],
    /// Held while a thread writes, and only ever tried.
    offers: Mutex<Offers>,
}

/// A block that a set has, as it was when it was found.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    set: &'a Set,
    version: usize,
    nodes: &'a [Words],
}

impl Set {
    /// A block, if the set has it and no thread writes to the set.
    #[inline]
    pub(super) fn find(&self, id: BlockId) -> Option<Found<'_>> {
        let version = self.version.load(Acquire);
        if version % 2 == 1 {
            return None;
        }
        let way = self.way(id)?;
        let nodes = self.nodes[way].get()?;
        // Most blocks are marked, and then the reader leaves the cache line shared.
        if self.read.load(Relaxed) >> way & 1 == 0 {
            self.read.fetch_or(1 << way, Relaxed);
        }
        Some(Found {
            set: self,
            version,
            nodes,
        })
    }

    /// Keeps the inner nodes of a block among at most `ways` blocks, or remembers the offer.
    /// Returns the bytes that it allocates.
    pub(super) fn insert(&self, id: BlockId, nodes: &[Hash], ways: usize) -> usize {
        let Ok(mut offers) = self.offers.try_lock() else {
            return 0;
        };
        if self.way(id).is_some() {
            return 0;
        }
        let is_free = |tag: &AtomicU64| tag.load(Relaxed) == 0;
        let free = self.tags[..ways].iter().position(is_free);
        let way = match free {
            None if offers.is_again(id) => offers.pass_over(&self.read, ways),
            free => free,
        };
        let Some(way) = way else {
            return 0;
        };
        let words = || nodes.iter().map(|_| Words::default()).collect();
        let kept = self.nodes[way].get_or_init(words);
        let version = self.version.load(Relaxed);
        self.version.store(version.wrapping_add(1), Relaxed);
        // A reader that meets one of these words meets the odd version behind them.
        fence(Release);
        for (words, node) in kept.iter().zip(nodes) {
            for (word, bytes) in words.iter().zip(node.as_chunks().0) {
                word.store(u64::from_ne_bytes(*bytes), Relaxed);
            }
        }
        self.tags[way].store(id.tag(), Relaxed);
        self.version.store(version.wrapping_add(2), Release);
        free.map_or(0, |_| block_bytes(nodes.len()))
    }

    #[inline]
    fn way(&self, id: BlockId) -> Option<usize> {
        let tag = id.tag();
        self.tags.iter().position(|own| own.load(Relaxed) == tag)
    }
}

impl Found<'_> {
    /// Starts to fetch nodes into the processor's cache.
    #[inline]
    pub(super) fn prefetch(&self, slot: usize, len: usize) {
        prefetch(&self.nodes[slot..slot + len]);
    }

    /// One of the block's inner nodes, if the set [is unchanged](Self::is_unchanged) afterwards.
    #[inline]
    pub(super) fn node(&self, slot: usize) -> Hash {
        let mut node = [0; 32];
        for (bytes, word) in node.as_chunks_mut().0.iter_mut().zip(&self.nodes[slot]) {
            *bytes = word.load(Relaxed).to_ne_bytes();
        }
        node
    }

    /// Whether what was read so far is of the block that was found.
    #[inline]
    pub(super) fn is_unchanged(&self) -> bool {
        fence(Acquire);
        self.set.version.load(Relaxed) == self.version
    }
}

/// What a set remembers for the next block that it may keep.
#[derive(Debug, Default)]
struct Offers {
    /// The block that is passed over or dropped next.
    hand: usize,
    /// Marks of the blocks that were offered last and not kept.
    refused: [u32; WAYS],
}

impl Offers {
    /// Whether a block is among those refused, and puts it there if it is not. Two blocks that
    /// share a mark are taken for one, which costs a copy.
    fn is_again(&mut self, id: BlockId) -> bool {
        // The blocks of a set are of few levels, and far apart.
        let mark = (id.number as u32).rotate_left(id.level as u32);
        if self.refused.contains(&mark) {
            return true;
        }
        self.refused.rotate_right(1);
        self.refused[0] = mark;
        false
    }

    /// The first block, of `ways` in a circle, that was not read since it was passed over.
    /// `None` if readers come back to all of them meanwhile.
    fn pass_over(&mut self, read: &AtomicUsize, ways: usize) -> Option<usize> {
        (0..2 * ways).find_map(|_| {
            let way = self.hand % ways;
            self.hand = way + 1;
            let bit = 1 << way;
            (read.fetch_and(!bit, Relaxed) & bit == 0).then_some(way)
        })
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use std::sync::Arc;

    use super::*;

    const fn id(number: u64) -> BlockId {
        BlockId { level: 0, number }
    }

    fn offer(set: &Set, number: u64) {
        set.insert(id(number), &[[number as u8; 32]], 1);
    }

    /// A reader beside a writer gets the bytes of the block that it asked for, or none.
    #[test]
    fn loom_models_a_block_that_is_read_while_another_takes_its_place() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let set = Arc::new(Set::default());
            offer(&set, 1);
            offer(&set, 2);
            let writer = loom::thread::spawn({
                let set = Arc::clone(&set);
                move || offer(&set, 2)
            });
            for number in [1, 2] {
                if let Some(block) = set.find(id(number)) {
                    let node = block.node(0);
                    assert!(!block.is_unchanged() || node == [number as u8; 32]);
                }
            }
            writer.join().unwrap();
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    const fn id(number: u64) -> BlockId {
        BlockId { level: 7, number }
    }

    /// A set in which blocks 1 to 8 are offered once.
    fn full() -> Set {
        let set = Set::default();
        for number in 1..=8 {
            offer(&set, number);
        }
        set
    }

    fn offer(set: &Set, number: u64) -> usize {
        set.insert(id(number), &[[number as u8; 32]; 126], WAYS)
    }

    fn has(set: &Set, number: u64) -> bool {
        let Some(block) = set.find(id(number)) else {
            return false;
        };
        (0..126).for_each(|slot| assert_eq!(block.node(slot), [number as u8; 32]));
        assert!(block.is_unchanged());
        true
    }

    #[test]
    fn no_two_blocks_have_a_tag_in_common() {
        let tag = |level, number| BlockId { level, number }.tag();
        for level in 0..=60 {
            let last = (1 << (62 - level)) - 1;
            assert!(tag(level, 0) > tag(level + 1, last / 2), "level {level}");
            assert_eq!(tag(level, last) - tag(level, 0), last);
        }
    }

    #[test]
    fn a_full_set_drops_a_block_that_was_not_read() {
        let set = full();
        assert!(
            (1..=8)
                .filter(|number| *number != 2)
                .all(|number| has(&set, number))
        );
        offer(&set, 9);
        offer(&set, 9);
        assert!(has(&set, 9) && !has(&set, 2));
        assert!((3..=8).all(|number| has(&set, number)) && has(&set, 1));
        // All were read: the circle goes on behind the one that was dropped last.
        offer(&set, 10);
        offer(&set, 10);
        assert!(has(&set, 10) && !has(&set, 3));
    }

    #[test]
    fn a_full_set_keeps_a_block_that_is_offered_again_soon_and_no_other() {
        let set = full();
        for number in 9..1_000 {
            assert_eq!(offer(&set, number), 0);
        }
        assert!((1..=8).all(|number| has(&set, number)));
        // Eight offers are remembered.
        offer(&set, 992);
        assert!(has(&set, 992) && !has(&set, 1));
        offer(&set, 991);
        assert!(!has(&set, 991));
    }

    #[test]
    fn a_set_takes_no_more_ways_than_it_may() {
        let set = Set::default();
        let bytes = (1..=20).map(|number| set.insert(id(number), &[[0; 32]; 126], 3));
        assert_eq!(bytes.sum::<usize>(), 3 * block_bytes(126));
        assert_eq!(set.nodes.iter().filter_map(OnceLock::get).count(), 3);
    }

    #[test]
    fn a_set_that_a_thread_writes_to_has_no_block_and_no_room() {
        let set = full();
        let before = set.find(id(3)).expect("it was offered");
        set.version.fetch_add(1, Relaxed);
        assert!(!before.is_unchanged() && set.find(id(3)).is_none());
        set.version.fetch_add(1, Relaxed);
        assert!(!before.is_unchanged() && has(&set, 3));
        let _offers = set.offers.try_lock();
        offer(&set, 9);
        offer(&set, 9);
        assert!(!has(&set, 9));
    }

    #[test]
    fn what_is_read_beside_a_writer_is_of_one_block_or_dropped() {
        let set = full();
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..20_000 {
                    offer(&set, 9 + round / 2 % 50);
                }
            });
            for round in 0..20_000 {
                let number = 1 + round % 58;
                if let Some(block) = set.find(id(number)) {
                    let nodes = [0, 60, 125].map(|slot| block.node(slot));
                    assert!(!block.is_unchanged() || nodes == [[number as u8; 32]; 3]);
                }
            }
        });
    }
}
