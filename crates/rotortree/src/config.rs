//! [`RotorTreeConfig`]: where a tree lives and how it behaves, in the five settings that most users need.

use std::path::PathBuf;

use crate::{CheckpointPolicy, FlushPolicy, TieringConfig};

/// Where a tree lives and how it behaves. What else can be set is set on the
/// [builder](crate::RotorTree::builder).
///
/// ```
/// use rotortree::{CheckpointPolicy, FlushPolicy, RotorTreeConfig, TieringConfig};
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
    /// When log entries are synced without anybody waiting for them.
    pub flush_policy: FlushPolicy,
    /// When checkpoints are made.
    pub checkpoint_policy: CheckpointPolicy,
    /// Which levels stay in memory once a checkpoint covers them.
    pub tiering: TieringConfig,
    /// Whether opening compares every stored node with the hash of its children, which finds what
    /// checksums cannot. O(nodes).
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
