//! [`Committer`]: the work of the leader. Syncs pending records, rotates the log, and attests it.
//!
//! A waiting thread that finds no sync running leads one for every record that is pending by then.
//! The committer does not know the tree, so it is compiled once for every hasher and arity.

use std::{
    io, mem,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rotortree_wal::GroupBuffer;

use super::{
    catalog::Catalog,
    events,
    figures::{Count, Event},
    group_commit::{GroupCommit, Tick},
    leader::LeaderGuard,
    log::LogWriter,
    meter::Meter,
    outbox,
    pending::PendingSource,
    policy::Policy,
    shortage::{Shortage, with_reserve},
};
use crate::{
    FlushPolicy, StorageError,
    chunk::CHUNK_BYTES,
    settings::Settings,
    spans,
    storage::{Storage, WriteError},
};

/// The delay between a sync that a thread waited for and the attestation of the log, unless more
/// records arrive.
const MARK_DELAY: Duration = Duration::from_millis(50);

/// The longest time between two looks for the threads that are to come back.
const GATHER_LOOK: Duration = Duration::from_micros(50);

/// The leader's work on one log.
pub(crate) struct Committer {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) catalog: Catalog,
    pub(super) group: Arc<GroupCommit>,
    pub(super) policy: Arc<Policy>,
    pub(super) figures: LogFigures,
    source: Arc<dyn PendingSource>,
    segment_bytes: u64,
    flush_policy: FlushPolicy,
}

/// Figures of the log for the statistics, and the metrics.
pub(super) struct LogFigures {
    pub(super) meter: Meter,
    /// Bytes written: to the log, and of chunks.
    pub(super) log_bytes: Count,
    pub(super) chunk_bytes: Count,
    pub(super) syncs: Count,
    pub(super) synced_leaves: Count,
    pub(super) last_sync: Event,
    pub(super) rotations: Count,
    pub(super) shortage: Shortage,
}

impl LogFigures {
    fn new(meter: Meter) -> Self {
        Self {
            meter,
            log_bytes: Count::default(),
            chunk_bytes: Count::default(),
            syncs: Count::default(),
            synced_leaves: Count::default(),
            last_sync: Event::default(),
            rotations: Count::default(),
            shortage: Shortage::default(),
        }
    }

    fn synced(&self, leaves: u64, took: Duration) {
        self.syncs.add(1);
        self.synced_leaves.add(leaves);
        self.last_sync.happened(took);
        self.meter.synced(leaves, took);
        events::synced(leaves, took);
    }
}

