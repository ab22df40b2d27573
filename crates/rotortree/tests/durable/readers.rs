//! Readers without ownership, and waiting readers.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rotortree::{Blake3Hasher, Reads, RotorTree, RotorTreeError, StorageError};

use crate::{
    place::contents,
    support::{PATIENCE, Tree, eventually, leaf, leaves, open, quiet, storage_error},
};

#[test]
fn a_reader_beside_the_writer_sees_durable_states_only_and_moves_forward() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    let reader = Tree::<4>::open_read_only(Blake3Hasher, quiet(dir.path())).unwrap();
    assert_eq!(
        (reader.size(), reader.root(), reader.head()),
        (0, None, None)
    );

    tree.insert_many(&leaves(0..500)).unwrap();
    assert!(!reader.refresh().unwrap(), "nothing of it is durable");
    tree.flush().unwrap();
    let durable = tree.head();
    tree.insert_many(&leaves(500..700)).unwrap();
    eventually("the sync is attested once the log is idle", || {
        tree.flush().unwrap();
        reader.refresh().unwrap();
        reader.size() >= 500
    });
    let held = reader.snapshot();
    assert_eq!(held.snapshot_at(500).unwrap().head(), durable);

    for round in 0..5 {
        tree.insert_many(&leaves(700 + round * 300..1000 + round * 300))
            .unwrap();
        tree.checkpoint().unwrap();
        assert!(reader.refresh().unwrap());
        assert_eq!(reader.head(), tree.head());
        let proof = reader.snapshot().generate_proof(3).unwrap();
        proof
            .verify_against(&Blake3Hasher, tree.head().unwrap())
            .unwrap();
    }
    let old = held.generate_proof(499).unwrap();
    old.verify_against(&Blake3Hasher, held.head().unwrap())
        .unwrap();
    tree.close().unwrap();
    reader.refresh().unwrap();
    assert_eq!(reader.size(), 2200);
}

/// A sync without waiters is attested too: a reader sees attested records only.
#[test]
fn a_reader_sees_what_a_backup_made_durable_once_the_log_is_idle() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(&dir.path().join("tree"));
    let reader = Tree::<4>::open_read_only(Blake3Hasher, quiet(&dir.path().join("tree"))).unwrap();
    tree.insert_many(&leaves(0..500)).unwrap();
    tree.backup(dir.path().join("backup")).unwrap();
    eventually("the sync of a backup is attested", || {
        reader.refresh().unwrap();
        reader.size() == 500
    });
}

#[test]
fn a_reader_changes_nothing_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    tree.insert_many(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many(&leaves(1000..1100)).unwrap();
    tree.close().unwrap();
    let before = contents(dir.path());
    let reader = Tree::<2>::builder(quiet(dir.path()))
        .reads(Reads::Positioned)
        .open_read_only(Blake3Hasher)
        .unwrap();
    assert_eq!(reader.size(), 1100);
    assert!(!reader.refresh().unwrap());
    assert_eq!(reader.recovery_report().checkpoint_size, 1000);
    drop(reader);
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn a_reader_wants_a_tree_that_is_there_and_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent");
    let error = storage_error(Tree::<2>::open_read_only(Blake3Hasher, quiet(&absent)));
    match &error {
        StorageError::Io(cause) => assert_eq!(cause.kind(), io::ErrorKind::NotFound),
        _ => panic!("{error}"),
    }
    assert!(error.to_string().contains("absent"), "{error}");
    assert!(!fs::exists(&absent).unwrap(), "looking creates nothing");

    open::<2>(&absent).insert(leaf(0)).unwrap();
    let error = storage_error(Tree::<4>::open_read_only(Blake3Hasher, quiet(&absent)));
    assert!(matches!(
        error,
        StorageError::ConfigMismatch {
            expected_n: 4,
            actual_n: 2,
            ..
        }
    ));
    let empty = RotorTree::<Blake3Hasher, 2, 32>::open_read_only(Blake3Hasher, quiet("".as_ref()));
    assert!(matches!(
        storage_error(empty),
        StorageError::InvalidConfig(_)
    ));
}

/// Puts the files of another directory in the place of those in this one, which stays the
/// same directory.
fn restore_into(path: &Path, files: &BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for (name, bytes) in files {
        match bytes {
            Some(bytes) => fs::write(path.join(name), bytes).unwrap(),
            None => fs::create_dir_all(path.join(name)).unwrap(),
        }
    }
}

