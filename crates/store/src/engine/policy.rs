//! [`Policy`]: when a checkpoint is due, when inserts wait for it, and when a failed one is tried
//! again.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::geometry::Shape;

use super::locks::{Monitor, Rank};
use crate::CheckpointPolicy;

/// The first pause before a failed background checkpoint is tried again. Each failure doubles the
/// pause, up to the longest.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The state of the background checkpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    None,
    /// Requested, and not begun.
    Asked,
    Begun,
}

/// The limits that every insert and every sync compares with. A due checkpoint is a value, on which
/// the caller acts.
pub(super) struct Policy {
    policy: CheckpointPolicy,
    arity: u64,
    /// A [`Stage`].
    stage: AtomicU8,
    /// The last checkpoint failed and is to be tried again: inserts do not wait for it.
    retries: AtomicBool,
    retry: Monitor<Retry>,
    /// The extents of the last checkpoint that began and of the one in force.
    began: Marks,
    covered: Marks,
    /// Bytes of log on disk, counted as [`Extent::log`].
    log: AtomicU64,
}

/// The time at which a failed background checkpoint is tried again.
#[derive(Default)]
struct Retry {
    /// The pause before the next try.
    delay: Option<Duration>,
    at: Option<Instant>,
}

/// The extent of a checkpoint.
#[derive(Clone, Copy, Default)]
pub(super) struct Extent {
    /// Complete nodes on all levels.
    nodes: u64,
    /// Entries since the tree was opened.
    entries: u64,
    /// Bytes of log on disk, headers and padding included: found at opening or written since.
    log: u64,
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

/// The duty of an insert whose checkpoint lags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lag {
    No,
    /// Wait for the thread that makes the checkpoint.
    Wait,
    /// Make the checkpoint: no thread has begun.
    Make,
}

const NODE_BYTES: u64 = size_of::<Hash>() as u64;

impl Policy {
    /// A policy for a tree whose checkpoint covers `covered` leaves and whose log has `log` bytes.
    pub(super) fn new(policy: CheckpointPolicy, arity: u64, covered: u64, log: u64) -> Self {
        let this = Self {
            policy,
            arity,
            stage: AtomicU8::new(Stage::None as u8),
            retries: AtomicBool::new(false),
            retry: Monitor::new(Rank::Retry, Retry::default()),
            began: Marks::default(),
            covered: Marks::default(),
            log: AtomicU64::new(log),
        };
        let covered = this.extent(covered, 0, 0);
        this.began.set(covered);
        this.covered.set(covered);
        this
    }

    /// The extent of a checkpoint of a tree of `size` leaves.
    pub(super) const fn extent(&self, size: u64, entries: u64, log: u64) -> Extent {
        Extent {
            nodes: Shape::new(self.arity, size).node_count(),
            entries,
            log,
        }
    }

