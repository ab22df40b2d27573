//! The [`Hasher`] trait: a hash function as trees use it.
//!
//! The trait knows groups of children. Levels, sizes and proofs belong to the tree.

use crate::fingerprint;
use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::pair_path::{self, PairPath};

/// A hash function over groups of 32-byte children.
///
/// One method is required. The others have a default that is correct for every function. A
/// hasher replaces a default to be faster ([`hash_groups`](Self::hash_groups),
/// [`hash_groups_beside`](Self::hash_groups_beside),
/// [`hash_pair_paths`](Self::hash_pair_paths), [`hash_resuming`](Self::hash_resuming)) or
/// stricter ([`check`](Self::check), [`MAX_ARITY`](Self::MAX_ARITY)), or declares that it is fast
/// ([`MAX_BLOCK`](Self::MAX_BLOCK)).
///
/// A hasher is a pure function: equal children give equal hashes, on every machine and in every
/// later version, because stored trees are read back years later. Clones behave alike.
/// `check_conformance`, behind the feature `test-util`, tests a hasher against this contract.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Hash, Hasher};
///
/// /// Adds the children up, each weighted by its position. Not a cryptographic hash.
/// #[derive(Clone)]
/// struct WeightedSum;
///
/// impl Hasher for WeightedSum {
///     fn hash_children(&self, children: &[Hash]) -> Hash {
///         let mut sum = [children.len() as u8; 32];
///         for (position, child) in children.iter().enumerate() {
///             for (byte, child_byte) in sum.iter_mut().zip(child) {
///                 *byte = byte
///                     .wrapping_mul(3)
///                     .wrapping_add(child_byte.wrapping_mul(2 * position as u8 + 1));
///             }
///         }
///         sum
///     }
/// }
///
/// let children = [[1; 32], [2; 32], [3; 32], [4; 32]];
/// let mut parents = [[0; 32]; 2];
/// WeightedSum.hash_groups(2, &children, &mut parents);
/// assert_eq!(parents[1], WeightedSum.hash_children(&[[3; 32], [4; 32]]));
/// ```
pub trait Hasher: Clone + Send + Sync + 'static {
    /// The widest group this hasher takes, at least 2. A tree of a larger arity does not compile.
    ///
    /// Field hashers over a permutation, for example, exist for a few widths only.
    const MAX_ARITY: usize = usize::MAX;

    /// The most nodes of a stored level from which a store may hash the levels above, whenever they
    /// are read, instead of storing them.
    ///
    /// A proof then costs about `MAX_BLOCK` hashes for each stored level that its reader has not
    /// cached, and fewer reads; the store has fewer and smaller files. A function of up to a
    /// microsecond a group declares 128, the most that a store takes. The default is 1: every level
    /// is stored, which suits functions that cost more than reading a page, such as field hashers.
    /// A store keeps the number of its creation, so a hasher may declare another one later.
    const MAX_BLOCK: u64 = 1;

    /// Hashes one group of 2 to [`MAX_ARITY`](Self::MAX_ARITY) children.
    ///
    /// The hash must depend on the order and the number of the children. Every child has passed
    /// [`check`](Self::check) or is an output of this hasher, and every output must pass `check`.
    ///
    /// # Panics
    ///
    /// A hasher may panic on groups outside that range. A tree never passes one.
    fn hash_children(&self, children: &[Hash]) -> Hash;

    /// Hashes a contiguous run of equal groups: `parents[i]` becomes the hash of the `arity`
    /// children that start at `children[i * arity]`.
    ///
    /// The result equals [`hash_children`](Self::hash_children) of every group, and the default
    /// calls that. A vectorised hasher overrides this method to hash many groups at a time.
    ///
    /// # Panics
    ///
    /// If `arity` is 0 or `children.len()` is not `arity * parents.len()`.
    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        assert_groups(arity, children, parents);
        for (index, parent) in parents.iter_mut().enumerate() {
            *parent = self.hash_children(&children[index * arity..][..arity]);
        }
    }

    /// [`hash_groups`](Self::hash_groups), which also does other `work` in portions between the
    /// steps of hashing.
    ///
    /// It suits work that waits for memory, such as copying the children, because hashing does not
    /// wait for memory. It calls `work(n)` many times while it hashes, with numbers that add up to
    /// `children.len()`; each call does the share of the work that `n` children are of all
    /// children. The default alternates between a share of the work and the groups of as many
    /// children. A vectorised hasher calls `work` more often.
    ///
    /// # Panics
    ///
    /// As [`hash_groups`](Self::hash_groups), and if `work` panics.
    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        /// Groups between two calls of `work`.
        const RUN: usize = 16;
        assert_groups(arity, children, parents);
        for (children, parents) in children.chunks(RUN * arity).zip(parents.chunks_mut(RUN)) {
            work(children.len());
            self.hash_groups(arity, children, parents);
        }
    }

    /// Takes many nodes up through pairs, side by side. At each of `steps` steps every node becomes
    /// the hash of its pair, or stays the same if it has no sibling; see [`PairPath`].
    ///
    /// `sibling(i, step)` is the sibling on `paths[i]` at a step, counted from 0. It may be called
    /// for a step without a sibling; the result is then ignored.
    ///
    /// The result equals [`hash_children`](Self::hash_children) path by path and step by step. The
    /// default gathers the pairs of up to 64 paths for [`hash_groups`](Self::hash_groups), which
    /// takes 7 KiB of stack. A verifier checks many binary proofs with this method.
    ///
    /// # Panics
    ///
    /// If there are more than 64 steps, for which a [`PairPath`] has no bits.
    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: impl Fn(usize, usize) -> &'a Hash,
    ) {
        pair_path::hash_all(
            paths,
            steps,
            sibling,
            |pair| self.hash_children(pair),
            |pairs, parents| self.hash_groups(2, pairs, parents),
        );
    }

    /// [`hash_children`](Self::hash_children), with a state that may remember leading children.
    ///
    /// Returns `hash_children(children)`, and may move `state` forward over some of the first
    /// `stable` children. Hashing the group again after it has grown then does not start from its
    /// first child. The default leaves `state` alone.
    ///
    /// The caller promises two things:
    ///
    /// - `state` is fresh ([`GroupState::default`]), or comes from a call of this method on a
    ///   hasher that behaves alike. In the second case the stable children of that call are a
    ///   prefix of `children`.
    /// - The first `stable` children are the same in every later call with this `state`. Children
    ///   from `stable` on may change, so no implementation may absorb one of them. `stable` is at
    ///   most `children.len()`.
    ///
    /// A broken promise leads to a wrong hash and to nothing worse.
    ///
    /// # Example
    ///
    /// A group that grows by one child at a time:
    ///
    /// ```
    /// # #[cfg(feature = "blake3")] {
    /// use rotortree_hasher::{Blake3Hasher, GroupState, Hasher};
    ///
    /// let hasher = Blake3Hasher::new();
    /// let children = [[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]];
    /// let mut state = GroupState::default();
    /// for len in 2..=children.len() {
    ///     let group = &children[..len];
    ///     let parent = hasher.hash_resuming(&mut state, len, group);
    ///     assert_eq!(parent, hasher.hash_children(group));
    /// }
    /// assert_eq!(state.absorbed(), 4);
    /// # }
    /// ```
    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        let _ = (state, stable);
        self.hash_children(children)
    }

    /// Whether these 32 bytes, which come from outside, are an input of this hash function.
    ///
    /// Trees and verifiers check every leaf, sibling, root and frontier node from outside before
    /// they hash it. A field hasher refuses bytes that are not the canonical encoding of a field
    /// element, so that one element has one encoding. The default accepts all bytes.
    fn check(&self, hash: &Hash) -> bool {
        let _ = hash;
        true
    }

    /// Identifies the function by its results for groups of 2 to `arity` children.
    ///
    /// A stored tree keeps the fingerprint of its hasher, and refuses to open with a hasher of
    /// another fingerprint. A hasher therefore needs no declared or registered identifier, and two
    /// hashers that behave alike are the same hasher. Do not override this method: stored trees
    /// compare fingerprints across versions.
    ///
    /// Probe child `j`, counted from 0, is 32 zero bytes except for `j + 1` in bytes 15 and 16, low
    /// byte first. It is a small number in either byte order, and therefore canonical in every
    /// usual field. With `P_k` the first `k` probe children and `H` the hasher,
    ///
    /// ```text
    /// acc_2 = H(P_2)        acc_k = H(acc_(k-1), H(P_k))        fingerprint(arity) = acc_arity
    /// ```
    ///
    /// `arity` is first clamped to the range from 2 to the smaller of
    /// [`MAX_ARITY`](Self::MAX_ARITY) and 256: a wider group counts as one of 256. A tree loses
    /// nothing by that, because it stores its arity too.
    ///
    /// Hashes O(`arity`²) children; call it when a tree is opened, and not in its inner loop.
    fn fingerprint(&self, arity: usize) -> Hash {
        fingerprint::of(arity.min(Self::MAX_ARITY), |group| {
            self.hash_children(group)
        })
    }
}

