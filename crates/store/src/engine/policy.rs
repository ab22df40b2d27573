//! When a checkpoint is due, when inserts have to wait for it, and trying again when one failed.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::{Hash, Hasher};

use super::{core::Core, write::Writer};
use crate::{CheckpointPolicy, runtime::Lane, sync::lock};

/// The first wait before a failed background checkpoint is tried again; doubled each time up to the longest.
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
    /// Complete nodes when the last checkpoint began, and those covered by the last one committed.
    began_nodes: AtomicU64,
    covered_nodes: AtomicU64,
    began_entries: AtomicU64,
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
    pub(super) fn starting_at(covered_nodes: u64) -> Self {
        Self {
            began_nodes: AtomicU64::new(covered_nodes),
            covered_nodes: AtomicU64::new(covered_nodes),
            ..Self::default()
        }
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

    /// A checkpoint of a tree with so many complete nodes and entries begins.
    pub(super) fn began(&self, nodes: u64, entries: u64) {
        self.began_nodes.store(nodes, Ordering::Release);
        self.began_entries.store(entries, Ordering::Relaxed);
    }

    /// A checkpoint of so many complete nodes is in force, and they are read from it.
    pub(super) fn covered(&self, nodes: u64) {
        self.covered_nodes.store(nodes, Ordering::Release);
    }

    pub(super) fn covered_nodes(&self) -> u64 {
        self.covered_nodes.load(Ordering::Acquire)
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

impl<H: Hasher, const N: usize, const D: usize> Core<H, N, D> {
    /// Whether a background checkpoint is due and the caller is the one to [ask](Self::ask_checkpoint) for it, when it has let go
    /// of the writer lock.
    #[must_use]
    pub(super) fn consider_checkpoint(&self, writer: &mut Writer<H, N, D>) -> bool {
        let due = &self.counters.due;
        if due.retries.load(Ordering::Acquire) {
            let at = lock(&self.checkpoints).retry.at;
            return at.is_some_and(|at| at <= Instant::now())
                && due.advance(Stage::None, Stage::Asked);
        }
        self.policy_wants_one(writer) && due.advance(Stage::None, Stage::Asked)
    }

    fn policy_wants_one(&self, writer: &mut Writer<H, N, D>) -> bool {
        match self.config.checkpoint_policy {
            CheckpointPolicy::Manual | CheckpointPolicy::OnClose => false,
            CheckpointPolicy::EveryNEntries(entries) => {
                writer.entries - self.counters.due.began_entries.load(Ordering::Relaxed) >= entries
            }
            CheckpointPolicy::MemoryThreshold(threshold) => {
                let size = writer.tree.size();
                if size < writer.look_at_size {
                    return false;
                }
                let appended = node_count(size, N as u64)
                    .saturating_sub(self.counters.due.began_nodes.load(Ordering::Acquire));
                let left = (threshold as u64).saturating_sub(appended.saturating_mul(NODE_BYTES));
                // A leaf brings fewer than two nodes with it.
                writer.look_at_size = size + left / (2 * NODE_BYTES);
                left == 0
            }
        }
    }

    /// Has the background make the checkpoint that is due. Where it has no thread, this one makes it if it may wait for that. To be
    /// called without a lock.
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

    /// What an insert has to do past 1.25 times the threshold.
    pub(super) fn checkpoint_lags(&self, writer: &Writer<H, N, D>) -> Lag {
        let due = &self.counters.due;
        let CheckpointPolicy::MemoryThreshold(threshold) = self.config.checkpoint_policy else {
            return Lag::No;
        };
        if due.is_at(Stage::None) || due.retries.load(Ordering::Acquire) {
            return Lag::No;
        }
        let bytes = self.uncheckpointed_bytes(writer.tree.size());
        if bytes <= (threshold as u64).saturating_add(threshold as u64 / 4) {
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

    /// A background checkpoint failed: another one after a while. Where the timer has no thread, the first insert after that asks.
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
