//! [`Workers`]: a queue of jobs and the threads that serve it.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
};

use super::threads::{IDLE, Job, start};
use crate::{isolated::isolated, lock::lock};

/// A lane. Jobs start in the order in which they were queued.
pub(super) struct Workers {
    name: &'static str,
    most: usize,
    state: Mutex<State>,
    /// Told of a job. Goes with `state`.
    queued: Condvar,
    /// The system has no thread for this lane, for tests.
    #[cfg(test)]
    pub(super) starved: std::sync::atomic::AtomicBool,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait for a job, those included that were told of one and have not taken it yet.
    idle: usize,
}

impl Workers {
    pub(super) fn new(name: &'static str, most: usize) -> Arc<Self> {
        Arc::new(Self {
            name,
            most,
            state: Mutex::default(),
            queued: Condvar::new(),
            #[cfg(test)]
            starved: false.into(),
        })
    }

    /// Queues a job, and starts a thread for it unless one is idle or there are as many as may be.
    ///
    /// # Errors
    /// The job itself, where the lane has no thread and none can be had.
    pub(super) fn run(self: &Arc<Self>, job: Job) -> Result<(), Job> {
        let mut state = lock(&self.state);
        if state.idle <= state.jobs.len() && state.threads < self.most {
            let workers = Arc::clone(self);
            match self.start(move || workers.serve()) {
                Ok(()) => state.threads += 1,
                Err(_) if state.threads == 0 => return Err(job),
                // Threads that are busy take it later.
                Err(_) => {}
            }
        }
        state.jobs.push_back(job);
        drop(state);
        self.queued.notify_one();
        Ok(())
    }

    fn start(&self, serve: impl FnOnce() + Send + 'static) -> io::Result<()> {
        #[cfg(test)]
        if self.starved.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        start(self.name, serve).map(drop)
    }

    fn serve(&self) {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A job that panics marks its tree failed. The thread has other jobs to serve.
                isolated(job);
                state = lock(&self.state);
                continue;
            }
            state.idle += 1;
            let waited = self.queued.wait_timeout(state, IDLE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        lock(&self.state).threads
    }
}
