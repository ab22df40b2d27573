//! [`AnyReadOnly`]: a view of a tree whose N is known only at run time.

use std::{
    ops::{ControlFlow, RangeBounds},
    sync::Arc,
    time::{Duration, Instant},
};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{AnySnapshot, Leaves, TreeError, TreeHead, object_of};

use super::sealed;
use crate::{
    BackupProgress, BackupReport, Completion, Following, ReadOnly, RecoveryReport, RotorTreeError,
    storage::Storage,
};

object_of! {
    /// A [`ReadOnly`] of any hasher, N and MAX_DEPTH, as an object. Every [`ReadOnly`]
    /// implements it. Opened by
    /// [`AnyTreeBuilder::open_read_only`](crate::AnyTreeBuilder::open_read_only). Sealed.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
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
    AnyReadOnly of [H: Hasher, const N: usize, const MAX_DEPTH: usize] ReadOnly<H, N, MAX_DEPTH> {
        fn refresh(&self) -> Result<bool, RotorTreeError>;
        fn refreshed_at(&self) -> Instant;
        fn follow(
            &self,
            interval: Duration,
            callback: Box<dyn FnMut(Result<u64, RotorTreeError>) -> ControlFlow<()> + Send>
        ) -> Result<Following, RotorTreeError>;
        fn version(&self) -> u64;
        fn wait_for_newer(&self, version: u64, timeout: Duration) -> Result<bool, RotorTreeError>;
        fn newer_than(&self, version: u64) -> Completion<u64, RotorTreeError>;
        fn snapshot(&self) -> Arc<dyn AnySnapshot>;
        fn root(&self) -> Option<Hash>;
        fn head(&self) -> Option<TreeHead>;
        fn size(&self) -> u64;
        fn depth(&self) -> usize;
        fn metadata(&self) -> Option<Vec<u8>>;
        fn get_leaf(&self, index: u64) -> Result<Hash, TreeError>;
        fn recovery_report(&self) -> RecoveryReport;
        fn backup_to(&self, target: Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError>;
        fn backup_to_with_progress(
            &self,
            target: Arc<dyn Storage>,
            progress: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>
        ) -> Result<BackupReport, RotorTreeError>;
    }
}

impl dyn AnyReadOnly + '_ {
    /// [`ReadOnly::leaves`].
    ///
    /// # Errors
    /// As [`ReadOnly::leaves`].
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }
}
