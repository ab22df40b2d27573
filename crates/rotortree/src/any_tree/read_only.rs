//! [`AnyReadOnly`]: a view of a tree whose N is known only at run time.

use std::{fmt, ops::RangeBounds, sync::Arc, time::Duration};

use super::sealed::Sealed;
use crate::{
    AnySnapshot, Completion, Hash, Hasher, Leaves, ReadOnly, RecoveryReport, RotorTreeError,
    TreeError, TreeHead,
};

/// A [`ReadOnly`] of whichever hasher, N and MAX_DEPTH, as an object; every one is one. Opened by
/// [`AnyTreeBuilder::open_read_only`](crate::AnyTreeBuilder::open_read_only). Sealed.
///
/// ```
/// use rotortree::{AnyTreeBuilder, Blake3Hasher, RotorTree, RotorTreeConfig};
///
/// # let dir = tempfile::tempdir()?;
/// let config = RotorTreeConfig::new(dir.path());
/// let writer = RotorTree::<_, 2, 32>::open(Blake3Hasher, config.clone())?;
/// writer.insert_durable([1; 32])?;
/// writer.checkpoint()?;
///
/// let view = AnyTreeBuilder::new(config).open_read_only(Blake3Hasher)?;
/// assert_eq!((view.arity(), view.head()), (2, writer.head()));
/// assert!(!view.refresh()?, "nothing is new");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AnyReadOnly: Sealed + fmt::Debug + Send + Sync {
    /// N.
    fn arity(&self) -> usize;

    /// [`ReadOnly::refresh`].
    ///
    /// # Errors
    /// As there.
    fn refresh(&self) -> Result<bool, RotorTreeError>;

    /// [`ReadOnly::version`].
    fn version(&self) -> u64;

    /// [`ReadOnly::wait_for_newer`].
    ///
    /// # Errors
    /// As there.
    fn wait_for_newer(&self, version: u64, timeout: Duration) -> Result<bool, RotorTreeError>;

    /// [`ReadOnly::newer_than`].
    fn newer_than(&self, version: u64) -> Completion<u64, RotorTreeError>;

    /// [`ReadOnly::snapshot`].
    fn snapshot(&self) -> Arc<dyn AnySnapshot>;

    /// [`ReadOnly::root`].
    fn root(&self) -> Option<Hash>;

    /// [`ReadOnly::head`].
    fn head(&self) -> Option<TreeHead>;

    /// [`ReadOnly::size`].
    fn size(&self) -> u64;

    /// [`ReadOnly::depth`].
    fn depth(&self) -> usize;

    /// [`ReadOnly::metadata`].
    fn metadata(&self) -> Option<Vec<u8>>;

    /// [`ReadOnly::get_leaf`].
    ///
    /// # Errors
    /// As there.
    fn get_leaf(&self, index: u64) -> Result<Hash, TreeError> {
        self.snapshot().get_leaf(index)
    }

    /// [`ReadOnly::recovery_report`].
    fn recovery_report(&self) -> RecoveryReport;
}

impl dyn AnyReadOnly + '_ {
    /// [`ReadOnly::leaves`].
    ///
    /// # Errors
    /// As there.
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> AnyReadOnly for ReadOnly<H, N, MAX_DEPTH> {
    fn arity(&self) -> usize {
        N
    }

    fn refresh(&self) -> Result<bool, RotorTreeError> {
        self.refresh()
    }

    fn version(&self) -> u64 {
        self.version()
    }

    fn wait_for_newer(&self, version: u64, timeout: Duration) -> Result<bool, RotorTreeError> {
        self.wait_for_newer(version, timeout)
    }

    fn newer_than(&self, version: u64) -> Completion<u64, RotorTreeError> {
        self.newer_than(version)
    }

    fn snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.snapshot()
    }

    fn root(&self) -> Option<Hash> {
        self.root()
    }

    fn head(&self) -> Option<TreeHead> {
        self.head()
    }

    fn size(&self) -> u64 {
        self.size()
    }

    fn depth(&self) -> usize {
        self.depth()
    }

    fn metadata(&self) -> Option<Vec<u8>> {
        self.metadata()
    }

    fn recovery_report(&self) -> RecoveryReport {
        self.recovery_report()
    }
}
