//! The backend over a running store: the contract, a writer that is followed by another, a replica,
//! and credentials with fewer rights.

use std::{env, sync::Arc, time::Duration};

use object_store::path::Path;
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTreeError, StorageError,
    memory::MemoryStorage,
    test_util::{conformance, watchdog::limit_this_process},
};

use crate::{
    observed::Tree,
    place::{fresh, store},
};

/// Long beside the time for which a busy machine leaves a thread waiting.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A path of the bucket, and what opens it.
fn place() -> impl Fn() -> ObjectStorage {
    let (_, below) = store();
    let path = fresh(&below);
    move || open(&path)
}

pub(crate) fn open(path: &Path) -> ObjectStorage {
    let bucket = env::var("ROTORTREE_BUCKET").expect("`cargo xtask bucket` runs this test");
    let storage = ObjectStorage::from_url(&format!("{bucket}/{path}")).unwrap();
    storage.heartbeat(HEARTBEAT).shard_chunks(1024)
}

pub(crate) fn tree(storage: ObjectStorage) -> Result<Tree, RotorTreeError> {
    Tree::on(Arc::new(storage))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .large_batch_bytes(16 << 10)
        .open(Blake3Hasher)
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_running_store_holds_the_contract() {
    limit_this_process();
    conformance::run(place);
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_writer_that_is_followed_by_another_and_a_replica_keep_what_was_acknowledged() {
    limit_this_process();
    let place = place();
    let leaves = sample_leaves(5, 3000);
    let first = tree(place()).unwrap();
    first.append(&leaves[..900]).durable().unwrap();
    first.checkpoint().unwrap();
    first.append(&leaves[900..910]).durable().unwrap();
    let refused = tree(place()).map(drop);
    assert!(
        matches!(
            refused,
            Err(RotorTreeError::Storage(StorageError::FileLocked))
        ),
        "{refused:?}"
    );
    let replica = Tree::on(Arc::new(place()))
        .open_read_only(Blake3Hasher)
        .unwrap();
    assert_eq!(replica.head(), first.head());

    let next = tree(place().take_over(true)).unwrap();
    assert_eq!(next.head(), first.head());
    let fenced = first.insert_durable([1; 32]).unwrap_err();
    assert!(fenced.to_string().contains("another owner"), "{fenced}");
    next.append(&leaves[910..]).durable().unwrap();
    next.checkpoint().unwrap();
    replica.refresh().unwrap();
    let snapshot = replica.snapshot();
    assert_eq!(snapshot.size(), 3000);
    for index in [0, 905, 1500, 2999] {
        let proof = snapshot.generate_proof(index).unwrap();
        proof
            .verify_against(&Blake3Hasher, next.head().unwrap())
            .unwrap();
    }
    drop(first);
    next.close().unwrap();
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_tree_moves_into_a_bucket_and_back_with_the_same_head() {
    limit_this_process();
    let place = place();
    let leaves = sample_leaves(6, 2000);
    let here = Tree::on(Arc::new(MemoryStorage::new()))
        .open(Blake3Hasher)
        .unwrap();
    here.append(&leaves[..1500]).durable().unwrap();
    assert_eq!(here.backup_to(Arc::new(place())).unwrap().leaves, 0..1500);
    here.append(&leaves[1500..]).durable().unwrap();
    assert_eq!(
        here.backup_to(Arc::new(place())).unwrap().leaves,
        1500..2000
    );
    let there = tree(place()).unwrap();
    assert_eq!(there.head(), here.head());
    let back = MemoryStorage::new();
    there.backup_to(Arc::new(back.clone())).unwrap();
    let back = Tree::on(Arc::new(back)).open(Blake3Hasher).unwrap();
    assert_eq!(back.head(), here.head());
    there.close().unwrap();
}
