//! When a checkpoint is due, when inserts have to wait for it, and trying again when one failed.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::{Hash, Hasher};

use super::{core::Core, write::Writer};
use crate::{CheckpointPolicy, runtime::Lane, sync::lock};

/// The first wait before a failed background checkpoint is tried again; doubled each time up to the
/// longest.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Where the background checkpoint is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    None,
    /// Asked for, and no thread has begun.
    Asked,
    Begun,
}

/// The part of the state that every insert looks at.
#[derive(Default)]
pub(super) struct Due {
    /// A [`Stage`].
    stage: AtomicU8,
    /// The last one failed and is to be tried again: inserts do not wait for it.
    pub(super) retries: AtomicBool,
    /// What the last checkpoint to begin will cover, or what the last one in force covers.
    began: Marks,
    covered: Marks,
    /// Bytes of log on disk, counted as [`Extent::log`].
    log: AtomicU64,
}

/// How far a checkpoint reaches.
#[derive(Clone, Copy, Default)]
pub(super) struct Extent {
    /// Complete nodes on all levels.
    pub(super) nodes: u64,
    /// Entries since the tree was opened.
    pub(super) entries: u64,
    /// Bytes of log on disk, headers and padding included: those that opening found and all that
    /// were written since.
    pub(super) log: u64,
}

impl Extent {
    /// Of a tree of so many leaves.
    pub(super) const fn new(size: u64, arity: u64, entries: u64, log: u64) -> Self {
        Self {
            nodes: node_count(size, arity),
            entries,
            log,
        }
    }
}

#[derive(Default)]
struct Marks {
    nodes: AtomicU64,
    entries: AtomicU64,
    log: AtomicU64,
}

impl Marks {
    fn set(&self, extent: Extent) {
        self.nodes.store(extent.nodes, Ordering::Release);
        self.entries.store(extent.entries, Ordering::Release);
        self.log.store(extent.log, Ordering::Release);
    }

    fn get(&self) -> Extent {
        Extent {
            nodes: self.nodes.load(Ordering::Acquire),
            entries: self.entries.load(Ordering::Acquire),
            log: self.log.load(Ordering::Acquire),
        }
    }
}

/// What a checkpoint that is behind asks of an insert.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lag {
    No,
    /// To wait for the thread that makes it.
    Wait,
    /// To make it: no thread has begun.
    Make,
}

impl Due {
    /// For a tree whose checkpoint covers so many nodes, and whose log has so many bytes.
    pub(super) fn starting_at(nodes: u64, log: u64) -> Self {
        let due = Self::default();
        let covered = Extent {
            nodes,
            ..Extent::default()
        };
        due.began.set(covered);
        due.covered.set(covered);
        due.log_reached(log);
        due
    }

    /// Moves on from one stage to another, if it is at that one.
    fn advance(&self, from: Stage, to: Stage) -> bool {
        let moved =
            self.stage
                .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire);
        moved.is_ok()
    }

    fn is_at(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Acquire) == stage as u8
    }

    /// A checkpoint that will cover this begins.
    pub(super) fn began(&self, extent: Extent) {
        self.began.set(extent);
    }

    /// A checkpoint of this is in force, and its nodes are read from it.
    pub(super) fn covered(&self, extent: Extent) {
        self.covered.set(extent);
    }

    pub(super) fn covered_nodes(&self) -> u64 {
        self.covered.nodes.load(Ordering::Acquire)
    }

    pub(super) fn log_reached(&self, bytes: u64) {
        self.log.store(bytes, Ordering::Release);
    }

    /// Bytes of log behind the last checkpoint that began.
    fn log_since_began(&self) -> u64 {
        let log = self.log.load(Ordering::Acquire);
        log.saturating_sub(self.began.log.load(Ordering::Acquire))
    }

    /// Bytes of log that no checkpoint in force covers.
    pub(super) fn log_behind(&self) -> u64 {
        let log = self.log.load(Ordering::Acquire);
        log.saturating_sub(self.covered.log.load(Ordering::Acquire))
    }
}

/// The number of complete nodes on all levels of a tree of `size` leaves.
pub(super) const fn node_count(size: u64, arity: u64) -> u64 {
    let (mut nodes, mut count) = (size, 0u64);
    while nodes > 0 {
        count = count.saturating_add(nodes);
        nodes /= arity;
    }
    count
}

