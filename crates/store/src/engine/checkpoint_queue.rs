//! [`CheckpointQueue`]: one checkpoint at a time, the outcome of the last one, and the segments
//! that wait for their removal.
//!
//! The queue does not know the tree, so it is compiled once for every hasher and arity.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    checkpoint_failed::Failed,
    committer::Committer,
    events,
    figures::{Count, Event},
    locks::{Monitor, Rank},
    outbox,
};
use crate::{StorageError, checkpoint::CheckpointFailure};

/// The number of leaves (4 MiB of records) from which the background removes the records. Fewer are
/// removed at once.
pub(super) const BACKGROUND_REMOVAL_LEAVES: u64 = 1 << 17;

/// The queue of checkpoints and removals.
pub(crate) struct CheckpointQueue {
    committer: Arc<Committer>,
    state: Monitor<State>,
    pub(super) failures: Count,
    pub(super) removal_failures: Count,
    pub(super) last: Event,
}

#[derive(Default)]
struct State {
    running: bool,
    /// Covered segments that no thread has begun to remove, the oldest first.
    covered: VecDeque<Range<u64>>,
    /// Threads that remove segments.
    removing: usize,
    completed: u64,
    /// The value of `completed` at the last success of [`CheckpointQueue::wait_for_next`].
    told: u64,
    last_error: Option<Arc<CheckpointFailure>>,
}

/// The log that a checkpoint covers since the previous one.
pub(super) struct Covered {
    pub(super) segments: Range<u64>,
    pub(super) leaves: u64,
}

/// All steps of a checkpoint except the removal of the covered segments, which are returned.
pub(super) type Steps<'a> = &'a mut dyn FnMut() -> Result<Option<Covered>, Failed>;

impl CheckpointQueue {
    pub(super) fn new(committer: Arc<Committer>) -> Self {
        Self {
            committer,
            state: Monitor::new(Rank::Checkpoints, State::default()),
            failures: Count::default(),
            removal_failures: Count::default(),
            last: Event::default(),
        }
    }

    /// Makes a checkpoint now, after a running one. Once the tree is closed, only closing makes
    /// one.
    pub(super) fn run(&self, closing: bool, steps: Steps<'_>) -> Result<(), StorageError> {
        let group = &self.committer.group;
        group.status.check_process()?;
        group.status.check_reentry()?;
        let _outbox = outbox::scope();
        let _notice = group.notice_failure();
        let turn = self.take_turn(closing)?;
        let started = Instant::now();
        let outcome = group.status.fail_on_panic("making a checkpoint", steps);
        let leaves = match &outcome {
            Ok(Some(covered)) => covered.leaves,
            Ok(None) | Err(_) => 0,
        };
        let outcome = self.ended(outcome, started.elapsed());
        drop(turn);
        self.remove(leaves, closing);
        outcome
    }

    fn take_turn(&self, closing: bool) -> Result<Turn<'_>, StorageError> {
        let status = &self.committer.group.status;
        self.state.wait(|state| {
            if state.running {
                return status.check_failure().err().map(Err);
            }
            // Checked with the lock held: closing waits for every turn that began before the status
            // closed.
            if !closing && let Err(refused) = status.check() {
                return Some(Err(refused));
            }
            state.running = true;
            Some(Ok(Turn(self)))
        })
    }

    /// Records the outcome of a checkpoint. Called before the turn ends: closing waits for the
    /// turn, then handles what this call queued.
    fn ended(
        &self,
        outcome: Result<Option<Covered>, Failed>,
        took: Duration,
    ) -> Result<(), StorageError> {
        // The replaced error is dropped after the lock: a backend's error is foreign code.
        let (outcome, replaced) = match outcome {
            Ok(covered) => {
                self.committer.policy.completed();
                self.last.happened(took);
                self.committer.figures.meter.checkpointed(took);
                events::checkpointed(self.committer.catalog.manifest().size, took);
                let mut state = self.state.lock();
                state.completed += 1;
                state
                    .covered
                    .extend(covered.map(|covered| covered.segments));
                (Ok(()), state.last_error.take())
            }
            Err(Failed { error, cause }) => {
                self.failures.add(1);
                events::checkpoint_failed(error.to_string());
                let replaced = std::mem::replace(&mut self.state.lock().last_error, cause);
                (Err(error), replaced)
            }
        };
        drop(replaced);
        outcome
    }

    /// Removes the covered log, records of `leaves` leaves, now or in the background. A file system
    /// takes about as long to remove many bytes as to write some of them, and only closing has to
    /// wait for the removal.
    fn remove(&self, leaves: u64, now: bool) {
        let in_background = !now && leaves >= BACKGROUND_REMOVAL_LEAVES;
        if in_background && self.committer.group.run(|worker| worker.remove_covered()) {
            return;
        }
        self.remove_covered();
    }

    /// Removes segments that the manifest no longer names, the oldest first, except those that
    /// another thread removes. The next opening of the store removes a segment that stays.
    pub(super) fn remove_covered(&self) {
        let group = &self.committer.group;
        let _notice = group.notice_failure();
        while let Some((segments, _removal)) = self.next_removal() {
            group.status.fail_on_panic("removing covered segments", || {
                for number in segments {
                    if self.committer.storage.retire_segment(number).is_err() {
                        self.removal_failures.add(1);
                    }
                }
            });
        }
    }

    /// The next segments for this thread to remove.
    fn next_removal(&self) -> Option<(Range<u64>, Removal<'_>)> {
        let mut state = self.state.lock();
        let segments = state.covered.pop_front()?;
        state.removing += 1;
        Some((segments, Removal(self)))
    }

    /// Waits until no checkpoint runs and the covered segments are gone. This thread removes the
    /// segments that the background has not begun to remove: the background threads may have long
    /// checkpoints of other trees to make first.
    pub(super) fn wait_until_idle(&self) {
        loop {
            self.remove_covered();
            let is_idle = self.state.wait(|state| {
                if !state.covered.is_empty() {
                    return Some(false);
                }
                (!state.running && state.removing == 0).then_some(true)
            });
            if is_idle {
                return;
            }
        }
    }

    /// Waits at most `timeout` for a checkpoint to complete. Returns whether one has completed
    /// since the last call that returned `true`.
    pub(crate) fn wait_for_next(&self, timeout: Duration) -> bool {
        let status = &self.committer.group.status;
        if status.check_process().is_err() || status.hashing.is_here() {
            return false;
        }
        let has_completed = self.state.wait_timeout(timeout, |state| {
            if state.completed != state.told {
                state.told = state.completed;
                return Some(true);
            }
            status.check().is_err().then_some(false)
        });
        has_completed.unwrap_or(false)
    }

    /// The number of completed checkpoints, and the failure of the last one, if any.
    pub(super) fn outcomes(&self) -> (u64, Option<Arc<CheckpointFailure>>) {
        let state = self.committer.group.status.lock_briefly(&self.state);
        state.map_or((0, None), |state| {
            (state.completed, state.last_error.clone())
        })
    }

    /// Makes the waiting threads check the status again.
    pub(super) fn wake(&self) {
        self.state.wake();
    }
}

/// Counts a thread that removes covered segments, until it is dropped, also by a panic.
struct Removal<'a>(&'a CheckpointQueue);

impl Drop for Removal<'_> {
    fn drop(&mut self) {
        self.0.state.lock().removing -= 1;
        self.0.state.notify();
    }
}

/// The turn of the one running checkpoint. Dropping it, also by a panic, ends the turn.
struct Turn<'a>(&'a CheckpointQueue);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state.lock().running = false;
        self.0.state.notify();
    }
}
