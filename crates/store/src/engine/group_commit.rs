//! [`GroupCommit`]: what is durable, who waits for it, and the write end of the log while no thread leads.
//!
//! The part of an engine that tokens, futures and timers hold. It knows no tree and keeps none in
//! memory: the engine behind it is reached through [`Leader`], which closing takes away.

use std::{
    io,
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use rotortree_lean_imt::TreeHead;
use rotortree_wal::Position;

use super::{
    log::{Log, WriteEnd},
    outbox,
    status::Status,
    waiters::{Slot, Waiters},
};
use crate::{
    Runtime, StorageError,
    isolated::isolated,
    runtime::Lane,
    sync::{AtomicBool, Condvar, Mutex, MutexGuard, lock},
};

/// The engine, as those see it who hold no tree.
pub(super) trait Leader: Send + Sync {
    /// Leads or joins syncs until `sequence` is durable.
    fn wait_durable(&self, sequence: u64) -> Result<(), StorageError>;
    /// Leads or joins syncs until every batch inserted so far is durable.
    fn flush_all(&self) -> Result<(), StorageError>;
    /// What the background does some time after an insert or a sync.
    fn tick(&self, tick: Tick);
    /// Makes the background checkpoint that was asked for.
    fn checkpoint(&self);
    /// Tries a background checkpoint again that has failed.
    fn retry_checkpoint(&self);
    /// Removes the segments that checkpoints cover.
    fn remove_covered(&self);
    /// Refuses a call from within the tree's hasher, which holds the writer lock.
    fn check_reentry(&self) -> Result<(), StorageError>;
}

/// What the background looks for when time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    /// Records that no leader has taken.
    Flush,
    /// A group that nothing on disk attests.
    Mark,
}

/// See the module.
pub(super) struct GroupCommit {
    pub(super) status: Arc<Status>,
    pub(super) runtime: Runtime,
    state: Mutex<Commit>,
    /// Told when the durable sequence, the log's availability or the status has changed. Goes with
    /// `state`.
    changed: Condvar,
    /// The last record of the last batch that was inserted.
    inserted: AtomicU64,
    /// Whether the background looks again, for each [`Tick`].
    pub(super) flush_is_due: AtomicBool,
    pub(super) mark_is_due: AtomicBool,
}

/// What waiters look at.
pub(super) struct Commit {
    /// The last record of the last durable batch.
    pub(super) durable: u64,
    /// The tree's head there.
    pub(super) head: Option<TreeHead>,
    /// The write end of the log.
    pub(super) log: WriteEnd,
    pub(super) waiters: Waiters,
    /// Leads that ended without a write and with nothing in doubt, and why the last one did.
    refusals: u64,
    refused: Option<Arc<io::Error>>,
    pub(super) request: Request,
    /// The engine, until it is closed.
    leader: Option<Weak<dyn Leader>>,
}

/// What a future keeps between two polls.
#[derive(Debug, Default)]
pub(super) struct Polled {
    slot: Option<Slot>,
    /// The refusals that there had been at the first look.
    refusals: Option<u64>,
}

/// Where the background's job is that syncs for those who cannot lead. A tree has one at most.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    None,
    /// It will take what is pending when it starts.
    Queued,
    /// It has started; what came since may be too late for it.
    Serving,
    /// As before, and it is to start over.
    Again,
}

impl GroupCommit {
    pub(super) fn new(
        log: Log,
        status: Arc<Status>,
        runtime: Runtime,
        leader: Weak<dyn Leader>,
    ) -> Arc<Self> {
        let inserted = AtomicU64::new(log.durable.sequence);
        Arc::new(Self {
            status,
            runtime,
            state: Mutex::new(Commit {
                durable: log.durable.sequence,
                head: head_at(&log.durable),
                log: WriteEnd::Free(log),
                waiters: Waiters::default(),
                refusals: 0,
                refused: None,
                request: Request::None,
                leader: Some(leader),
            }),
            changed: Condvar::new(),
            inserted,
            flush_is_due: AtomicBool::new(false),
            mark_is_due: AtomicBool::new(false),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Commit> {
        lock(&self.state)
    }

    /// The state, unless this is a forked child and a thread of the parent held it when the child
    /// was forked.
    pub(super) fn look(&self) -> Option<MutexGuard<'_, Commit>> {
        self.status.look(&self.state)
    }

    pub(super) fn wait_changed<'a>(
        &self,
        state: MutexGuard<'a, Commit>,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, Commit> {
        match timeout {
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.changed
                    .wait_timeout(state, timeout)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }

    pub(super) fn is_durable(&self, sequence: u64) -> bool {
        self.look().is_some_and(|state| state.durable >= sequence)
    }

    /// A batch was inserted that ends with the record `sequence`. With the writer lock held.
    pub(super) fn inserted(&self, sequence: u64) {
        self.inserted.store(sequence, Ordering::Release);
    }

    /// The last record of what is inserted by now. Takes no lock.
    pub(super) fn last_inserted(&self) -> u64 {
        self.inserted.load(Ordering::Acquire)
    }

    /// Everything up to `after` is durable, and the write end, if it is given, is free again. Whom
    /// that serves is told.
    pub(super) fn acknowledge(&self, after: &Position, log: Option<Log>) {
        let mut state = self.lock();
        if after.sequence > state.durable {
            state.durable = after.sequence;
            state.head = head_at(after);
        }
        if let Some(log) = log {
            state.log = WriteEnd::Free(log);
        }
        let durable = state.durable;
        let served = state.waiters.take_served(durable);
        drop(state);
        self.changed.notify_all();
        self.wake(served);
    }

    /// A lead ends without a write, and nothing is in doubt. Those who wait are told, and the next
    /// leader tries again.
    pub(super) fn refuse(&self, cause: Arc<io::Error>) {
        let mut state = self.lock();
        state.refusals += 1;
        let before = state.refused.replace(cause);
        let all = state.waiters.take_all();
        drop(state);
        drop(before);
        self.changed.notify_all();
        self.wake(all);
    }

    /// Lets no thread lead any more; the leader that is under way has lost the write end.
    pub(super) fn lose_log(&self) {
        self.lock().log = WriteEnd::Gone;
    }

    /// Tells all who wait to look at the status.
    pub(super) fn tell_all(&self) {
        // Taking the lock makes sure that those who looked before the change are waiting by now.
        let all = self.lock().waiters.take_all();
        self.changed.notify_all();
        self.wake(all);
    }

    /// Waits until no thread leads, lets none lead any more, and lets go of the engine.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        while matches!(state.log, WriteEnd::Led) {
            state = self.wait_changed(state, None);
        }
        let log = std::mem::replace(&mut state.log, WriteEnd::Gone);
        let leader = state.leader.take();
        drop(state);
        drop((log, leader));
    }

