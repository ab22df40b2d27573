//! [`AnyTree`]: a durable tree whose N is known only at run time.

use std::{fmt, io, ops::RangeBounds, path::Path, sync::Arc, time::Duration};

use super::sealed::Sealed;
use crate::{
    AnySnapshot, Append, BackupReport, Completion, CutNotice, Durable, DurableHeads, Hash, Hasher,
    Leaves, RecoveryReport, RotorTree, RotorTreeError, Stats, StorageError, TreeError, TreeHead,
    VerifyProgress, insert_methods::insert_methods, store::storage::Storage,
};

/// A [`RotorTree`] of whichever hasher, N and MAX_DEPTH, as an object: its methods are those of the
/// type, with snapshots as [`AnySnapshot`], whose proofs are bytes.
///
/// Opened by [`AnyTreeBuilder`](crate::AnyTreeBuilder) for an N that is a number. And every
/// [`RotorTree`] is one, whatever its N, so that code which takes a `&dyn AnyTree` serves them all.
/// An `Arc` of it is the handle to clone. Sealed: no other type implements it.
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

    /// [`RotorTree::append`].
    fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a>;

    insert_methods!();

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

    /// [`RotorTree::get_leaf`].
    ///
    /// # Errors
    /// As there.
    fn get_leaf(&self, index: u64) -> Result<Hash, TreeError> {
        self.snapshot().get_leaf(index)
    }

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

    /// [`RotorTree::flush_async`].
    fn flush_async(&self) -> Durable;

    /// [`RotorTree::durable_heads`].
    fn durable_heads(&self) -> DurableHeads;

    /// [`RotorTree::checkpoint_async`].
    fn checkpoint_async(&self) -> Completion<()>;

    /// [`RotorTree::close_async`], of all handles.
    fn close_async(&self) -> Completion<()>;

    /// [`RotorTree::checkpoint`].
    ///
    /// # Errors
    /// As there.
    fn checkpoint(&self) -> Result<(), StorageError>;

    /// [`RotorTree::wait_for_checkpoint`].
    fn wait_for_checkpoint(&self, timeout: Duration) -> bool;

    /// [`RotorTree::recovery_report`].
    fn recovery_report(&self) -> RecoveryReport;

    /// [`RotorTree::acknowledge_cuts`].
    ///
    /// # Errors
    ///
    /// As there.
    fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError>;

    /// [`RotorTree::failure`].
    fn failure(&self) -> Option<Arc<io::Error>>;

    /// [`RotorTree::stats`].
    fn stats(&self) -> Stats;

    /// [`RotorTree::backup`].
    ///
    /// # Errors
    /// As there.
    fn backup(&self, path: &Path) -> Result<BackupReport, RotorTreeError>;

    /// [`RotorTree::backup_to`].
    ///
    /// # Errors
    /// As there.
    fn backup_to(&self, target: Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError>;

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

impl dyn AnyTree + '_ {
    /// [`RotorTree::leaves`].
    ///
    /// # Errors
    /// As there.
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> AnyTree for RotorTree<H, N, MAX_DEPTH> {
    fn arity(&self) -> usize {
        N
    }

    fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a> {
        self.append(leaves)
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

    fn flush_async(&self) -> Durable {
        self.flush_async()
    }

    fn durable_heads(&self) -> DurableHeads {
        self.durable_heads()
    }

    fn checkpoint_async(&self) -> Completion<()> {
        self.checkpoint_async()
    }

    fn close_async(&self) -> Completion<()> {
        self.clone().close_async()
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

    fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError> {
        self.acknowledge_cuts()
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

    fn backup_to(&self, target: Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError> {
        self.backup_to(target)
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
