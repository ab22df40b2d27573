//! [`Runtime`]: the background threads that trees share.
//!
//! | file | what |
//! | --- | --- |
//! | `lanes` | the two lanes |
//! | `workers` | a lane: a queue of jobs and the threads that serve it |
//! | `threads` | jobs, and starting a thread |
//! | `timer` | jobs for later, and the one thread that waits for them |
//! | `reserve` | a spare file descriptor |
//! | `per_process` | what a forked child makes anew |
//! | `models` | the runtime where models are checked |
//!
//! Threads start when there is work and end when there has been none for a while: an idle tree
//! costs no thread and no timer. A job that finds every thread busy gets a thread of its own, up to
//! a bound, so that a device that stalls holds up its own tree alone. In a forked child, which has
//! none of its parent's threads, they start anew, if threads start there at all
//! (`docs/durability. md`).

mod lanes;
mod per_process;
mod reserve;
mod threads;
mod timer;
mod workers;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

pub(crate) use self::{
    lanes::Lane,
    reserve::Reserve,
    threads::{Job, start},
};
use self::{lanes::Lanes, per_process::PerProcess, timer::Timer};
#[cfg(test)]
pub(crate) use self::{lanes::MOST_CHECKPOINTING, threads::starved};

/// Background threads, shared by any number of trees. Cloning shares them.
///
/// Two lanes, one for flushes and one for checkpoints, and a timer. A job that finds all threads of
/// its lane busy starts another one, up to 32 for flushes and 16 for checkpoints: as many devices
/// may stall before a tree on a healthy one has to wait. Threads end when they had nothing to do
/// for 5 seconds, so that idle trees cost none. If the system has no thread, the timer's thread or
/// the calling thread does the work.
///
/// While a tree is open one file descriptor is kept in reserve, for all trees together: it is given
/// up for a moment when the process has no other, so that a tree which was idle can write
/// nevertheless. On Windows there is no need for it.
///
/// A forked child starts its own threads for the trees that it opens. If its parent was starting or
/// ending a thread at the fork, the child can never start one, because of a lock of the standard
/// library, and background work is then not done.
///
/// ```
/// let runtime = rotortree_store::Runtime::new();
/// let same = runtime.clone();
/// # drop(same);
/// ```
#[derive(Clone)]
pub struct Runtime(Arc<PerProcess<Inner>>);

struct Inner {
    lanes: Arc<Lanes>,
    timer: Timer,
    reserve: Arc<Reserve>,
}

impl Inner {
    fn new() -> Self {
        let lanes = Lanes::new();
        Self {
            timer: Timer::new(Arc::clone(&lanes)),
            lanes,
            reserve: Arc::default(),
        }
    }
}

impl Runtime {
    /// A runtime of its own, whose threads start on demand.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(PerProcess::new()))
    }

    /// The runtime that trees use unless told otherwise: one for the process.
    #[must_use]
    pub fn shared() -> Self {
        static SHARED: OnceLock<Runtime> = OnceLock::new();
        SHARED.get_or_init(Self::new).clone()
    }

    /// Runs a job as soon as a thread of the lane is free.
    ///
    /// # Errors
    /// The job itself, if no thread can be had for it.
    pub(crate) fn run(&self, lane: Lane, job: Job) -> Result<(), Job> {
        self.0.get(Inner::new).lanes.run(lane, job)
    }

    /// Runs a job on a lane at or soon after `due`. Where the lane has no thread by then, a flush
    /// runs on the timer's thread and a checkpoint is tried again later.
    ///
    /// # Errors
    /// The job itself, if no thread can be had for the timer.
    pub(crate) fn run_at(&self, due: Instant, lane: Lane, job: Job) -> Result<(), Job> {
        self.0.get(Inner::new).timer.add(due, lane, job)
    }

    /// The descriptor that this process's trees share for a moment without any other.
    pub(crate) fn reserve(&self) -> Arc<Reserve> {
        Arc::clone(&self.0.get(Inner::new).reserve)
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::shared()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

#[cfg(test)]
mod tests;
