//! [`Status`]: whether an engine still takes writes, in this process.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    StorageError,
    fork::Process,
    sync::{AtomicBool, Mutex, MutexGuard, SetOnce, lock},
};

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

    /// Refuses in a forked child. To be asked before the first lock: a thread that does not run
    /// there may hold it.
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

    /// Fails for good; what it failed with first.
    pub(super) fn fail(&self, error: Arc<io::Error>) -> Arc<io::Error> {
        Arc::clone(self.failure.get_or_init(|| error))
    }

    pub(super) fn failure(&self) -> Option<&Arc<io::Error>> {
        self.failure.get()
    }

    /// Whether this process opened the tree. A forked child must not write what its parent writes
    /// too.
    pub(super) fn is_own_process(&self) -> bool {
        self.process.has_this_id()
    }

    /// Takes a lock for a look, which in a forked child succeeds only if no thread held it when the
    /// child was forked.
    pub(super) fn look<'a, T>(&self, mutex: &'a Mutex<T>) -> Option<MutexGuard<'a, T>> {
        if self.check_process().is_ok() {
            Some(lock(mutex))
        } else {
            mutex.try_lock().ok()
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

    /// Returns whether this call closed it.
    pub(super) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }
}
