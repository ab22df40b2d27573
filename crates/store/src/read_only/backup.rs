//! Backups of a store that another process may own.

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::Hasher;

use super::ReadOnly;
use crate::{
    BackupProgress, BackupReport, RotorTreeError, StorageError,
    backup::{Original, Pace},
    recovery::Reading,
    spans,
    storage::Storage,
};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ReadOnly<H, N, MAX_DEPTH> {
    /// Copies the durable state to another storage, or extends an earlier backup of the tree,
    /// beside its writer and without ownership of the store. As
    /// [`RotorTree::backup_to`](crate::RotorTree::backup_to), but of what a
    /// [`refresh`](Self::refresh) finds durable, which this call makes first.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh), and those of
    /// [`RotorTree::backup_to`](crate::RotorTree::backup_to).
    /// [`StorageError::WalCorrupted`] if the log is damaged, also where the
    /// [`RecoveryMode`](crate::RecoveryMode) of the view looks past that: the backup could not
    /// tell what it lacks.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let config = RotorTreeConfig::new(dir.path());
    /// use rotortree_store::memory::MemoryStorage;
    /// use std::sync::Arc;
    ///
    /// let writer = RotorTree::<_, 2, 32>::open(Blake3Hasher, config.clone())?;
    /// let view = RotorTree::<_, 2, 32>::open_read_only(Blake3Hasher, config)?;
    /// writer.insert_many(&[[1; 32], [2; 32]])?;
    /// writer.checkpoint()?;
    ///
    /// let copy = MemoryStorage::new();
    /// assert_eq!(view.backup_to(Arc::new(copy.clone()))?.leaves, 0..2);
    /// let restored = RotorTree::<_, 2, 32>::on(Arc::new(copy)).open(Blake3Hasher)?;
    /// assert_eq!(restored.head(), writer.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup_to(&self, target: Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError> {
        self.backup_to_with_progress(target, |_| ControlFlow::Continue(()))
    }

    /// [`backup_to`](Self::backup_to) that tells how far it is, from the calling thread, after each
    /// piece of at most 256 KiB. `progress` may end the work: where the tree has no metadata the
    /// backup then keeps the shards that were whole, and the next call goes on behind them.
    ///
    /// # Errors
    /// As [`backup_to`](Self::backup_to); [`StorageError::Closed`] if `progress` ends the work.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*, std::ops::ControlFlow, std::sync::Arc};
    /// # let dir = tempfile::tempdir()?;
    /// # let config = RotorTreeConfig::new(dir.path());
    /// # let writer = RotorTree::<_, 2, 32>::open(Blake3Hasher, config.clone())?;
    /// # writer.insert_many(&[[1; 32]; 1000])?;
    /// # writer.checkpoint()?;
    /// let view = RotorTree::<_, 2, 32>::open_read_only(Blake3Hasher, config)?;
    /// let mut seen = None;
    /// view.backup_to_with_progress(Arc::new(memory::MemoryStorage::new()), |progress| {
    ///     seen = Some(progress);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert!(seen.is_some_and(|progress| progress.done == progress.total));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup_to_with_progress(
        &self,
        target: Arc<dyn Storage>,
        mut progress: impl FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupReport, RotorTreeError> {
        spans::backup(&*self.view.storage, &*target).run(|| self.back_up_to(&target, &mut progress))
    }

    fn back_up_to(
        &self,
        target: &Arc<dyn Storage>,
        pace: Pace<'_>,
    ) -> Result<BackupReport, RotorTreeError> {
        let mut refreshing = self.view.refresh.begin(&self.view.process)?;
        self.move_forward_in(&mut refreshing)?;
        // A refresh that succeeded has left what it read.
        let reading = refreshing.reading.as_ref().ok_or(StorageError::Closed)?;
        ensure_whole(reading)?;
        let (manifest, position) = (reading.manifest.clone(), reading.position());
        let snapshot = reading.tree.snapshot();
        // Refreshes go on meanwhile: the snapshot stays as it is.
        drop(refreshing);
        let original = Original {
            storage: &*self.view.storage,
            manifest: &manifest,
            snapshot: &snapshot,
            position,
        };
        original.back_up_to(target, pace)
    }
}

fn ensure_whole<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    reading: &Reading<H, N, MAX_DEPTH>,
) -> Result<(), StorageError> {
    let Some(damage) = reading.report.damage.clone() else {
        return Ok(());
    };
    Err(StorageError::WalCorrupted {
        file: damage.at.file,
        offset: damage.at.offset,
        reason: damage.at.reason,
        valid_sequence: damage.valid_sequence,
        valid_size: damage.valid_size,
        durable_sequence: damage.durable_sequence,
        lost: damage.lost.map(Box::new),
    })
}
