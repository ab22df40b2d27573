//! Observes a tree: the report of opening, statistics, and verification.

use std::{io, path::PathBuf, sync::Arc};

use rotortree_hasher::Hasher;

use super::RotorTree;
use crate::{
    BackupReport, CutNotice, RecoveryReport, RotorTreeError, Stats, StorageError, VerifyProgress,
    fs::FsStorage, spans, storage::Storage,
};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// The findings and actions of opening: whether the tree was new, whether it had been closed
    /// cleanly, the replayed part of the log, and where the log was torn or damaged.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let config = RotorTreeConfig::new(dir.path());
    /// # RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config.clone())?.insert([1; 32])?;
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config)?;
    /// let report = tree.recovery_report();
    /// assert!(report.was_closed && report.damage.is_none());
    /// assert_eq!(report.replayed_leaves, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recovery_report(&self) -> RecoveryReport {
        let parts = self.parts();
        RecoveryReport {
            cuts: parts.committer.catalog.manifest().cuts.clone(),
            ..parts.report.clone()
        }
    }

    /// Acknowledges, durably, that recovery cut durable entries, in this opening or an earlier one.
    /// Returns the notices, which [`recovery_report`](Self::recovery_report),
    /// [`stats`](Self::stats), [`inspect`](crate::inspect), read-only views and later backups have
    /// reported so far. The cut bytes stay in quarantine.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    ///     Blake3Hasher,
    ///     RotorTreeConfig::new(dir.path()),
    /// )?;
    /// for cut in tree.acknowledge_cuts()? {
    ///     println!(
    ///         "{:?} leaves were lost; what was cut is in {:?}",
    ///         cut.lost_leaves(),
    ///         cut.files
    ///     );
    /// }
    /// assert_eq!(tree.stats().unacknowledged_cuts, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StorageError::Closed`], [`StorageError::FlushFailed`]. [`StorageError::Io`] if it could
    /// not be written: the notices are still on record.
    pub fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError> {
        self.parts().committer.acknowledge_cuts()
    }

    /// The failure that ended the tree, if any. Writes then return [`StorageError::FlushFailed`]
    /// with the same error, reads go on, and opening the tree again recovers its durable state.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<io::Error>> {
        self.parts().status().failure().map(Arc::clone)
    }

    /// Sizes, bytes, counters and ages, for monitoring. Their names are stable. May block while
    /// another thread inserts a batch.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_durable([1; 32])?;
    /// let stats = tree.stats();
    /// assert_eq!((stats.durable_size, stats.pending_bytes), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.parts().stats()
    }

    /// Copies everything inserted so far into another directory, durably, while inserts go on.
    /// `path` is missing, empty, or holds an earlier backup of this tree, which this call extends
    /// by the new entries. Blocks: O(new nodes) reads and writes.
    ///
    /// A backup is a store: opening it is restoring it. It has a tree id of its own, so its files
    /// and the original's cannot be exchanged unnoticed. It says of itself that it is a backup
    /// and of which tree, until it is written to: from then on it is a tree of its own
    /// and no longer extended. Reading it, with [`open_read_only`](Self::open_read_only) or
    /// [`inspect`](crate::inspect), leaves it a backup.
    ///
    /// # Errors
    /// [`StorageError::ForeignDirectory`], without changing a byte, for a directory that holds
    /// anything else: no tree, this tree, another one (however alike), a backup of another, one
    /// that was written to, or one of a later state than this tree, which was put back to
    /// an earlier one. [`StorageError::FileLocked`] for a backup that another call is writing;
    /// [`StorageError::Io`] if writing failed.
    ///
    /// A call that fails or is killed leaves the backup as it was, and the next one goes on behind
    /// the last shard, of 1 GiB of leaves, that it copied.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let (directory, copy) = (dir.path().join("tree"), dir.path().join("copy"));
    /// let tree = RotorTree::<_, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(directory))?;
    /// tree.insert_many(&[[1; 32], [2; 32]])?;
    /// assert_eq!(tree.backup(&copy)?.leaves, 0..2);
    /// tree.insert([3; 32])?;
    /// assert_eq!(tree.backup(&copy)?.leaves, 2..3);
    ///
    /// let restored = RotorTree::<_, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(copy))?;
    /// assert_eq!(restored.head(), tree.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup(&self, path: impl Into<PathBuf>) -> Result<BackupReport, RotorTreeError> {
        let path = path.into();
        if path.as_os_str().is_empty() {
            return Err(StorageError::InvalidConfig(
                "the path of the backup is empty; name a directory".into(),
            )
            .into());
        }
        self.backup_to(Arc::new(FsStorage::new(path)))
    }

    /// [`backup`](Self::backup) to any storage: a bucket, a database, memory. The tree and its
    /// backup need not be on storage of one kind.
    ///
    /// # Errors
    /// Those of [`backup`](Self::backup).
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let directory = dir.path().join("tree");
    /// use rotortree_store::memory::MemoryStorage;
    /// use std::sync::Arc;
    ///
    /// let tree = RotorTree::<_, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(directory))?;
    /// tree.insert_many(&[[1; 32], [2; 32]])?;
    /// let copy = MemoryStorage::new();
    /// assert_eq!(tree.backup_to(Arc::new(copy.clone()))?.leaves, 0..2);
    ///
    /// let restored = RotorTree::<_, 2, 32>::on(Arc::new(copy)).open(Blake3Hasher)?;
    /// assert_eq!(restored.head(), tree.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup_to(&self, target: Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError> {
        let parts = self.parts();
        spans::backup(&*parts.committer.storage, &*target).run(|| parts.backup(&target))
    }

    /// Scrubs the running tree: reads every node as of now and compares each with the hash of its
    /// children. Finds damage that checksums cannot, such as a wrong node that was written with a
    /// right checksum. Blocks: O(nodes) reads and hashes on all of the machine's cores; inserts go
    /// on. In a forked child the calling thread does all the work and leaves the manifest to the
    /// parent.
    ///
    /// # Errors
    /// [`StorageError::DataCorruption`] for the first node that differs,
    /// [`StorageError::CrcMismatch`] or [`StorageError::Io`] for one that cannot be read.
    /// [`StorageError::Closed`] in a child that was forked while the chunks were being exchanged.
    pub fn verify(&self) -> Result<(), StorageError> {
        self.verify_with_progress(|_| {})
    }

    /// [`verify`](Self::verify) that tells how far it is, from the calling thread, every few
    /// thousand nodes and once at the end.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many(&[[1; 32]; 100])?;
    /// let mut seen = None;
    /// tree.verify_with_progress(|progress| seen = Some(progress))?;
    /// assert!(seen.is_some_and(|progress| progress.done == progress.total));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_with_progress(
        &self,
        mut progress: impl FnMut(VerifyProgress),
    ) -> Result<(), StorageError> {
        let parts = self.parts();
        spans::verify(&*parts.committer.storage)
            .run(|| parts.verify(&self.handle.hasher, &mut progress))
    }
}
