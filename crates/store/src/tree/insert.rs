//! Inserts: one general form, and short forms of it.

use std::slice;

use rotortree_hasher::{Hash, Hasher};
#[cfg(doc)]
use rotortree_lean_imt::TreeError;

use super::RotorTree;
#[cfg(doc)]
use crate::StorageError;
use crate::{Append, DurabilityToken, Placement, RotorTreeError};

/// Every method here refuses before it changes anything, with:
///
/// * [`RotorTreeError::Tree`]: [`TreeError::EmptyBatch`], [`TreeError::MaxDepthExceeded`],
///   [`TreeError::RefusedHash`], [`TreeError::CapacityExceeded`];
/// * [`RotorTreeError::Storage`]: [`StorageError::Closed`], [`StorageError::FlushFailed`] once the
///   log has failed, and [`StorageError::Unavailable`] where the bytes waiting for the disk reach
///   the bound and nothing can be written for now.
///
/// When the bytes waiting for the disk reach the bound, an insert flushes before it goes on; when a
/// checkpoint lags behind [`MemoryThreshold`](crate::CheckpointPolicy::MemoryThreshold), it waits
/// for it. The `try_` forms wait for nothing.
impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// Begins an entry of leaves, metadata or both: with an expected size or none, waiting or not,
    /// durable or not. Every other insert method is a short form of it.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let block = [[1; 32], [2; 32]];
    /// let placement = tree.append(&block).metadata(b"block 17").at(0).durable()?;
    /// assert_eq!(placement.leaf_range, 0..2);
    /// assert_eq!(tree.durable_snapshot().head(), placement.head);
    ///
    /// let token = tree.append(&[[3; 32]]).try_submit()?;
    /// assert_eq!(token.leaf_range(), 2..3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a> {
        self.parts().append(leaves)
    }

    /// Inserts a leaf; the new root, and a token to wait for the disk with. `depth` hashes; no I/O
    /// unless it has to wait for room. Short for `append(&[leaf]).submit()`, and blocks when
    /// [that](Append::submit) does.
    ///
    /// # Errors
    /// If the tree refuses the leaf, is full, closed, or has failed: see [`Append::submit`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let (root, token) = tree.insert([1u8; 32])?;
    ///
    /// // Optionally wait for the entry to be fsynced
    /// tree.flush()?;
    /// token.wait();
    /// # assert!(token.is_durable());
    /// # assert_eq!(tree.root(), Some(root));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        let token = self.append(slice::from_ref(&leaf)).submit()?;
        Ok(with_root(token))
    }

    /// Inserts a batch; the root after its last leaf, and a token. The batch is one entry of the
    /// log, recovered whole or not at all, however large. About `n / (N - 1)` hashes for `n`
    /// leaves. Short for `append(leaves).submit()`.
    ///
    /// The leaves' indices are the token's [`leaf_range`](DurabilityToken::leaf_range), whatever
    /// other threads insert.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`TreeError::EmptyBatch`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let leaves = vec![[1u8; 32], [2u8; 32], [3u8; 32]];
    /// let (root, token) = tree.insert_many(&leaves)?;
    /// # assert_eq!(token.leaf_range(), 0..3);
    /// # assert_eq!(token.head().map(|head| head.root), Some(root));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        let token = self.append(leaves).submit()?;
        Ok(with_root(token))
    }

    /// Inserts a leaf and blocks until it is durable, leading or joining a sync under
    /// every flush policy. The root of `append(&[leaf]).durable()`; where the leaf stands
    /// tells [`append_durable`](Self::append_durable).
    ///
    /// # Errors
    /// As [`insert`](Self::insert); after [`StorageError::FlushFailed`] the leaf may or may
    /// not be there when the tree is opened again. After [`StorageError::Unavailable`] it may
    /// be in the tree, where it waits for the next flush.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let root = tree.insert_durable([1u8; 32])?;
    /// // At this point, the insertion is guaranteed to be on disk
    /// # assert_eq!(tree.durable_snapshot().root(), Some(root));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_durable(&self, leaf: Hash) -> Result<Hash, RotorTreeError> {
        self.insert_many_durable(slice::from_ref(&leaf))
    }

    /// Inserts a batch and blocks until it is durable. The root of `append(leaves).durable()`.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many) and [`insert_durable`](Self::insert_durable).
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many_durable(&[[1; 32], [2; 32]])?;
    /// assert_eq!(tree.durable_size(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_many_durable(&self, leaves: &[Hash]) -> Result<Hash, RotorTreeError> {
        let (root, token) = self.insert_many(leaves)?;
        token.wait()?;
        Ok(root)
    }

    /// Inserts one leaf or many, blocks until they are durable, and tells where they stand and with
    /// which head. Short for `append(leaves).durable()`.
    ///
    /// # Errors
    /// As [`insert_many_durable`](Self::insert_many_durable).
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// # tree.insert([0; 32])?;
    /// let placement = tree.append_durable(&[[1; 32]])?;
    /// let index = placement.leaf_range.start;
    /// assert_eq!(tree.durable_snapshot().get_node(0, index)?, [1; 32]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_durable(&self, leaves: &[Hash]) -> Result<Placement, RotorTreeError> {
        self.append(leaves).durable()
    }

    /// [`insert`](Self::insert), or [`StorageError::WouldBlock`] where it would have to wait.
    /// Short for `append(&[leaf]).try_submit()`, and like [that](Append::try_submit) it never waits
    /// for anything.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`StorageError::WouldBlock`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// let config = RotorTreeConfig {
    ///     flush_policy: FlushPolicy::Manual,
    ///     ..RotorTreeConfig::new(dir.path())
    /// };
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(config)
    ///     .max_unflushed_bytes(1)
    ///     .open(Blake3Hasher)?;
    /// tree.try_insert([1; 32])?;
    /// let full = tree.try_insert([2; 32]);
    /// assert!(matches!(
    ///     full,
    ///     Err(RotorTreeError::Storage(StorageError::WouldBlock))
    /// ));
    /// tree.flush()?;
    /// tree.try_insert([2; 32])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.try_insert_many(slice::from_ref(&leaf))
    }

    /// [`insert_many`](Self::insert_many), or [`StorageError::WouldBlock`] where it would
    /// have to wait, as it would for every batch larger than the bound on unflushed bytes. Short
    /// for `append(leaves).try_submit()`.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many), and [`StorageError::WouldBlock`].
    pub fn try_insert_many(
        &self,
        leaves: &[Hash],
    ) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        let token = self.append(leaves).try_submit()?;
        Ok(with_root(token))
    }

    /// [`insert_many`](Self::insert_many), if the tree has `expected_size` leaves: a follower of a
    /// source that does not know how far it came can repeat a batch without inserting it twice.
    /// Short for `append(leaves).at(expected_size).submit()`; [`Append`] takes a cursor as
    /// metadata with it.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many), and [`TreeError::SizeMismatch`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.append_at(0, &[[1; 32], [2; 32]])?;
    /// let again = tree.append_at(0, &[[1; 32], [2; 32]]);
    /// assert!(matches!(
    ///     again,
    ///     Err(RotorTreeError::Tree(TreeError::SizeMismatch {
    ///         expected: 0,
    ///         actual: 2
    ///     }))
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_at(
        &self,
        expected_size: u64,
        leaves: &[Hash],
    ) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        let token = self.append(leaves).at(expected_size).submit()?;
        Ok(with_root(token))
    }

    /// Inserts leaves together with the application's metadata, at most 64 KiB of it, as one entry:
    /// after a crash both are there or neither. `leaves` may be empty: the metadata moves on alone.
    /// The root is `None` while the tree is empty. Short for
    /// `append(leaves). metadata(metadata).submit()`.
    ///
    /// Metadata replaces earlier metadata and is part of every snapshot, so that head and cursor
    /// (for example the number of the last block) are read as one pair.
    ///
    /// # Errors
    /// As [`Append::submit`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many_with_metadata(&[[1; 32]], b"block 17")?;
    /// tree.insert_many_with_metadata(&[], b"block 18")?;
    /// let snapshot = tree.snapshot();
    /// assert_eq!(
    ///     (snapshot.size(), snapshot.metadata()),
    ///     (1, Some(&b"block 18"[..]))
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_many_with_metadata(
        &self,
        leaves: &[Hash],
        metadata: &[u8],
    ) -> Result<(Option<Hash>, DurabilityToken), RotorTreeError> {
        let token = self.append(leaves).metadata(metadata).submit()?;
        Ok((token.placement().root(), token))
    }
}

/// The root that an entry with leaves led to, beside its token.
fn with_root(token: DurabilityToken) -> (Hash, DurabilityToken) {
    let head = token
        .head()
        .expect("only an empty tree has no head, and an entry without leaves was refused");
    (head.root, token)
}
