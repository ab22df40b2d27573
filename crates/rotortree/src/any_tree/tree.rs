//! [`AnyTree`]: a durable tree whose N is known only at run time.

use std::{fmt, io, path::Path, sync::Arc, time::Duration};

use super::sealed::Sealed;
use crate::{
    AnySnapshot, BackupReport, DurabilityToken, Hash, Hasher, RecoveryReport, RotorTree,
    RotorTreeError, Stats, StorageError, TreeHead, VerifyProgress,
};

/// A [`RotorTree`] of whichever hasher, N and MAX_DEPTH, as an object: its methods are those of the type, with snapshots as
/// [`AnySnapshot`], whose proofs are bytes.
///
/// Opened by [`AnyTreeBuilder`](crate::AnyTreeBuilder) for an N that is a number. And every [`RotorTree`] is one, whatever its N, so that code which takes
/// a `&dyn AnyTree` serves them all. An `Arc` of it is the handle to clone. Sealed: no other type implements it.
///
/// ```
/// use rotortree::{AnyTree, AnyTreeBuilder, Blake3Hasher, RotorTree, RotorTreeConfig};
///
/// fn tell(tree: &dyn AnyTree) -> String {
///     format!("{} leaves, {} children to a node", tree.size(), tree.arity())
/// }
///
/// # let dir = tempfile::tempdir()?;
/// # let (one, other) = (dir.path().join("one"), dir.path().join("other"));
/// let typed = RotorTree::<_, 5, 20>::open(Blake3Hasher, RotorTreeConfig::new(one))?;
/// typed.insert([1; 32])?;
/// assert_eq!(tell(&typed), "1 leaves, 5 children to a node");
///
/// let chosen = AnyTreeBuilder::new(RotorTreeConfig::new(other)).n(16).open(Blake3Hasher)?;
/// assert_eq!(tell(&*chosen), "0 leaves, 16 children to a node");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AnyTree: Sealed + fmt::Debug + Send + Sync {
    /// N.
    fn arity(&self) -> usize;

    /// [`RotorTree::insert`].
    ///
    /// # Errors
    /// As there.
    fn insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError>;

    /// [`RotorTree::insert_many`].
    ///
    /// # Errors
    /// As there.
    fn insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError>;

    /// [`RotorTree::insert_durable`].
    ///
    /// # Errors
    /// As there.
    fn insert_durable(&self, leaf: Hash) -> Result<Hash, RotorTreeError>;

    /// [`RotorTree::insert_many_durable`].
    ///
    /// # Errors
    /// As there.
    fn insert_many_durable(&self, leaves: &[Hash]) -> Result<Hash, RotorTreeError>;

    /// [`RotorTree::try_insert`].
    ///
    /// # Errors
    /// As there.
    fn try_insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError>;

    /// [`RotorTree::try_insert_many`].
    ///
    /// # Errors
    /// As there.
    fn try_insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError>;

    /// [`RotorTree::append_at`].
    ///
    /// # Errors
    /// As there.
    fn append_at(
        &self,
        expected_size: u64,
        leaves: &[Hash],
    ) -> Result<(Hash, DurabilityToken), RotorTreeError>;

    /// [`RotorTree::insert_many_with_metadata`].
    ///
    /// # Errors
    /// As there.
    fn insert_many_with_metadata(
        &self,
        leaves: &[Hash],
        metadata: &[u8],
    ) -> Result<(Option<Hash>, DurabilityToken), RotorTreeError>;

    /// [`RotorTree::root`].
    fn root(&self) -> Option<Hash>;

    /// [`RotorTree::size`].
    fn size(&self) -> u64;

    /// [`RotorTree::depth`].
    fn depth(&self) -> usize;

    /// [`RotorTree::head`].
    fn head(&self) -> Option<TreeHead>;

    /// [`RotorTree::find_head`].
    fn find_head(&self, root: &Hash) -> Option<TreeHead>;

    /// [`RotorTree::metadata`].
    fn metadata(&self) -> Option<Vec<u8>>;

    /// [`RotorTree::snapshot`].
    fn snapshot(&self) -> Arc<dyn AnySnapshot>;

    /// [`RotorTree::durable_snapshot`].
    fn durable_snapshot(&self) -> Arc<dyn AnySnapshot>;

    /// [`RotorTree::durable_size`].
    fn durable_size(&self) -> u64;

    /// [`RotorTree::wait_for_size`].
    fn wait_for_size(&self, size: u64, timeout: Duration) -> bool;

    /// [`RotorTree::flush`].
    ///
    /// # Errors
    /// As there.
    fn flush(&self) -> Result<(), StorageError>;

    /// [`RotorTree::checkpoint`].
    ///
    /// # Errors
    /// As there.
    fn checkpoint(&self) -> Result<(), StorageError>;

    /// [`RotorTree::wait_for_checkpoint`].
    fn wait_for_checkpoint(&self, timeout: Duration) -> bool;

    /// [`RotorTree::recovery_report`].
    fn recovery_report(&self) -> RecoveryReport;

    /// [`RotorTree::failure`].
    fn failure(&self) -> Option<Arc<io::Error>>;

    /// [`RotorTree::stats`].
    fn stats(&self) -> Stats;

    /// [`RotorTree::backup`].
    ///
    /// # Errors
    /// As there.
    fn backup(&self, path: &Path) -> Result<BackupReport, RotorTreeError>;

    /// [`RotorTree::verify`].
    ///
    /// # Errors
    /// As there.
    fn verify(&self) -> Result<(), StorageError>;

    /// [`RotorTree::verify_with_progress`].
    ///
    /// # Errors
    /// As there.
    fn verify_with_progress(
        &self,
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<(), StorageError>;

    /// [`RotorTree::close`], for this handle and all others.
    ///
    /// # Errors
    /// As there.
    fn close(&self) -> Result<(), StorageError>;
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> AnyTree for RotorTree<H, N, MAX_DEPTH> {
    fn arity(&self) -> usize {
        N
    }

    fn insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.insert(leaf)
    }

    fn insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.insert_many(leaves)
    }

    fn insert_durable(&self, leaf: Hash) -> Result<Hash, RotorTreeError> {
        self.insert_durable(leaf)
    }

    fn insert_many_durable(&self, leaves: &[Hash]) -> Result<Hash, RotorTreeError> {
        self.insert_many_durable(leaves)
    }

    fn try_insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.try_insert(leaf)
    }

    fn try_insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.try_insert_many(leaves)
    }

    fn append_at(
        &self,
        expected_size: u64,
        leaves: &[Hash],
    ) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        self.append_at(expected_size, leaves)
    }

    fn insert_many_with_metadata(
        &self,
        leaves: &[Hash],
        metadata: &[u8],
    ) -> Result<(Option<Hash>, DurabilityToken), RotorTreeError> {
        self.insert_many_with_metadata(leaves, metadata)
    }

    fn root(&self) -> Option<Hash> {
        self.root()
    }

    fn size(&self) -> u64 {
        self.size()
    }

    fn depth(&self) -> usize {
        self.depth()
    }

    fn head(&self) -> Option<TreeHead> {
        self.head()
    }

    fn find_head(&self, root: &Hash) -> Option<TreeHead> {
        self.find_head(root)
    }

    fn metadata(&self) -> Option<Vec<u8>> {
        self.metadata()
    }

    fn snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.snapshot()
    }

    fn durable_snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.durable_snapshot()
    }

    fn durable_size(&self) -> u64 {
        self.durable_size()
    }

    fn wait_for_size(&self, size: u64, timeout: Duration) -> bool {
        self.wait_for_size(size, timeout)
    }

    fn flush(&self) -> Result<(), StorageError> {
        self.flush()
    }

    fn checkpoint(&self) -> Result<(), StorageError> {
        self.checkpoint()
    }

    fn wait_for_checkpoint(&self, timeout: Duration) -> bool {
        self.wait_for_checkpoint(timeout)
    }

    fn recovery_report(&self) -> RecoveryReport {
        self.recovery_report()
    }

    fn failure(&self) -> Option<Arc<io::Error>> {
        self.failure()
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn backup(&self, path: &Path) -> Result<BackupReport, RotorTreeError> {
        self.backup(path)
    }

    fn verify(&self) -> Result<(), StorageError> {
        self.verify()
    }

    fn verify_with_progress(
        &self,
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<(), StorageError> {
        self.verify_with_progress(progress)
    }

    fn close(&self) -> Result<(), StorageError> {
        self.clone().close()
    }
}
