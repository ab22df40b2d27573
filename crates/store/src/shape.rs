//! [`Shape`]: the chunks and tails of each level of a checkpoint, computed from arity and size.
//!
//! The same arithmetic as [`geometry`](rotortree_lean_imt::geometry), for an arity that is read
//! from a manifest and so known only at run time. Nothing here trusts its numbers: no power beyond
//! `u64` is formed.

use crate::chunk::{CHUNK_NODES, SUMS_PER_SECTOR};

/// The shape of a stored tree of `size` leaves with `arity` children to a group, at least 2.
///
/// ```
/// use rotortree_store::shape::Shape;
///
/// let shape = Shape::new(4, 600);
/// assert_eq!(shape.levels(), 6, "the leaves and 5 layers of hashes");
/// assert_eq!((shape.complete_len(0), shape.chunks(0), shape.tail_nodes(0)), (600, 4, 88));
/// assert_eq!((shape.complete_len(1), shape.chunks(1), shape.tail_nodes(1)), (150, 1, 22));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    arity: u64,
    size: u64,
}

impl Shape {
    /// The shape of a tree of `size` leaves. An arity below 2 counts as 2.
    #[must_use]
    pub fn new(arity: u32, size: u64) -> Self {
        Self {
            arity: u64::from(arity.max(2)),
            size,
        }
    }

    /// The number of hash layers above the leaves: the least `d` with `arity^d >= size`. At
    /// most 64.
    #[must_use]
    pub fn depth(self) -> usize {
        let mut nodes = self.size;
        let mut depth = 0;
        while nodes > 1 {
            nodes = nodes.div_ceil(self.arity);
            depth += 1;
        }
        depth
    }

    /// The number of levels, leaves and root included; 1 for the empty tree.
    #[must_use]
    pub fn levels(self) -> usize {
        self.depth() + 1
    }

    /// The number of complete nodes of a level.
    #[must_use]
    pub fn complete_len(self, level: usize) -> u64 {
        let mut nodes = self.size;
        for _ in 0..level {
            if nodes == 0 {
                break;
            }
            nodes /= self.arity;
        }
        nodes
    }

    /// The number of whole chunks that the complete nodes of a level fill.
    #[must_use]
    pub fn chunks(self, level: usize) -> u64 {
        self.complete_len(level) / CHUNK_NODES
    }

    /// The number of complete nodes of a level behind its whole chunks: fewer than 128.
    #[must_use]
    pub fn tail_nodes(self, level: usize) -> usize {
        (self.complete_len(level) % CHUNK_NODES) as usize
    }

    /// The number of chunk checksums of a level behind the whole sectors of them: fewer than 128.
    #[must_use]
    pub fn tail_sums(self, level: usize) -> usize {
        (self.chunks(level) % SUMS_PER_SECTOR) as usize
    }

    /// The most leaves that `max_depth` hash layers can stand on; `u64::MAX` where it is
    /// more than that.
    #[must_use]
    pub fn max_size(self, max_depth: u32) -> u64 {
        let mut size: u64 = 1;
        for _ in 0..max_depth {
            match size.checked_mul(self.arity) {
                Some(more) => size = more,
                None => return u64::MAX,
            }
        }
        size
    }
}

#[cfg(test)]
mod tests {
    use rotortree_lean_imt::geometry;

    use super::*;

    fn agree<const N: usize>(size: u64) {
        let shape = Shape::new(N as u32, size);
        assert_eq!(shape.depth(), geometry::depth::<N>(size));
        for level in 0..=65 {
            let complete = geometry::complete_len::<N>(size, level);
            assert_eq!(shape.complete_len(level), complete);
            assert_eq!(
                shape.chunks(level) * CHUNK_NODES + shape.tail_nodes(level) as u64,
                complete
            );
            assert_eq!(
                shape.chunks(level) % SUMS_PER_SECTOR,
                shape.tail_sums(level) as u64
            );
            assert_eq!(shape.max_size(level as u32), geometry::max_size::<N>(level));
        }
    }

    #[test]
    fn it_agrees_with_the_geometry_of_the_tree() {
        fn each<const N: usize>() {
            (0..600).for_each(agree::<N>);
            for shift in 9..64 {
                for size in [
                    (1 << shift) - 1,
                    1 << shift,
                    (1 << shift) + 1,
                    3 << (shift - 1),
                ] {
                    agree::<N>(size);
                }
            }
            agree::<N>(u64::MAX);
        }
        each::<2>();
        each::<3>();
        each::<4>();
        each::<8>();
        each::<16>();
        each::<33>();
        each::<1000>();
    }

    #[test]
    fn an_arity_that_would_not_end_counts_as_two() {
        assert_eq!(Shape::new(0, 9), Shape::new(2, 9));
        assert_eq!(Shape::new(1, u64::MAX).depth(), 64);
    }
}
