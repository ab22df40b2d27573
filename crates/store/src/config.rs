//! How an engine behaves: policies, bounds and modes.

use std::{fmt, sync::Arc, time::Duration};

use rotortree_lean_imt::TreeHead;

use crate::{Runtime, StorageError, storage::Reads};

/// When records reach the disk without anybody waiting for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub enum CheckpointPolicy {
    /// When the caller asks for one. Until then the log, the memory for nodes and the time that
    /// opening takes grow without bound.
    Manual,
    /// When the tree is closed. Until then what grows is as under [`Manual`](Self::Manual); a tree
    /// that is never closed never makes one.
    OnClose,
    /// In the background after so many entries; an entry is one call of an insert method. The log
    /// and the time that opening takes grow with what the entries hold, by 512 bytes for each
    /// sync at least.
    EveryNEntries(u64),
    /// In the background when more than so many bytes of nodes were appended since the last
    /// checkpoint began, or the log behind it takes more than so many bytes on disk, that of
    /// earlier runs included. Past 1.25 times the threshold inserts wait for the checkpoint
    /// that is under way, so that log and restart time are bounded. The default is 256 MiB.
    MemoryThreshold(usize),
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self::MemoryThreshold(256 << 20)
    }
}

/// Which levels stay in memory once they are checkpointed.
///
/// The default pins nothing: each level of each proof is read from a chunk. Through a memory map
/// that costs a page fault at most. A backend that maps nothing reads a whole chunk of 4096 bytes
/// for each level with at least 128 nodes, one after another: 13 reads a proof for 10^6 leaves and
/// N = 2, 23 for 10^9. There pin what the latency asks for; `docs/write-a-backend.md` has a table.
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

/// What opening does about a damaged log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryMode {
    /// Recovery stops at the last valid entry. What it cuts off although it had been durable is
    /// kept aside and told, by this opening and every later one, until the cut is acknowledged.
    /// A cut that would leave no leaf of a tree that had some is refused.
    ///
    /// Whoever publishes heads opens with [`Strict`](Self::Strict) or with
    /// [`expect_head`](EngineConfig::expect_head): a tree that was cut and then grown has other
    /// roots at sizes that it had before.
    #[default]
    StopAtLastValid,
    /// Opening refuses if anything that is known to have been durable is damaged.
    Strict,
    /// As [`StopAtLastValid`](Self::StopAtLastValid), down to nothing: also where no leaf would be
    /// left of a tree that had some, which the other modes refuse with
    /// [`StorageError::NothingLeft`].
    AcceptLoss,
}

/// How far opening has come.
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

/// Called while opening.
#[derive(Clone)]
pub struct ProgressCallback(Arc<dyn Fn(OpenProgress) + Send + Sync>);

impl ProgressCallback {
    /// Wraps a function.
    pub fn new(callback: impl Fn(OpenProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(crate) fn report(&self, progress: OpenProgress) {
        (self.0)(progress);
    }
}

impl fmt::Debug for ProgressCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressCallback")
    }
}

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// When records reach the disk.
    pub flush_policy: FlushPolicy,
    /// When checkpoints are made.
    pub checkpoint_policy: CheckpointPolicy,
    /// Which levels stay in memory.
    pub tiering: TieringConfig,
    /// Whether opening compares every stored node with the hash of its children.
    pub verify_checkpoint: bool,
    /// What opening does about a damaged log.
    pub recovery: RecoveryMode,
    /// A head that the recovered tree must contain.
    pub expect_head: Option<TreeHead>,
    /// The most bytes of records waiting to be written; default 64 MiB.
    pub max_unflushed_bytes: usize,
    /// The log starts a new segment beyond this many bytes; default 256 MiB.
    pub segment_bytes: u64,
    /// How many heads of recent appends can be found by their roots; 40 bytes each once there are
    /// so many. 0 keeps none; default 1024.
    pub recent_heads: usize,
    /// The background threads.
    pub runtime: Runtime,
    /// How stored nodes are read.
    pub reads: Reads,
    /// What stands for the type's MAX_DEPTH, and is at most that: the ceiling that a new store
    /// gets, and the largest that an existing one may have. `None` is the type's own. For
    /// types that must be wide enough for whatever is there.
    pub max_depth: Option<usize>,
    /// Whether a store is made where there is none. Otherwise opening fails with an I/O error of
    /// the kind `NotFound`.
    pub create_if_missing: bool,
    /// Whether a store made with a smaller MAX_DEPTH is raised, durably, to the type's or what
    /// stands for it.
    pub raise_max_depth: bool,
    /// Told how opening goes on.
    pub progress: Option<ProgressCallback>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            flush_policy: FlushPolicy::default(),
            checkpoint_policy: CheckpointPolicy::default(),
            tiering: TieringConfig::default(),
            verify_checkpoint: true,
            recovery: RecoveryMode::default(),
            expect_head: None,
            max_unflushed_bytes: 64 << 20,
            segment_bytes: 256 << 20,
            recent_heads: 1024,
            runtime: Runtime::shared(),
            reads: Reads::default(),
            max_depth: None,
            create_if_missing: true,
            raise_max_depth: false,
            progress: None,
        }
    }
}

impl EngineConfig {
    /// The MAX_DEPTH to go by, for a type that has this one.
    pub(crate) fn ceiling(&self, of_the_type: usize) -> usize {
        self.max_depth.unwrap_or(of_the_type)
    }

    /// Refuses values outside of their limits, for a type with this MAX_DEPTH.
    pub(crate) fn check(&self, of_the_type: usize) -> Result<(), StorageError> {
        let ceiling = self.ceiling(of_the_type);
        if ceiling == 0 || ceiling > of_the_type {
            return Err(StorageError::InvalidConfig(format!(
                "a MAX_DEPTH of {ceiling} is outside of 1 to {of_the_type}"
            )));
        }
        match self.flush_policy {
            FlushPolicy::Interval(interval) if interval < FlushPolicy::MIN_INTERVAL => {
                Err(StorageError::InvalidConfig(format!(
                    "a flush interval of {interval:?} is below the least, {:?}",
                    FlushPolicy::MIN_INTERVAL
                )))
            }
            _ => Ok(()),
        }?;
        match self.checkpoint_policy {
            CheckpointPolicy::EveryNEntries(0) => Err(StorageError::InvalidConfig(
                "EveryNEntries(0): a checkpoint needs at least one entry".into(),
            )),
            _ => Ok(()),
        }
    }
}