    /// Wakes on a thread of the runtime: a waker is code of others, and neither the leader nor its
    /// locks are theirs to keep.
    fn wake(&self, wakers: Vec<Waker>) {
        if wakers.is_empty() {
            return;
        }
        let job = Box::new(move || {
            for waker in wakers {
                isolated(|| waker.wake());
            }
        });
        if let Err(job) = self.runtime.run(Lane::Flush, job) {
            outbox::defer(job);
        }
    }

    pub(super) fn leader(&self) -> Option<Arc<dyn Leader>> {
        self.lock().leader.as_ref().and_then(Weak::upgrade)
    }

    /// The engine; if it is closed, how waiting for `sequence` ends.
    fn leader_for(&self, sequence: u64) -> Result<Arc<dyn Leader>, Result<(), StorageError>> {
        if self.is_durable(sequence) {
            return Err(Ok(()));
        }
        // Before the lock: in a forked child it may be held by a thread that does not run there.
        if !self.status.is_own_process() {
            return Err(Err(StorageError::Closed));
        }
        if let Some(leader) = self.leader() {
            return leader.check_reentry().map(|()| leader).map_err(Err);
        }
        // What closing flushed is durable by now.
        Err(if self.is_durable(sequence) {
            Ok(())
        } else {
            self.status.check_failure().and(Err(StorageError::Closed))
        })
    }

    /// Blocks until `sequence` is durable, leading or joining a sync.
    pub(super) fn wait(&self, sequence: u64) -> Result<(), StorageError> {
        match self.leader_for(sequence) {
            Ok(leader) => leader.wait_durable(sequence),
            Err(outcome) => outcome,
        }
    }

    /// Waits until `sequence` is durable or the time is up, leaving the sync to the background.
    pub(super) fn wait_timeout(
        self: &Arc<Self>,
        sequence: u64,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        if let Err(outcome) = self.leader_for(sequence) {
            return outcome.map(|()| true);
        }
        let deadline = Instant::now().checked_add(timeout);
        let refusals = self.lock().refusals;
        self.ask_flusher();
        let mut state = self.lock();
        loop {
            if state.durable >= sequence {
                return Ok(true);
            }
            self.status.check_failure()?;
            state.check_refusal(refusals)?;
            if !self.status.is_own_process() || matches!(state.log, WriteEnd::Gone) {
                return Err(StorageError::Closed);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            state = self.wait_changed(state, left);
        }
    }

    /// Whether `sequence` is durable; if that is open, `waker` is woken once it is settled and the
    /// background syncs.
    pub(super) fn poll(
        self: &Arc<Self>,
        polled: &mut Polled,
        sequence: u64,
        waker: &Waker,
    ) -> Poll<Result<(), StorageError>> {
        if self.is_durable(sequence) {
            return Poll::Ready(Ok(()));
        }
        if !self.status.is_own_process() {
            return Poll::Ready(Err(StorageError::Closed));
        }
        let looked = self.look_or_register(polled, sequence, waker);
        if looked.is_pending() {
            self.ask_flusher();
        }
        looked
    }

    /// As [`poll`](Self::poll), without asking the background. A lead that ends without a write
    /// after the first look is an error.
    pub(super) fn look_or_register(
        &self,
        polled: &mut Polled,
        sequence: u64,
        waker: &Waker,
    ) -> Poll<Result<(), StorageError>> {
        // Cloned before the lock is taken, and what it replaces is dropped behind it: both are code
        // of others.
        let waker = waker.clone();
        let replaced = {
            let mut state = self.lock();
            if state.durable >= sequence {
                return Poll::Ready(Ok(()));
            }
            if let Err(failed) = self.status.check_failure() {
                return Poll::Ready(Err(failed));
            }
            if matches!(state.log, WriteEnd::Gone) {
                return Poll::Ready(Err(StorageError::Closed));
            }
            let refusals = *polled.refusals.get_or_insert(state.refusals);
            if let Err(refused) = state.check_refusal(refusals) {
                return Poll::Ready(Err(refused));
            }
            state.waiters.register(&mut polled.slot, sequence, waker)
        };
        drop(replaced);
        Poll::Pending
    }

    /// Frees the slot of a future that is dropped.
    pub(super) fn forget(&self, polled: &Polled) {
        if let Some(slot) = polled.slot {
            self.forget_slot(slot);
        }
    }

    /// How many futures have a waker here.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiters.len()
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
    fn check_refusal(&self, refusals: u64) -> Result<(), StorageError> {
        match &self.refused {
            Some(cause) if self.refusals > refusals => {
                Err(StorageError::Unavailable(Arc::clone(cause)))
            }
            _ => Ok(()),
        }
    }
}
