//! [`BareProof`]: what a proof from few stored levels of pairs needs and nothing else, from arrays
//! instead of mapped files and without a cache to look into.

use std::hint::black_box;

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::prefetch;

/// Nodes of a block: those of a stored level below one node of the next.
const BLOCK: usize = 128;
/// The levels between two stored ones.
const BETWEEN: usize = 6;
/// Blocks of a level whose inner nodes a cache keeps: 16 MiB, all of the levels above the leaves of
/// 50 M.
const KEPT: usize = 4096;

/// The most nodes of a part of a block that is hashed below what a cache keeps of it.
const MOST_BELOW: usize = 32;

type Block = [Hash; BLOCK];

/// The stored levels of a tree of pairs, block by block, and the inner nodes of blocks.
#[derive(Debug)]
pub struct BareProof {
    /// The blocks of each stored level.
    stored: Vec<Vec<Block>>,
    /// The inner nodes of the first of these blocks.
    inner: Vec<Vec<Block>>,
}

impl BareProof {
    /// The arrays for this many leaves.
    #[must_use]
    pub fn new(leaves: usize) -> Self {
        let above = |nodes: &usize| Some(nodes / BLOCK).filter(|&blocks| blocks > 0);
        let blocks: Vec<usize> = std::iter::successors(above(&leaves), above).collect();
        let array = |blocks: usize| vec![[[7; 32]; BLOCK]; blocks];
        Self {
            stored: blocks.iter().map(|&blocks| array(blocks)).collect(),
            inner: blocks
                .iter()
                .map(|&blocks| array(blocks.min(KEPT)))
                .collect(),
        }
    }

    /// Fetches the path of each of these leaves, and hashes so many blocks for each: the lowest
    /// ones, and a part of the time the one above. A path hashes `below` nodes besides, below the
    /// nodes that are kept of the blocks that it does not hash.
    pub fn prove_each(&self, leaves: &[u64], blocks: f64, below: usize) {
        let mut owed = 0.0;
        for &leaf in leaves {
            owed += blocks;
            black_box(self.prove(leaf as usize, &mut owed, below));
        }
    }

    /// The nodes of a path. As long as a block is owed, a block is hashed.
    fn prove(&self, leaf: usize, owed: &mut f64, mut below: usize) -> [[Hash; BETWEEN + 1]; 3] {
        let mut path = [[[0; 32]; BETWEEN + 1]; 3];
        let mut number = leaf;
        for ((stored, inner), path) in self.stored.iter().zip(&self.inner).zip(&mut path) {
            let (block, within) = (number / BLOCK, number % BLOCK);
            let nodes = &stored[block.min(stored.len() - 1)];
            path[0] = nodes[within ^ 1];
            let part = if *owed >= 1.0 {
                *owed -= 1.0;
                BLOCK
            } else {
                let part = nearest_power(below.min(MOST_BELOW - 2) + 2);
                below = below.saturating_sub(part - 2);
                part
            };
            let hashed = (part > 2).then(|| hash(&nodes[within / part * part..][..part]));
            let kept = &inner[block % inner.len()];
            let (mut start, mut start_of_part) = (0, 0);
            for (level, slot) in (1..).zip(&mut path[1..]) {
                let (sibling, own) = ((within >> level) ^ 1, part >> level);
                *slot = match &hashed {
                    Some(hashed) if own > 1 => hashed[start_of_part + sibling % own],
                    _ => kept[start + sibling],
                };
                start += BLOCK >> level;
                start_of_part += own;
            }
            number = block;
        }
        path
    }
}

/// The power of two that is nearest: counts are means, and parts of blocks are whole trees.
fn nearest_power(nodes: usize) -> usize {
    let above = nodes.next_power_of_two();
    if above - nodes > nodes - above / 2 {
        above / 2
    } else {
        above
    }
}

/// The inner nodes of a block, or of a part of one, level by level.
fn hash(nodes: &[Hash]) -> Block {
    prefetch(nodes);
    let mut inner = [[0; 32]; BLOCK];
    let mut below = nodes;
    let mut rest = &mut inner[..nodes.len() - 2];
    while !rest.is_empty() {
        let (parents, above) = rest.split_at_mut(below.len() / 2);
        Blake3Hasher.hash_groups(2, below, parents);
        (below, rest) = (parents, above);
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_hashed_as_a_tree() {
        let nodes: Block = std::array::from_fn(|node| [node as u8; 32]);
        let inner = hash(&nodes);
        let pair = |left, right| Blake3Hasher.hash_children(&[left, right]);
        assert_eq!(inner[5], pair(nodes[10], nodes[11]));
        assert_eq!(inner[64 + 3], pair(inner[6], inner[7]));
        assert_eq!(inner[125], pair(inner[122], inner[123]));
    }

    #[test]
    fn so_many_blocks_are_hashed() {
        let bare = BareProof::new(1 << 15);
        let path = |mut owed, below| bare.prove(300, &mut owed, below);
        let [hashed, kept] = [path(1.0, 0), path(0.5, 0)];
        let parent = Blake3Hasher.hash_children(&[[7; 32]; 2]);
        assert_eq!((hashed[0][0], hashed[0][1]), ([7; 32], parent));
        assert_eq!((kept[0][1], hashed[1][1]), ([7; 32], [7; 32]));
        // Levels 1 and 2 of 8 leaves; level 3 is kept.
        let part = path(0.5, 6);
        let above = Blake3Hasher.hash_children(&[parent; 2]);
        assert_eq!(part[0][1..4], [parent, above, [7; 32]]);
    }

    #[test]
    fn a_part_has_the_nearest_number_of_nodes() {
        let nearest = [2, 5, 6, 8, 11, 12, 31, 32].map(nearest_power);
        assert_eq!(nearest, [2, 4, 8, 8, 8, 16, 32, 32]);
    }
}
