//! [`Runtime`] where models are checked: a job is a thread of the model, and time passes when the
//! model says so.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Instant,
};

use crate::lock::lock;

#[path = "reserve.rs"]
mod reserve;
pub(crate) use self::reserve::Reserve;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Flush,
    Checkpoint,
}

/// A thread of its own is no part of a model.
#[path = "threads.rs"]
mod threads;
pub(crate) use self::threads::{Job, start};

/// See the module.
#[derive(Clone)]
pub struct Runtime(Arc<Mutex<Vec<Job>>>);

impl Runtime {
    /// A runtime without jobs.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Nothing is shared between models.
    #[must_use]
    pub fn shared() -> Self {
        Self::new()
    }

    pub(crate) fn run(&self, _: Lane, job: Job) -> Result<(), Job> {
        loom::thread::spawn(job);
        Ok(())
    }

    pub(crate) fn run_at(&self, _: Instant, _: Lane, job: Job) -> Result<(), Job> {
        lock(&self.0).push(job);
        Ok(())
    }

    pub(crate) fn reserve(&self) -> Arc<Reserve> {
        Arc::default()
    }

    /// Runs the jobs that are due on this thread. Returns whether any was due.
    #[cfg(test)]
    pub(crate) fn time_passes(&self) -> bool {
        let due = std::mem::take(&mut *lock(&self.0));
        let any = !due.is_empty();
        due.into_iter().for_each(|job| job());
        any
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}
