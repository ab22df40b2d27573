//! [`Lanes`]: a lane of threads for flushes and one for checkpoints.

use std::sync::Arc;

use super::{threads::Job, workers::Workers};

/// The most threads that flush, and the most that make checkpoints. A tree has at most three jobs
/// at a time on the first lane (a tick, a requested sync, wakers) and two on the second (a
/// checkpoint, the removal of covered segments).
pub(crate) const MOST_FLUSHING: usize = 32;
pub(crate) const MOST_CHECKPOINTING: usize = 16;

/// Which lane a job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Short jobs that a caller waits for.
    Flush,
    /// Long jobs.
    Checkpoint,
}

/// The queues with their threads.
pub(super) struct Lanes {
    pub(super) flush: Arc<Workers>,
    pub(super) checkpoint: Arc<Workers>,
}

impl Lanes {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            flush: Workers::new("rotortree-flush", MOST_FLUSHING),
            checkpoint: Workers::new("rotortree-checkpoint", MOST_CHECKPOINTING),
        })
    }

    pub(super) fn run(&self, lane: Lane, job: Job) -> Result<(), Job> {
        match lane {
            Lane::Flush => self.flush.run(job),
            Lane::Checkpoint => self.checkpoint.run(job),
        }
    }
}