impl Committer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        catalog: Catalog,
        group: Arc<GroupCommit>,
        policy: Arc<Policy>,
        source: Arc<dyn PendingSource>,
        meter: Meter,
        config: &Settings,
    ) -> Self {
        Self {
            storage,
            catalog,
            group,
            policy,
            figures: LogFigures::new(meter),
            source,
            segment_bytes: config.segment_bytes,
            flush_policy: config.flush_policy,
        }
    }

    /// Waits until every record up to `sequence` is durable. Leads or joins a sync.
    pub(super) fn wait_durable(&self, sequence: u64) -> Result<(), StorageError> {
        self.group.status.check_reentry()?;
        if self.group.is_durable(sequence) {
            return Ok(());
        }
        spans::flush(&*self.storage).run(|| {
            let _outbox = outbox::scope();
            while !self.group.is_durable(sequence) {
                let led = self.group.lead_for(sequence);
                let synced = led.and_then(|lead| {
                    lead.map_or(Ok(()), |lead| {
                        self.gather(self.storage.gather_time());
                        self.sync(lead, |_| Ok(()))
                    })
                });
                if let Err(error) = synced {
                    // The failure may concern later records: the rotation behind this group.
                    return if self.group.is_durable(sequence) {
                        Ok(())
                    } else {
                        Err(error)
                    };
                }
            }
            Ok(())
        })
    }

    /// Waits at most so long until as many threads wait for a sync as the last one served: these
    /// come back with their next records about now, and would wait for the sync behind this one.
    pub(super) fn gather(&self, most: Duration) {
        if most.is_zero() {
            return;
        }
        let started = Instant::now();
        while started.elapsed() < most && self.group.state.lock().waiters.are_missed() {
            thread::sleep(most.min(GATHER_LOOK));
        }
    }

    /// Waits until every batch inserted so far is durable.
    pub(crate) fn flush_all(&self) -> Result<(), StorageError> {
        self.group.status.check_reentry()?;
        self.wait_durable(self.source.last_batch_end())
    }

    /// Commits every pending record, then runs `then` at the end of the log, and gives up the lead.
    /// After a failure the durable position is unchanged.
    pub(super) fn sync<R>(
        &self,
        mut lead: LeaderGuard<'_>,
        then: impl FnOnce(&mut LogWriter) -> Result<R, WriteError>,
    ) -> Result<R, StorageError> {
        let outcome = self
            .commit_pending(&mut lead)
            .and_then(|()| then(&mut lead));
        match outcome {
            Ok(outcome) => {
                self.give_back(lead);
                Ok(outcome)
            }
            Err(error) => Err(self.give_up(lead, error)),
        }
    }

    /// Gives up the lead. Unless more records arrive, a tick attests the durable ones.
    pub(super) fn give_back(&self, lead: LeaderGuard<'_>) {
        // Also true if this lead kept a tick from attesting.
        let wants_tick = lead.release();
        if wants_tick && !self.group.schedule(Tick::Mark, self.mark_delay()) {
            self.mark();
        }
    }

    /// Gives up the lead after a failed write. If nothing was written, the waiters are notified and
    /// the next leader tries again. Otherwise the log has failed, and nothing becomes durable any
    /// more.
    fn give_up(&self, lead: LeaderGuard<'_>, error: WriteError) -> StorageError {
        match error {
            WriteError::NotWritten(error) => {
                let source = Arc::new(error);
                self.figures.shortage.met(&source);
                self.group.refuse(Arc::clone(&source));
                self.give_back(lead);
                StorageError::Unavailable(source)
            }
            WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                StorageError::FlushFailed(self.group.fail(error))
            }
        }
    }

    /// Begins the log of this run before its first write, if the opening has left that to it: the
    /// segment, then the manifest that names it and drops the mark of the orderly close. Nothing is
    /// acknowledged, put or removed before that manifest is durable.
    ///
    /// Until it may be in force the close is, so a failure before leaves nothing in doubt.
    pub(super) fn begin(&self, log: &mut LogWriter) -> Result<(), WriteError> {
        let reserve = self.group.runtime.reserve();
        let Some(begun) = with_reserve(&reserve, || log.create_first())? else {
            return Ok(());
        };
        self.catalog
            .update(|next| begun.name_in(next, log.durable))?;
        log.begin(&begun);
        Ok(())
    }

    /// Begins the log of this run, if the opening has left that to the first write.
    pub(super) fn begin_now(&self) -> Result<(), StorageError> {
        if self.catalog.manifest().clean_close.is_none() {
            return Ok(());
        }
        let lead = self.group.take_lead()?;
        self.sync(lead, |log| self.begin(log))
    }

    /// Writes and syncs the pending records. Records that were not written stay pending.
    fn commit_pending(&self, log: &mut LogWriter) -> Result<(), WriteError> {
        if !log.has_begun() {
            if !self.source.has_pending() {
                return Ok(());
            }
            self.begin(log)?;
        }
        let started = Instant::now();
        let taken = self.source.take(&mut log.buffer);
        let taken = taken.map_err(|failed| WriteError::InDoubt(io::Error::other(failed)))?;
        if let Some(taken) = taken {
            let after = taken.after;
            let mut group = mem::replace(&mut log.buffer, GroupBuffer::new(0));
            let (leaves, chunks) = (group.leaf_count(), group.chunk_count());
            let before = log.newest.offset;
            let reserve = self.group.runtime.reserve();
            let outcome = with_reserve(&reserve, || log.commit(&*self.storage, &mut group, after));
            if let Err(WriteError::NotWritten(_)) = outcome {
                self.source.put_back(&mut group);
            }
            group.clear();
            log.buffer = group;
            outcome?;
            self.figures.log_bytes.add(log.newest.offset - before);
            self.figures.chunk_bytes.add(chunks * CHUNK_BYTES as u64);
            self.log_reached(log.bytes());
            self.figures.shortage.is_over();
            (taken.make_durable)();
            self.group.acknowledge(&after, None);
            self.figures.synced(leaves, started.elapsed());
        }
        let is_full = log.has_begun() && log.newest.offset >= self.segment_bytes;
        if is_full && !log.within_batch {
            match self.rotate(log) {
                // The segment grows beyond its bound, and the next group tries again.
                Err(WriteError::NotWritten(error)) => self.figures.shortage.met(&Arc::new(error)),
                rotated => rotated?,
            }
        }
        Ok(())
    }

    /// Records the size of the log, `bytes`. Asks for a background checkpoint, without waiting for
    /// it, if the policy allows fewer.
    fn log_reached(&self, bytes: u64) {
        self.policy.log_reached(bytes);
        if self.policy.is_due_for_log() && !self.group.run(|worker| worker.checkpoint()) {
            self.policy.not_asked();
        }
    }

    /// Starts a segment and names it in the manifest, so that its loss would be noticed.
    pub(super) fn rotate(&self, log: &mut LogWriter) -> Result<(), WriteError> {
        let reserve = self.group.runtime.reserve();
        let segment = with_reserve(&reserve, || log.create_next(&*self.storage))?;
        let named = self.catalog.update(|next| {
            next.newest = segment.header;
            next.durable = log.durable;
        });
        if let Err(error) = named {
            if let WriteError::NotWritten(_) = error {
                log.discard(&*self.storage, &segment);
            }
            return Err(error);
        }
        log.enter(segment);
        self.policy.log_reached(log.bytes());
        self.figures.shortage.is_over();
        self.figures.rotations.add(1);
        events::rotated(log.newest.header.number);
        Ok(())
    }

    /// The delay between a sync and the attestation of the log, unless more records arrive: 50 ms,
    /// or the interval if it is shorter.
    fn mark_delay(&self) -> Duration {
        let usual = match self.flush_policy {
            FlushPolicy::Interval(interval) => interval.min(MARK_DELAY),
            FlushPolicy::Manual => MARK_DELAY,
        };
        self.figures.shortage.pause(usual)
    }

    /// Does the delayed work of the background.
    pub(super) fn tick(&self, tick: Tick) {
        let status = &self.group.status;
        if status.check().is_err() || !status.is_own_process() {
            return;
        }
        match tick {
            Tick::Flush => self.flush_tick(),
            // The group of the newer pending records attests the log.
            Tick::Mark if self.source.has_pending() => {}
            Tick::Mark => {
                let _outbox = outbox::scope();
                self.mark();
            }
        }
    }

    fn flush_tick(&self) {
        let FlushPolicy::Interval(interval) = self.flush_policy else {
            return;
        };
        if !self.source.has_pending() {
            return;
        }
        // The span is entered before the lead is taken: a subscriber may call any method of the
        // tree.
        let flushed = spans::flush(&*self.storage).run(|| {
            let _outbox = outbox::scope();
            let lead = self.group.try_lead();
            lead.map_or(Ok(false), |lead| self.sync(lead, |_| Ok(true)))
        });
        match flushed {
            // Another thread leads, and may have begun before these records arrived. One tick later
            // is soon enough.
            Ok(false) => self.tick_again(interval),
            Err(StorageError::Unavailable(_)) => {
                self.tick_again(self.figures.shortage.pause(interval));
            }
            Ok(true) | Err(_) => {}
        }
    }

    /// Ticks again after `delay`, or flushes now if the timer has no thread.
    fn tick_again(&self, delay: Duration) {
        if self.group.status.check().is_ok() && !self.group.schedule(Tick::Flush, delay) {
            // The status carries the outcome to the waiters.
            drop(self.flush_all());
        }
    }

    /// Schedules the flush of an insert, if the policy asks for one. If the background has no
    /// thread, this thread flushes if it may wait.
    pub(super) fn inserted(&self, may_wait: bool) {
        if let FlushPolicy::Interval(interval) = self.flush_policy
            && !self.group.is_due(Tick::Flush)
            && !self.group.schedule(Tick::Flush, interval)
            && may_wait
        {
            // The status carries the outcome to the waiters.
            drop(self.flush_all());
        }
    }

    /// Attests the durable records of an idle tree and releases the memory that it keeps for speed.
    pub(super) fn mark(&self) {
        // The leading thread asks for the next tick.
        let Some(mut lead) = self.group.try_lead() else {
            return;
        };
        let reserve = self.group.runtime.reserve();
        let marked = with_reserve(&reserve, || lead.mark(&*self.storage));
        self.policy.log_reached(lead.bytes());
        if matches!(marked, Ok(()) | Err(WriteError::NotWritten(_))) {
            lead.buffer.release();
            self.source.release_idle();
            self.storage.release_idle();
            lead.is_resting = true;
            reserve.fill();
        }
        match marked {
            Ok(()) => self.give_back(lead),
            Err(error) => drop(self.give_up(lead, error)),
        }
    }
}
