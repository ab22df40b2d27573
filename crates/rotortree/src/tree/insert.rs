//! Inserting: one leaf or many, waiting for room or not, with metadata, at an expected size.

use super::RotorTree;
use crate::{DurabilityToken, Hash, Hasher, RotorTreeError};
#[cfg(doc)]
use crate::{StorageError, TreeError};

/// Every method here refuses before it changes anything, with:
///
/// * [`RotorTreeError::Tree`]: [`TreeError::EmptyBatch`], [`TreeError::MaxDepthExceeded`], [`TreeError::RefusedHash`],
///   [`TreeError::CapacityExceeded`];
/// * [`RotorTreeError::Storage`]: [`StorageError::Closed`], and [`StorageError::FlushFailed`] once the log has failed.
///
/// When the bytes waiting for the disk reach the bound, an insert flushes before it goes on; when a checkpoint lags behind
/// [`MemoryThreshold`](crate::CheckpointPolicy::MemoryThreshold), it waits for it.
impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// Inserts a leaf; the new root, and a token to wait for the disk with. `depth` hashes; no I/O unless it has to wait.
    ///
    /// # Errors
    /// If the tree refuses the leaf, is full, closed, or has failed.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
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
        self.engine.insert(leaf)
    }

    /// Inserts a batch; the root after its last leaf, and a token. The batch is one entry of the log, recovered whole
    /// or not at all, however large. About `n / (N - 1)` hashes for `n` leaves.
    ///
    /// The leaves' indices are the token's [`leaf_range`](DurabilityToken::leaf_range), whatever other threads insert.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`TreeError::EmptyBatch`].
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let leaves = vec![[1u8; 32], [2u8; 32], [3u8; 32]];
    /// let (root, token) = tree.insert_many(&leaves)?;
    /// # assert_eq!(token.leaf_range(), 0..3);
    /// # assert_eq!(token.head().map(|head| head.root), Some(root));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.engine.append(leaves, None, None).map(with_root)
    }

    /// Inserts a leaf and blocks until it is durable, leading or joining a sync under every flush policy.
    ///
    /// # Errors
    /// As [`insert`](Self::insert); after [`StorageError::FlushFailed`] the leaf may or may not be there when the tree is
    /// opened again.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let root = tree.insert_durable([1u8; 32])?;
    /// // At this point, the insertion is guaranteed to be on disk
    /// # assert_eq!(tree.durable_snapshot().root(), Some(root));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_durable(&self, leaf: Hash) -> Result<Hash, RotorTreeError> {
        let (root, token) = self.insert(leaf)?;
        token.wait()?;
        Ok(root)
    }

    /// Inserts a batch and blocks until it is durable.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many) and [`insert_durable`](Self::insert_durable).
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many_durable(&[[1; 32], [2; 32]])?;
    /// assert_eq!(tree.durable_size(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_many_durable(&self, leaves: &[Hash]) -> Result<Hash, RotorTreeError> {
        let (root, token) = self.insert_many(leaves)?;
        token.wait()?;
        Ok(root)
    }

    /// [`insert`](Self::insert), or [`StorageError::WouldBlock`] where it would have to wait for room.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`StorageError::WouldBlock`].
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// use rotortree::{FlushPolicy, RotorTreeError, StorageError};
    ///
    /// let config = RotorTreeConfig { flush_policy: FlushPolicy::Manual, ..RotorTreeConfig::new(dir.path()) };
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(config).max_unflushed_bytes(1).open(Blake3Hasher)?;
    /// tree.try_insert([1; 32])?;
    /// let full = tree.try_insert([2; 32]);
    /// assert!(matches!(full, Err(RotorTreeError::Storage(StorageError::WouldBlock))));
    /// tree.flush()?;
    /// tree.try_insert([2; 32])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.engine.try_insert(leaf)
    }

    /// [`insert_many`](Self::insert_many), or [`StorageError::WouldBlock`] where it would have to wait for room.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many), and [`StorageError::WouldBlock`].
    pub fn try_insert_many(
        &self,
        leaves: &[Hash],
    ) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.engine.try_append(leaves, None).map(with_root)
    }

    /// [`insert_many`](Self::insert_many), if the tree has `expected_size` leaves: whoever follows a source and does not know how
    /// far it came can repeat a batch without inserting it twice.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many), and [`TreeError::SizeMismatch`].
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// use rotortree::{RotorTreeError, TreeError};
    ///
    /// tree.append_at(0, &[[1; 32], [2; 32]])?;
    /// let again = tree.append_at(0, &[[1; 32], [2; 32]]);
    /// assert!(matches!(again, Err(RotorTreeError::Tree(TreeError::SizeMismatch { expected: 0, actual: 2 }))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_at(
        &self,
        expected_size: u64,
        leaves: &[Hash],
    ) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.engine
            .append(leaves, None, Some(expected_size))
            .map(with_root)
    }

    /// Inserts leaves together with the application's metadata, at most 64 KiB of it, as one entry: after a crash both are there
    /// or neither. `leaves` may be empty: the metadata moves on alone. The root is `None` while the tree is empty.
    ///
    /// Metadata replaces what was there before and is part of every snapshot, so that head and cursor (for example the number
    /// of the block that was reached) are read as one pair.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`StorageError::InvalidConfig`] for more metadata.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many_with_metadata(&[[1; 32]], b"block 17")?;
    /// tree.insert_many_with_metadata(&[], b"block 18")?;
    /// let snapshot = tree.snapshot();
    /// assert_eq!((snapshot.size(), snapshot.metadata()), (1, Some(&b"block 18"[..])));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_many_with_metadata(
        &self,
        leaves: &[Hash],
        metadata: &[u8],
    ) -> Result<(Option<Hash>, DurabilityToken), RotorTreeError> {
        let token = self.engine.append(leaves, Some(metadata), None)?;
        Ok((token.head().map(|head| head.root), token))
    }
}

/// The root that a batch of leaves led to, beside its token.
fn with_root(token: DurabilityToken) -> (Hash, DurabilityToken) {
    let head = token
        .head()
        .expect("only an empty tree has no head, and a batch without leaves was refused");
    (head.root, token)
}
