//! The path from a leaf to the root: the group on each level, and the hash of a group.

use core::slice;
use rotortree_hasher::{Hash, Hasher, PairPath};

use crate::geometry::{self, GroupSpan};

/// The groups on the path of leaf `index` in a tree of `size` leaves, from the leaves up; one for
/// each level of depth. The caller has checked `index < size`.
#[derive(Clone, Debug)]
pub(crate) struct Path<const N: usize> {
    index: u64,
    /// The last index of the level.
    last: u64,
}

impl<const N: usize> Path<N> {
    /// The path in an empty tree is empty.
    pub(crate) const fn new(index: u64, size: u64) -> Self {
        Self {
            index,
            last: size.saturating_sub(1),
        }
    }
}

impl<const N: usize> Iterator for Path<N> {
    type Item = GroupSpan;

    #[inline]
    fn next(&mut self) -> Option<GroupSpan> {
        if self.last == 0 {
            return None;
        }
        let span = geometry::group_to::<N>(self.index, self.last);
        self.index /= N as u64;
        self.last /= N as u64;
        Some(span)
    }
}

/// The parent of one to `N` children: their hash, or the only one lifted.
pub(crate) fn parent<H: Hasher>(hasher: &H, children: &[Hash]) -> Hash {
    match children {
        [only] => *only,
        _ => hasher.hash_children(children),
    }
}

/// The parent of `node` standing at `position` among `siblings`. At most `N - 1` siblings,
/// `position <= siblings.len()`.
pub(crate) fn parent_among<H: Hasher, const N: usize>(
    hasher: &H,
    node: &Hash,
    position: usize,
    siblings: &[Hash],
) -> Hash {
    if siblings.is_empty() {
        return *node;
    }
    let mut children = [[0; 32]; N];
    let group = &mut children[..=siblings.len()];
    place(group, node, position, siblings);
    hasher.hash_children(group)
}

/// The root of a binary tree of `size` leaves that follows from leaf `index` and its siblings.
/// `sibling(level, lifts)` returns the sibling on a level; `lifts` has a bit for each level on
/// which the path is lifted, and there the result is ignored. The caller has checked
/// `index < size`.
pub(crate) fn climb_pairs<'a, H: Hasher>(
    hasher: &H,
    leaf: &Hash,
    index: u64,
    size: u64,
    sibling: impl Fn(usize, u64) -> &'a Hash,
) -> Hash {
    let lifts = geometry::lifts(index, size - 1);
    let mut path = PairPath {
        node: *leaf,
        turns: index,
        lifts,
    };
    let depth = geometry::depth::<2>(size);
    hasher.hash_pair_paths(slice::from_mut(&mut path), depth, |_, level| {
        sibling(level, lifts)
    });
    path.node
}

/// Fills a group with a node and its siblings. There is one sibling fewer than there are slots.
#[inline(always)]
pub(crate) fn place(group: &mut [Hash], node: &Hash, position: usize, siblings: &[Hash]) {
    if let [sibling] = siblings
        && position < 2
    {
        // A pair: the places of the two are known before the node is, so only the stores wait
        // for the node.
        group[position] = *node;
        group[1 - position] = *sibling;
        return;
    }
    // Slot by slot: a copy of a run of unknown length is a call, and costs more than the slots.
    let (left, right) = group.split_at_mut(position);
    for (slot, sibling) in left.iter_mut().zip(siblings) {
        *slot = *sibling;
    }
    if let Some((slot, right)) = right.split_first_mut() {
        *slot = *node;
        for (slot, sibling) in right.iter_mut().zip(siblings.iter().skip(position)) {
            *slot = *sibling;
        }
    }
}
