//! The shape of a tree of a given size: levels, groups, digits.
//!
//! The tree, its proofs, the store and every verifier take their shapes from this module alone.
//! Levels count from the leaves (0); sizes and indices are `u64`; a power `N^k` beyond `u64` is
//! never formed.
//!
//! ```
//! use rotortree_lean_imt::geometry;
//!
//! // 21 leaves, N = 4: 21 = 1 * 16 + 1 * 4 + 1, so three frontier nodes, one a level.
//! assert_eq!(geometry::depth::<4>(21), 3);
//! assert_eq!((geometry::complete_len::<4>(21, 1), geometry::level_len::<4>(21, 1)), (5, 6));
//! assert_eq!(geometry::digit_sum::<4>(21), 3);
//! assert!(geometry::has_edge::<4>(21, 1));
//! ```

mod stride;

pub use self::stride::{MAX_BLOCK_NODES, Stride};

/// Does not compile if `N` is below 2.
const fn assert_branching<const N: usize>() {
    const { assert!(N >= 2, "N, the branching factor, must be at least 2") }
}

/// The shape of a tree whose arity is known only at run time; the functions of this module say the
/// same for an `N` of the type. Nothing here trusts its numbers.
///
/// ```
/// use rotortree_lean_imt::geometry::Shape;
///
/// let shape = Shape::new(4, 21);
/// assert_eq!((shape.depth(), shape.complete_len(1)), (3, 5));
/// assert_eq!(shape.node_count(), 21 + 5 + 1);
/// assert_eq!(Shape::new(4, 0).max_size(3), 64);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    arity: u64,
    size: u64,
}

impl Shape {
    /// A tree of `size` leaves with up to `arity` children to a group. An arity below 2 counts as
    /// 2.
    #[must_use]
    #[inline]
    pub const fn new(arity: u64, size: u64) -> Self {
        let arity = if arity < 2 { 2 } else { arity };
        Self { arity, size }
    }

    #[inline]
    const fn of<const N: usize>(size: u64) -> Self {
        assert_branching::<N>();
        Self::new(N as u64, size)
    }

    /// The number of hash layers above the leaves: the least `d` with `arity^d >= size`, at most
    /// 64.
    #[must_use]
    #[inline]
    pub const fn depth(self) -> usize {
        if self.size <= 1 {
            return 0;
        }
        if self.arity.is_power_of_two() {
            // No loop, because verifiers call this for every proof: the bits of the largest index,
            // in digits of the arity.
            let bits = u64::BITS - (self.size - 1).leading_zeros();
            return bits.div_ceil(self.arity.trailing_zeros()) as usize;
        }
        let mut nodes = self.size;
        let mut depth = 0;
        while nodes > 1 {
            nodes = nodes.div_ceil(self.arity);
            depth += 1;
        }
        depth
    }

    /// The number of complete nodes of a level: `floor(size / arity^level)`.
    #[must_use]
    #[inline]
    pub const fn complete_len(self, level: usize) -> u64 {
        let mut nodes = self.size;
        let mut k = 0;
        while k < level && nodes > 0 {
            nodes /= self.arity;
            k += 1;
        }
        nodes
    }

    /// The number of complete nodes of all levels; `u64::MAX` where there are more.
    #[must_use]
    pub const fn node_count(self) -> u64 {
        let (mut nodes, mut count) = (self.size, 0u64);
        while nodes > 0 {
            count = count.saturating_add(nodes);
            nodes /= self.arity;
        }
        count
    }

    /// The most leaves that `max_depth` hash layers can stand on, whatever the size: `u64::MAX`
    /// where there are more.
    #[must_use]
    pub const fn max_size(self, max_depth: usize) -> u64 {
        match self.power(max_depth) {
            Some(size) => size,
            None => u64::MAX,
        }
    }

    /// `arity^level`, or `None` if it exceeds `u64`.
    const fn power(self, level: usize) -> Option<u64> {
        let mut power: u64 = 1;
        let mut k = 0;
        while k < level {
            match power.checked_mul(self.arity) {
                Some(next) => power = next,
                None => return None,
            }
            k += 1;
        }
        Some(power)
    }
}

