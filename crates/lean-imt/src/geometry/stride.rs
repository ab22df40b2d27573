//! [`Stride`]: which levels of a tree are stored, and how the levels between them follow.

use super::Shape;

/// The most nodes in a block: a block lies within two chunks of 128 nodes, and within one where its
/// size divides 128.
pub const MAX_BLOCK_NODES: u64 = 128;

/// The stored levels of a tree: 0, s, 2s, and so on.
///
/// A *block* is `N^s` consecutive nodes of a stored level, the first of which has an index that is
/// a multiple of `N^s`. Its *inner nodes* are the nodes of the next `s - 1` levels that follow from
/// it alone: `N^(s-1)` of the level above, then `N^(s-2)`, down to `N`. With a stride of 1 every
/// level is stored, and a block has no inner nodes.
///
/// ```
/// use rotortree_lean_imt::geometry::Stride;
///
/// let stride = Stride::widest(2, 128);
/// assert_eq!((stride.levels(), stride.block_nodes(), stride.inner_nodes()), (7, 128, 126));
/// assert!(stride.is_stored(14) && !stride.is_stored(15));
/// // Node 700 of level 3 is one of the 16 of its level in block 43 of level 0.
/// assert_eq!((stride.below(3), stride.block(3, 700)), (0, 43));
/// // It stands above leaves 5600 to 5607.
/// assert_eq!((stride.ancestor(3, 5599), stride.ancestor(3, 5607)), (699, 700));
/// // They stand behind 64 nodes of level 1 and 32 of level 2.
/// assert_eq!(stride.slot(3, 700), 64 + 32 + 700 % 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride {
    levels: usize,
    /// The levels from the stored one below, for each level that a tree can have. A proof asks for
    /// this and for the powers several times a node, and divisions took a tenth of its time.
    above: [u8; u64::BITS as usize + 1],
    /// Bits of a digit of the arity, 0 where it is no power of two.
    digit_bits: u32,
    /// `N^k`, for each k up to `levels`.
    powers: [u64; MAX_LEVELS + 1],
    /// For each level above a stored one, the number of a block's inner nodes on the levels below
    /// it; at `levels` that of all.
    inner_below: [usize; MAX_LEVELS + 1],
}

/// The most levels of a stride: those of the largest block of pairs.
const MAX_LEVELS: usize = MAX_BLOCK_NODES.ilog2() as usize;

impl Stride {
    /// Every `levels`-th level of a tree with groups of `arity`. `None` for 0 levels, and for a
    /// stride of 2 or more with blocks beyond [`MAX_BLOCK_NODES`]. An arity below 2 counts as 2.
    #[must_use]
    pub const fn new(arity: u64, levels: usize) -> Option<Self> {
        if levels == 0 || levels > MAX_LEVELS {
            return None;
        }
        let arity = Shape::new(arity, 0).arity;
        let mut stride = Self {
            levels,
            above: [0; u64::BITS as usize + 1],
            digit_bits: match arity.is_power_of_two() {
                true => arity.trailing_zeros(),
                false => 0,
            },
            powers: [1; MAX_LEVELS + 1],
            inner_below: [0; MAX_LEVELS + 1],
        };
        let mut level = 0;
        while level < stride.above.len() {
            stride.above[level] = (level % levels) as u8;
            level += 1;
        }
        level = 1;
        while level <= levels {
            match stride.powers[level - 1].checked_mul(arity) {
                Some(power) if power <= MAX_BLOCK_NODES || levels == 1 => {
                    stride.powers[level] = power;
                }
                _ => return None,
            }
            level += 1;
        }
        level = 1;
        while level < levels {
            let own = stride.powers[levels - level] as usize;
            stride.inner_below[level + 1] = stride.inner_below[level] + own;
            level += 1;
        }
        Some(stride)
    }

    /// The widest stride with blocks of at most `most` nodes; 1 where no other has such blocks.
    #[must_use]
    pub const fn widest(arity: u64, most: u64) -> Self {
        let mut levels = MAX_LEVELS;
        loop {
            match Self::new(arity, levels) {
                Some(stride) if levels == 1 || stride.block_nodes() <= most => return stride,
                _ => levels -= 1,
            }
        }
    }

    /// The number of levels from a stored one to the next, s.
    #[must_use]
    #[inline]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// Whether a level is stored.
    #[must_use]
    #[inline]
    pub const fn is_stored(&self, level: usize) -> bool {
        self.above(level) == 0
    }

    /// The highest stored level that is not above `level`.
    #[must_use]
    #[inline]
    pub const fn below(&self, level: usize) -> usize {
        level - self.above(level)
    }

    /// The number of nodes in a block. At a stride of 1, which has no use for blocks, it may exceed
    /// [`MAX_BLOCK_NODES`].
    #[must_use]
    pub const fn block_nodes(&self) -> u64 {
        self.powers[self.levels]
    }

