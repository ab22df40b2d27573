//! Taking over a place whose readable bytes are durable ones: the log stays where it is.

use std::{mem, sync::Arc};

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeError, StorageError,
    test_util::{
        object::{ObjectStorage, ObjectStore},
        watchdog::limit_this_process,
    },
};

type Tree = RotorTree<Blake3Hasher, 2, 32>;

fn open(bucket: &ObjectStore) -> Tree {
    Tree::on(Arc::new(ObjectStorage::new(bucket.clone())))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .open(Blake3Hasher)
        .unwrap()
}

/// The objects of the log, each with its length.
fn log(bucket: &ObjectStore) -> Vec<(String, u64)> {
    let names = bucket.list("log/").unwrap();
    let lens = names.into_iter().map(|name| {
        let len = bucket.len(&name).unwrap();
        (name, len)
    });
    lens.collect()
}

#[test]
fn a_new_owner_keeps_the_log_and_writes_a_header_and_fences_the_old_one_off() {
    limit_this_process();
    let bucket = ObjectStore::new();
    let leaves = sample_leaves(70, 4000);
    let mut stalled = Vec::new();
    for (taken, batch) in leaves.chunks(1000).enumerate() {
        bucket.expire_leases();
        let before = log(&bucket);
        let tree = open(&bucket);
        assert_eq!(tree.size() as usize, taken * 1000);
        assert_eq!(tree.recovery_report().damage, None);
        tree.insert_many(batch).unwrap();
        tree.flush().unwrap();
        let mut new = log(&bucket);
        new.retain(|object| !before.contains(object));
        assert!(
            before.iter().all(|object| log(&bucket).contains(object)),
            "what was there stays"
        );
        let records: u64 = new.iter().map(|(_, len)| len).sum();
        // Headers, the fence and the framing of one batch.
        assert!(
            (32_000..34_000).contains(&records),
            "{records} bytes beside those of 1000 leaves were written: {new:?}"
        );
        stalled.push(tree);
    }
    let last = stalled.pop().unwrap();
    for tree in &stalled {
        let refused = tree.insert_durable([7; 32]).unwrap_err();
        assert!(
            matches!(
                refused,
                RotorTreeError::Storage(StorageError::FlushFailed(_))
            ),
            "{refused}"
        );
    }
    last.insert_durable([8; 32]).unwrap();
    let head = last.head();
    stalled.into_iter().chain([last]).for_each(mem::forget);
    bucket.expire_leases();
    let again = open(&bucket);
    assert_eq!(again.head(), head);
    // A checkpoint leaves nothing of the earlier segments.
    again.checkpoint().unwrap();
    again.close().unwrap();
    let segment = |name: &str| name.split('/').nth(1).map(str::to_owned);
    let mut segments: Vec<_> = log(&bucket).iter().map(|(name, _)| segment(name)).collect();
    segments.dedup();
    assert_eq!(segments.len(), 1, "{segments:?}");
    assert_eq!(open(&bucket).head(), head);
}

#[test]
fn an_owner_that_stalled_before_its_first_write_is_fenced_off() {
    limit_this_process();
    let bucket = ObjectStore::new();
    let tree = open(&bucket);
    tree.insert_many(&sample_leaves(71, 1000)).unwrap();
    tree.close().unwrap();
    let stalled = open(&bucket);
    bucket.expire_leases();

    let closed = log(&bucket);
    let tree = open(&bucket);
    assert_eq!(log(&bucket), closed, "the end was fenced before");
    tree.insert_durable([7; 32]).unwrap();
    let mut new = log(&bucket);
    new.retain(|object| !closed.contains(object));
    let written: u64 = new.iter().map(|(_, len)| len).sum();
    assert!(written < 4096, "the log is not uploaded again: {new:?}");

    let before = log(&bucket);
    let refused = stalled.insert_durable([8; 32]).unwrap_err();
    assert!(
        matches!(
            refused,
            RotorTreeError::Storage(StorageError::FlushFailed(_))
        ),
        "{refused}"
    );
    assert_eq!(log(&bucket), before, "it touches nothing");
    tree.insert_durable([9; 32]).unwrap();
    let head = tree.head();
    tree.close().unwrap();
    mem::forget(stalled);
    assert_eq!(open(&bucket).head(), head);
}
