//! The steps of a checkpoint, one checkpoint at a time. When one is due is `policy`'s.
//!
//! Each is safe to crash after (the steps are in `docs/durability/protocol.md`): lead a sync; start a
//! segment that continues from what is durable; write whole chunks of what is new; sync them;
//! commit the manifest; read what is covered from the chunks; drop the covered segments. Nothing
//! the manifest in force names is overwritten before the next one is in force.

mod failed;

use std::{
    collections::VecDeque,
    ops::{ControlFlow, Range},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

use failed::Failed;

use super::{core::Core, outbox, policy::Extent};
use crate::{
    StorageError,
    checkpoint::{CheckpointFailure, write_nodes},
    runtime::Lane,
    spans,
    storage::WriteError,
    sync::{MutexGuard, lock},
};

/// Leaves whose records are much to remove: 4 MiB of them.
const MUCH: u64 = 1 << 17;

/// Who is at it, and how it went.
#[derive(Default)]
pub(crate) struct Checkpoints {
    running: bool,
    /// Segments that are covered and that nobody has begun to remove, the oldest first.
    covered: VecDeque<Range<u64>>,
    /// Threads that remove some.
    removing: usize,
    completed: u64,
    /// The value of `completed` that `wait_for_checkpoint` last told.
    told: u64,
    last_error: Option<Arc<CheckpointFailure>>,
    pub(super) retry: Retry,
}

/// When a background checkpoint that failed is tried again.
#[derive(Default)]
pub(super) struct Retry {
    /// How long it waits.
    pub(super) delay: Option<Duration>,
    pub(super) at: Option<Instant>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Makes a checkpoint now, after the one that may be running. Once the tree is closed only
    /// closing makes one.
    pub(crate) fn run_checkpoint(&self, closing: bool) -> Result<(), StorageError> {
        spans::checkpoint(&*self.storage).run(|| self.take_turn(closing))
    }

    fn take_turn(&self, closing: bool) -> Result<(), StorageError> {
        self.status.check_process()?;
        self.check_reentry()?;
        let _outbox = outbox::scope();
        let mut checkpoints = lock(&self.checkpoints);
        while checkpoints.running {
            self.status.check_failure()?;
            checkpoints = self.wait_checkpoints(checkpoints, None);
        }
        // Looked at with the lock held: closing waits for every turn that was taken before it
        // closed the status.
        if !closing {
            self.status.check()?;
        }
        checkpoints.running = true;
        drop(checkpoints);
        let turn = Turn(self);
        let started = Instant::now();
        let outcome = self.fail_on_panic("making a checkpoint", || self.checkpoint_steps());
        let (outcome, covered) = match outcome {
            Ok(covered) => (Ok(()), covered),
            Err(error) => (Err(error), None),
        };
        let leaves = covered.as_ref().map_or(0, |covered| covered.leaves);
        if outcome.is_err() {
            self.stays_due();
        }
        // Dropped behind the lock: a backend's error is code of others.
        let before;
        {
            // Before the lock below: no thread that holds it waits for the manifest, or runs code
            // of a backend's error.
            let size = lock(&self.manifest).size;
            let told = outcome
                .as_ref()
                .err()
                .map(|failed| failed.error.to_string());
            let mut checkpoints = lock(&self.checkpoints);
            match &outcome {
                Ok(()) => {
                    checkpoints.completed += 1;
                    // Before the turn is given up: closing waits for it, and sees to what it then
                    // finds here.
                    let covered = covered.map(|covered| covered.segments);
                    checkpoints.covered.extend(covered);
                    before = checkpoints.last_error.take();
                    checkpoints.retry = Retry::default();
                    self.counters.due.retries.store(false, Ordering::Release);
                    self.counters.checkpointed(started.elapsed());
                    super::events::checkpointed(size, started.elapsed());
                }
                Err(failed) => {
                    before = std::mem::replace(&mut checkpoints.last_error, failed.cause.clone());
                    super::events::checkpoint_failed(told.unwrap_or_default());
                    self.counters
                        .checkpoint_failures
                        .fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        drop(before);
        drop(turn);
        self.let_go(leaves, closing);
        outcome.map_err(|failed| failed.error)
    }

    /// All steps but the last: the segments that are covered are returned.
    fn checkpoint_steps(&self) -> Result<Option<Covered>, Failed> {
        let Some(Begun {
            snapshot,
            sequence,
            segment,
            extent,
        }) = self.begin_checkpoint()?
        else {
            return Ok(None);
        };
        let previous = lock(&self.manifest).clone();
        let tails = write_nodes(&*self.storage, &previous, &snapshot, &mut |_| self.pace())?;
        // A log that failed in the meantime may have lost what this snapshot was thought to hold
        // durably.
        self.status.check_failure()?;
        {
            let mut manifest = lock(&self.manifest);
            let mut next = manifest.clone();
            next.generation += 1;
            next.sequence = sequence;
            next.size = snapshot.size();
            next.root = snapshot.root().unwrap_or_default();
            if next.durable.sequence < sequence {
                next.durable = next.position();
            }
            next.metadata = snapshot.metadata().map(<[u8]>::to_vec);
            next.levels = tails;
            next.first_segment = segment;
            match self
                .storage
                .commit_manifest(next.generation, &next.encode())
            {
                Ok(()) => *manifest = next,
                Err(WriteError::NotWritten(error)) => {
                    return Err(CheckpointFailure::Io(error).into());
                }
                Err(WriteError::Fenced(error) | WriteError::InDoubt(error)) => {
                    return Err(StorageError::FlushFailed(self.fail(error)).into());
                }
            }
        }
        self.tier(extent);
        Ok(Some(Covered {
            segments: previous.first_segment..segment,
            leaves: snapshot.size() - previous.size,
        }))
    }

    /// Between two pieces of a checkpoint: whether to go on.
    fn pace(&self) -> ControlFlow<()> {
        if self.status.failure().is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Leads a sync, and starts a segment behind what is then durable; `None` if the manifest
    /// covers all of it already.
    fn begin_checkpoint(&self) -> Result<Option<Begun<N, MAX_DEPTH>>, StorageError> {
        loop {
            let entries = lock(&self.writer).entries;
            let mut lead = self.take_lead()?;
            let covered = lock(&self.manifest).sequence;
            let begun = self.commit_pending(&mut lead).and_then(|()| {
                let is_new = lead.durable.sequence > covered;
                // A segment that nothing was written to since it was started continues from here
                // already.
                if is_new
                    && !lead.within_batch
                    && lead.header.base.sequence != lead.durable.sequence
                {
                    self.rotate(&mut lead)?;
                }
                Ok(is_new)
            });
            let is_new = match begun {
                Ok(is_new) => is_new,
                // Nothing is in doubt: the checkpoint failed, and the log goes on where it is.
                Err(error) => return Err(lead.give_up(error)),
            };
            if lead.within_batch {
                // A batch larger than the bound is being streamed; a segment ends where a batch
                // ends.
                lead.give_back();
                let mut writer = lock(&self.writer);
                while writer.streaming && self.status.check_failure().is_ok() {
                    let waited = self
                        .admission
                        .wait_timeout(writer, Duration::from_millis(20));
                    writer = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                continue;
            }
            // Only a leader moves what is durable, and this thread is it until the log is returned.
            let snapshot = self.durable.load_full();
            let begun = Begun {
                sequence: lead.durable.sequence,
                segment: lead.header.number,
                extent: Extent::new(snapshot.size(), N as u64, entries, lead.bytes()),
                snapshot,
            };
            lead.give_back();
            self.counters.due.began(begun.extent);
            return Ok(is_new.then_some(begun));
        }
    }

    /// Sees that what a checkpoint covers of the log, records of so many leaves, is removed. A file
    /// system takes as long to remove much as to write some of it, and nobody needs to wait for
    /// that but who closes.
    fn let_go(&self, leaves: u64, now: bool) {
        if !now && leaves >= MUCH {
            let job = self.commit.job(|leader| leader.remove_covered());
            if self.config.runtime.run(Lane::Checkpoint, job).is_ok() {
                return;
            }
        }
        self.drop_segments();
    }

    /// Removes segments that the manifest no longer names, oldest first, those left out that
    /// somebody is at already. What cannot be removed now goes when the store is opened next.
    pub(super) fn drop_segments(&self) {
        while let Some(segments) = self.next_covered() {
            let _removing = Removing(self);
            self.fail_on_panic("removing covered segments", || {
                for number in segments {
                    if self.storage.remove_segment(number).is_err() {
                        self.counters
                            .removal_failures
                            .fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    }

    /// Segments that are this thread's to remove.
    fn next_covered(&self) -> Option<Range<u64>> {
        let mut checkpoints = lock(&self.checkpoints);
        let covered = checkpoints.covered.pop_front()?;
        checkpoints.removing += 1;
        Some(covered)
    }

    /// Lets the chunks serve what the checkpoint covers, and gives the memory back.
    fn tier(&self, extent: Extent) {
        let manifest = lock(&self.manifest).clone();
        let mut cold = lock(&self.cold);
        match cold.extend(&self.storage, &manifest) {
            Ok(extended) => {
                let lens = extended.base_lens(self.config.tiering.pin_above_level);
                // What is replaced here and below holds views of a backend, which are dropped when
                // no lock is held any more.
                outbox::discard(std::mem::replace(&mut *cold, Arc::clone(&extended)));
                drop(cold);
                let mut writer = lock(&self.writer);
                writer.tree.nodes_mut().rebase(extended, &lens);
                // It has the nodes in memory that are given back here.
                outbox::discard(std::mem::take(&mut writer.spare));
                let renewed = Arc::new(writer.tree.snapshot());
                // If this very state is durable, nothing is recorded behind it, and no leader is
                // about to publish anything else.
                if self.is_durable(writer.pending.last_batch_end()) {
                    outbox::discard(self.durable.swap(Arc::clone(&renewed)));
                }
                outbox::discard(self.published.swap(renewed));
            }
            // The nodes stay in memory; the next checkpoint tries again.
            Err(_) => {
                self.counters.view_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.counters.due.covered(extent);
        self.admission.notify_all();
    }

    pub(super) fn checkpoint_error(&self) -> Option<Arc<CheckpointFailure>> {
        self.look(&self.checkpoints)?.last_error.clone()
    }

    pub(super) fn checkpoints_completed(&self) -> u64 {
        self.look(&self.checkpoints)
            .map_or(0, |checkpoints| checkpoints.completed)
    }

    /// Waits until no checkpoint runs, and what it removes is gone. What the background has not
    /// begun to remove is removed here: its threads may have long checkpoints of other trees to
    /// make first.
    pub(super) fn await_checkpoints(&self) {
        loop {
            self.drop_segments();
            let checkpoints = lock(&self.checkpoints);
            if !checkpoints.covered.is_empty() {
                continue;
            }
            if !checkpoints.running && checkpoints.removing == 0 {
                return;
            }
            drop(self.wait_checkpoints(checkpoints, None));
        }
    }

    /// Whether a checkpoint completed since the last call that returned `true`, or does within
    /// `timeout`.
    pub(crate) fn wait_for_checkpoint(&self, timeout: Duration) -> bool {
        if self.status.check_process().is_err() || self.hashing.is_here() {
            return false;
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut checkpoints = lock(&self.checkpoints);
        while checkpoints.completed == checkpoints.told {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) || self.status.check().is_err() {
                return false;
            }
            checkpoints = self.wait_checkpoints(checkpoints, left);
        }
        checkpoints.told = checkpoints.completed;
        true
    }

    fn wait_checkpoints<'a>(
        &self,
        guard: MutexGuard<'a, Checkpoints>,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, Checkpoints> {
        match timeout {
            None => self
                .checkpoints_changed
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.checkpoints_changed
                    .wait_timeout(guard, timeout)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }
}

/// What a checkpoint will cover.
struct Begun<const N: usize, const MAX_DEPTH: usize> {
    snapshot: Arc<TreeSnapshot<N, MAX_DEPTH>>,
    sequence: u64,
    /// The segment that continues behind it.
    segment: u64,
    extent: Extent,
}

/// What a checkpoint covers since the one before.
struct Covered {
    segments: Range<u64>,
    leaves: u64,
}

/// Somebody who removes what a checkpoint covers; counted down also when that panics.
struct Removing<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize>(&'a Core<H, N, MAX_DEPTH>);

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for Removing<'_, H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        lock(&self.0.checkpoints).removing -= 1;
        self.0.checkpoints_changed.notify_all();
    }
}

/// The one checkpoint at a time; gives the turn up also when its steps panic.
struct Turn<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize>(&'a Core<H, N, MAX_DEPTH>);

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for Turn<'_, H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        lock(&self.0.checkpoints).running = false;
        self.0.checkpoints_changed.notify_all();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
