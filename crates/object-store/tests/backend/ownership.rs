//! One owner at a time: refusal while it lives, takeover, and what a fenced owner can still do.

use std::sync::Arc;

use object_store::memory::InMemory;
use rotortree_store::{
    RotorTreeError, StorageError,
    storage::{Storage, WriteError},
};

use crate::place::{Bucket, append, leaves};

#[test]
fn a_second_opener_is_refused_while_the_owner_lives() {
    let bucket = Bucket::new();
    let owner = bucket.open().unwrap();
    append(&owner, 0, 3);
    for _ in 0..2 {
        let refused = bucket.open().map(drop).unwrap_err();
        assert!(
            matches!(refused, RotorTreeError::Storage(StorageError::FileLocked)),
            "{refused}"
        );
    }
    append(&owner, 3, 3);
    owner.close().unwrap();
    assert_eq!(bucket.open().unwrap().size(), 6);
}

#[test]
fn a_takeover_fences_a_living_owner_for_good() {
    let bucket = Bucket::new();
    let stalled = bucket.open().unwrap();
    append(&stalled, 0, 700);
    stalled.checkpoint().unwrap();
    append(&stalled, 700, 5);
    let head = stalled.head();

    let next = bucket.open_on(bucket.storage().take_over(true)).unwrap();
    assert_eq!(next.head(), head, "everything acknowledged is there");
    let (_, token) = stalled.insert_many(&leaves(9_000, 3)).unwrap();
    let fenced = token.wait().unwrap_err().to_string();
    assert!(fenced.contains("another owner"), "{fenced}");
    stalled
        .insert_many(&leaves(9_000, 1))
        .expect_err("for good");
    stalled.checkpoint().expect_err("for good");
    append(&next, 705, 5);
    drop(stalled);

    next.close().unwrap();
    let last = bucket.open().unwrap();
    assert_eq!(last.size(), 710);
    assert_eq!(last.get_leaf(705).unwrap(), leaves(705, 1)[0]);
}

#[test]
fn a_fenced_owner_writes_neither_groups_nor_manifests() {
    let bucket = Bucket::new();
    let (old, new) = (bucket.storage(), bucket.storage().take_over(true));
    let _owner = old.acquire().unwrap();
    old.create_segment(1, b"header").unwrap();
    old.commit_manifest(0, b"the first").unwrap();
    old.commit_group(1, 6, b"a group").unwrap();
    let late = bucket.storage();
    let _next = new.acquire().unwrap();
    let group = old.commit_group(1, 13, b"another");
    assert!(matches!(group, Err(WriteError::Fenced(_))), "{group:?}");
    let manifest = old.commit_manifest(1, b"another");
    assert!(
        matches!(manifest, Err(WriteError::Fenced(_))),
        "{manifest:?}"
    );
    new.create_segment(2, b"next").unwrap();
    new.commit_manifest(1, b"the second").unwrap();
    assert_eq!(late.load_manifest().unwrap().unwrap(), b"the second");
    assert_eq!(late.read_segment(1).unwrap().len(), 13);
}

#[test]
fn an_owner_that_died_is_followed_after_two_intervals() {
    let store = InMemory::new();
    let bucket = Bucket(Arc::new(store.clone()));
    let owner = bucket.open().unwrap();
    append(&owner, 0, 9);
    // The owner goes on in its store, and gives no sign of life in the copy.
    let copy = Bucket(Arc::new(store.fork()));
    let next = copy.open().unwrap();
    assert_eq!(next.head(), owner.head());
    append(&next, 9, 1);
    append(&owner, 9, 2);
}