    /// The number of nodes that follow from a block and are not stored.
    #[must_use]
    pub const fn inner_nodes(&self) -> usize {
        self.inner_below[self.levels]
    }

    /// The number of nodes of the stored level below that one node of `level` stands on.
    #[must_use]
    #[inline]
    pub const fn span(&self, level: usize) -> u64 {
        self.powers[self.above(level)]
    }

    /// The node of `level` above node `index` of the stored level below.
    #[must_use]
    #[inline]
    pub const fn ancestor(&self, level: usize, index: u64) -> u64 {
        match self.digit_bits {
            0 => index / self.span(level),
            bits => index >> (bits * self.above(level) as u32),
        }
    }

    /// The number of nodes of `level` in one block of the stored level below.
    #[must_use]
    #[inline]
    pub const fn share(&self, level: usize) -> u64 {
        self.powers[self.levels - self.above(level)]
    }

    /// The block of the stored level below that has node `index` of `level`, or that the node
    /// follows from.
    #[must_use]
    #[inline]
    pub const fn block(&self, level: usize, index: u64) -> u64 {
        match self.digit_bits {
            0 => index / self.share(level),
            bits => index >> (bits * (self.levels - self.above(level)) as u32),
        }
    }

    /// The place of node `index` of a level that is not stored among the inner nodes of its block.
    #[must_use]
    #[inline]
    pub const fn slot(&self, level: usize, index: u64) -> usize {
        let within = match self.digit_bits {
            0 => index % self.share(level),
            _ => index & (self.share(level) - 1),
        };
        self.inner_below[self.above(level)] + within as usize
    }

    /// The number of levels from the stored one below to `level`.
    #[inline]
    const fn above(&self, level: usize) -> usize {
        if level < self.above.len() {
            self.above[level] as usize
        } else {
            level % self.levels
        }
    }

    /// The number of nodes of `level` that whole blocks among the first `len` nodes of the stored
    /// level below give. Of a stored level these are the `len` nodes themselves.
    #[must_use]
    pub const fn covered(&self, level: usize, len: u64) -> u64 {
        if self.is_stored(level) {
            len
        } else {
            len / self.block_nodes() * self.share(level)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_strides_are_those_of_the_table() {
        let rows = [
            (2, 7, 128, 126),
            (3, 4, 81, 39),
            (4, 3, 64, 20),
            (5, 3, 125, 30),
            (8, 2, 64, 8),
            (11, 2, 121, 11),
            (12, 1, 12, 0),
            (16, 1, 16, 0),
            (33, 1, 33, 0),
            (128, 1, 128, 0),
            (129, 1, 129, 0),
            (u64::MAX, 1, u64::MAX, 0),
        ];
        for (arity, levels, block, inner) in rows {
            let widest = Stride::widest(arity, 128);
            assert_eq!(widest.levels(), levels, "N = {arity}");
            assert_eq!(widest.block_nodes(), block, "N = {arity}");
            assert_eq!(widest.inner_nodes(), inner, "N = {arity}");
            assert_eq!(Stride::new(arity, levels), Some(widest));
            assert_eq!(Stride::new(arity, levels + 1), None);
            assert_eq!(Stride::widest(arity, 1).levels(), 1);
        }
        assert_eq!(Stride::new(2, 0), None);
        assert_eq!(Stride::new(2, usize::MAX), None);
        assert_eq!(Stride::widest(2, 9).levels(), 3);
        assert_eq!(Stride::widest(0, 128), Stride::widest(2, 128));
    }

    #[test]
    fn the_inner_nodes_of_all_blocks_are_the_nodes_of_the_levels_between() {
        for arity in 2..=12 {
            for levels in 1..8 {
                let Some(stride) = Stride::new(arity, levels) else {
                    continue;
                };
                for blocks in 0..4 {
                    let len = blocks * stride.block_nodes();
                    let mut places = vec![vec![]; blocks as usize];
                    for level in levels..2 * levels {
                        assert_eq!(stride.below(level), levels);
                        let nodes = len / stride.span(level);
                        for behind in [0, stride.block_nodes() - 1] {
                            let there = stride.covered(level, len + behind);
                            let own = if level == levels { behind } else { 0 };
                            assert_eq!(there, nodes + own);
                        }
                        for index in 0..nodes {
                            let block = index * stride.span(level) / stride.block_nodes();
                            assert_eq!(stride.block(level, index), block);
                            if !stride.is_stored(level) {
                                places[block as usize].push(stride.slot(level, index));
                            }
                        }
                    }
                    for slots in places {
                        assert!(slots.into_iter().eq(0..stride.inner_nodes()));
                    }
                }
            }
        }
    }
}