    /// Moves from stage `from` to stage `to`. Returns `false` if another stage is current.
    fn advance(&self, from: Stage, to: Stage) -> bool {
        let moved =
            self.stage
                .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire);
        moved.is_ok()
    }

    fn is_at(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Acquire) == stage as u8
    }

    /// Whether a background checkpoint is due and the caller is to ask for it once it has released
    /// the writer lock. Updates `recheck_at_size`, kept under that lock: no check below that size
    /// is worthwhile.
    #[must_use]
    pub(super) fn is_due(&self, size: u64, entries: u64, recheck_at_size: &mut u64) -> bool {
        let wants_one = if self.retries.load(Ordering::Acquire) {
            let at = self.retry.lock().at;
            at.is_some_and(|at| at <= Instant::now())
        } else {
            self.wants_one(size, entries, recheck_at_size)
        };
        wants_one && self.advance(Stage::None, Stage::Asked)
    }

    fn wants_one(&self, size: u64, entries: u64, recheck_at_size: &mut u64) -> bool {
        match self.policy {
            CheckpointPolicy::Manual | CheckpointPolicy::OnClose => false,
            CheckpointPolicy::EveryNEntries(most) => {
                entries - self.began.entries.load(Ordering::Acquire) >= most
            }
            CheckpointPolicy::MemoryThreshold(_) if self.log_is_due() => true,
            CheckpointPolicy::MemoryThreshold(threshold) => {
                if size < *recheck_at_size {
                    return false;
                }
                let appended = Shape::new(self.arity, size)
                    .node_count()
                    .saturating_sub(self.began.nodes.load(Ordering::Acquire));
                let left = (threshold as u64).saturating_sub(appended.saturating_mul(NODE_BYTES));
                // A leaf adds fewer than two nodes.
                *recheck_at_size = size + left / (2 * NODE_BYTES);
                // Without new entries no checkpoint is due, whatever the threshold.
                left == 0 && appended > 0
            }
        }
    }

    /// Whether the log behind the last checkpoint alone demands another one.
    fn log_is_due(&self) -> bool {
        match self.policy {
            CheckpointPolicy::MemoryThreshold(threshold) => {
                let began = self.began.log.load(Ordering::Acquire);
                self.log_behind(began) > threshold as u64
            }
            _ => false,
        }
    }

    /// Bytes of log behind a mark.
    fn log_behind(&self, mark: u64) -> u64 {
        self.log.load(Ordering::Acquire).saturating_sub(mark)
    }

    /// Records the size of the log, `bytes`.
    pub(super) fn log_reached(&self, bytes: u64) {
        self.log.store(bytes, Ordering::Release);
    }

    /// Whether the log alone makes a background checkpoint due and the caller is to ask for it. For
    /// the leader, which does not wait for it.
    #[must_use]
    pub(super) fn is_due_for_log(&self) -> bool {
        self.log_is_due()
            && !self.retries.load(Ordering::Acquire)
            && self.advance(Stage::None, Stage::Asked)
    }

    /// Withdraws a request for which no thread was found: the next insert finds the checkpoint due.
    pub(super) fn not_asked(&self) {
        self.advance(Stage::Asked, Stage::None);
    }

    /// Whether the caller is to make the requested checkpoint.
    pub(super) fn begin(&self) -> bool {
        self.advance(Stage::Asked, Stage::Begun)
    }

    /// Ends the background checkpoint that had begun.
    pub(super) fn end(&self) {
        self.advance(Stage::Begun, Stage::None);
    }

    /// Records that a checkpoint of `extent` begins.
    pub(super) fn began(&self, extent: Extent) {
        self.began.set(extent);
    }

    /// Records that a checkpoint of `extent` is in force and serves its nodes.
    pub(super) fn covered(&self, extent: Extent) {
        self.covered.set(extent);
    }

    /// Records that a checkpoint completed: none is to be tried again.
    pub(super) fn completed(&self) {
        *self.retry.lock() = Retry::default();
        self.retries.store(false, Ordering::Release);
    }

    /// Records that a checkpoint failed: its extent stays due.
    pub(super) fn stays_due(&self) {
        self.began.set(self.covered.get());
    }

    /// Records that the background checkpoint failed. Returns the time of the next try.
    pub(super) fn back_off(&self) -> Instant {
        let at = {
            let mut retry = self.retry.lock();
            let delay = retry
                .delay
                .map_or(FIRST_RETRY, |last| (last * 2).min(LONGEST_RETRY));
            let at = Instant::now() + delay;
            *retry = Retry {
                delay: Some(delay),
                at: Some(at),
            };
            at
        };
        self.retries.store(true, Ordering::Release);
        self.end();
        at
    }

    /// Whether the failed checkpoint is still to be tried again, and the caller is to try.
    pub(super) fn is_retry_due(&self) -> bool {
        self.retries.load(Ordering::Acquire) && self.advance(Stage::None, Stage::Asked)
    }

    /// The duty of an insert that takes the tree to `size`: nodes in memory go up to 1.375 times
    /// the threshold, those of the insert among them, and the log up to 1.25 times and a group.
    pub(super) fn lag(&self, size: u64) -> Lag {
        let CheckpointPolicy::MemoryThreshold(threshold) = self.policy else {
            return Lag::No;
        };
        if self.is_at(Stage::None) || self.retries.load(Ordering::Acquire) {
            return Lag::No;
        }
        let threshold = threshold as u64;
        let has_room = self.uncovered_bytes(size) <= threshold.saturating_add(threshold / 8 * 3)
            && self.uncovered_log() <= threshold.saturating_add(threshold / 4);
        if has_room {
            Lag::No
        } else if self.is_at(Stage::Begun) {
            Lag::Wait
        } else {
            Lag::Make
        }
    }

    /// Bytes of nodes that no checkpoint in force covers, in a tree of `size` leaves.
    pub(super) fn uncovered_bytes(&self, size: u64) -> u64 {
        Shape::new(self.arity, size)
            .node_count()
            .saturating_sub(self.covered.nodes.load(Ordering::Acquire))
            .saturating_mul(NODE_BYTES)
    }

    /// Bytes of log that no checkpoint in force covers.
    pub(super) fn uncovered_log(&self) -> u64 {
        self.log_behind(self.covered.log.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_room_up_to_one_and_three_eighths_of_the_threshold_those_of_the_insert_included() {
        // Two children to a node: 2^n leaves have 2^(n + 1) - 1 nodes.
        let threshold = 1 << 20;
        let policy = Policy::new(CheckpointPolicy::MemoryThreshold(threshold), 2, 0, 0);
        let most_nodes = (threshold + threshold / 8 * 3) as u64 / NODE_BYTES;
        let fits = most_nodes / 2;
        let is = |lag: Lag, size: u64| policy.lag(size) == lag;
        assert!(is(Lag::No, 2 * fits), "no checkpoint is due");
        assert!(policy.advance(Stage::None, Stage::Begun));
        assert!(is(Lag::No, fits) && is(Lag::Wait, fits + 64));
        // What the checkpoint covers is no longer counted.
        policy.covered(policy.extent(fits, 0, 0));
        assert!(is(Lag::No, fits + 64) && is(Lag::No, 2 * fits) && is(Lag::Wait, 2 * fits + 128));
    }
}
