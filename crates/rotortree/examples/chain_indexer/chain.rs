//! [`Chain`]: a simulated chain whose last blocks may be replaced.

use rotortree::{Blake3Hasher, Hash, Hasher};

/// Blocks this deep below the tip are final.
const FINAL_DEPTH: u64 = 6;

/// The id of a block. Several blocks can have the same number; one of them stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockId {
    pub(crate) number: u64,
    pub(crate) id: u64,
}

/// A block and the leaves that it adds, none to seven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) number: u64,
    pub(crate) id: u64,
    /// The id of the block before; 0 for the first block.
    pub(crate) parent: u64,
    pub(crate) leaves: Vec<Hash>,
}

/// A message to a follower.
#[derive(Debug)]
pub(crate) enum News {
    /// A block that goes on from the tip or from an earlier block that is not final.
    Block(Block),
    /// The block of this number and all before it stay.
    Final(u64),
}

pub(crate) struct Chain {
    random: u64,
    next_id: u64,
    /// The first block has the number 1.
    blocks: Vec<Block>,
    told_final: u64,
}

impl Chain {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: seed,
            next_id: 1,
            blocks: Vec::new(),
            told_final: 0,
        }
    }

    pub(crate) fn next(&mut self) -> News {
        let tip = self.blocks.len() as u64;
        if tip > self.told_final + FINAL_DEPTH {
            self.told_final = tip - FINAL_DEPTH;
            return News::Final(self.told_final);
        }
        if self.below(10) == 0 {
            let deepest = tip - self.told_final;
            let dropped = self.below(deepest + 1);
            self.blocks.truncate((tip - dropped) as usize);
        }
        let block = self.make();
        self.blocks.push(block.clone());
        News::Block(block)
    }

    /// The blocks of the chain, as it is now, behind one that is final.
    pub(crate) fn behind(&self, last: Option<BlockId>) -> &[Block] {
        &self.blocks[last.map_or(0, |last| last.number as usize)..]
    }

    /// The leaves of the chain as it is now.
    #[cfg(test)]
    pub(crate) fn leaves(&self) -> Vec<Hash> {
        let leaves = self.blocks.iter().flat_map(|block| &block.leaves);
        leaves.copied().collect()
    }

    fn make(&mut self) -> Block {
        let id = self.next_id;
        self.next_id += 1;
        let leaves = (0..self.below(8))
            .map(|k| Blake3Hasher.hash_children(&[number(id), number(k)]))
            .collect();
        Block {
            number: self.blocks.len() as u64 + 1,
            id,
            parent: self.blocks.last().map_or(0, |block| block.id),
            leaves,
        }
    }

    /// A number below `bound`: a linear congruential generator is random enough for this example.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }
}

fn number(value: u64) -> Hash {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&value.to_le_bytes());
    hash
}
