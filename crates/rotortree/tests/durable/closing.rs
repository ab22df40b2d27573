//! Closing: by any clone, by the last drop, and what stays valid afterwards.

use std::{sync::Barrier, thread, time::Duration};

use rotortree::{Blake3Hasher, CheckpointPolicy, RotorTreeConfig, StorageError};

use crate::support::{Tree, leaf, leaves, open, quiet, storage_error};

#[test]
fn closing_one_clone_closes_all() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let clone = tree.clone();
    tree.insert(leaf(0)).unwrap();
    let head = tree.head();
    tree.close().unwrap();

    let closed = |error: StorageError| assert!(matches!(error, StorageError::Closed), "{error}");
    closed(storage_error(clone.insert(leaf(1))));
    closed(storage_error(clone.insert_many(&[leaf(1)])));
    closed(storage_error(clone.insert_many(&[])));
    closed(storage_error(clone.insert_durable(leaf(1))));
    closed(storage_error(clone.insert_many_durable(&[leaf(1)])));
    closed(storage_error(clone.try_insert(leaf(1))));
    closed(storage_error(clone.try_insert_many(&[leaf(1)])));
    closed(storage_error(clone.append_at(1, &[leaf(1)])));
    closed(storage_error(clone.insert_many_with_metadata(&[], b"x")));
    closed(clone.flush().unwrap_err());
    closed(clone.checkpoint().unwrap_err());
    assert!(!clone.wait_for_checkpoint(Duration::from_secs(3600)));
    assert!(!clone.wait_for_size(2, Duration::from_secs(3600)));

    // The tree can still be read, and the place is free.
    assert_eq!(clone.head(), head);
    assert!(clone.failure().is_none());
    let again = open::<2>(dir.path());
    assert_eq!(again.head(), head);
    clone.close().unwrap();
    assert_eq!(again.insert_durable(leaf(1)).map(drop).ok(), Some(()));
}

#[test]
fn snapshots_outlive_the_tree_and_never_change() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<3>(dir.path());
    tree.insert_many(&leaves(0..1000)).unwrap();
    let in_memory = tree.snapshot();
    tree.checkpoint().unwrap();
    let mapped = tree.snapshot();
    let head = tree.head().unwrap();
    tree.insert_many(&leaves(1000..2000)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    let tree = open::<3>(dir.path());
    tree.insert_many(&leaves(2000..2500)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    for snapshot in [in_memory, mapped] {
        assert_eq!(snapshot.head(), Some(head));
        for index in (0..1000).step_by(37) {
            let proof = snapshot.generate_proof(index).unwrap();
            assert_eq!(proof.leaf, leaf(index));
            proof.verify_against(&Blake3Hasher, head).unwrap();
        }
    }
}

#[test]
fn dropping_the_last_clone_closes_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let clone = tree.clone();
    let held = tree.snapshot();
    tree.insert(leaf(0)).unwrap();
    drop(tree);
    clone.insert(leaf(1)).unwrap();
    drop(clone);
    drop(held);
    let tree = open::<2>(dir.path());
    assert_eq!(tree.size(), 2);
    let report = tree.recovery_report();
    assert!(report.was_closed && !report.created, "{report:?}");
    assert_eq!(
        (report.cut_records, report.tear, report.damage),
        (0, None, None)
    );
}

#[test]
fn a_new_tree_was_not_closed_before() {
    let dir = tempfile::tempdir().unwrap();
    let report = open::<2>(&dir.path().join("deep").join("tree")).recovery_report();
    assert!(report.created && !report.was_closed);
}

#[test]
fn closing_makes_a_checkpoint_where_the_policy_says_so() {
    for (checkpoint_policy, covered) in [
        (CheckpointPolicy::OnClose, 300),
        (CheckpointPolicy::Manual, 0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let config = RotorTreeConfig {
            checkpoint_policy,
            ..quiet(dir.path())
        };
        for dropped in [true, false] {
            let tree = Tree::<2>::open(Blake3Hasher, config.clone()).unwrap();
            tree.insert_many(&leaves(0..150)).unwrap();
            if dropped {
                drop(tree);
            } else {
                tree.close().unwrap();
            }
        }
        let tree = Tree::<2>::open(Blake3Hasher, config).unwrap();
        let report = tree.recovery_report();
        assert_eq!(report.checkpoint_size, covered, "{checkpoint_policy:?}");
        assert_eq!(report.replayed_leaves, 300 - covered);
        assert_eq!(report.verified, covered > 0);
    }
}

#[test]
fn threads_that_close_and_insert_at_once_lose_nothing_they_were_given() {
    for round in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let tree = open::<2>(dir.path());
        let together = Barrier::new(3);
        let inserted: u64 = thread::scope(|scope| {
            let inserters: Vec<_> = (0..2)
                .map(|_| {
                    let (tree, together) = (tree.clone(), &together);
                    scope.spawn(move || {
                        together.wait();
                        (0..200)
                            .take_while(|&k| tree.insert(leaf(k)).is_ok())
                            .count() as u64
                    })
                })
                .collect();
            together.wait();
            thread::sleep(Duration::from_micros(round * 20));
            tree.clone().close().unwrap();
            inserters
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        // Every insert that was let in came before the close, which flushed it.
        assert_eq!(open::<2>(dir.path()).size(), inserted);
    }
}
