//! [`AnySnapshot`] and [`AnyLeanIMT`]: a snapshot and a tree in memory whose N is known only at run
//! time. Each makes the other.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::ops::{Bound, RangeBounds};
use rotortree_hasher::{Hash, Hasher};

use super::{WithArity, with_arity};
use crate::{LeanIMT, Leaves, SharedHasher, TreeError, TreeHead, TreeSnapshot, object_of};

/// Seals the traits, so that methods can be added to them.
mod sealed {
    pub trait Sealed {}
}

object_of! {
    /// A [`TreeSnapshot`] of any N and MAX_DEPTH, as an object. Its methods are those of the
    /// snapshot; proofs are canonical [bytes](crate::encoding), which [`AnyProof`](crate::AnyProof)
    /// verifies.
    ///
    /// Every snapshot implements this trait, also for an N that is not in
    /// 2, 3, 4, 8 and 16. Making bytes costs one or two allocations beside the
    /// reads. The trait is sealed.
    ///
    /// ```
    /// use rotortree_lean_imt::{AnyProof, AnySnapshot, Blake3Hasher, LeanIMT};
    /// use std::sync::Arc;
    ///
    /// let mut tree = LeanIMT::<_, 8, 20>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let snapshot: Arc<dyn AnySnapshot> = Arc::new(tree.snapshot());
    ///
    /// assert_eq!((snapshot.arity(), snapshot.size(), snapshot.depth()), (8, 3, 1));
    /// let bytes = snapshot.generate_multiproof(&[0, 2])?;
    /// let proof = AnyProof::from_bytes(&bytes, snapshot.arity())?;
    /// let head = snapshot.head().ok_or("three leaves")?;
    /// proof.verify_against(snapshot.hasher(), head)?;
    /// assert_eq!(snapshot.snapshot_at(1)?.root(), Some([1; 32]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AnySnapshot of [const N: usize, const MAX_DEPTH: usize] TreeSnapshot<N, MAX_DEPTH> {
        /// The root, or `None` for the empty tree.
        fn root(&self) -> Option<Hash>;
        /// The number of leaves.
        fn size(&self) -> u64;
        /// The number of hash layers above the leaves.
        fn depth(&self) -> usize;
        /// Size and root, or `None` for the empty tree.
        fn head(&self) -> Option<TreeHead>;
        /// The application's metadata as of this snapshot.
        fn metadata(&self) -> Option<&[u8]>;
        /// The hasher of the tree, its type erased. It verifies the proofs of this snapshot.
        fn hasher(&self) -> &SharedHasher;
        /// The number of nodes of a level, the edge node included; 0 above the root.
        fn level_len(&self, level: usize) -> u64;
        /// Node `index` of `level` (0 for leaves).
        fn get_node(&self, level: usize, index: u64) -> Result<Hash, TreeError>;
        /// Fills `out` with the nodes of `level` from `start` on, edge node included.
        fn read_nodes(
            &self, level: usize, start: u64, out: &mut [Hash]
        ) -> Result<(), TreeError>;
        /// Leaf `index`.
        fn get_leaf(&self, index: u64) -> Result<Hash, TreeError>;
        /// The leaves of a range; `leaves(range)` on `dyn AnySnapshot` takes every form of range.
        fn leaves_between(
            &self, start: Bound<u64>, end: Bound<u64>
        ) -> Result<Leaves, TreeError> = self.leaves((start, end));
        /// The inclusion proof of a leaf.
        fn generate_proof(
            &self, leaf_index: u64
        ) -> Result<Vec<u8>, TreeError> = self.generate_proof_bytes(leaf_index);
        /// The proof of the leaves at `indices`, which increase strictly.
        fn generate_multiproof(
            &self, indices: &[u64]
        ) -> Result<Vec<u8>, TreeError> = self.generate_multiproof(indices)?.to_bytes();
        /// The proof of the leaves of a range; `generate_range_proof(range)` on `dyn AnySnapshot`
        /// takes every form of range.
        fn generate_range_proof_between(
            &self, start: Bound<u64>, end: Bound<u64>
        ) -> Result<Vec<u8>, TreeError> = self.generate_range_proof((start, end))?.to_bytes();
        /// The proof that the tree only grew since it had `old_size` leaves with the root
        /// `old_root`.
        fn generate_consistency_proof(
            &self, old_size: u64, old_root: Hash
        ) -> Result<Vec<u8>, TreeError> =
            self.generate_consistency_proof(old_size, old_root)?.to_bytes();
        /// The leaves appended since the tree had `old_size` leaves with the root `old_root`, with
        /// their proof.
        fn generate_catch_up_proof(
            &self, old_size: u64, old_root: Hash
        ) -> Result<Vec<u8>, TreeError> =
            self.generate_catch_up_proof(old_size, old_root)?.to_bytes();
        /// The frontier of the tree at the time when it had `size` leaves, in the bytes of
        /// [`Frontier::export`](crate::Frontier::export).
        fn frontier_at(
            &self, size: u64
        ) -> Result<Vec<u8>, TreeError> = Ok(self.frontier_at(size)?.export());
        /// The tree at the time when it had `size` leaves.
        fn snapshot_at(
            &self, size: u64
        ) -> Result<Arc<dyn AnySnapshot>, TreeError> = Ok(Arc::new(self.snapshot_at(size)?));
        /// A tree in memory that goes on from this snapshot.
        fn fork(&self) -> Result<Box<dyn AnyLeanIMT>, TreeError> = Ok(Box::new(self.fork()?));
    }
}

