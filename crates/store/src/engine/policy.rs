//! When a checkpoint is due, when inserts have to wait for it, and trying again when one failed.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::{Hash, Hasher};

use super::{core::Core, write::Writer};
use crate::{CheckpointPolicy, runtime::Lane, sync::lock};

/// The first wait before a failed background checkpoint is tried again; doubled each time up to the longest.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The part of the state that every insert looks at.
#[derive(Default)]
pub(super) struct Due {
    /// A background checkpoint is queued, running or waiting to be tried again.
    active: AtomicBool,
    /// It failed and waits: inserts do not wait for it.
    backing_off: AtomicBool,
    /// Complete nodes when the last checkpoint began, and those covered by the last one committed.
    began_nodes: AtomicU64,
    covered_nodes: AtomicU64,
    began_entries: AtomicU64,
}

impl Due {
    pub(super) fn starting_at(covered_nodes: u64) -> Self {
        Self {
            began_nodes: AtomicU64::new(covered_nodes),
            covered_nodes: AtomicU64::new(covered_nodes),
            ..Self::default()
        }
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
    /// Asks for a background checkpoint if the policy wants one. Called with the writer lock held.
    pub(super) fn consider_checkpoint(&self, writer: &mut Writer<H, N, D>) {
        let due = match self.config.checkpoint_policy {
            CheckpointPolicy::Manual | CheckpointPolicy::OnClose => false,
            CheckpointPolicy::EveryNEntries(entries) => {
                writer.entries - self.counters.due.began_entries.load(Ordering::Relaxed) >= entries
            }
            CheckpointPolicy::MemoryThreshold(threshold) => {
                let size = writer.tree.size();
                if size < writer.look_at_size {
                    return;
                }
                let appended = node_count(size, N as u64)
                    .saturating_sub(self.counters.due.began_nodes.load(Ordering::Acquire));
                let left = (threshold as u64).saturating_sub(appended.saturating_mul(NODE_BYTES));
                // A leaf brings fewer than two nodes with it.
                writer.look_at_size = size + left / (2 * NODE_BYTES);
                left == 0
            }
        };
        if due && !self.counters.due.active.swap(true, Ordering::AcqRel) {
            let me = self.me.clone();
            let asked = self.config.runtime.run(
                Lane::Checkpoint,
                Box::new(move || {
                    if let Some(core) = me.upgrade() {
                        core.background_checkpoint();
                    }
                }),
            );
            if asked.is_err() {
                self.counters.due.active.store(false, Ordering::Release);
            }
        }
    }

    /// Whether an insert has to wait for the checkpoint under way: past 1.25 times the threshold.
    pub(super) fn checkpoint_lags(&self, writer: &Writer<H, N, D>) -> bool {
        let due = &self.counters.due;
        let CheckpointPolicy::MemoryThreshold(threshold) = self.config.checkpoint_policy else {
            return false;
        };
        if !due.active.load(Ordering::Acquire) || due.backing_off.load(Ordering::Acquire) {
            return false;
        }
        let bytes = self.uncheckpointed_bytes(writer.tree.size());
        bytes > (threshold as u64).saturating_add(threshold as u64 / 4)
    }

    pub(super) fn uncheckpointed_bytes(&self, size: u64) -> u64 {
        node_count(size, N as u64)
            .saturating_sub(self.counters.due.covered_nodes())
            .saturating_mul(NODE_BYTES)
    }

    fn background_checkpoint(&self) {
        if self.status.check().is_ok()
            && self.is_own_process()
            && self.run_checkpoint(false).is_err()
            && self.status.check().is_ok()
        {
            self.counters.due.backing_off.store(true, Ordering::Release);
            self.admission.notify_all();
            let retry = {
                let mut checkpoints = lock(&self.checkpoints);
                let retry = checkpoints
                    .retry
                    .map_or(FIRST_RETRY, |last| (last * 2).min(LONGEST_RETRY));
                checkpoints.retry = Some(retry);
                retry
            };
            let me = self.me.clone();
            let again = self.config.runtime.run_at(
                Instant::now() + retry,
                Lane::Checkpoint,
                Box::new(move || {
                    if let Some(core) = me.upgrade() {
                        core.background_checkpoint();
                    }
                }),
            );
            if again.is_ok() {
                return;
            }
        }
        self.counters
            .due
            .backing_off
            .store(false, Ordering::Release);
        self.counters.due.active.store(false, Ordering::Release);
        let mut writer = lock(&self.writer);
        writer.look_at_size = 0;
        if self.status.check().is_ok() {
            self.consider_checkpoint(&mut writer);
        }
        drop(writer);
        self.admission.notify_all();
    }
}
