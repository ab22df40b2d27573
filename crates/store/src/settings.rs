//! [`Settings`]: all settings of a tree, for every type and every backend.

use std::{fmt, sync::Arc};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::{
    TreeHead,
    geometry::{MAX_BLOCK_NODES, Stride},
};

use crate::{
    CheckpointPolicy, FlushPolicy, InsertHook, OpenProgress, RecoveryMode, Runtime, StorageError,
    TieringConfig, storage::Reads,
};

/// Called while opening.
#[derive(Clone)]
pub(crate) struct ProgressCallback(Arc<dyn Fn(OpenProgress) + Send + Sync>);

impl ProgressCallback {
    /// Wraps a function.
    pub(crate) fn new(callback: impl Fn(OpenProgress) + Send + Sync + 'static) -> Self {
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
pub(crate) struct Settings {
    /// When records reach the disk.
    pub(crate) flush_policy: FlushPolicy,
    /// When checkpoints are made.
    pub(crate) checkpoint_policy: CheckpointPolicy,
    /// Which levels stay in memory.
    pub(crate) tiering: TieringConfig,
    /// Whether opening compares every stored node with the hash of its children. `None` is as the
    /// storage has it.
    pub(crate) verify_checkpoint: Option<bool>,
    /// The handling of a damaged log.
    pub(crate) recovery: RecoveryMode,
    /// A head that the recovered tree must contain.
    pub(crate) expect_head: Option<TreeHead>,
    /// The most bytes of records waiting to be written; default 64 MiB.
    pub(crate) max_unflushed_bytes: usize,
    /// The least bytes of whole chunks that a batch puts on level 0 before it is recorded; default
    /// 4 MiB.
    pub(crate) large_batch_bytes: usize,
    /// The log starts a new segment beyond this many bytes; default 256 MiB.
    pub(crate) segment_bytes: u64,
    /// The number of heads of recent appends that can be found by their roots; 40 bytes each once
    /// they exist. 0 keeps none; default 1024.
    pub(crate) recent_heads: usize,
    /// The background threads.
    pub(crate) runtime: Runtime,
    /// The way of reading stored nodes.
    pub(crate) reads: Reads,
    /// The stored levels of a new store are 0, this, twice this, and so on. `None` follows from the
    /// hasher.
    pub(crate) level_stride: Option<usize>,
    /// The most bytes of nodes that are hashed from stored ones and kept; default 64 MiB.
    pub(crate) block_cache_bytes: usize,
    /// Replaces the type's MAX_DEPTH by a smaller one: the ceiling of a new store, and the largest
    /// allowed ceiling of an existing one. `None` is the type's own. For types whose MAX_DEPTH is
    /// large enough for every store.
    pub(crate) max_depth: Option<usize>,
    /// Whether a store is made where there is none. Otherwise opening fails with an I/O error of
    /// the kind `NotFound`.
    pub(crate) create_if_missing: bool,
    /// Whether a store with a smaller MAX_DEPTH is raised, durably, to the type's or to the setting
    /// in its place.
    pub(crate) raise_max_depth: bool,
    /// Receives the progress of opening.
    pub(crate) progress: Option<ProgressCallback>,
    /// Takes part in each insert.
    pub(crate) hook: Option<Arc<dyn InsertHook>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flush_policy: FlushPolicy::default(),
            checkpoint_policy: CheckpointPolicy::default(),
            tiering: TieringConfig::default(),
            verify_checkpoint: None,
            recovery: RecoveryMode::default(),
            expect_head: None,
            max_unflushed_bytes: 64 << 20,
            large_batch_bytes: 4 << 20,
            segment_bytes: 256 << 20,
            recent_heads: 1024,
            runtime: Runtime::shared(),
            reads: Reads::default(),
            level_stride: None,
            block_cache_bytes: 64 << 20,
            max_depth: None,
            create_if_missing: true,
            raise_max_depth: false,
            progress: None,
            hook: None,
        }
    }
}

impl Settings {
    /// The MAX_DEPTH to go by, for a type that has this one.
    pub(crate) fn ceiling(&self, of_the_type: usize) -> usize {
        self.max_depth.unwrap_or(of_the_type)
    }

    /// Every so many levels of a new store with this N one is stored.
    pub(crate) fn stride<H: Hasher>(&self, arity: usize) -> usize {
        let of_the_hasher = Stride::widest(arity as u64, H::MAX_BLOCK).levels();
        self.level_stride.unwrap_or(of_the_hasher)
    }

    /// Refuses values outside of their limits, for a type with this N and this MAX_DEPTH.
    pub(crate) fn check(&self, arity: usize, of_the_type: usize) -> Result<(), StorageError> {
        if let Some(levels) = self.level_stride
            && Stride::new(arity as u64, levels).is_none()
        {
            return Err(StorageError::InvalidConfig(format!(
                "a level stride of {levels} for N = {arity}; the most is {}",
                Stride::widest(arity as u64, MAX_BLOCK_NODES).levels()
            )));
        }
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
