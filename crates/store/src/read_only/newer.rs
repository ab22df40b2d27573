//! Waits for newer durable states by refreshing a view.

use std::{
    io,
    sync::{Arc, Mutex, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;

use super::ReadOnly;
use crate::{
    Completion, RotorTreeError, StorageError, completion::Completer, isolated::isolated,
    lock::lock, runtime::Lane,
};

/// The time between two refreshes of a waiting view.
const RECHECK_INTERVAL: Duration = Duration::from_millis(20);

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ReadOnly<H, N, MAX_DEPTH> {
    /// The number of the state that the view shows, counted from 0 at opening: each refresh that
    /// finds a new state adds one. A later read gets that state or a newer one.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.view.progress.version.load(Ordering::Acquire)
    }

    /// Waits until the view shows a newer state than `version`, with a refresh every 20 ms and at
    /// least one. Returns whether the view shows one.
    ///
    /// Blocks on the storage's reads and between them; [`newer_than`](Self::newer_than) does not.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub fn wait_for_newer(&self, version: u64, timeout: Duration) -> Result<bool, RotorTreeError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            if self.version() > version {
                return Ok(true);
            }
            self.refresh()?;
            if self.version() > version {
                return Ok(true);
            }
            let pause = match deadline {
                Some(deadline) => deadline
                    .saturating_duration_since(Instant::now())
                    .min(RECHECK_INTERVAL),
                None => RECHECK_INTERVAL,
            };
            if pause.is_zero() {
                return Ok(false);
            }
            thread::sleep(pause);
        }
    }

    /// Resolves with the version of the view once it shows a newer state than `version`. Threads of
    /// the runtime refresh the view every 20 ms until then, or until the future is dropped. Never
    /// blocks.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh). [`StorageError::Unavailable`] if the system has no thread for
    /// the wait.
    pub fn newer_than(&self, version: u64) -> Completion<u64, RotorTreeError> {
        if let Err(error) = self.check_process() {
            return Completion::ended(Err(error));
        }
        let (completion, completer) = Completion::new();
        let watch = Watch {
            view: self.clone(),
            version,
            completer,
        };
        let job = Box::new(move || watch.recheck());
        if let Err(job) = self.view.config.runtime.run(Lane::Checkpoint, job) {
            isolated(job);
        }
        completion
    }

    pub(super) fn check_process(&self) -> Result<(), RotorTreeError> {
        if self.view.process.is_current() {
            Ok(())
        } else {
            Err(StorageError::Closed.into())
        }
    }
}

/// Refreshes a view for a future that waits for a newer state.
struct Watch<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    view: ReadOnly<H, N, MAX_DEPTH>,
    version: u64,
    completer: Completer<u64, RotorTreeError>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Watch<H, N, MAX_DEPTH> {
    /// Refreshes now, and again later while the state is unchanged and the future lives.
    fn recheck(self) {
        if self.completer.is_abandoned() {
            return;
        }
        let outcome = if self.view.version() > self.version {
            Ok(true)
        } else {
            self.view.refresh()
        };
        let shown = self.view.version();
        match outcome {
            Err(error) => self.completer.complete(Err(error)),
            Ok(_) if shown > self.version => self.completer.complete(Ok(shown)),
            Ok(_) => {
                let runtime = self.view.view.config.runtime.clone();
                let due = Instant::now() + RECHECK_INTERVAL;
                let waiting = Arc::new(Mutex::new(Some(self)));
                let later = Arc::clone(&waiting);
                let job = Box::new(move || {
                    if let Some(watch) = lock(&later).take() {
                        watch.recheck();
                    }
                });
                if runtime.run_at(due, Lane::Checkpoint, job).is_err()
                    && let Some(watch) = lock(&waiting).take()
                {
                    let starved = "the system has no thread to wait for a newer state with";
                    let error = Arc::new(io::Error::new(io::ErrorKind::WouldBlock, starved));
                    watch
                        .completer
                        .complete(Err(StorageError::Unavailable(error).into()));
                }
            }
        }
    }
}