/// `N^level`, or `None` if it exceeds `u64`.
#[must_use]
pub const fn power<const N: usize>(level: usize) -> Option<u64> {
    Shape::of::<N>(0).power(level)
}

/// The number of hash layers above the leaves: the least `d` with `N^d >= size`; 0 for
/// sizes 0 and 1.
#[must_use]
#[inline]
pub const fn depth<const N: usize>(size: u64) -> usize {
    Shape::of::<N>(size).depth()
}

/// The most leaves that a tree of `max_depth` has: `N^max_depth`, but at most `u64::MAX`.
#[must_use]
pub const fn max_size<const N: usize>(max_depth: usize) -> u64 {
    Shape::of::<N>(0).max_size(max_depth)
}

/// The number of complete nodes of a level: `floor(size / N^level)`.
#[must_use]
#[inline]
pub const fn complete_len<const N: usize>(size: u64, level: usize) -> u64 {
    Shape::of::<N>(size).complete_len(level)
}

/// The number of nodes of a level, its edge node included: `ceil(size / N^level)`, and 0
/// above the root.
#[must_use]
pub const fn level_len<const N: usize>(size: u64, level: usize) -> u64 {
    if level > depth::<N>(size) {
        return 0;
    }
    let mut nodes = size;
    let mut k = 0;
    while k < level {
        nodes = nodes.div_ceil(N as u64);
        k += 1;
    }
    nodes
}

/// Whether a level ends with an edge node, whose subtree is not full: `size mod N^level != 0`.
#[must_use]
pub const fn has_edge<const N: usize>(size: u64, level: usize) -> bool {
    level <= depth::<N>(size) && complete_len::<N>(size, level) < level_len::<N>(size, level)
}

/// The base-`N` digit of `size` at `level`: the number of complete nodes of the level's last
/// unfinished group.
#[must_use]
pub const fn digit<const N: usize>(size: u64, level: usize) -> usize {
    (complete_len::<N>(size, level) % N as u64) as usize
}

/// The sum of the base-`N` digits of `size`: the number of hashes in its frontier.
#[must_use]
pub const fn digit_sum<const N: usize>(size: u64) -> u64 {
    assert_branching::<N>();
    let mut nodes = size;
    let mut sum = 0;
    while nodes > 0 {
        sum += nodes % N as u64;
        nodes /= N as u64;
    }
    sum
}

/// A group and a node's place in it.
///
/// ```
/// use rotortree_lean_imt::geometry;
///
/// // The last of 6 leaves, N = 4: the second of a group of two, which starts at leaf 4.
/// let span = geometry::group::<4>(5, 6);
/// assert_eq!((span.start, span.len, span.position), (4, 2, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSpan {
    /// Index of the group's first child on its level.
    pub start: u64,
    /// Number of children, 1 to `N`; 1 means lifted.
    pub len: usize,
    /// The node's place in the group, `0..len`.
    pub position: usize,
}

/// The group of node `index` of a level of `level_len` nodes. The caller has checked
/// `index < level_len`.
#[must_use]
pub const fn group<const N: usize>(index: u64, level_len: u64) -> GroupSpan {
    group_to::<N>(index, level_len - 1)
}

/// [`group`] by the last index of the level. A caller that goes up divides the last index by `N` to
/// get that of the next level.
#[inline]
pub(crate) const fn group_to<const N: usize>(index: u64, last: u64) -> GroupSpan {
    assert_branching::<N>();
    let position = (index % N as u64) as usize;
    let start = index - position as u64;
    let behind = last - start;
    let len = if behind < N as u64 {
        behind as usize + 1
    } else {
        N
    };
    GroupSpan {
        start,
        len,
        position,
    }
}