impl dyn AnySnapshot + '_ {
    /// The leaves of a range, `..` for all; see [`TreeSnapshot::leaves`].
    ///
    /// # Errors
    /// As [`TreeSnapshot::leaves`].
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.leaves_between(range.start_bound().cloned(), range.end_bound().cloned())
    }

    /// The proof of the leaves of a range, `..` for all; see
    /// [`TreeSnapshot::generate_range_proof`].
    ///
    /// # Errors
    /// As [`TreeSnapshot::generate_range_proof`].
    pub fn generate_range_proof(&self, range: impl RangeBounds<u64>) -> Result<Vec<u8>, TreeError> {
        self.generate_range_proof_between(range.start_bound().cloned(), range.end_bound().cloned())
    }
}

object_of! {
    /// A [`LeanIMT`] of any N and MAX_DEPTH, as an object. [`AnySnapshot::fork`] returns one, and a
    /// program that reads N from its configuration keeps one. The trait is sealed.
    ///
    /// ```
    /// use rotortree_lean_imt::{AnyLeanIMT, AnyProof, Blake3Hasher};
    ///
    /// let mut tree = <dyn AnyLeanIMT>::new(Blake3Hasher, 8)?;
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    ///
    /// // Another history, in which leaf 1 was never 2.
    /// let mut fork = tree.snapshot().snapshot_at(1)?.fork()?;
    /// fork.insert([9; 32])?;
    /// let (snapshot, head) = (fork.snapshot(), fork.head().ok_or("two leaves")?);
    /// let bytes = snapshot.generate_proof(1)?;
    /// AnyProof::from_bytes(&bytes, fork.arity())?.verify_against(snapshot.hasher(), head)?;
    /// assert_eq!((tree.size(), snapshot.get_leaf(1)?), (3, [9; 32]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AnyLeanIMT of [H: Hasher, const N: usize, const MAX_DEPTH: usize] LeanIMT<H, N, MAX_DEPTH> {
        /// The root, or `None` while there are no leaves.
        fn root(&self) -> Option<Hash>;
        /// The number of leaves.
        fn size(&self) -> u64;
        /// The number of hash layers above the leaves.
        fn depth(&self) -> usize;
        /// Size and root, or `None` while there are no leaves.
        fn head(&self) -> Option<TreeHead>;
        /// The tree as it is now.
        fn snapshot(&self) -> Arc<dyn AnySnapshot> = Arc::new(self.snapshot());

        mut:
        /// Appends one leaf and returns the new root.
        fn insert(&mut self, leaf: Hash) -> Result<Hash, TreeError>;
        /// Appends a batch and returns the root after its last leaf.
        fn insert_many(&mut self, leaves: &[Hash]) -> Result<Hash, TreeError>;
        /// Appends a batch if the tree has `expected_size` leaves.
        fn append_at(
            &mut self, expected_size: u64, leaves: &[Hash]
        ) -> Result<Hash, TreeError>;
        /// Replaces the application's metadata, which later snapshots carry.
        fn set_metadata(&mut self, metadata: Option<Arc<[u8]>>);
    }
}

/// The most hash layers of a tree that is made for an N at run time.
const MAX_DEPTH: usize = 32;

impl dyn AnyLeanIMT {
    /// An empty tree of N = `arity`, which is 2, 3, 4, 8 or 16, of at most 32 hash layers.
    ///
    /// # Errors
    /// [`TreeError::UnsupportedArity`] for another N, and [`TreeError::ArityExceedsHasher`].
    pub fn new<H: Hasher>(hasher: H, arity: usize) -> Result<Box<Self>, TreeError> {
        if arity > H::MAX_ARITY {
            return Err(TreeError::ArityExceedsHasher {
                arity,
                max_arity: H::MAX_ARITY,
            });
        }
        with_arity(arity, Empty(SharedHasher::new(hasher)))
    }
}

/// Makes an empty tree for any N.
struct Empty(SharedHasher);

impl WithArity for Empty {
    type Output = Box<dyn AnyLeanIMT>;

    fn with<const N: usize>(self) -> Self::Output {
        Box::new(LeanIMT::<_, N, MAX_DEPTH>::new(self.0))
    }
}
