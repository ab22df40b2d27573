//! [`Set`]: a few blocks of the [cache](super::cache).
//!
//! A full set keeps a block when it is offered for the second time within [`WAYS`] offers, in place
//! of the block that was read longest ago. A block that is met once, as that of a random leaf is,
//! drives nothing out and is not copied.

use rotortree_hasher::Hash;

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

/// Blocks, the one that was read last first.
#[derive(Debug, Default)]
pub(super) struct Set {
    blocks: [Option<Block>; WAYS],
    /// Marks of the blocks that were offered last and not kept.
    refused: [u32; WAYS],
}

#[derive(Debug)]
struct Block {
    id: BlockId,
    nodes: Box<[Hash]>,
}

impl Set {
    /// The inner nodes of a block.
    pub(super) fn get(&mut self, id: BlockId) -> Option<&[Hash]> {
        let at = self.find(id)?;
        self.blocks[..=at].rotate_right(1);
        self.blocks[0].as_ref().map(|block| &*block.nodes)
    }

    /// Keeps the inner nodes of a block among at most `ways` blocks, or remembers the offer.
    /// Returns the bytes that it allocates.
    pub(super) fn insert(&mut self, id: BlockId, nodes: &[Hash], ways: usize) -> usize {
        if self.find(id).is_some() {
            return 0;
        }
        let blocks = &mut self.blocks[..ways];
        if let Some(free) = blocks.iter().position(Option::is_none) {
            let nodes = nodes.into();
            blocks[free] = Some(Block { id, nodes });
            blocks[..=free].rotate_right(1);
            return block_bytes(blocks[0].as_ref().map_or(0, |block| block.nodes.len()));
        }
        if is_offered_again(&mut self.refused, id)
            && let Some(Some(oldest)) = blocks.last_mut()
        {
            oldest.id = id;
            oldest.nodes.copy_from_slice(nodes);
            blocks.rotate_right(1);
        }
        0
    }

    fn find(&self, id: BlockId) -> Option<usize> {
        let is_it = |block: &Option<Block>| block.as_ref().is_some_and(|block| block.id == id);
        self.blocks.iter().position(is_it)
    }
}

/// Whether a block is among those refused, and puts it there if it is not. Two blocks that share a
/// mark are taken for one, which costs a copy.
fn is_offered_again(refused: &mut [u32; WAYS], id: BlockId) -> bool {
    // The blocks of a set are of few levels, and far apart.
    let mark = (id.number as u32).rotate_left(id.level as u32);
    if refused.contains(&mark) {
        return true;
    }
    refused.rotate_right(1);
    refused[0] = mark;
    false
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const fn id(number: u64) -> BlockId {
        BlockId { level: 7, number }
    }

    /// A set in which blocks 1 to 8 are offered once.
    fn full() -> Set {
        let mut set = Set::default();
        for number in 1..=8 {
            offer(&mut set, number);
        }
        set
    }

    fn offer(set: &mut Set, number: u64) -> usize {
        set.insert(id(number), &[[number as u8; 32]; 126], WAYS)
    }

    fn has(set: &mut Set, number: u64) -> bool {
        set.get(id(number))
            .inspect(|nodes| assert_eq!(*nodes, [[number as u8; 32]; 126]))
            .is_some()
    }

    #[test]
    fn a_full_set_drops_the_block_that_was_read_longest_ago() {
        let mut set = full();
        assert!(has(&mut set, 1));
        offer(&mut set, 9);
        offer(&mut set, 9);
        assert!(has(&mut set, 1) && has(&mut set, 9) && !has(&mut set, 2));
        assert!((3..=8).all(|number| has(&mut set, number)));
    }

    #[test]
    fn a_full_set_keeps_a_block_that_is_offered_again_soon_and_no_other() {
        let mut set = full();
        for number in 9..1_000 {
            assert_eq!(offer(&mut set, number), 0);
        }
        assert!((1..=8).all(|number| has(&mut set, number)));
        // Eight offers are remembered.
        offer(&mut set, 992);
        assert!(has(&mut set, 992) && !has(&mut set, 1));
        offer(&mut set, 991);
        assert!(!has(&mut set, 991));
    }

    #[test]
    fn a_set_takes_no_more_ways_than_it_may() {
        let mut set = Set::default();
        let bytes = (1..=20).map(|number| set.insert(id(number), &[[0; 32]; 126], 3));
        assert_eq!(bytes.sum::<usize>(), 3 * block_bytes(126));
        assert_eq!(set.blocks.iter().flatten().count(), 3);
    }
}
