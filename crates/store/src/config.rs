//! [`RotorTreeConfig`], the five settings that most users need, and the policies and modes in it
//! and beside it.

use std::{path::PathBuf, time::Duration};

#[cfg(doc)]
use crate::StorageError;

/// The place and the behaviour of a tree. The [builder](crate::RotorTree::builder) has
/// further settings.
///
/// ```
/// use rotortree_store::{CheckpointPolicy, FlushPolicy, RotorTreeConfig, TieringConfig};
/// use std::time::Duration;
///
/// let config = RotorTreeConfig::new("tree");
/// assert_eq!(config.flush_policy, FlushPolicy::Interval(Duration::from_millis(10)));
/// assert_eq!(config.checkpoint_policy, CheckpointPolicy::MemoryThreshold(256 << 20));
/// assert_eq!(config.tiering, TieringConfig { pin_above_level: usize::MAX });
/// assert!(config.verify_checkpoint);
///
/// let careful = RotorTreeConfig { flush_policy: FlushPolicy::Manual, ..config };
/// # drop(careful);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotorTreeConfig {
    /// The tree's directory, created if it is missing; must not be empty. A relative path is
    /// resolved when the tree is opened.
    pub path: PathBuf,
    /// When log entries are synced in the background.
    pub flush_policy: FlushPolicy,
    /// When checkpoints are made.
    pub checkpoint_policy: CheckpointPolicy,
    /// Which levels stay in memory once a checkpoint covers them.
    pub tiering: TieringConfig,
    /// Whether opening compares every stored node with the hash of its children. The comparison
    /// finds damage that checksums cannot. O(nodes).
    pub verify_checkpoint: bool,
}

impl RotorTreeConfig {
    /// The defaults for a tree in the directory `path`: flush every 10 ms, checkpoint after 256 MiB
    /// of new nodes or of log, map every checkpointed level, verify when opening.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            flush_policy: FlushPolicy::default(),
            checkpoint_policy: CheckpointPolicy::default(),
            tiering: TieringConfig::default(),
            verify_checkpoint: true,
        }
    }
}

/// When records are synced in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushPolicy {
    /// At most this long after the insert, at least 100 us. The default is 10 ms.
    Interval(Duration),
    /// When the caller says so: by `flush`, by waiting on a token, by a durable insert, or by
    /// reaching the bound on unflushed bytes.
    Manual,
}

impl FlushPolicy {
    /// The shortest interval.
    pub const MIN_INTERVAL: Duration = Duration::from_micros(100);
}

impl Default for FlushPolicy {
    fn default() -> Self {
        Self::Interval(Duration::from_millis(10))
    }
}

/// When checkpoints are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointPolicy {
    /// When the caller asks for one. Until then the log, the memory for nodes and the time that
    /// opening takes grow without bound.
    Manual,
    /// When the tree is closed. Until then log, memory and opening time grow as under
    /// [`Manual`](Self::Manual).
    OnClose,
    /// In the background after so many entries; an entry is one call of an insert method. The log
    /// and the time to open grow with the content of the entries, by 512 bytes for each sync at
    /// least.
    EveryNEntries(u64),
    /// In the background when more than so many bytes of nodes were appended since the last
    /// checkpoint began, or the log behind it takes more than so many bytes on disk, that of
    /// earlier runs included. An insert waits for the checkpoint that is under way once the
    /// log is past 1.25 times the threshold, and where its nodes would take those in memory past
    /// 1.375 times, so that memory, log and restart time are bounded. The default is 256 MiB.
    MemoryThreshold(usize),
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self::MemoryThreshold(256 << 20)
    }
}

/// Which levels stay in memory once they are checkpointed.
///
/// The default pins nothing: each stored level of each proof is read from a chunk. Through a memory
/// map that costs a page fault at most. A backend that maps nothing reads a whole chunk of 4096
/// bytes for each stored level with at least 128 nodes, one after another: 2 reads a proof for 10^6
/// leaves and N = 2, 4 for 10^9. Pin as many levels there as the latency requires;
/// `docs/write-a-backend.md` has a table. A level between two stored ones is hashed from the stored
/// one below when the tree is opened, so the best number is a multiple of the
/// [stride](crate::RotorTreeBuilder::level_stride).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TieringConfig {
    /// Levels at or above this one are kept in memory, `32 * size / N^level` bytes each; lower
    /// ones are read from chunks.
    pub pin_above_level: usize,
}

impl Default for TieringConfig {
    /// Pins nothing.
    fn default() -> Self {
        Self {
            pin_above_level: usize::MAX,
        }
    }
}

/// The handling of a damaged log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryMode {
    /// Recovery stops at the last valid entry. Durable entries that it cuts off go to quarantine.
    /// This opening and every later one report the cut until it is acknowledged. A cut that would
    /// leave no leaf of a tree with leaves is refused.
    ///
    /// An application that publishes heads opens with [`Strict`](Self::Strict) or with
    /// [`expect_head`](crate::RotorTreeBuilder::expect_head): a tree that was cut and then grown
    /// has other roots at sizes that it had before.
    #[default]
    StopAtLastValid,
    /// Opening refuses if anything that is known to have been durable is damaged.
    Strict,
    /// As [`StopAtLastValid`](Self::StopAtLastValid), but also accepts a cut that leaves no leaf,
    /// which the other modes refuse with [`StorageError::NothingLeft`].
    AcceptLoss,
}

/// The progress of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenProgress {
    /// Stored nodes compared with the hash of their children.
    Verified {
        /// Nodes so far.
        done: u64,
        /// Nodes in all.
        total: u64,
    },
    /// Log replayed.
    Replayed {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}
