//! The index as its users meet it: beside a map, through refusals, failing inserts, files of every
//! kind, and kills.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

mod failing;
mod files;
#[cfg(unix)]
mod killed;
mod model;
mod refusals;
mod restored;
mod saving;
mod together;
mod view;

use std::{path::Path, sync::Arc};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_index::{IndexOptions, LeafIndex};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeError, memory::MemoryStorage,
    storage::Storage, test_util::watchdog::limit_this_process,
};

type Tree = RotorTree<Blake3Hasher, 2, 40>;

/// A tree on a storage, and its index.
fn open_on(
    storage: Arc<dyn Storage>,
    options: IndexOptions,
) -> Result<(Tree, LeafIndex), RotorTreeError> {
    limit_this_process();
    let index = LeafIndex::new(options);
    let tree = Tree::on(storage)
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .large_batch_bytes(64 << 10)
        .insert_hook(index.hook())
        .open(Blake3Hasher)?;
    Ok((tree, index))
}

fn in_memory(options: IndexOptions) -> (Tree, LeafIndex) {
    open_on(Arc::new(MemoryStorage::new()), options).unwrap()
}

/// The options of an index in `leaves.index` below a directory.
fn in_file(directory: &Path) -> IndexOptions {
    IndexOptions::in_file(directory.join("leaves.index"))
}

fn strict() -> IndexOptions {
    IndexOptions::in_memory()
        .refuse_duplicates(true)
        .refuse_zero(true)
}

/// Leaf `number`: no two are equal, and none is zero.
fn leaf(number: u64) -> Hash {
    let mut leaf = [7; 32];
    leaf[..8].copy_from_slice(&number.to_le_bytes());
    leaf
}

fn leaves(numbers: impl IntoIterator<Item = u64>) -> Vec<Hash> {
    numbers.into_iter().map(leaf).collect()
}
