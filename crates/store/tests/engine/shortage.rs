//! Shortages and growth: postponed writes, the log under each checkpoint policy, room that is
//! reserved and released, and readers of an idle writer. Rows 17 and 21 of
//! `docs/durability/faults.md`.

use std::sync::Arc;

use crate::builder::{Builder, unset};
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, Runtime, fs::FsStorage, storage::Storage,
    test_util::sim_files::SimFiles,
};

mod idle_readers;
mod log_growth;
mod markless;
mod refused_writes;
mod room;

type Tree = RotorTree<Blake3Hasher, 2, 32>;

fn leaf(index: u64) -> rotortree_hasher::Hash {
    reference::sample_leaves(index, 1)[0]
}

/// Nothing in the background.
fn by_hand() -> Builder {
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .runtime(&Runtime::new())
}

fn on(files: &SimFiles) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files.clone(), "/tree"))
}

fn open(files: &SimFiles, config: Builder) -> Tree {
    config.storage(on(files)).open(Blake3Hasher).unwrap()
}
