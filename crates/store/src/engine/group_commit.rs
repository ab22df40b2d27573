//! [`GroupCommit`]: the durable sequence, its waiters, and the write end of the log while no thread
//! leads.
//!
//! Tokens, futures and timers hold this part of an engine. It does not know the tree and does not
//! keep one in memory: it reaches the engine through [`Worker`], until closing removes the
//! reference.

use std::{
    io, mem,
    sync::{Arc, Weak},
    time::Duration,
};

use rotortree_lean_imt::TreeHead;
use rotortree_wal::Position;

use super::{
    figures::Count,
    locks::{Bell, Guard, Monitor, Rank, check_none_held},
    log::{LogWriter, WriteEnd},
    outbox,
    status::Status,
    waiters::{Waiters, Woken},
};
use crate::{Runtime, StorageError, isolated::isolated, runtime::Lane, sync::AtomicBool};

/// The engine for tokens, timers and jobs, which hold no tree.
pub(super) trait Worker: Send + Sync {
    /// Leads or joins syncs until `sequence` is durable.
    fn wait_durable(&self, sequence: u64) -> Result<(), StorageError>;
    /// Leads or joins syncs until every batch inserted so far is durable.
    fn flush_all(&self) -> Result<(), StorageError>;
    /// The delayed work of the background after an insert or a sync.
    fn tick(&self, tick: Tick);
    /// Makes the background checkpoint that was asked for.
    fn checkpoint(&self);
    /// Tries a failed background checkpoint again.
    fn retry_checkpoint(&self);
    /// Removes the segments that checkpoints cover.
    fn remove_covered(&self);
    /// Records the state of the tree as metrics.
    fn measure(&self);
    /// Makes the threads that wait for anything but durability check the status again.
    fn wake_all(&self);
}

/// The kinds of ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    /// Flushes records that no leader has taken.
    Flush,
    /// Attests a group that nothing on disk attests.
    Mark,
}

/// The durable sequence, its waiters, and the free write end of the log.
pub(super) struct GroupCommit {
    pub(super) status: Arc<Status>,
    pub(super) runtime: Runtime,
    /// Changes with the durable sequence and with the log's availability.
    pub(super) state: Monitor<Commit>,
    /// Whether a tick is due, for each [`Tick`].
    pub(super) flush_is_due: AtomicBool,
    pub(super) mark_is_due: AtomicBool,
    /// Counts the jobs for which the runtime had no thread.
    pub(super) unserved: Count,
}

/// The state that waiters read.
pub(super) struct Commit {
    /// The last record of the last durable batch.
    pub(super) durable: u64,
    /// The tree's head after that batch.
    pub(super) head: Option<TreeHead>,
    /// The write end of the log.
    pub(super) log: WriteEnd,
    pub(super) waiters: Waiters,
    /// The number of leads that ended without a write and with nothing in doubt, and the cause of
    /// the last one.
    pub(super) refusals: u64,
    refused: Option<Arc<io::Error>>,
    pub(super) request: Request,
    /// The engine, until it is closed.
    worker: Option<Weak<dyn Worker>>,
}

/// The state of the background job that syncs for waiters that cannot lead. A tree has at most one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    None,
    /// The job is queued: it takes the records that are pending when it starts.
    Queued,
    /// The job has started, and may miss records that arrive from now on.
    Serving,
    /// The job has started, and is to start over.
    Again,
}

impl GroupCommit {
    pub(super) fn new(
        log: LogWriter,
        status: Arc<Status>,
        runtime: Runtime,
        worker: Weak<dyn Worker>,
    ) -> Arc<Self> {
        Arc::new(Self {
            status,
            runtime,
            state: Monitor::new(
                Rank::GroupCommit,
                Commit {
                    durable: log.durable.sequence,
                    head: head_at(&log.durable),
                    log: WriteEnd::Free(log),
                    waiters: Waiters::default(),
                    refusals: 0,
                    refused: None,
                    request: Request::None,
                    worker: Some(worker),
                },
            ),
            flush_is_due: AtomicBool::new(false),
            mark_is_due: AtomicBool::new(false),
            unserved: Count::default(),
        })
    }

