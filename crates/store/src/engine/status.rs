//! [`Status`]: whether an engine still takes writes, in this process.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, atomic::Ordering},
};

use super::{
    events,
    hashing::Hashing,
    locks::{Guard, Monitor},
};
use crate::{
    StorageError,
    fork::Process,
    sync::{AtomicBool, SetOnce},
};

/// Whether the engine still takes writes.
pub(crate) struct Status {
    /// The process that opened the tree. To its forked children the tree is closed.
    process: Process,
    closed: AtomicBool,
    failure: SetOnce<Arc<io::Error>>,
    /// Which thread runs the hasher.
    pub(super) hashing: Hashing,
}

impl Status {
    pub(super) fn new() -> Self {
        Self {
            process: Process::current(),
            closed: AtomicBool::new(false),
            failure: SetOnce::default(),
            hashing: Hashing::default(),
        }
    }

    /// Refuses in a forked child. Called before the first lock: a thread that does not run there
    /// may hold it.
    pub(super) fn check_process(&self) -> Result<(), StorageError> {
        if self.process.is_current() {
            Ok(())
        } else {
            Err(StorageError::Closed)
        }
    }

    pub(crate) fn check(&self) -> Result<(), StorageError> {
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

    /// Refuses a call from within this tree's hasher: the call would wait for the lock under which
    /// the hasher runs. Called before the first wait.
    pub(super) fn check_reentry(&self) -> Result<(), StorageError> {
        if self.hashing.is_here() {
            Err(StorageError::Reentered)
        } else {
            Ok(())
        }
    }

    /// Records that the tree failed for good, and returns the first failure.
    /// [`GroupCommit::tell_all`](super::group_commit::GroupCommit::tell_all) notifies waiting
    /// threads and futures, once this thread holds no lock.
    pub(super) fn record_failure(&self, error: io::Error) -> Arc<io::Error> {
        let error = Arc::new(error);
        let first = Arc::clone(self.failure.get_or_init(|| Arc::clone(&error)));
        if Arc::ptr_eq(&first, &error) {
            events::failed(error);
        }
        first
    }

    /// Runs `code`, and records a failure before a panic of `code` continues.
    pub(super) fn fail_on_panic<R>(&self, doing: &str, code: impl FnOnce() -> R) -> R {
        catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| {
            self.record_failure(io::Error::other(format!("a panic while {doing}")));
            resume_unwind(panic)
        })
    }

    pub(crate) fn failure(&self) -> Option<&Arc<io::Error>> {
        self.failure.get()
    }

    /// Whether this process opened the tree. A forked child must not write the files that its
    /// parent writes too.
    pub(crate) fn is_own_process(&self) -> bool {
        self.process.has_this_id()
    }

    /// Locks for a brief look. Returns `None` in a forked child or within the tree's hasher if the
    /// lock is taken: its holder may not run there, or be this thread.
    pub(super) fn lock_briefly<'a, T>(&self, monitor: &'a Monitor<T>) -> Option<Guard<'a, T>> {
        if self.check_process().is_err() || self.hashing.is_here() {
            monitor.try_lock()
        } else {
            Some(monitor.lock())
        }
    }

    pub(super) fn check_failure(&self) -> Result<(), StorageError> {
        self.failure.get().map_or(Ok(()), |failure| {
            Err(StorageError::FlushFailed(Arc::clone(failure)))
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}
