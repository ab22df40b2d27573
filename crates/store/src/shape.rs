//! [`Shape`]: the stored units of each level of a checkpoint, derived from arity and size alone.

use rotortree_lean_imt::geometry;

use crate::chunk::{CHUNK_NODES, SUMS_PER_SECTOR};

/// The shape of a stored tree of `size` leaves with `arity` children to a group.
///
/// ```
/// use rotortree_store::shape::Shape;
///
/// let shape = Shape::new(4, 600);
/// assert_eq!(shape.levels(), 6, "the leaves and 5 layers of hashes");
/// assert_eq!((shape.chunks(0), shape.tail_nodes(0)), (4, 88), "of 600 leaves");
/// assert_eq!((shape.chunks(1), shape.tail_nodes(1)), (1, 22), "of 150 complete nodes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape(geometry::Shape);

impl Shape {
    /// The shape of a tree of `size` leaves. An arity below 2 counts as 2.
    #[must_use]
    pub fn new(arity: u32, size: u64) -> Self {
        Self(geometry::Shape::new(u64::from(arity), size))
    }

    /// The number of levels, leaves and root included; 1 for the empty tree.
    #[must_use]
    pub fn levels(self) -> usize {
        self.0.depth() + 1
    }

    /// The number of whole chunks that the complete nodes of a level fill.
    #[must_use]
    pub fn chunks(self, level: usize) -> u64 {
        self.0.complete_len(level) / CHUNK_NODES
    }

    /// The number of complete nodes of a level behind its whole chunks: fewer than 128.
    #[must_use]
    pub fn tail_nodes(self, level: usize) -> usize {
        (self.0.complete_len(level) % CHUNK_NODES) as usize
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
                    Shape::new(arity, size),
                    geometry::Shape::new(u64::from(arity), size),
                );
                for level in 0..shape.levels() {
                    let nodes = shape.chunks(level) * CHUNK_NODES + shape.tail_nodes(level) as u64;
                    assert_eq!(nodes, tree.complete_len(level));
                    let tail = shape.chunks(level) % SUMS_PER_SECTOR;
                    assert_eq!(tail, shape.tail_sums(level) as u64);
                }
            }
        }
    }
}
