//! What a backend decides or tells of itself: whether opening verifies, and its own counters.

use std::sync::Arc;

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_store::{
    RotorTree, RotorTreeBuilder, RotorTreeConfig,
    memory::MemoryStorage,
    storage::Storage,
    test_util::{
        object::{ObjectStorage, ObjectStore},
        watchdog::limit_this_process,
    },
};

type Tree = RotorTree<Blake3Hasher, 2, 32>;

/// Builders that state nothing, on a place with a checkpoint of 1000 leaves.
fn checkpointed(storage: impl Fn() -> Arc<dyn Storage>) -> impl Fn() -> RotorTreeBuilder<Tree> {
    limit_this_process();
    let tree = Tree::on(storage()).open(Blake3Hasher).unwrap();
    tree.insert_many(&sample_leaves(60, 1000)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    move || Tree::on(storage())
}

fn verified(builder: RotorTreeBuilder<Tree>) -> [bool; 2] {
    let view = builder.clone().open_read_only(Blake3Hasher).unwrap();
    let view = view.recovery_report().verified;
    let tree = builder.open(Blake3Hasher).unwrap();
    let tree = tree.recovery_report().verified;
    [tree, view]
}

#[test]
fn a_backend_says_whether_opening_verifies_unless_the_caller_does() {
    let bucket = ObjectStore::new();
    let objects = checkpointed(move || Arc::new(ObjectStorage::new(bucket.clone())));
    assert_eq!(verified(objects()), [false; 2]);
    assert_eq!(verified(objects().verify_checkpoint(true)), [true; 2]);
    let memory = MemoryStorage::new();
    let memory = checkpointed(move || Arc::new(memory.clone()));
    assert_eq!(verified(memory()), [true; 2]);
    assert_eq!(verified(memory().verify_checkpoint(false)), [false; 2]);
}

#[test]
fn a_configuration_states_whether_opening_verifies() {
    let bucket = ObjectStore::new();
    let storage = move || Arc::new(ObjectStorage::new(bucket.clone())) as Arc<dyn Storage>;
    drop(checkpointed(storage.clone()));
    let configured = |verify_checkpoint| {
        let config = RotorTreeConfig {
            verify_checkpoint,
            ..RotorTreeConfig::new("")
        };
        verified(Tree::builder(config).storage(storage()))
    };
    assert_eq!(configured(true), [true; 2]);
    assert_eq!(configured(false), [false; 2]);
}

#[test]
fn statistics_show_the_counters_of_the_backend() {
    let bucket = ObjectStore::new();
    let objects = {
        let bucket = bucket.clone();
        checkpointed(move || Arc::new(ObjectStorage::new(bucket.clone())))
    };
    let tree = objects().open(Blake3Hasher).unwrap();
    tree.insert_durable([1; 32]).unwrap();
    let stats = tree.stats();
    let names: Vec<_> = stats.backend.iter().map(|(name, _)| *name).collect();
    let expected = [
        "puts", "gets", "deletes", "lists", "hints", "fetched", "hits",
    ];
    assert_eq!(names, expected);
    let requests = bucket.requests();
    assert_eq!(stats.backend[0], ("puts", requests.puts));
    let text = stats.to_string();
    let pairs = format!(" backend=puts:{},gets:{},", requests.puts, requests.gets);
    assert!(text.contains(&pairs), "{text}");

    let memory = Tree::on(Arc::new(MemoryStorage::new()));
    let stats = memory.open(Blake3Hasher).unwrap().stats();
    assert_eq!(stats.backend, []);
    assert!(!stats.to_string().contains("backend"), "{stats}");
}
