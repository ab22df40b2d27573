//! [`Core`]: the state that every part of an engine shares, and how it fails for good.

use std::{
    fmt, io,
    sync::{Arc, Weak, atomic::Ordering},
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

use super::{
    checkpointing::Checkpoints, commit::Commit, heads::RecentHeads, stats::Counters, write::Writer,
};
use crate::{
    EngineConfig, RecoveryReport, StorageError,
    cold::ColdNodes,
    fork::Process,
    manifest::Manifest,
    storage::{Ownership, Storage},
    sync::{ArcSwap, AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, SetOnce, lock},
};

pub(crate) struct Core<H: Hasher, const N: usize, const D: usize> {
    /// For background jobs, which must not keep a tree open.
    pub(super) me: Weak<Self>,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) config: EngineConfig,
    pub(super) report: RecoveryReport,
    pub(super) writer: Mutex<Writer<H, N, D>>,
    /// Told when something that keeps inserts waiting has changed. Goes with `writer`.
    pub(super) admission: Condvar,
    pub(super) published: ArcSwap<TreeSnapshot<N, D>>,
    /// Recorded right behind publishing.
    pub(super) heads: RecentHeads,
    /// Callers in `wait_for_size`; inserts look before they wake anybody.
    pub(super) size_waiters: AtomicUsize,
    pub(super) size_lock: Mutex<()>,
    pub(super) size_changed: Condvar,
    pub(super) durable: ArcSwap<TreeSnapshot<N, D>>,
    pub(super) commit: Mutex<Commit>,
    /// Told when the durable sequence, the log's availability or the status has changed. Goes with `commit`.
    pub(super) commit_changed: Condvar,
    /// Whether a background tick is due.
    pub(super) tick_is_due: AtomicBool,
    pub(super) manifest: Mutex<Manifest>,
    pub(super) cold: Mutex<Arc<ColdNodes>>,
    pub(super) checkpoints: Mutex<Checkpoints>,
    /// Goes with `checkpoints`.
    pub(super) checkpoints_changed: Condvar,
    pub(super) ownership: Mutex<Option<Box<dyn Ownership>>>,
    pub(super) status: Status,
    pub(super) counters: Counters,
}

/// Whether the engine still takes writes.
pub(super) struct Status {
    /// The process that opened the tree. To its forked children the tree is closed.
    process: Process,
    closed: AtomicBool,
    failure: SetOnce<Arc<io::Error>>,
}

impl Status {
    pub(super) fn new() -> Self {
        Self {
            process: Process::current(),
            closed: AtomicBool::new(false),
            failure: SetOnce::default(),
        }
    }

    /// Refuses in a forked child. To be asked before the first lock: a thread that does not run there may hold it.
    pub(super) fn check_process(&self) -> Result<(), StorageError> {
        if self.process.is_current() {
            Ok(())
        } else {
            Err(StorageError::Closed)
        }
    }

    pub(super) fn check(&self) -> Result<(), StorageError> {
        self.check_process()?;
        if let Some(failure) = self.failure.get() {
            return Err(StorageError::FlushFailed(Arc::clone(failure)));
        }
        if self.closed.load(Ordering::Acquire) {
            Err(StorageError::Closed)
        } else {
            Ok(())
        }
    }

    pub(super) fn failure(&self) -> Option<&Arc<io::Error>> {
        self.failure.get()
    }

    pub(super) fn check_failure(&self) -> Result<(), StorageError> {
        self.failure.get().map_or(Ok(()), |failure| {
            Err(StorageError::FlushFailed(Arc::clone(failure)))
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Returns whether this call closed it.
    pub(super) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }
}

impl<H: Hasher, const N: usize, const D: usize> Core<H, N, D> {
    /// Fails for good: nothing becomes durable any more, and everybody who waits is told.
    pub(super) fn fail(&self, error: io::Error) -> Arc<io::Error> {
        let failure = Arc::clone(self.status.failure.get_or_init(|| {
            super::events::failed(&error);
            Arc::new(error)
        }));
        self.wake_everybody();
        failure
    }

    pub(super) fn wake_everybody(&self) {
        // Taking each lock once makes sure that whoever looked before the change is waiting by now.
        let wakers = std::mem::take(&mut lock(&self.commit).wakers);
        self.commit_changed.notify_all();
        wakers.into_iter().for_each(std::task::Waker::wake);
        drop(lock(&self.checkpoints));
        self.checkpoints_changed.notify_all();
        drop(lock(&self.size_lock));
        self.size_changed.notify_all();
        // The writer lock may be held by the caller; whoever waits on it waits in slices.
        self.admission.notify_all();
    }

    /// Fails the engine if it is dropped while panicking.
    pub(super) fn fail_on_panic<'a>(&'a self, doing: &'static str) -> FailOnPanic<'a, H, N, D> {
        FailOnPanic { core: self, doing }
    }

    /// Whether this process opened the tree. A forked child must not write what its parent writes too.
    pub(super) fn is_own_process(&self) -> bool {
        self.status.process.has_this_id()
    }

    /// Takes a lock for a look, which in a forked child succeeds only if nobody held it when it was forked.
    pub(super) fn look<'a, T>(&self, mutex: &'a Mutex<T>) -> Option<MutexGuard<'a, T>> {
        if self.status.check_process().is_ok() {
            Some(lock(mutex))
        } else {
            mutex.try_lock().ok()
        }
    }
}

pub(super) struct FailOnPanic<'a, H: Hasher, const N: usize, const D: usize> {
    core: &'a Core<H, N, D>,
    doing: &'static str,
}

impl<H: Hasher, const N: usize, const D: usize> Drop for FailOnPanic<'_, H, N, D> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.core
                .fail(io::Error::other(format!("a panic while {}", self.doing)));
        }
    }
}

impl<H: Hasher, const N: usize, const D: usize> fmt::Debug for Core<H, N, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("storage", &self.storage.describe())
            .field("size", &self.published.load().size())
            .finish_non_exhaustive()
    }
}
