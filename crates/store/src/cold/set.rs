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

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use rotortree_hasher::Hash;
use rotortree_lean_imt::prefetch;

use crate::sync::{AtomicU64, fence};

/// The most blocks of a set.
pub(super) const WAYS: usize = 8;
/// Words before the nodes: two lines of the processor's cache.
const HEADER: usize = STATE + WAYS;
const STATE: usize = 4 + MARKS;
/// Words of the marks of blocks that were refused.
const MARKS: usize = WAYS / 2;

/// Bytes of a set of so many blocks, of which so many nodes are kept.
pub(super) const fn set_bytes(ways: usize, nodes: usize) -> usize {
    HEADER * size_of::<u64>() + ways * nodes * size_of::<Hash>()
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

/// Blocks, in words that are zero at first.
#[derive(Clone, Copy)]
pub(super) struct Set<'a> {
    /// Odd while a thread writes; another number after each write.
    version: &'a AtomicU64,
    /// A bit for each block that was read since it was last passed over.
    read: &'a AtomicU64,
    /// Not 0 while a thread writes, or remembers an offer.
    lock: &'a AtomicU64,
    /// The block that is passed over or dropped next.
    hand: &'a AtomicU64,
    /// Marks of the blocks that were offered last and not kept, two a word.
    refused: &'a [AtomicU64],
    /// The tags of the blocks, 0 where there is none.
    tags: &'a [AtomicU64; WAYS],
    /// Those of each block in turn.
    nodes: &'a [Words],
    /// Nodes of a block.
    each: usize,
}

/// A block that a set has, as it was when it was found.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    version: &'a AtomicU64,
    before: u64,
    nodes: &'a [Words],
}

impl<'a> Set<'a> {
    /// The set in these words. `each` are the nodes of a block.
    #[inline]
    pub(super) fn new(words: &'a [AtomicU64], each: usize) -> Option<Self> {
        let (state, rest) = words.split_first_chunk::<STATE>()?;
        let (tags, nodes) = rest.split_first_chunk()?;
        let [version, read, lock, hand, refused @ ..] = state;
        Some(Self {
            version,
            read,
            lock,
            hand,
            refused,
            tags,
            nodes: nodes.as_chunks().0,
            each,
        })
    }

    /// Starts to fetch what finding a block reads into the processor's cache.
    #[inline]
    pub(super) fn prefetch(self) {
        prefetch(self.version);
        prefetch(self.tags);
    }

    /// A block, if the set has it and no thread writes to the set.
    #[inline]
    pub(super) fn find(self, id: BlockId) -> Option<Found<'a>> {
        let before = self.version.load(Acquire);
        if before % 2 == 1 {
            return None;
        }
        let way = self.way(id)?;
        let nodes = self.nodes.get(way * self.each..)?.get(..self.each)?;
        // Most blocks are marked, and then the reader leaves the cache line shared.
        if self.read.load(Relaxed) >> way & 1 == 0 {
            self.read.fetch_or(1 << way, Relaxed);
        }
        Some(Found {
            version: self.version,
            before,
            nodes,
        })
    }

    /// Keeps these nodes of a block, or remembers the offer.
    pub(super) fn insert(self, id: BlockId, nodes: &[Hash]) {
        if self.lock.swap(1, Acquire) == 0 {
            self.offer(id, nodes);
            self.lock.store(0, Release);
        }
    }

    /// As [`insert`](Self::insert), with the lock held.
    fn offer(self, id: BlockId, nodes: &[Hash]) {
        if self.way(id).is_some() {
            return;
        }
        let ways = (self.nodes.len() / self.each).min(WAYS);
        let is_free = |tag: &AtomicU64| tag.load(Relaxed) == 0;
        let way = match self.tags[..ways].iter().position(is_free) {
            None if self.is_again(id) => self.pass_over(ways),
            free => free,
        };
        let Some(way) = way else {
            return;
        };
        let version = self.version.load(Relaxed);
        self.version.store(version.wrapping_add(1), Relaxed);
        // A reader that meets one of these words meets the odd version behind them.
        fence(Release);
        for (words, node) in self.nodes[way * self.each..].iter().zip(nodes) {
            for (word, bytes) in words.iter().zip(node.as_chunks().0) {
                word.store(u64::from_ne_bytes(*bytes), Relaxed);
            }
        }
        self.tags[way].store(id.tag(), Relaxed);
        self.version.store(version.wrapping_add(2), Release);
    }

    #[inline]
    fn way(self, id: BlockId) -> Option<usize> {
        let tag = id.tag();
        // Which way has the block cannot be foreseen: one branch, not one a way.
        let ways = self.tags.iter().enumerate();
        let found = ways.fold(0_u32, |found, (way, own)| {
            found | u32::from(own.load(Relaxed) == tag) << way
        });
        (found > 0).then(|| found.trailing_zeros() as usize)
    }

    /// Whether a block is among those refused, and puts it there if it is not. Two blocks that
    /// share a mark are taken for one, which costs a copy.
    fn is_again(self, id: BlockId) -> bool {
        // The blocks of a set are of few levels, and far apart.
        let mark = (id.number as u32).rotate_left(id.level as u32);
        let words: [u64; MARKS] = std::array::from_fn(|word| self.refused[word].load(Relaxed));
        let mut marks: [u32; WAYS] = bytemuck::cast(words);
        if marks.contains(&mark) {
            return true;
        }
        marks.rotate_right(1);
        marks[0] = mark;
        let words: [u64; MARKS] = bytemuck::cast(marks);
        for (own, word) in self.refused.iter().zip(words) {
            own.store(word, Relaxed);
        }
        false
    }

    /// The first block, of `ways` in a circle, that was not read since it was passed over.
    /// `None` if readers come back to all of them meanwhile.
    fn pass_over(self, ways: usize) -> Option<usize> {
        let first = self.hand.load(Relaxed) as usize;
        let way = (first..first + 2 * ways).find(|way| {
            let bit = 1 << (way % ways);
            self.read.fetch_and(!bit, Relaxed) & bit == 0
        })? % ways;
        self.hand.store(way as u64 + 1, Relaxed);
        Some(way)
    }
}

impl Found<'_> {
    /// Starts to fetch nodes into the processor's cache.
    #[inline]
    pub(super) fn prefetch(&self, slot: usize, len: usize) {
        prefetch(&self.nodes[slot..slot + len]);
    }

    /// One of the nodes that are kept of the block, if the set [is unchanged](Self::is_unchanged)
    /// afterwards.
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
        self.version.load(Relaxed) == self.before
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use std::sync::Arc;

    use super::*;
    use crate::cold::slabs::zeros;

    const fn id(number: u64) -> BlockId {
        BlockId { level: 0, number }
    }

    fn offer(words: &[AtomicU64], number: u64) {
        let set = Set::new(words, 1).unwrap();
        set.insert(id(number), &[[number as u8; 32]]);
    }

    /// A reader beside a writer gets the bytes of the block that it asked for, or none.
    #[test]
    fn loom_models_a_block_that_is_read_while_another_takes_its_place() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let set: Arc<[AtomicU64]> = zeros(set_bytes(1, 1) / 8).into();
            offer(&set, 1);
            offer(&set, 2);
            let writer = loom::thread::spawn({
                let set = Arc::clone(&set);
                move || offer(&set, 2)
            });
            for number in [1, 2] {
                if let Some(block) = Set::new(&set, 1).unwrap().find(id(number)) {
                    let node = block.node(0);
                    assert!(!block.is_unchanged() || node == [number as u8; 32]);
                }
            }
            writer.join().unwrap();
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