    /// The state for a brief look. `None` in a forked child if a thread of the parent held the lock
    /// during the fork.
    pub(super) fn lock_briefly(&self) -> Option<Guard<'_, Commit>> {
        self.status.lock_briefly(&self.state)
    }

    pub(super) fn is_durable(&self, sequence: u64) -> bool {
        self.lock_briefly()
            .is_some_and(|state| state.durable >= sequence)
    }

    /// Records that everything up to `after` is durable, frees the write end if `log` is given, and
    /// wakes the waiters that are served.
    pub(super) fn acknowledge(&self, after: &Position, log: Option<LogWriter>) {
        let mut state = self.state.lock();
        if after.sequence > state.durable {
            state.durable = after.sequence;
            state.head = head_at(after);
        }
        let durable = state.durable;
        let mut woken = state.waiters.take_served(durable);
        if log.is_none() {
            state.waiters.served = woken.threads.len();
        }
        if let Some(log) = log {
            state.log = WriteEnd::Free(log);
            // One of the others leads next. If another thread is faster, that one rings later.
            woken.threads.extend(state.waiters.threads.first().cloned());
        }
        drop(state);
        self.wake(woken);
    }

    /// Ends a lead without a write and with nothing in doubt. The waiters are notified, and the
    /// next leader tries again.
    pub(super) fn refuse(&self, cause: Arc<io::Error>) {
        let mut state = self.state.lock();
        state.refusals += 1;
        let before = state.refused.replace(cause);
        let all = state.waiters.take_all();
        drop(state);
        drop(before);
        self.wake(all);
    }

    /// Ends leading for good: the running leader has lost the write end.
    pub(super) fn lose_log(&self) {
        self.state.lock().log = WriteEnd::Gone;
    }

    /// Fails the tree for good: nothing becomes durable any more, and every waiter is notified.
    /// Called without a lock.
    pub(super) fn fail(&self, error: io::Error) -> Arc<io::Error> {
        let failure = self.status.record_failure(error);
        self.tell_all();
        failure
    }

    /// A guard that, when dropped, tells every waiter of a failure that was recorded under a lock
    /// since. Made before that lock is taken.
    pub(super) fn notice_failure(&self) -> FailureNotice<'_> {
        FailureNotice {
            group: self,
            had_failed: self.status.failure().is_some(),
        }
    }

    /// Makes every waiter check the status: futures, threads that wait for a sync, and threads that
    /// wait elsewhere in the engine.
    pub(super) fn tell_all(&self) {
        check_none_held();
        // Taking the lock ensures that a thread that checked before the change is waiting by now.
        let all = self.state.lock().waiters.take_all();
        self.wake(all);
        if let Some(worker) = self.worker() {
            worker.wake_all();
        }
    }

    /// Waits until no thread leads, prevents later leads, and drops the reference to the engine.
    pub(super) fn retire(&self) {
        let ended = self.state.wait(|state| {
            let is_led = matches!(state.log, WriteEnd::Led);
            (!is_led).then(|| {
                let log = mem::replace(&mut state.log, WriteEnd::Gone);
                (log, state.worker.take(), state.waiters.threads.take_all())
            })
        });
        ended.2.iter().for_each(Bell::ring);
        drop(ended);
    }

    /// Makes these waiters look again, and every thread that waits for any change of the state.
    ///
    /// Futures are woken on a thread of the runtime: a waker is foreign code and must not block the
    /// leader or its locks.
    fn wake(&self, woken: Woken) {
        woken.threads.iter().for_each(Bell::ring);
        self.state.notify();
        if woken.futures.is_empty() {
            return;
        }
        let job = Box::new(move || {
            for waker in woken.futures {
                isolated(|| waker.wake());
            }
        });
        if let Err(job) = self.runtime.run(Lane::Flush, job) {
            outbox::defer(job);
        }
    }

    pub(super) fn worker(&self) -> Option<Arc<dyn Worker>> {
        self.state.lock().worker.as_ref().and_then(Weak::upgrade)
    }

    /// The engine, or the outcome of waiting for `sequence` if the engine is closed.
    fn worker_for(&self, sequence: u64) -> Result<Arc<dyn Worker>, Result<(), StorageError>> {
        if self.is_durable(sequence) {
            return Err(Ok(()));
        }
        // Checked before the lock: a forked child does not run the thread that may hold it.
        if !self.status.is_own_process() {
            return Err(Err(StorageError::Closed));
        }
        if let Some(worker) = self.worker() {
            return self.status.check_reentry().map(|()| worker).map_err(Err);
        }
        // Closing has made its last flush durable by now.
        Err(if self.is_durable(sequence) {
            Ok(())
        } else {
            self.status.check_failure().and(Err(StorageError::Closed))
        })
    }

    /// Blocks until `sequence` is durable, leading or joining a sync.
    pub(super) fn wait(&self, sequence: u64) -> Result<(), StorageError> {
        match self.worker_for(sequence) {
            Ok(worker) => worker.wait_durable(sequence),
            Err(outcome) => outcome,
        }
    }

    /// Waits until `sequence` is durable or the time is up. Leaves the sync to the background.
    pub(super) fn wait_timeout(
        self: &Arc<Self>,
        sequence: u64,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        if let Err(outcome) = self.worker_for(sequence) {
            return outcome.map(|()| true);
        }
        let refusals = self.state.lock().refusals;
        self.ask_flusher();
        let outcome = |state: &mut Commit| state.outcome(sequence, refusals, &self.status);
        match self.state.wait_timeout(timeout, outcome) {
            Some(outcome) => outcome.map(|()| true),
            None => Ok(false),
        }
    }

    /// The number of futures with a registered waker.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> usize {
        self.state.lock().waiters.futures.len()
    }
}

/// The head that a position in the log states.
fn head_at(position: &Position) -> Option<TreeHead> {
    (position.size > 0).then_some(TreeHead {
        size: position.size,
        root: position.root,
    })
}

impl Commit {
    /// The outcome of waiting for `sequence`, if it is settled. A lead that ended without a write
    /// after `refusals` refusals settles it too.
    pub(super) fn outcome(
        &self,
        sequence: u64,
        refusals: u64,
        status: &Status,
    ) -> Option<Result<(), StorageError>> {
        if self.durable >= sequence {
            return Some(Ok(()));
        }
        if let Err(failed) = status.check_failure() {
            return Some(Err(failed));
        }
        if matches!(self.log, WriteEnd::Gone) {
            return Some(Err(StorageError::Closed));
        }
        let cause = self.refused.as_ref().filter(|_| self.refusals > refusals);
        cause.map(|cause| Err(StorageError::Unavailable(Arc::clone(cause))))
    }
}

/// See [`GroupCommit::notice_failure`].
pub(super) struct FailureNotice<'a> {
    group: &'a GroupCommit,
    had_failed: bool,
}

impl Drop for FailureNotice<'_> {
    fn drop(&mut self) {
        if !self.had_failed && self.group.status.failure().is_some() {
            self.group.tell_all();
        }
    }
}