/// Panics unless `children` are exactly `parents.len()` groups of `arity`, at least 1.
#[inline]
pub(crate) fn assert_groups(arity: usize, children: &[Hash], parents: &[Hash]) {
    assert!(
        arity > 0 && arity.checked_mul(parents.len()) == Some(children.len()),
        "{} children are not {} groups of {arity}",
        children.len(),
        parents.len(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct FirstByteSum;

    impl Hasher for FirstByteSum {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            [children.iter().map(|child| child[0]).sum(); 32]
        }
    }

    #[test]
    fn the_default_batch_hashes_every_group() {
        let children: [Hash; 6] = core::array::from_fn(|i| [i as u8; 32]);
        let mut parents = [[0; 32]; 2];
        FirstByteSum.hash_groups(3, &children, &mut parents);
        assert_eq!(parents, [[3; 32], [12; 32]]);
    }

    #[test]
    #[should_panic(expected = "5 children are not 2 groups of 3")]
    fn the_default_batch_refuses_a_run_of_the_wrong_length() {
        FirstByteSum.hash_groups(3, &[[0; 32]; 5], &mut [[0; 32]; 2]);
    }

    #[test]
    #[should_panic(expected = "groups of")]
    fn an_arity_whose_product_wraps_is_refused() {
        FirstByteSum.hash_groups(usize::MAX / 2 + 1, &[], &mut [[0; 32]; 2]);
    }

    #[test]
    #[should_panic(expected = "groups of 0")]
    fn an_arity_of_nothing_is_refused() {
        FirstByteSum.hash_groups(0, &[], &mut [[0; 32]; 2]);
    }

    #[test]
    fn the_default_resuming_leaves_the_state_alone() {
        let mut state = GroupState::default();
        let parent = FirstByteSum.hash_resuming(&mut state, 3, &[[1; 32]; 3]);
        assert_eq!(parent, [3; 32]);
        assert_eq!(state, GroupState::default());
    }

    #[test]
    fn the_default_check_takes_everything() {
        assert!(FirstByteSum.check(&[0xff; 32]));
    }
}
