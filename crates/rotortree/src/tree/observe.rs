//! Looking after a tree: what opening found, how it is doing, and whether what is stored is right.

use std::{io, sync::Arc};

use super::RotorTree;
use crate::{Hasher, RecoveryReport, Stats, StorageError, VerifyProgress};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// What opening found and did: whether the tree was new, whether it had been closed cleanly, what was replayed, where the
    /// log was torn or damaged.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
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
        self.engine.recovery_report()
    }

    /// Why the tree failed for good, if it did: writes then return [`StorageError::FlushFailed`] with the same error, reads go on, and
    /// opening it again recovers what is durable.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<io::Error>> {
        self.engine.failure()
    }

    /// Sizes, bytes, counters and ages, for monitoring. Their names are stable.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_durable([1; 32])?;
    /// let stats = tree.stats();
    /// assert_eq!((stats.durable_size, stats.pending_bytes), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// Scrubs the running tree: reads every node as of now and compares each with the hash of its children. Finds what checksums
    /// cannot, such as a wrong node that was written with a right checksum. O(nodes) reads and hashes on all of the machine's cores;
    /// inserts go on.
    ///
    /// # Errors
    /// [`StorageError::DataCorruption`] for the first node that differs, [`StorageError::CrcMismatch`] or [`StorageError::Io`] for one that
    /// cannot be read.
    pub fn verify(&self) -> Result<(), StorageError> {
        self.verify_with_progress(|_| {})
    }

    /// [`verify`](Self::verify) that tells how far it is, from the calling thread, every few thousand nodes and once at the end.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
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
        self.engine.verify(&self.hasher, &mut progress)
    }
}