/// The levels of a binary tree on which the path of `index` is lifted, one bit each. `last` is the
/// index of the tree's last leaf. Bits from the tree's depth on have no meaning. The caller has
/// checked `index <= last`.
#[inline]
pub(crate) const fn lifts(index: u64, last: u64) -> u64 {
    // From the level on which the two paths meet, the node is the last of its level, and has no
    // sibling where its index is even.
    match u64::MAX.checked_shl(u64::BITS - (index ^ last).leading_zeros()) {
        Some(met) => met & !last,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arity_that_would_not_end_counts_as_two() {
        assert_eq!(Shape::new(0, 9), Shape::new(2, 9));
        assert_eq!(Shape::new(1, u64::MAX).depth(), 64);
    }

    fn agree<const N: usize>(size: u64) {
        let mut d = 0u32;
        while (N as u128).pow(d) < u128::from(size) {
            d += 1;
        }
        assert_eq!(depth::<N>(size), d as usize, "depth of {size} for N = {N}");
        let mut sum = 0;
        for level in 0..=66usize {
            let p = if level > 64 {
                u128::MAX
            } else {
                (N as u128).checked_pow(level as u32).unwrap_or(u128::MAX)
            };
            let complete = u128::from(size) / p;
            assert_eq!(u128::from(complete_len::<N>(size, level)), complete);
            let len = if level > d as usize {
                0
            } else {
                u128::from(size).div_ceil(p)
            };
            assert_eq!(u128::from(level_len::<N>(size, level)), len);
            assert_eq!(
                has_edge::<N>(size, level),
                level <= d as usize && u128::from(size) % p != 0
            );
            assert_eq!(digit::<N>(size, level) as u128, complete % N as u128);
            sum += complete % N as u128;
        }
        assert_eq!(u128::from(digit_sum::<N>(size)), sum);
    }

    #[test]
    fn every_count_agrees_with_wide_arithmetic_at_every_boundary() {
        fn each<const N: usize>() {
            let mut p: u64 = 1;
            loop {
                for size in [
                    p.saturating_sub(1),
                    p,
                    p.saturating_add(1),
                    p.saturating_mul(2),
                    p / 2 + 3,
                ] {
                    agree::<N>(size);
                }
                match p.checked_mul(N as u64) {
                    Some(next) => p = next,
                    None => break,
                }
            }
            agree::<N>(u64::MAX);
            agree::<N>(u64::MAX - 1);
            (0..300).for_each(agree::<N>);
        }
        each::<2>();
        each::<3>();
        each::<4>();
        each::<5>();
        each::<8>();
        each::<16>();
        each::<33>();
        each::<1000>();
    }

    #[test]
    fn a_binary_path_is_lifted_where_it_has_a_group_of_its_own() {
        let check = |index: u64, size: u64| {
            let lifts = lifts(index, size - 1);
            for level in 0..depth::<2>(size) {
                let alone = group::<2>(index >> level, level_len::<2>(size, level)).len == 1;
                assert_eq!(
                    lifts >> level & 1 == 1,
                    alone,
                    "leaf {index} of {size}, level {level}"
                );
            }
        };
        for size in 1..200 {
            (0..size).for_each(|index| check(index, size));
        }
        for size in [1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
            for index in [0, 1, size / 2, size - 3, size - 2, size - 1] {
                check(index, size);
            }
        }
    }

    #[test]
    fn a_power_beyond_64_bits_is_none() {
        assert_eq!(power::<2>(63), Some(1 << 63));
        assert_eq!(power::<2>(64), None);
        assert_eq!(power::<16>(16), None);
        assert_eq!(max_size::<16>(16), u64::MAX);
        assert_eq!(max_size::<3>(2), 9);
    }

    #[test]
    fn the_last_group_is_as_long_as_what_is_left() {
        assert_eq!(
            group::<4>(5, 6),
            GroupSpan {
                start: 4,
                len: 2,
                position: 1
            }
        );
        assert_eq!(
            group::<4>(4, 5),
            GroupSpan {
                start: 4,
                len: 1,
                position: 0
            }
        );
        assert_eq!(
            group::<4>(3, 100),
            GroupSpan {
                start: 0,
                len: 4,
                position: 3
            }
        );
        assert_eq!(
            group::<2>(u64::MAX - 1, u64::MAX),
            GroupSpan {
                start: u64::MAX - 1,
                len: 1,
                position: 0
            }
        );
    }
}
