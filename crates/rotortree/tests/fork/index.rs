//! An index of leaves in a process that forks: the child's calls say so, wait for no lock and write
//! no file, and the parent notices nothing.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rotortree::{
    Blake3Hasher, IndexError, IndexOptions, LeafIndex, RotorTreeError, SavePolicy, StorageError,
};

use crate::{
    common::{Tree, leaf, leaves, quiet, storage_error},
    forked::{Ending, fork},
};

fn is_forked<T>(outcome: Result<T, IndexError>) {
    assert!(matches!(outcome, Err(IndexError::Forked)));
}

/// Every call of an index that belongs to the parent.
fn every_call_is_refused(index: &LeafIndex) {
    is_forked(index.find(&leaf(0)));
    is_forked(index.contains(&leaf(0)));
    is_forked(index.save());
    is_forked(index.report());
    is_forked(index.stats());
    is_forked(index.duplicates());
    is_forked(index.verify());
    let saved = index.last_save();
    assert!(matches!(saved, Err(error) if matches!(*error, IndexError::Forked)));
    assert!(format!("{index:?}").contains("Forked"));
}

#[test]
fn a_forked_child_has_no_index_and_leaves_its_file_alone() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("tree");
    let options = IndexOptions::beside(&dir).refuse_duplicates(true);
    let options = options.save(SavePolicy::OnCheckpoint);
    let index = LeafIndex::new(options);
    let tree = Tree::<2>::builder(quiet(&dir))
        .insert_hook(index.hook())
        .open(Blake3Hasher)
        .unwrap();
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    assert_eq!(index.save().unwrap(), 1000);
    let file = place.path().join("tree.index");
    let saved = fs::read(&file).unwrap();
    tree.insert_many_durable(&leaves(1000..1500)).unwrap();
    for ending in [Ending::AtOnce, Ending::Orderly, Ending::Killed] {
        let child = fork(ending, || {
            every_call_is_refused(&index);
            let refused = tree.insert_many(&leaves(5000..5010));
            assert!(matches!(storage_error(refused), StorageError::Closed));
            assert!(matches!(tree.checkpoint(), Err(StorageError::Closed)));
        });
        child.ends_well();
        assert!(fs::read(&file).unwrap() == saved, "the child wrote a file");
    }
    let refused = tree.insert(leaf(1499));
    assert!(matches!(refused, Err(RotorTreeError::Refused(_))));
    index.verify().unwrap();
    tree.close().unwrap();
    assert_eq!(index.last_save().unwrap(), 1500);
}

#[test]
fn a_child_forked_in_the_middle_of_an_insert_waits_for_no_lock_of_its_parents_index() {
    let place = tempfile::tempdir().unwrap();
    let index = LeafIndex::new(IndexOptions::in_memory().refuse_duplicates(true));
    let tree = Tree::<2>::builder(quiet(&place.path().join("tree")))
        .insert_hook(index.hook())
        .open(Blake3Hasher)
        .unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for batch in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let first = batch * 1000;
                tree.insert_many(&leaves(first..first + 1000)).unwrap();
            }
        });
        for _ in 0..30 {
            fork(Ending::AtOnce, || every_call_is_refused(&index)).ends_well();
        }
        stop.store(true, Ordering::Relaxed);
    });
    index.verify().unwrap();
}
