//! What is kept of the snapshot that was published before.

use std::sync::Arc;

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference;

use crate::{
    CheckpointPolicy, Engine, EngineConfig, FlushPolicy, memory::MemoryStorage, sync::lock,
};

/// A tree of single inserts; and whether it has a spare snapshot.
fn tree() -> (Engine<Blake3Hasher, 3, 32>, impl Fn() -> bool) {
    let config = EngineConfig {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..EngineConfig::default()
    };
    let tree = Engine::open(Blake3Hasher, Arc::new(MemoryStorage::new()), config);
    let tree: Engine<_, 3, 32> = tree.expect("an empty place can be opened");
    for leaf in reference::sample_leaves(3, 20) {
        tree.insert(leaf).expect("it fits");
    }
    let core = Arc::clone(tree.core());
    let has_spare = move || lock(&core.writer).spare.is_some();
    (tree, has_spare)
}

#[test]
fn a_checkpoint_leaves_none_that_has_the_nodes_in_memory() {
    let (tree, has_spare) = tree();
    assert!(has_spare());
    tree.checkpoint().unwrap();
    assert!(!has_spare());
}

#[test]
fn a_tree_that_goes_idle_keeps_none() {
    let (tree, has_spare) = tree();
    assert!(has_spare());
    tree.flush().unwrap();
    // A tick may be at it this very moment, and this thread then does nothing.
    let is_gone = (0..1000).any(|_| {
        tree.core().mark();
        std::thread::yield_now();
        !has_spare()
    });
    assert!(is_gone);
}