#[test]
fn a_reader_refuses_another_tree_that_took_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree");
    let other = open::<2>(&dir.path().join("other"));
    other.insert_many(&leaves(5..50)).unwrap();
    other.close().unwrap();
    let other = contents(&dir.path().join("other"));

    let tree = open::<2>(&path);
    tree.insert_many(&leaves(0..10)).unwrap();
    tree.checkpoint().unwrap();
    let reader = Tree::<2>::open_read_only(Blake3Hasher, quiet(&path)).unwrap();
    let head = reader.head();
    tree.close().unwrap();
    restore_into(&path, &other);
    match reader.refresh() {
        Err(RotorTreeError::Storage(StorageError::UnexpectedHead { size: 10, .. })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(reader.head(), head, "the view stays as it was");

    // A reader that has seen no leaf yet knows its tree all the same.
    let place = dir.path().join("empty");
    open::<2>(&place).close().unwrap();
    let reader = Tree::<2>::open_read_only(Blake3Hasher, quiet(&place)).unwrap();
    restore_into(&place, &other);
    match reader.refresh() {
        Err(RotorTreeError::Storage(StorageError::UnexpectedHead { size: 0, .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reader_never_goes_back_to_an_older_copy_of_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree");
    let tree = open::<2>(&path);
    tree.insert_many(&leaves(0..100)).unwrap();
    tree.close().unwrap();
    let older = contents(&path);
    let tree = open::<2>(&path);
    tree.insert_many(&leaves(100..120)).unwrap();
    tree.close().unwrap();
    let reader = Tree::<2>::open_read_only(Blake3Hasher, quiet(&path)).unwrap();
    let head = reader.head();
    restore_into(&path, &older);
    match reader.refresh() {
        Err(RotorTreeError::Storage(StorageError::UnexpectedHead { size: 120, .. })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(reader.head(), head, "the view stays as it was");
}

#[test]
fn waiting_for_a_size_ends_when_it_is_reached_and_when_time_is_up() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    assert!(tree.wait_for_size(0, Duration::ZERO));
    assert!(!tree.wait_for_size(1, Duration::from_millis(1)));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| tree.wait_for_size(100, PATIENCE));
        for k in 0..100 {
            tree.insert(leaf(k)).unwrap();
        }
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn clones_of_a_view_move_together_and_show_leaves_metadata_and_depth() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let reader = Tree::<2>::open_read_only(Blake3Hasher, quiet(dir.path())).unwrap();
    let clone = reader.clone();
    assert_eq!((clone.depth(), clone.metadata()), (0, None));
    assert_eq!(clone.leaves(..).unwrap().len(), 0);
    tree.append(&leaves(0..300))
        .metadata(b"block 1")
        .durable()
        .unwrap();
    tree.checkpoint().unwrap();
    assert!(reader.refresh().unwrap());
    assert!(!clone.refresh().unwrap(), "it has moved with the other");
    drop(reader);
    assert_eq!((clone.head(), clone.depth()), (tree.head(), tree.depth()));
    assert_eq!(clone.metadata().as_deref(), Some(&b"block 1"[..]));
    assert_eq!(clone.get_leaf(299).unwrap(), leaf(299));
    assert!(clone.get_leaf(300).is_err());
    let some: Vec<_> = clone.leaves(100..).unwrap().map(Result::unwrap).collect();
    assert_eq!(some, leaves(100..300));
}

#[test]
fn leaves_are_those_of_one_moment_and_outlive_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<3>(dir.path());
    tree.insert_many(&leaves(0..1000)).unwrap();
    let mut all = tree.leaves(..).unwrap();
    assert_eq!(all.len(), 1000);
    assert_eq!(all.next().unwrap().unwrap(), leaf(0));
    // Behind what it has read: inserted to, moved to chunks, closed.
    tree.insert_many(&leaves(1000..2000)).unwrap();
    tree.checkpoint().unwrap();
    let mapped = tree.leaves(998..=1001).unwrap();
    tree.close().unwrap();
    assert_eq!(all.len(), 999);
    assert!(all.map(Result::unwrap).eq(leaves(1..1000)));
    assert!(mapped.map(Result::unwrap).eq(leaves(998..1002)));
}
