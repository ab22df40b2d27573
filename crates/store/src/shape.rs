//! [`Shape`]: the stored units of each level of a checkpoint, derived from arity, stride and size
//! alone.

use rotortree_lean_imt::geometry::{self, Stride};

use crate::chunk::{CHUNK_BYTES, CHUNK_NODES, SUM_SECTOR_BYTES, SUMS_PER_SECTOR};

/// The shape of a stored tree of `size` leaves with `arity` children to a group, of which every
/// `stride`-th level is stored.
///
/// ```
/// use rotortree_store::shape::Shape;
///
/// let shape = Shape::new(4, 3, 600);
/// assert!(shape.stored_levels().eq([0, 3]), "of the leaves and 5 layers of hashes");
/// assert_eq!((shape.chunks(0), shape.tail_nodes(0)), (4, 88), "of 600 leaves");
/// assert_eq!((shape.chunks(3), shape.tail_nodes(3)), (0, 9), "of 9 complete nodes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    tree: geometry::Shape,
    stride: Stride,
}

impl Shape {
    /// The shape of a tree of `size` leaves. An arity below 2 counts as 2, and a stride that is
    /// none of this arity as 1.
    #[must_use]
    pub fn new(arity: u32, stride: u32, size: u64) -> Self {
        let arity = u64::from(arity);
        let stride = Stride::new(arity, stride as usize);
        Self {
            tree: geometry::Shape::new(arity, size),
            stride: stride.unwrap_or(Stride::widest(arity, 1)),
        }
    }

    /// Which levels are stored.
    #[must_use]
    pub fn stride(self) -> Stride {
        self.stride
    }

    /// The number of levels of the tree, leaves and root included; 1 for the empty tree.
    #[must_use]
    pub fn levels(self) -> usize {
        self.tree.depth() + 1
    }

    /// The levels that are stored, at least that of the leaves.
    pub fn stored_levels(self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.levels()).step_by(self.stride.levels())
    }

    /// The number of whole chunks that the complete nodes of a level fill.
    #[must_use]
    pub fn chunks(self, level: usize) -> u64 {
        self.tree.complete_len(level) / CHUNK_NODES
    }

    /// The number of complete nodes of a level behind its whole chunks: fewer than 128.
    #[must_use]
    pub fn tail_nodes(self, level: usize) -> usize {
        (self.tree.complete_len(level) % CHUNK_NODES) as usize
    }

    /// The bytes of all whole chunks and whole sectors of checksums.
    pub(crate) fn unit_bytes(self) -> u64 {
        let bytes = |chunks: u64| {
            chunks * CHUNK_BYTES as u64 + chunks / SUMS_PER_SECTOR * SUM_SECTOR_BYTES as u64
        };
        self.stored_levels()
            .map(|level| bytes(self.chunks(level)))
            .sum()
    }

    /// The number of chunk checksums of a level behind the whole sectors of them: fewer than 128.
    #[must_use]
    pub fn tail_sums(self, level: usize) -> usize {
        (self.chunks(level) % SUMS_PER_SECTOR) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_and_tails_add_up_to_the_complete_nodes() {
        for arity in [2, 3, 4, 16, 33, 1000] {
            for size in (0..600).chain((9..64).map(|shift| (1 << shift) + 1)) {
                let (shape, tree) = (
                    Shape::new(arity, 1, size),
                    geometry::Shape::new(u64::from(arity), size),
                );
                assert!(shape.stored_levels().eq(0..=tree.depth()));
                for level in shape.stored_levels() {
                    let nodes = shape.chunks(level) * CHUNK_NODES + shape.tail_nodes(level) as u64;
                    assert_eq!(nodes, tree.complete_len(level));
                    let tail = shape.chunks(level) % SUMS_PER_SECTOR;
                    assert_eq!(tail, shape.tail_sums(level) as u64);
                }
            }
        }
    }
}
