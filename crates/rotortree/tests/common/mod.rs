//! Helpers of the integration tests, each of which is a program of its own.

use std::{path::Path, time::Duration};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, Hash, RotorTree, RotorTreeConfig, RotorTreeError,
    StorageError,
};

pub(crate) type Tree<const N: usize> = RotorTree<Blake3Hasher, N, 32>;

/// Long enough for a machine that is slow and busy; nothing waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A tree that does nothing by itself.
pub(crate) fn quiet(path: &Path) -> RotorTreeConfig {
    RotorTreeConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..RotorTreeConfig::new(path)
    }
}

/// Leaf `index` of the tree that most of these tests build: a function of the index, so that any
/// prefix can be built again.
pub(crate) fn leaf(index: u64) -> Hash {
    let mut leaf = [0; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf[8..16].copy_from_slice(&index.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    leaf
}

pub(crate) fn leaves(range: std::ops::Range<u64>) -> Vec<Hash> {
    range.map(leaf).collect()
}

/// The storage error that an operation ended with.
pub(crate) fn storage_error<T: std::fmt::Debug>(
    outcome: Result<T, RotorTreeError>,
) -> StorageError {
    match outcome.unwrap_err() {
        RotorTreeError::Storage(error) => error,
        error => panic!("not an error of storage: {error}"),
    }
}
