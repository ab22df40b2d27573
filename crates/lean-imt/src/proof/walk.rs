//! The walk over the part of a tree above a set of leaves. Multiproofs, range proofs and catch-up
//! proofs are made with it.
//!
//! The walk goes from the root down and from the left to the right. It enters every node with one
//! of the leaves below it, and takes every other child of such a node as *given*. A proof lists the
//! given nodes in the order of the walk, so one pass over indices, leaves and hashes rebuilds the
//! root. Leaves 1 and 4 of 6, `N = 2`:
//!
//! ```text
//!                     [root]
//!                .------' '------.
//!              [2,0]            [2,1]       [ ] entered   ( ) given   < > chosen
//!            .--' '--.            |
//!          [1,0]   (1,1)        [1,2]       given, in order: leaf 0, node 1,1, leaf 5
//!          .' '.    .' '.       .' '.
//!        (0)   <1> 2     3    <4>   (5)
//! ```
//!
//! The recursion is as deep as the tree, at most 64, with one group of `N` nodes on the stack per
//! level. Source of the idea: the compact multiproofs of Ethereum's consensus specifications
//! (`merkle-proofs.md`); order and form are this crate's own.

use rotortree_hasher::{Hash, Hasher};

use super::{path::parent, selection::Selection};
use crate::{TreeError, geometry};

/// The action of a walk at each node. `Node` is the hash for a visitor that hashes, and empty for a
/// visitor that counts or lists nodes.
pub(crate) trait Visitor {
    type Node: Copy;
    /// Fills empty slots.
    const NONE: Self::Node;

    /// A chosen leaf.
    fn leaf(&mut self, index: u64) -> Result<Self::Node, TreeError>;

    /// A node that has no chosen leaf below it.
    fn given(&mut self, level: usize, index: u64) -> Result<Self::Node, TreeError>;

    /// A node whose `leaves`, from `start` on, are all chosen. The visitor returns `None` to walk
    /// below the node.
    fn full(&mut self, start: u64, leaves: u64) -> Result<Option<Self::Node>, TreeError>;

    /// The parent of one to `N` nodes.
    fn parent(&mut self, children: &[Self::Node]) -> Self::Node;
}

/// Walks a tree of `size > 0` leaves above the chosen ones and returns the visitor's root. At least
/// one leaf is chosen, and all chosen leaves lie below `size`.
pub(crate) fn walk<const N: usize, V: Visitor>(
    size: u64,
    chosen: impl Selection,
    visitor: &mut V,
) -> Result<V::Node, TreeError> {
    let mut walk = Walk::<_, N> { size, chosen };
    match geometry::depth::<N>(size) {
        0 => visitor.leaf(0),
        depth => {
            // The span of the root may exceed u64; the span of its children is less than `size`.
            let child_span = geometry::power::<N>(depth - 1).unwrap_or(u64::MAX);
            walk.enter(depth, 0, child_span, visitor)
        }
    }
}

struct Walk<S, const N: usize> {
    size: u64,
    chosen: S,
}

impl<S: Selection, const N: usize> Walk<S, N> {
    /// Enters node `index` of `level > 0`. Its complete children have `child_span` leaves each.
    fn enter<V: Visitor>(
        &mut self,
        level: usize,
        index: u64,
        child_span: u64,
        visitor: &mut V,
    ) -> Result<V::Node, TreeError> {
        if let Some(span) = child_span.checked_mul(N as u64)
            && let Some(start) = index.checked_mul(span)
            && self.chosen.is_run(start, span)
            && let Some(node) = visitor.full(start, span)?
        {
            self.chosen.pass(span);
            return Ok(node);
        }
        let mut children = [V::NONE; N];
        let first = index * N as u64;
        let group = geometry::group::<N>(first, self.size.div_ceil(child_span));
        for (child, index) in children[..group.len].iter_mut().zip(first..) {
            let is_chosen = self
                .chosen
                .peek()
                .is_some_and(|next| next / child_span == index);
            *child = match level - 1 {
                level if !is_chosen => visitor.given(level, index)?,
                0 => {
                    self.chosen.pass(1);
                    visitor.leaf(index)?
                }
                level => self.enter(level, index, child_span / N as u64, visitor)?,
            };
        }
        Ok(visitor.parent(&children[..group.len]))
    }
}

/// The number of hashes of a proof for the chosen leaves, with the preconditions of [`walk`].
pub(crate) fn hash_count<const N: usize>(size: u64, chosen: impl Selection) -> u64 {
    struct Count(u64);

    impl Visitor for Count {
        type Node = ();
        const NONE: () = ();

        fn leaf(&mut self, _: u64) -> Result<(), TreeError> {
            Ok(())
        }

        fn given(&mut self, _: usize, _: u64) -> Result<(), TreeError> {
            self.0 += 1;
            Ok(())
        }

        fn full(&mut self, _: u64, _: u64) -> Result<Option<()>, TreeError> {
            Ok(Some(()))
        }

        fn parent(&mut self, _: &[()]) {}
    }

    let mut count = Count(0);
    // The visitor never fails.
    let _ = walk::<N, _>(size, chosen, &mut count);
    count.0
}

/// The root that follows from the chosen leaves and the given hashes, with the preconditions of
/// [`walk`]. The caller passes as many leaves as are chosen, and [`hash_count`] hashes.
pub(crate) fn root<H: Hasher, const N: usize>(
    hasher: &H,
    size: u64,
    chosen: impl Selection,
    leaves: &[Hash],
    hashes: &[Hash],
) -> Result<Hash, TreeError> {
    let mut rebuild = Rebuild::<H, N> {
        hasher,
        leaves,
        hashes,
    };
    walk::<N, _>(size, chosen, &mut rebuild)
}

struct Rebuild<'a, H, const N: usize> {
    hasher: &'a H,
    leaves: &'a [Hash],
    hashes: &'a [Hash],
}

/// Number of leaves of the largest subtree that is hashed at once, in buffers on the stack.
const FULL: usize = 256;

impl<H: Hasher, const N: usize> Visitor for Rebuild<'_, H, N> {
    type Node = Hash;
    const NONE: Hash = [0; 32];

    fn leaf(&mut self, _: u64) -> Result<Hash, TreeError> {
        take_first(&mut self.leaves)
    }

    fn given(&mut self, _: usize, _: u64) -> Result<Hash, TreeError> {
        take_first(&mut self.hashes)
    }

    fn full(&mut self, _: u64, leaves: u64) -> Result<Option<Hash>, TreeError> {
        if leaves > FULL as u64 {
            return Ok(None);
        }
        let Some((full, rest)) = self.leaves.split_at_checked(leaves as usize) else {
            return Ok(None);
        };
        self.leaves = rest;
        let mut parents = [[0; 32]; FULL / 2];
        let mut above = [[0; 32]; FULL / 4];
        let mut len = full.len() / N;
        self.hasher.hash_groups(N, full, &mut parents[..len]);
        while len > 1 {
            let parent_count = len / N;
            self.hasher
                .hash_groups(N, &parents[..len], &mut above[..parent_count]);
            len = parent_count;
            parents[..len].copy_from_slice(&above[..len]);
        }
        Ok(Some(parents[0]))
    }

    fn parent(&mut self, children: &[Hash]) -> Hash {
        parent(self.hasher, children)
    }
}

fn take_first(hashes: &mut &[Hash]) -> Result<Hash, TreeError> {
    match hashes.split_off_first() {
        Some(first) => Ok(*first),
        // Reached only if a caller breaks a precondition; an error is better than a panic.
        None => Err(TreeError::InvalidProofLength {
            expected: 1,
            actual: 0,
        }),
    }
}
