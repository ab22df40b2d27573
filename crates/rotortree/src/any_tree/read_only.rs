//! [`AnyReadOnly`]: a view of a tree whose N is known only at run time.

use std::{fmt, sync::Arc};

use super::sealed::Sealed;
use crate::{AnySnapshot, Hash, Hasher, ReadOnly, RecoveryReport, RotorTreeError, TreeHead};

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

    /// [`ReadOnly::snapshot`].
    fn snapshot(&self) -> Arc<dyn AnySnapshot>;

    /// [`ReadOnly::root`].
    fn root(&self) -> Option<Hash>;

    /// [`ReadOnly::head`].
    fn head(&self) -> Option<TreeHead>;

    /// [`ReadOnly::size`].
    fn size(&self) -> u64;

    /// [`ReadOnly::recovery_report`].
    fn recovery_report(&self) -> RecoveryReport;
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> AnyReadOnly for ReadOnly<H, N, MAX_DEPTH> {
    fn arity(&self) -> usize {
        N
    }

    fn refresh(&self) -> Result<bool, RotorTreeError> {
        self.refresh()
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

    fn recovery_report(&self) -> RecoveryReport {
        self.recovery_report()
    }
}
