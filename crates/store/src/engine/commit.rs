//! Durability: whoever waits and finds no sync running leads one for everybody queued so far.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;
use rotortree_wal::Position;

use super::{
    core::Core,
    durable_heads::DurableHeads,
    group_commit::{Leader, Tick},
    lead::Lead,
    log::{Log, WriteEnd},
    outbox,
    shortage::with_reserve,
    token::Durable,
};
use crate::{FlushPolicy, StorageError, spans, storage::WriteError, sync::lock};

/// How long after a sync that somebody waited for the log is attested, unless more comes.
const MARK_DELAY: Duration = Duration::from_millis(50);

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Waits until everything up to `sequence` is durable, leading or joining a sync.
    pub(super) fn wait_durable(&self, sequence: u64) -> Result<(), StorageError> {
        self.check_reentry()?;
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
        let mut commit = self.commit.lock();
        while commit.durable < sequence
            && matches!(commit.log, WriteEnd::Led)
            && self.is_own_process()
        {
            self.status.check_failure()?;
            commit = self.commit.wait_changed(commit, None);
        }
        if commit.durable >= sequence {
            return Ok(());
        }
        drop(commit);
        self.take_lead().and_then(|lead| self.lead(lead))
    }

    pub(super) fn is_durable(&self, sequence: u64) -> bool {
        self.commit.is_durable(sequence)
    }

    /// Commits everything pending and gives up the lead. On failure nothing is durable that was not
    /// before.
    pub(super) fn lead(&self, mut lead: Lead<'_, H, N, MAX_DEPTH>) -> Result<(), StorageError> {
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
            // With the lock held: whoever failed, also in the middle of an insert, did so before,
            // and its records stay here.
            if let Err(error) = self.status.check_failure() {
                return Err(WriteError::InDoubt(io::Error::other(error)));
            }
            if writer.pending.is_empty() {
                None
            } else {
                log.spare.follow(&writer.pending);
                std::mem::swap(&mut log.spare, &mut writer.pending);
                // Published snapshots end where batches end, and so does the position that the
                // group states.
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
            let reserve = self.config.runtime.reserve();
            let outcome = with_reserve(&reserve, || log.commit(&*self.storage, &mut group, after));
            if let Err(WriteError::NotWritten(_)) = outcome {
                let mut writer = lock(&self.writer);
                group.take_over(&mut writer.pending);
                std::mem::swap(&mut group, &mut writer.pending);
            }
            group.clear();
            log.spare = group;
            outcome?;
            self.log_reached(log.bytes());
            self.counters.shortage.is_over();
            outbox::discard(self.durable.swap(snapshot));
            self.commit.acknowledge(&after, None);
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
        let reserve = self.config.runtime.reserve();
        let segment = with_reserve(&reserve, || log.create_next(&*self.storage))?;
        let mut manifest = lock(&self.manifest);
        let mut next = manifest.clone();
        next.generation += 1;
        next.newest = segment.header;
        next.durable = log.durable;
        let committed = with_reserve(&reserve, || {
            self.storage
                .commit_manifest(next.generation, &next.encode())
        });
        if let Err(error) = committed {
            if let WriteError::NotWritten(_) = error {
                log.discard(&*self.storage, &segment);
            }
            return Err(error);
        }
        *manifest = next;
        drop(manifest);
        log.enter(segment);
        self.counters.due.log_reached(log.bytes());
        self.counters.shortage.is_over();
        self.counters.rotations.fetch_add(1, Ordering::Relaxed);
        super::events::rotated(log.header.number);
        Ok(())
    }

    /// How long after a sync the log is attested, unless more comes: 50 ms, or the interval where
    /// that is shorter.
    pub(super) fn mark_delay(&self) -> Duration {
        let usual = match self.config.flush_policy {
            FlushPolicy::Interval(interval) => interval.min(MARK_DELAY),
            FlushPolicy::Manual => MARK_DELAY,
        };
        self.counters.shortage.pause(usual)
    }

    fn flush_tick(&self) {
        let FlushPolicy::Interval(interval) = self.config.flush_policy else {
            return;
        };
        if !self.has_pending() {
            return;
        }
        // The span is entered before the lead is taken: a subscriber may call any method of the
        // tree.
        let flushed = spans::flush(&*self.storage).run(|| {
            let _outbox = outbox::scope();
            match self.try_lead() {
                Some(lead) => self.lead(lead).map(|()| true),
                None => Ok(false),
            }
        });
        match flushed {
            // A thread leads, and may have begun before these records came. No second one needs to
            // wait for it.
            Ok(false) => self.tick_again(interval),
            Err(StorageError::Unavailable(_)) => {
                self.tick_again(self.counters.shortage.pause(interval));
            }
            Ok(true) | Err(_) => {}
        }
    }

    /// Looks again later; where no timer can be had, once and now.
    fn tick_again(&self, delay: Duration) {
        if self.status.check().is_ok() && !self.commit.schedule(Tick::Flush, delay) {
            self.counters.unserved.fetch_add(1, Ordering::Relaxed);
            // The outcome reaches those who wait through the status.
            drop(Core::flush_all(self));
        }
    }

    fn has_pending(&self) -> bool {
        !lock(&self.writer).pending.is_empty()
    }

    /// The tree has gone idle: attests what is durable and lets go of what is kept for speed.
    pub(super) fn mark(&self) {
        // Somebody leads, and will ask for the next tick.
        let Some(mut lead) = self.try_lead() else {
            return;
        };
        let reserve = self.config.runtime.reserve();
        let marked = with_reserve(&reserve, || lead.mark(&*self.storage));
        self.counters.due.log_reached(lead.bytes());
        if matches!(marked, Ok(()) | Err(WriteError::NotWritten(_))) {
            lead.spare.release();
            lock(&self.writer).release();
            self.storage.rest();
            lead.is_resting = true;
            reserve.fill();
        }
        match marked {
            Ok(()) => lead.give_back(),
            Err(error) => drop(lead.give_up(error)),
        }
    }

    /// Waits until every batch inserted so far is durable.
    pub(crate) fn flush_all(&self) -> Result<(), StorageError> {
        self.check_reentry()?;
        spans::flush(&*self.storage).run(|| {
            let _outbox = outbox::scope();
            let last = {
                let writer = lock(&self.writer);
                writer.pending.last_batch_end()
            };
            self.wait_durable(last)
        })
    }

    /// A future of what is inserted by now; the background leads its sync.
    pub(crate) fn flush_async(&self) -> Durable {
        let _outbox = outbox::scope();
        let flush = Durable::new(Arc::clone(&self.commit), self.commit.last_inserted());
        match self.status.check() {
            Ok(()) => flush,
            Err(error) => flush.refused(error),
        }
    }

    pub(crate) fn durable_heads(&self) -> DurableHeads {
        DurableHeads::new(Arc::clone(&self.commit))
    }

    pub(crate) fn failure(&self) -> Option<Arc<io::Error>> {
        self.status.failure().map(Arc::clone)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Leader for Core<H, N, MAX_DEPTH> {
    fn wait_durable(&self, sequence: u64) -> Result<(), StorageError> {
        let _outbox = outbox::scope();
        Core::wait_durable(self, sequence)
    }

    fn flush_all(&self) -> Result<(), StorageError> {
        Core::flush_all(self)
    }

    fn tick(&self, tick: Tick) {
        if self.status.check().is_err() || !self.is_own_process() {
            return;
        }
        match tick {
            Tick::Flush => self.flush_tick(),
            // Where more is on its way, the group that carries it attests.
            Tick::Mark if self.has_pending() => {}
            Tick::Mark => {
                let _outbox = outbox::scope();
                self.mark();
            }
        }
    }

    fn checkpoint(&self) {
        self.background_checkpoint();
    }

    fn retry_checkpoint(&self) {
        self.retry_background_checkpoint();
    }

    fn remove_covered(&self) {
        let _outbox = outbox::scope();
        self.drop_segments();
    }

    fn check_reentry(&self) -> Result<(), StorageError> {
        Core::check_reentry(self)
    }
}