const NODE_BYTES: u64 = size_of::<Hash>() as u64;

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Whether a background checkpoint is due and the caller is the one to
    /// [ask](Self::ask_checkpoint) for it, when it has let go of the writer lock.
    #[must_use]
    pub(super) fn consider_checkpoint(&self, writer: &mut Writer<H, N, MAX_DEPTH>) -> bool {
        let due = &self.counters.due;
        if due.retries.load(Ordering::Acquire) {
            let at = lock(&self.checkpoints).retry.at;
            return at.is_some_and(|at| at <= Instant::now())
                && due.advance(Stage::None, Stage::Asked);
        }
        self.policy_wants_one(writer) && due.advance(Stage::None, Stage::Asked)
    }

    fn policy_wants_one(&self, writer: &mut Writer<H, N, MAX_DEPTH>) -> bool {
        match self.config.checkpoint_policy {
            CheckpointPolicy::Manual | CheckpointPolicy::OnClose => false,
            CheckpointPolicy::EveryNEntries(entries) => {
                let began = self.counters.due.began.entries.load(Ordering::Acquire);
                writer.entries - began >= entries
            }
            CheckpointPolicy::MemoryThreshold(_) if self.log_is_due() => true,
            CheckpointPolicy::MemoryThreshold(threshold) => {
                let size = writer.tree.size();
                if size < writer.look_at_size {
                    return false;
                }
                let appended = node_count(size, N as u64)
                    .saturating_sub(self.counters.due.began.nodes.load(Ordering::Acquire));
                let left = (threshold as u64).saturating_sub(appended.saturating_mul(NODE_BYTES));
                // A leaf brings fewer than two nodes with it.
                writer.look_at_size = size + left / (2 * NODE_BYTES);
                // Nothing new makes no checkpoint due, whatever the threshold.
                left == 0 && appended > 0
            }
        }
    }

    /// Whether the log behind the last checkpoint alone wants another one.
    fn log_is_due(&self) -> bool {
        match self.config.checkpoint_policy {
            CheckpointPolicy::MemoryThreshold(threshold) => {
                self.counters.due.log_since_began() > threshold as u64
            }
            _ => false,
        }
    }

    /// The log has grown to so many bytes; asks for a background checkpoint if that is more than
    /// the policy allows. For the leader, who does not wait for it.
    pub(super) fn log_reached(&self, bytes: u64) {
        let due = &self.counters.due;
        due.log_reached(bytes);
        if self.log_is_due()
            && !due.retries.load(Ordering::Acquire)
            && due.advance(Stage::None, Stage::Asked)
        {
            self.ask_checkpoint(false);
        }
    }

    /// Has the background make the checkpoint that is due. Where it has no thread, this one makes
    /// it if it may wait for that. To be called without a lock.
    pub(super) fn ask_checkpoint(&self, may_wait: bool) {
        let job = self.commit.job(|leader| leader.checkpoint());
        if self.config.runtime.run(Lane::Checkpoint, job).is_ok() {
            return;
        }
        self.counters.unserved.fetch_add(1, Ordering::Relaxed);
        if may_wait {
            self.background_checkpoint();
        } else {
            // The next insert finds that it is due.
            self.counters.due.advance(Stage::Asked, Stage::None);
        }
    }

    /// A checkpoint failed: what it was to cover is due as before.
    pub(super) fn stays_due(&self) {
        let due = &self.counters.due;
        due.began.set(due.covered.get());
        lock(&self.writer).look_at_size = 0;
    }

    /// What an insert has to do past 1.25 times the threshold.
    pub(super) fn checkpoint_lags(&self, writer: &Writer<H, N, MAX_DEPTH>) -> Lag {
        let due = &self.counters.due;
        let CheckpointPolicy::MemoryThreshold(threshold) = self.config.checkpoint_policy else {
            return Lag::No;
        };
        if due.is_at(Stage::None) || due.retries.load(Ordering::Acquire) {
            return Lag::No;
        }
        let nodes = self.uncheckpointed_bytes(writer.tree.size());
        let most = (threshold as u64).saturating_add(threshold as u64 / 4);
        if nodes.max(due.log_behind()) <= most {
            Lag::No
        } else if due.is_at(Stage::Begun) {
            Lag::Wait
        } else {
            Lag::Make
        }
    }

    pub(super) fn uncheckpointed_bytes(&self, size: u64) -> u64 {
        node_count(size, N as u64)
            .saturating_sub(self.counters.due.covered_nodes())
            .saturating_mul(NODE_BYTES)
    }

    /// Makes the checkpoint that was asked for, unless another thread has begun it.
    pub(super) fn background_checkpoint(&self) {
        while self.counters.due.advance(Stage::Asked, Stage::Begun) {
            if self.status.check().is_ok()
                && self.is_own_process()
                && self.run_checkpoint(false).is_err()
                && self.status.check().is_ok()
            {
                self.back_off();
                return;
            }
            self.counters.due.advance(Stage::Begun, Stage::None);
            let again = {
                let mut writer = lock(&self.writer);
                writer.look_at_size = 0;
                self.status.check().is_ok() && self.consider_checkpoint(&mut writer)
            };
            self.admission.notify_all();
            let job = self.commit.job(|leader| leader.checkpoint());
            if !again || self.config.runtime.run(Lane::Checkpoint, job).is_ok() {
                return;
            }
        }
    }

    /// A background checkpoint failed: another one after a while. Where the timer has no thread,
    /// the first insert after that asks.
    fn back_off(&self) {
        let at = {
            let mut checkpoints = lock(&self.checkpoints);
            let retry = &mut checkpoints.retry;
            let delay = retry
                .delay
                .map_or(FIRST_RETRY, |last| (last * 2).min(LONGEST_RETRY));
            let at = Instant::now() + delay;
            (retry.delay, retry.at) = (Some(delay), Some(at));
            at
        };
        self.counters.due.retries.store(true, Ordering::Release);
        self.counters.due.advance(Stage::Begun, Stage::None);
        self.admission.notify_all();
        let job = self.commit.job(|leader| leader.retry_checkpoint());
        drop(self.config.runtime.run_at(at, Lane::Checkpoint, job));
    }

    pub(super) fn retry_background_checkpoint(&self) {
        let due = &self.counters.due;
        if due.retries.load(Ordering::Acquire) && due.advance(Stage::None, Stage::Asked) {
            self.background_checkpoint();
        }
    }
}
