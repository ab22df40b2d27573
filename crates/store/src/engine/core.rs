//! [`Core`]: the state that every part of an engine shares, and how it fails for good.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

use super::{
    checkpointing::Checkpoints, closing::Tenure, group_commit::GroupCommit, heads::RecentHeads,
    reentry::Hashing, stats::Counters, status::Status, write::Writer,
};
use crate::{
    RecoveryReport, StorageError,
    cold::ColdNodes,
    manifest::Manifest,
    recovery,
    settings::Settings,
    storage::Storage,
    sync::{ArcSwap, AtomicUsize, Condvar, Mutex, MutexGuard, lock},
    verify::{Progress, verify_nodes},
};

pub(crate) struct Core<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) config: Settings,
    pub(crate) report: RecoveryReport,
    pub(super) writer: Mutex<Writer<H, N, MAX_DEPTH>>,
    /// Which thread runs the hasher. Goes with `writer`.
    pub(super) hashing: Hashing,
    /// Told when something that keeps inserts waiting has changed. Goes with `writer`.
    pub(super) admission: Condvar,
    pub(crate) published: ArcSwap<TreeSnapshot<N, MAX_DEPTH>>,
    /// Recorded right behind publishing.
    pub(super) heads: RecentHeads,
    /// Callers in `wait_for_size`; inserts look before they wake anybody.
    pub(super) size_waiters: AtomicUsize,
    pub(super) size_lock: Mutex<()>,
    pub(super) size_changed: Condvar,
    pub(crate) durable: ArcSwap<TreeSnapshot<N, MAX_DEPTH>>,
    pub(super) commit: Arc<GroupCommit>,
    pub(super) manifest: Mutex<Manifest>,
    pub(super) cold: Mutex<Arc<ColdNodes>>,
    pub(super) checkpoints: Mutex<Checkpoints>,
    /// Goes with `checkpoints`.
    pub(super) checkpoints_changed: Condvar,
    pub(super) tenure: Tenure,
    pub(super) status: Arc<Status>,
    pub(super) counters: Counters,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Fails for good: nothing becomes durable any more, and all who wait are told.
    pub(super) fn fail(&self, error: io::Error) -> Arc<io::Error> {
        let error = Arc::new(error);
        let failure = self.status.fail(Arc::clone(&error));
        if Arc::ptr_eq(&failure, &error) {
            super::events::failed(error);
        }
        self.tell_all();
        failure
    }

    /// Tells all who wait, futures too, to look at the status.
    pub(super) fn tell_all(&self) {
        self.commit.tell_all();
        self.tell_blocked();
    }

    /// Tells the threads that wait for something other than durability to look at the status.
    pub(super) fn tell_blocked(&self) {
        // Taking each lock once makes sure that those who looked before the change are waiting by
        // now.
        drop(lock(&self.checkpoints));
        self.checkpoints_changed.notify_all();
        drop(lock(&self.size_lock));
        self.size_changed.notify_all();
        // The writer lock may be held by the caller; whoever waits on it waits in slices.
        self.admission.notify_all();
    }

    /// Runs `code`, and fails the engine before a panic of it goes on.
    pub(super) fn fail_on_panic<R>(&self, doing: &str, code: impl FnOnce() -> R) -> R {
        match catch_unwind(AssertUnwindSafe(code)) {
            Ok(outcome) => outcome,
            Err(panic) => {
                self.fail(io::Error::other(format!("a panic while {doing}")));
                resume_unwind(panic)
            }
        }
    }

    /// Refuses a tree that is closed, has failed, or is another process's.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        self.status.check()
    }

    /// Whether this process opened the tree.
    pub(crate) fn is_own_process(&self) -> bool {
        self.status.is_own_process()
    }

    /// Refuses a call from within this tree's hasher: it would wait for the lock under which the
    /// hasher runs. To be asked before the first wait.
    pub(super) fn check_reentry(&self) -> Result<(), StorageError> {
        if self.hashing.is_here() {
            Err(StorageError::Reentered)
        } else {
            Ok(())
        }
    }

    /// Compares every stored node with the hash of its children, and every chunk with its checksum.
    pub(crate) fn verify(
        &self,
        hasher: &H,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StorageError> {
        verify_nodes(hasher, &self.published.load_full(), progress)?;
        // Levels that are pinned in memory have chunks too, which no snapshot reads.
        let cold = Arc::clone(&*self.look(&self.cold).ok_or(StorageError::Closed)?);
        cold.check_all(&mut |_| {})?;
        if !self.status.is_closed() && self.status.check_process().is_ok() {
            // The nodes and checksums behind whole chunks and sectors are in memory; their stored
            // copies are the manifest's.
            self.check_manifest()?;
        }
        Ok(())
    }

    /// Reads the stored manifest, which must be one of this tree's, and none before the last.
    fn check_manifest(&self) -> Result<(), StorageError> {
        let committed = self.look(&self.manifest);
        let committed = committed.map(|own| (own.tree_id, own.generation));
        let found = recovery::load_manifest(&*self.storage)?;
        // A later one is a commit of ours that came in between.
        match committed {
            Some((tree_id, generation))
                if found.tree_id != tree_id || found.generation < generation =>
            {
                Err(StorageError::DataCorruption {
                    file: format!("{}, manifest", self.storage.describe()),
                    offset: 0,
                    reason: format!(
                        "it is another one than this tree committed (generation {} in place of {generation})",
                        found.generation
                    ),
                })
            }
            _ => Ok(()),
        }
    }

    /// Takes a lock for a look. In a forked child, and from within the tree's hasher, that succeeds
    /// only if it is free.
    pub(super) fn look<'a, T>(&self, mutex: &'a Mutex<T>) -> Option<MutexGuard<'a, T>> {
        if self.hashing.is_here() {
            mutex.try_lock().ok()
        } else {
            self.status.look(mutex)
        }
    }
}
