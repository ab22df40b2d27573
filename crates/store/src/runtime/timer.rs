//! [`Timer`]: jobs to be started later, and the one thread that waits for them.
//!
//! The thread stays while a job waits and for a while after the last one, so that trees that tick
//! do not have it made anew for each tick.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    lanes::{Lane, Lanes},
    threads::{IDLE, Job, start},
};
use crate::{isolated::isolated, lock::lock};

/// When a checkpoint for which there is no thread is tried again.
const NO_THREAD_RETRY: Duration = Duration::from_secs(1);

pub(super) struct Timer(Arc<Shared>);

struct Shared {
    lanes: Arc<Lanes>,
    state: Mutex<State>,
    /// Told of a new job. Goes with `state`.
    added: Condvar,
}

#[derive(Default)]
struct State {
    waiting: BinaryHeap<Timed>,
    has_thread: bool,
    /// Threads started so far.
    #[cfg(test)]
    started: usize,
}

struct Timed {
    due: Instant,
    lane: Lane,
    job: Job,
}

impl Timer {
    pub(super) fn new(lanes: Arc<Lanes>) -> Self {
        Self(Arc::new(Shared {
            lanes,
            state: Mutex::default(),
            added: Condvar::new(),
        }))
    }

    /// # Errors
    /// The job itself, where the timer has no thread and none can be had.
    pub(super) fn add(&self, due: Instant, lane: Lane, job: Job) -> Result<(), Job> {
        let mut state = lock(&self.0.state);
        if !state.has_thread {
            let shared = Arc::clone(&self.0);
            if start("rotortree-timer", move || shared.serve()).is_err() {
                return Err(job);
            }
            state.has_thread = true;
            #[cfg(test)]
            {
                state.started += 1;
            }
        }
        // The thread waits for the earliest job: only one that is earlier still needs to be told.
        let is_first = state.waiting.peek().is_none_or(|next| due < next.due);
        state.waiting.push(Timed { due, lane, job });
        drop(state);
        if is_first {
            self.0.added.notify_one();
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn started(&self) -> usize {
        lock(&self.0.state).started
    }
}

impl Shared {
    fn serve(&self) {
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            let is_due = state.waiting.peek().is_some_and(|next| next.due <= now);
            if is_due && let Some(timed) = state.waiting.pop() {
                drop(state);
                self.hand_over(timed);
                state = lock(&self.state);
                continue;
            }
            let left = state
                .waiting
                .peek()
                .map_or(IDLE, |next| next.due.saturating_duration_since(now));
            let waited = self.added.wait_timeout(state, left);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.waiting.is_empty() {
                state.has_thread = false;
                return;
            }
        }
    }

    fn hand_over(&self, timed: Timed) {
        let Err(job) = self.lanes.run(timed.lane, timed.job) else {
            return;
        };
        match timed.lane {
            // This thread is the only one. Its work for one tree delays the others, which had no
            // thread either.
            Lane::Flush => {
                isolated(job);
            }
            Lane::Checkpoint => lock(&self.state).waiting.push(Timed {
                due: Instant::now() + NO_THREAD_RETRY,
                lane: timed.lane,
                job,
            }),
        }
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// The earliest is the greatest: a binary heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}
