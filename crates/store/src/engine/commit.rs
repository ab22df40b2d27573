//! Durability: whoever waits and finds no sync running leads one for everybody queued so far.

use std::{
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;
use rotortree_wal::Position;

use super::{
    core::Core,
    lead::{Lead, WriteEnd},
    log::Log,
};
use crate::{
    FlushPolicy, StorageError,
    runtime::Lane,
    spans,
    storage::WriteError,
    sync::{MutexGuard, lock},
};

/// How long after a sync that somebody waited for the log is attested, unless more comes.
const MARK_DELAY: Duration = Duration::from_millis(50);

/// What waiters look at.
pub(crate) struct Commit {
    /// The last record of the last durable batch.
    pub(super) durable: u64,
    /// The write end of the log.
    pub(super) log: WriteEnd,
    /// Leads that ended without a write, and nothing in doubt.
    pub(super) refused: u64,
    /// Futures to be polled again.
    pub(super) wakers: Vec<Waker>,
}

impl Commit {
    pub(super) fn new(log: Log) -> Self {
        Self {
            durable: log.durable.sequence,
            log: WriteEnd::Free(log),
            refused: 0,
            wakers: Vec::new(),
        }
    }
}

impl<H: Hasher, const N: usize, const D: usize> Core<H, N, D> {
    /// Waits until everything up to `sequence` is durable, leading or joining a sync.
    pub(super) fn wait_durable(&self, sequence: u64) -> Result<(), StorageError> {
        while !self.is_durable(sequence) {
            if let Err(error) = self.flush_as_leader(sequence) {
                // What failed may be what came after this sequence: the rotation behind its group.
                return if self.is_durable(sequence) {
                    Ok(())
                } else {
                    Err(error)
                };
            }
        }
        Ok(())
    }

    /// Leads once, unless `sequence` became durable while this thread waited for the lead.
    fn flush_as_leader(&self, sequence: u64) -> Result<(), StorageError> {
        self.status.check_process()?;
        let mut commit = lock(&self.commit);
        while commit.durable < sequence
            && matches!(commit.log, WriteEnd::Led)
            && self.is_own_process()
        {
            self.status.check_failure()?;
            commit = self.wait_commit(commit, None);
        }
        if commit.durable >= sequence {
            return Ok(());
        }
        drop(commit);
        self.take_lead().and_then(|lead| self.lead(lead))
    }

    /// Waits until `sequence` is durable or the time is up, leaving the sync to the background.
    pub(super) fn wait_durable_timeout(
        &self,
        sequence: u64,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        if self.status.check_process().is_err() && !self.is_durable(sequence) {
            return Err(StorageError::Closed);
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut commit = lock(&self.commit);
        let refused = commit.refused;
        let mut asked = false;
        loop {
            if commit.durable >= sequence {
                return Ok(true);
            }
            self.status.check_failure()?;
            if commit.refused > refused {
                return Err(self.unavailable());
            }
            if !self.is_own_process() || matches!(commit.log, WriteEnd::Gone) {
                return Err(StorageError::Closed);
            }
            if !asked {
                drop(commit);
                self.ask_flusher(sequence);
                asked = true;
                commit = lock(&self.commit);
                continue;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            commit = self.wait_commit(commit, left);
        }
    }

    pub(super) fn poll_durable(
        &self,
        sequence: u64,
        refused: &mut Option<u64>,
        context: &Context<'_>,
    ) -> Poll<Result<(), StorageError>> {
        if self.is_durable(sequence) {
            return Poll::Ready(Ok(()));
        }
        if !self.is_own_process() {
            return Poll::Ready(Err(StorageError::Closed));
        }
        let looked = self.look_or_register(sequence, refused, context.waker());
        if looked.is_pending() {
            self.ask_flusher(sequence);
        }
        looked
    }

    /// Whether `sequence` is durable; if that is open, `waker` is woken once something has changed. A lead that ends without a write
    /// after the first look, whose count `refused` keeps, is an error.
    pub(super) fn look_or_register(
        &self,
        sequence: u64,
        refused: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<Result<(), StorageError>> {
        let mut commit = lock(&self.commit);
        if commit.durable >= sequence {
            return Poll::Ready(Ok(()));
        }
        self.status.check_failure()?;
        if matches!(commit.log, WriteEnd::Gone) {
            return Poll::Ready(Err(StorageError::Closed));
        }
        if commit.refused > *refused.get_or_insert(commit.refused) {
            return Poll::Ready(Err(self.unavailable()));
        }
        if !commit.wakers.iter().any(|known| known.will_wake(waker)) {
            commit.wakers.push(waker.clone());
        }
        Poll::Pending
    }

    /// Has the background lead a sync. If no thread can be had, this one leads.
    fn ask_flusher(&self, sequence: u64) {
        let me = self.me.clone();
        let asked = self.config.runtime.run(
            Lane::Flush,
            Box::new(move || {
                if let Some(core) = me.upgrade() {
                    // The outcome reaches whoever waits through the status.
                    drop(core.wait_durable(sequence));
                }
            }),
        );
        if asked.is_err() {
            drop(self.wait_durable(sequence));
        }
    }

    pub(super) fn is_durable(&self, sequence: u64) -> bool {
        self.look(&self.commit)
            .is_some_and(|commit| commit.durable >= sequence)
    }

    pub(super) fn wait_commit<'a>(
        &self,
        commit: MutexGuard<'a, Commit>,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, Commit> {
        match timeout {
            None => self
                .commit_changed
                .wait(commit)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.commit_changed
                    .wait_timeout(commit, timeout)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }

    /// What a waiter is told after a lead that ended without a write.
    fn unavailable(&self) -> StorageError {
        let cause = self.counters.shortage.last().unwrap_or_else(|| {
            let over = "the shortage that kept the log from being written is over";
            Arc::new(io::Error::other(over))
        });
        StorageError::Unavailable(cause)
    }

    /// Commits everything pending and gives up the lead. On failure nothing is durable that was not before.
    pub(super) fn lead(&self, mut lead: Lead<'_, H, N, D>) -> Result<(), StorageError> {
        if let Err(error) = self.commit_pending(&mut lead) {
            return Err(lead.give_up(error));
        }
        lead.give_back();
        Ok(())
    }

    /// Writes everything pending and syncs it. What was not written is pending as before.
    pub(super) fn commit_pending(&self, log: &mut Log) -> Result<(), WriteError> {
        let started = Instant::now();
        let pending = {
            let mut writer = lock(&self.writer);
            // With the lock held: whoever failed, also in the middle of an insert, did so before, and its records stay here.
            if let Err(error) = self.status.check_failure() {
                return Err(WriteError::InDoubt(io::Error::other(error)));
            }
            if writer.pending.is_empty() {
                None
            } else {
                log.spare.follow(&writer.pending);
                std::mem::swap(&mut log.spare, &mut writer.pending);
                // Published snapshots end where batches end, and so does the position that the group states.
                let snapshot = self.published.load_full();
                Some((log.spare.last_batch_end(), snapshot))
            }
        };
        if let Some((sequence, snapshot)) = pending {
            let after = Position {
                sequence,
                size: snapshot.size(),
                root: snapshot.root().unwrap_or_default(),
            };
            let mut group = std::mem::replace(&mut log.spare, rotortree_wal::GroupBuffer::new(0));
            let leaves = group.leaf_count();
            let outcome = log.commit(&*self.storage, &mut group, after);
            if let Err(WriteError::NotWritten(_)) = outcome {
                let mut writer = lock(&self.writer);
                group.take_over(&mut writer.pending);
                std::mem::swap(&mut group, &mut writer.pending);
            }
            group.clear();
            log.spare = group;
            outcome?;
            self.counters.shortage.is_over();
            self.durable.store(snapshot);
            lock(&self.commit).durable = sequence;
            self.commit_changed.notify_all();
            self.counters.synced(leaves, started.elapsed());
            super::events::synced(leaves, started.elapsed());
        }
        let full = log.offset >= self.config.segment_bytes;
        if full && !log.within_batch {
            match self.rotate(log) {
                // The segment grows beyond its bound, and the next group tries again.
                Err(WriteError::NotWritten(error)) => self.counters.shortage.met(&Arc::new(error)),
                rotated => rotated?,
            }
        }
        Ok(())
    }

    /// Starts a segment and names it on the manifest, so that its loss would be noticed.
    pub(super) fn rotate(&self, log: &mut Log) -> Result<(), WriteError> {
        let segment = log.create_next(&*self.storage)?;
        let mut manifest = lock(&self.manifest);
        let mut next = manifest.clone();
        next.generation += 1;
        next.newest = segment.header;
        next.durable = log.durable;
        let committed = self
            .storage
            .commit_manifest(next.generation, &next.encode());
        if let Err(error) = committed {
            if let WriteError::NotWritten(_) = error {
                log.discard(&*self.storage, &segment);
            }
            return Err(error);
        }
        *manifest = next;
        drop(manifest);
        log.enter(segment);
        self.counters.shortage.is_over();
        self.counters.rotations.fetch_add(1, Ordering::Relaxed);
        super::events::rotated(log.header.number);
        Ok(())
    }

    /// When the background looks again after a sync. Never later than the flush of an insert that comes meanwhile.
    pub(super) fn tick_delay(&self) -> Duration {
        self.counters
            .shortage
            .pause(match self.config.flush_policy {
                FlushPolicy::Interval(interval) => interval,
                FlushPolicy::Manual => MARK_DELAY,
            })
    }

    /// Has a tick run after `delay`, unless one is due already.
    pub(super) fn schedule_tick(&self, delay: Duration) {
        if self.tick_is_due.swap(true, Ordering::AcqRel) {
            return;
        }
        let me = self.me.clone();
        let tick = Box::new(move || {
            if let Some(core) = me.upgrade() {
                core.tick();
            }
        });
        if self
            .config
            .runtime
            .run_at(Instant::now() + delay, Lane::Flush, tick)
            .is_err()
        {
            // No thread can be had: the next insert asks again.
            self.tick_is_due.store(false, Ordering::Release);
        }
    }

    /// What the background does some time after an insert or a sync: flush if the policy says so, otherwise attest.
    fn tick(&self) {
        self.tick_is_due.store(false, Ordering::Release);
        if self.status.check().is_err() || !self.is_own_process() {
            return;
        }
        let pending = {
            let writer = lock(&self.writer);
            (!writer.pending.is_empty()).then(|| writer.pending.next_sequence() - 1)
        };
        match (self.config.flush_policy, pending) {
            (FlushPolicy::Interval(_), Some(_)) => {
                let flushed = spans::flush(&*self.storage)
                    .run(|| self.take_lead().and_then(|lead| self.lead(lead)));
                if matches!(flushed, Ok(()) | Err(StorageError::Unavailable(_))) {
                    self.schedule_tick(self.tick_delay());
                }
            }
            // More is on its way: the group that carries it attests.
            (FlushPolicy::Manual, Some(_)) => {}
            (_, None) => self.mark(),
        }
    }

    /// The tree has gone idle: attests what is durable and lets go of what is kept for speed.
    pub(super) fn mark(&self) {
        // Somebody leads, and will ask for the next tick.
        let Some(mut lead) = self.try_lead() else {
            return;
        };
        let marked = lead.mark(&*self.storage);
        if matches!(marked, Ok(()) | Err(WriteError::NotWritten(_))) {
            lead.spare.release();
            lock(&self.writer).release();
            self.storage.rest();
        }
        match marked {
            Ok(()) => lead.give_back(),
            Err(error) => drop(lead.give_up(error)),
        }
    }

    /// Waits until every batch inserted so far is durable.
    pub(super) fn flush_all(&self) -> Result<(), StorageError> {
        spans::flush(&*self.storage).run(|| {
            let last = {
                let writer = lock(&self.writer);
                writer.pending.last_batch_end()
            };
            self.wait_durable(last)
        })
    }

    pub(super) fn failure(&self) -> Option<Arc<io::Error>> {
        self.status.failure().map(Arc::clone)
    }
}
