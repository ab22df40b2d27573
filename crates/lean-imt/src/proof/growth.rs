//! The boundary between a tree of `old_size` leaves and its growth to `new_size`: the walk of
//! consistency proofs.
//!
//! Let `m < n` be the sizes, `z` the lowest level where the base-`N` digit of `m` is not zero, and
//! `m_k = floor(m / N^k)`. Below level `z` the old tree ends with a full group, so old and new
//! leaves share no group there. On each level `k` from `z` up to the level below the new root, the
//! walk visits the group that has index `m_k`:
//!
//! ```text
//!     left: digit_k(m) nodes       straddler: node m_k        right: what the new tree has behind
//!     complete in the old tree     old and new differ;        (none but new leaves below it)
//!     and so equal in the new      computed, not given
//!    [ a ] [ b ] ... [ c ]         [ old | new ]              [ d ] ... [ e ]
//! ```
//!
//! The old parent is over `left` and the old straddler. The new parent is over `left`, the new
//! straddler and `right`. The two parents are the straddlers of the next level. On level `z` there
//! is no straddler: node `m_z` has new leaves only and is the first of `right`. A proof gives
//! `left` and `right` of each level, in this order: at most `N - 1` hashes a level, and one more on
//! level `z`. The left nodes are the old frontier, and the old root follows from them. The new root
//! follows from the left and the right nodes.
//!
//! Source of the idea: the consistency proofs of RFC 6962 (Certificate Transparency), section
//! 2.1.2; the form for `N` children and lifted nodes is this crate's own.

use rotortree_hasher::{Hash, Hasher};

use super::path::parent;
use crate::geometry;

/// The group of one level with the boundary between the old leaves and the new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoundaryGroup {
    pub(crate) level: usize,
    /// Index of the group's first node.
    pub(crate) start: u64,
    /// Number of old complete nodes of the group.
    pub(crate) left: usize,
    /// Whether a node stands across the boundary, between `left` and `right`.
    pub(crate) straddled: bool,
    /// Number of nodes of the new tree after the boundary.
    pub(crate) right: usize,
}

/// The boundary groups of growth from `old_size` to `new_size`, from level `z` up.
/// `0 < old_size < new_size`.
#[derive(Clone, Debug)]
pub(crate) struct Boundary<const N: usize> {
    level: usize,
    lowest: usize,
    old_complete: u64,
    new_len: u64,
}

impl<const N: usize> Boundary<N> {
    pub(crate) const fn new(old_size: u64, new_size: u64) -> Self {
        let mut boundary = Self {
            level: 0,
            lowest: 0,
            old_complete: old_size,
            new_len: new_size,
        };
        while boundary.old_complete > 0 && boundary.old_complete.is_multiple_of(N as u64) {
            boundary.ascend();
        }
        boundary.lowest = boundary.level;
        boundary
    }

    const fn ascend(&mut self) {
        self.level += 1;
        self.old_complete /= N as u64;
        self.new_len = self.new_len.div_ceil(N as u64);
    }

    /// The number of hashes of a consistency proof between these sizes.
    pub(crate) fn hash_count(self) -> u64 {
        self.map(|group| group.left as u64 + group.right as u64)
            .sum()
    }
}

impl<const N: usize> Iterator for Boundary<N> {
    type Item = BoundaryGroup;

    fn next(&mut self) -> Option<BoundaryGroup> {
        if self.new_len <= 1 {
            return None;
        }
        let span = geometry::group::<N>(self.old_complete, self.new_len);
        let straddled = self.level > self.lowest;
        let group = BoundaryGroup {
            level: self.level,
            start: span.start,
            left: span.position,
            straddled,
            right: span.len - span.position - usize::from(straddled),
        };
        self.ascend();
        Some(group)
    }
}

/// The old and the new root that follow from the hashes of a consistency proof. Calls `visit` with
/// every boundary group of the new tree and its nodes, the straddler included.
///
/// `0 < old_size < new_size`, and `hashes` has exactly [`Boundary::hash_count`] hashes.
pub(crate) fn roots<H: Hasher, const N: usize>(
    hasher: &H,
    old_size: u64,
    new_size: u64,
    mut hashes: &[Hash],
    mut visit: impl FnMut(BoundaryGroup, &[Hash]),
) -> (Hash, Hash) {
    let old_depth = geometry::depth::<N>(old_size);
    let (mut old, mut new) = ([0; 32], [0; 32]);
    let mut children = [[0; 32]; N];
    for group in Boundary::<N>::new(old_size, new_size) {
        let (left, rest) = hashes.split_at(group.left);
        let (right, rest) = rest.split_at(group.right);
        hashes = rest;
        let mut len = group.left;
        children[..len].copy_from_slice(left);
        if group.straddled {
            children[len] = old;
            len += 1;
        }
        // At or above the old root there is no old parent. An old root that is a complete node is
        // the one left node of the lowest level, and lifting carries it up.
        if group.level < old_depth || !group.straddled {
            old = parent(hasher, &children[..len]);
        }
        if group.straddled {
            children[len - 1] = new;
        }
        children[len..len + right.len()].copy_from_slice(right);
        let nodes = &children[..len + right.len()];
        visit(group, nodes);
        new = parent(hasher, nodes);
    }
    (old, new)
}
