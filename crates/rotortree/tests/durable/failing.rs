//! A tree whose storage fails: all callers get the error, no durable leaf is lost, and reads go on.

use std::{io, sync::Arc, time::Duration};

use rotortree::{
    Blake3Hasher, RotorTreeConfig, StorageError,
    store::{
        checkpoint::CheckpointFailure,
        fs::FsStorage,
        test_util::sim_files::{Call, Effect, Fault, SimFiles},
    },
};

use crate::support::{Tree, leaf, leaves, quiet, storage_error};

fn open(files: &SimFiles) -> Tree<2> {
    let storage = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    Tree::builder(config())
        .storage(storage)
        .open(Blake3Hasher)
        .unwrap()
}

fn config() -> RotorTreeConfig {
    quiet("not looked at".as_ref())
}

#[test]
fn after_a_failed_sync_everybody_is_told_and_reads_go_on() {
    let files = SimFiles::new();
    let tree = open(&files);
    tree.insert_many_durable(&leaves(0..10)).unwrap();
    let durable = tree.durable_snapshot();
    let (_, token) = tree.insert(leaf(10)).unwrap();
    files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));

    let failed = |error: StorageError| {
        assert!(matches!(error, StorageError::FlushFailed(_)), "{error}");
    };
    failed(token.wait().unwrap_err());
    assert!(!token.is_durable());
    failed(token.wait_timeout(Duration::from_secs(3600)).unwrap_err());
    failed(tree.flush().unwrap_err());
    failed(storage_error(tree.insert(leaf(11))));
    failed(storage_error(tree.try_insert(leaf(11))));
    failed(storage_error(tree.insert_many_with_metadata(&[], b"x")));
    failed(tree.checkpoint().unwrap_err());
    assert!(!tree.wait_for_size(100, Duration::from_secs(3600)));
    assert!(!tree.wait_for_checkpoint(Duration::from_secs(3600)));
    assert!(tree.failure().is_some());
    assert!(tree.stats().failure.is_some());
    assert_eq!(tree.durable_size(), 10);
    assert_eq!(durable.generate_proof(3).unwrap().leaf, leaf(3));
    assert_eq!(tree.snapshot().size(), 11);

    // Closing says so too, and gives the place up.
    let clone = tree.clone();
    failed(tree.close().unwrap_err());
    failed(clone.close().unwrap_err());
    let again = open(&files.settled());
    let size = again.size();
    assert!(size == 10 || size == 11, "{size}");
    assert_eq!(
        again.snapshot().snapshot_at(10).unwrap().head(),
        durable.head()
    );
    assert!(!again.recovery_report().was_closed);
}

#[test]
fn a_full_disk_is_told_and_what_waits_is_durable_once_there_is_room() {
    let files = SimFiles::new();
    let tree = open(&files);
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    let head = tree.head();
    files.set_capacity(Some(files.used() + 2000));
    let error = storage_error(tree.insert_many_durable(&leaves(100..1000)));
    match &error {
        StorageError::Unavailable(cause) => {
            assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
            assert!(
                error.to_string().contains("/tree/log/"),
                "the file is named: {error}"
            );
        }
        _ => panic!("{error}"),
    }
    assert_eq!(tree.durable_snapshot().head(), head);
    assert!(tree.failure().is_none());
    // The leaves are in the tree, and wait.
    assert_eq!(tree.size(), 1000);
    assert!(matches!(tree.flush(), Err(StorageError::Unavailable(_))));
    files.set_capacity(None);
    tree.flush().unwrap();
    let head = tree.durable_snapshot().head();
    assert_eq!(head, tree.head());
    tree.close().unwrap();
    assert_eq!(open(&files).head(), head);
}

#[test]
fn a_tree_that_is_closed_on_a_full_disk_is_opened_with_what_had_been_durable() {
    let files = SimFiles::new();
    let tree = open(&files);
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    let head = tree.head();
    files.set_capacity(Some(files.used()));
    tree.insert_many(&leaves(100..1000)).unwrap();
    let closed = tree.close().unwrap_err();
    assert!(matches!(closed, StorageError::FlushFailed(_)), "{closed}");
    files.set_capacity(None);
    let tree = open(&files);
    assert_eq!(tree.head(), head);
    tree.insert_durable(leaf(0)).unwrap();
}

#[test]
fn a_disk_that_is_full_when_the_tree_is_made_is_named() {
    let files = SimFiles::new();
    files.set_capacity(Some(100));
    let storage = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    let outcome = Tree::<2>::builder(config())
        .storage(storage)
        .open(Blake3Hasher);
    match storage_error(outcome) {
        StorageError::Io(error) => {
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert!(error.to_string().contains("/tree"), "{error}");
        }
        error => panic!("{error}"),
    }
    files.set_capacity(None);
    assert!(
        open(&files).recovery_report().created,
        "what was left is no obstacle"
    );
}

#[test]
fn a_failed_checkpoint_is_told_and_the_tree_goes_on() {
    let files = SimFiles::new();
    let tree = open(&files);
    tree.insert_many(&leaves(0..1000)).unwrap();
    files.inject(Fault::new(0, Effect::Error(io::ErrorKind::StorageFull)).within("/tree/levels"));
    let error = tree.checkpoint().unwrap_err();
    let StorageError::CheckpointFailed(told) = &error else {
        panic!("{error}");
    };
    let cause = tree.stats().checkpoint_error.unwrap();
    let CheckpointFailure::Io(io) = &*cause else {
        panic!("{cause}");
    };
    assert_eq!(io.kind(), io::ErrorKind::StorageFull);
    assert_eq!(*told, cause.to_string(), "the text holds the whole cause");
    assert!(tree.failure().is_none());
    tree.insert_durable(leaf(1000)).unwrap();
    tree.checkpoint().unwrap();
    assert!(tree.stats().checkpoint_error.is_none());
    tree.verify().unwrap();
    tree.close().unwrap();
    let tree = open(&files);
    assert_eq!(
        (tree.size(), tree.recovery_report().checkpoint_size),
        (1001, 1001)
    );
}

#[test]
fn closing_after_a_failed_checkpoint_tells_its_cause_once() {
    let files = SimFiles::new();
    let tree = open(&files);
    tree.insert_many(&leaves(0..1000)).unwrap();
    let full = Effect::Error(io::ErrorKind::StorageFull);
    files.inject(Fault::new(0, full).for_good().within("/tree/levels"));
    let told = tree.checkpoint().unwrap_err().to_string();
    let cause = tree.stats().checkpoint_error.unwrap().to_string();
    let closing = tree.close().unwrap_err();
    assert!(
        matches!(closing, StorageError::CheckpointFailed(_)),
        "{closing}"
    );
    let closing = closing.to_string();
    assert_eq!(closing, told);
    assert_eq!(closing.matches(&cause).count(), 1, "{closing}");
    assert_eq!(closing.matches("checkpoint failed").count(), 1, "{closing}");
}
