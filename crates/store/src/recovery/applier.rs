//! [`Applier`]: applies batches to the tree, on the calling thread or on a second one.

use std::{
    mem,
    panic::resume_unwind,
    sync::{
        Mutex,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread::{Builder, Scope, ScopedJoinHandle},
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;

use super::{batch::ReplayBatch, target::ReplayTarget};
use crate::{
    RotorTreeError,
    fork::is_child,
    lock::lock,
    sync::{thread_token, work_for},
};

/// One batch waits while another is hashed and a third is filled.
const BUFFERS: usize = 3;
/// Batches that take at least this long to hash are spread over the other processors, which reading
/// leaves idle. Below, spreading costs a fast hasher more than it gains.
const SLOW: Duration = Duration::from_millis(10);

/// Applies batches to the tree. Once there is enough to hash, a second thread hashes while the
/// calling thread reads on.
pub(super) struct Applier<'scope, 'env, 'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    scope: &'scope Scope<'scope, 'env>,
    target: &'scope Mutex<ReplayTarget<'a, H, N, MAX_DEPTH>>,
    worker: Option<Worker<'scope>>,
    outcome: Result<(), RotorTreeError>,
}

/// A thread that takes batches and returns them cleared, until one fails.
struct Worker<'scope> {
    to: SyncSender<ReplayBatch>,
    back: Receiver<ReplayBatch>,
    /// The number of batches, the caller's included.
    buffers: usize,
    thread: ScopedJoinHandle<'scope, Result<(), RotorTreeError>>,
}

impl<'scope, 'env, 'a: 'scope, H: Hasher, const N: usize, const MAX_DEPTH: usize>
    Applier<'scope, 'env, 'a, H, N, MAX_DEPTH>
{
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        target: &'scope Mutex<ReplayTarget<'a, H, N, MAX_DEPTH>>,
    ) -> Self {
        Self {
            scope,
            target,
            worker: None,
            outcome: Ok(()),
        }
    }

    /// Applies a batch, and leaves an empty one that follows it. Returns `false` if the tree takes
    /// no more; [`finish`](Self::finish) returns the cause.
    pub(super) fn apply(&mut self, batch: &mut ReplayBatch) -> bool {
        if self.worker.is_none() && batch.is_full() && !is_child() {
            self.worker = self.start_worker();
        }
        match &mut self.worker {
            Some(worker) => worker.apply(batch),
            None => {
                self.outcome = lock(self.target).apply(batch);
                self.outcome.is_ok()
            }
        }
    }

    /// Starts a thread for the batches, if the system has one.
    fn start_worker(&self) -> Option<Worker<'scope>> {
        let target = self.target;
        let (to, queue) = sync_channel::<ReplayBatch>(1);
        let (give_back, back) = channel();
        let caller = thread_token();
        let apply_all = move || {
            work_for(caller);
            let mut target = lock(target);
            target.shares = false;
            for mut batch in queue {
                let started = Instant::now();
                target.apply(&mut batch)?;
                target.shares |= started.elapsed() >= SLOW;
                // The caller may have finished already.
                drop(give_back.send(batch));
            }
            Ok(())
        };
        let thread = Builder::new().spawn_scoped(self.scope, apply_all).ok()?;
        Some(Worker {
            to,
            back,
            buffers: 1,
            thread,
        })
    }

    /// Waits until every batch is applied.
    pub(super) fn finish(self) -> Result<(), RotorTreeError> {
        match self.worker {
            None => self.outcome,
            Some(Worker { to, thread, .. }) => {
                drop(to);
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
        }
    }
}

impl Worker<'_> {
    fn apply(&mut self, batch: &mut ReplayBatch) -> bool {
        let full = mem::take(batch);
        batch.follow(&full);
        let is_taken = self.to.send(full).is_ok();
        let free = match self.back.try_recv() {
            Err(_) if self.buffers < BUFFERS => {
                self.buffers += 1;
                Some(ReplayBatch::default())
            }
            Err(_) => self.back.recv().ok(),
            Ok(free) => Some(free),
        };
        if let Some(mut free) = free {
            free.follow(batch);
            *batch = free;
        }
        is_taken
    }
}
