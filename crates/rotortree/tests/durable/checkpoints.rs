//! Checkpoints: by policy and by hand, and waiting for them.

use std::{thread, time::Duration};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, RotorTreeConfig, RotorTreeError, TieringConfig, TreeError,
};

use crate::support::{PATIENCE, Tree, leaf, leaves, open, quiet};

const AT_ONCE: Duration = Duration::ZERO;

#[test]
fn every_checkpoint_is_told_once_and_none_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    assert!(!tree.wait_for_checkpoint(AT_ONCE));
    tree.insert(leaf(0)).unwrap();
    tree.checkpoint().unwrap();
    assert!(tree.wait_for_checkpoint(AT_ONCE), "it came before the call");
    assert!(!tree.wait_for_checkpoint(AT_ONCE), "it was told");
    for k in 1..3 {
        tree.insert(leaf(k)).unwrap();
        tree.checkpoint().unwrap();
    }
    assert!(tree.wait_for_checkpoint(AT_ONCE));
    assert!(
        !tree.wait_for_checkpoint(AT_ONCE),
        "several are told by one call"
    );
    assert_eq!(tree.stats().checkpoints, 3);
}

#[test]
fn waiting_ends_with_the_checkpoint_that_another_thread_makes() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    tree.insert(leaf(0)).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| tree.wait_for_checkpoint(PATIENCE));
        thread::sleep(Duration::from_millis(20));
        tree.checkpoint().unwrap();
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn waiting_ends_when_another_thread_closes_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    thread::scope(|scope| {
        let waiting = tree.clone();
        let checkpoint = scope.spawn(move || waiting.wait_for_checkpoint(Duration::MAX));
        let waiting = tree.clone();
        let size = scope.spawn(move || waiting.wait_for_size(1, PATIENCE * 100));
        thread::sleep(Duration::from_millis(20));
        tree.close().unwrap();
        assert!(!checkpoint.join().unwrap());
        assert!(!size.join().unwrap());
    });
}

#[test]
fn after_so_many_entries_a_checkpoint_is_made_in_the_background() {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        checkpoint_policy: CheckpointPolicy::EveryNEntries(10),
        ..quiet(dir.path())
    };
    let tree = Tree::<4>::open(Blake3Hasher, config).unwrap();
    for k in 0..9 {
        tree.insert_many(&leaves(k * 100..k * 100 + 100)).unwrap();
    }
    assert!(!tree.wait_for_checkpoint(AT_ONCE), "a batch is one entry");
    tree.insert(leaf(900)).unwrap();
    assert!(tree.wait_for_checkpoint(PATIENCE));
    let stats = tree.stats();
    assert_eq!((stats.checkpointed_size, stats.durable_size), (901, 901));
}

#[test]
fn after_so_many_bytes_a_checkpoint_is_made_in_the_background() {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        checkpoint_policy: CheckpointPolicy::MemoryThreshold(64 << 10),
        ..quiet(dir.path())
    };
    let tree = Tree::<2>::open(Blake3Hasher, config).unwrap();
    // A binary tree has about two nodes of 32 bytes for each leaf.
    tree.insert_many(&leaves(0..1000)).unwrap();
    assert!(!tree.wait_for_checkpoint(AT_ONCE));
    tree.insert_many(&leaves(1000..1100)).unwrap();
    assert!(tree.wait_for_checkpoint(PATIENCE));
    assert_eq!(tree.stats().checkpointed_size, 1100);
}

#[test]
fn pinned_levels_stay_in_memory_and_the_others_leave_it() {
    for (pin_above_level, resident) in [(0, 2046 * 32), (5, 62 * 32), (usize::MAX, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let config = RotorTreeConfig {
            tiering: TieringConfig { pin_above_level },
            ..quiet(dir.path())
        };
        let tree = Tree::<2>::open(Blake3Hasher, config.clone()).unwrap();
        tree.insert_many(&leaves(0..1024)).unwrap();
        tree.checkpoint().unwrap();
        for tree in [tree.clone(), {
            tree.close().unwrap();
            Tree::<2>::open(Blake3Hasher, config).unwrap()
        }] {
            // Nodes that no full chunk holds yet, fewer than 128 a level, are in memory too.
            let bytes = tree.stats().resident_node_bytes;
            assert!(bytes >= resident, "{pin_above_level}: {bytes} bytes");
            assert!(
                bytes < resident + 12 * 128 * 32 + 8192,
                "{pin_above_level}: {bytes} bytes"
            );
            tree.verify().unwrap();
        }
    }
}

#[test]
fn any_past_size_is_there_before_and_after_checkpoints_and_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut tree = open::<4>(dir.path());
    let mut heads = Vec::new();
    for step in 0..12u64 {
        tree.insert_many(&leaves(step * 61..step * 61 + 61))
            .unwrap();
        heads.push(tree.head().unwrap());
        match step % 3 {
            0 => tree.checkpoint().unwrap(),
            1 => {
                tree.close().unwrap();
                tree = open::<4>(dir.path());
            }
            _ => {}
        }
        let snapshot = tree.snapshot();
        for head in &heads {
            let then = snapshot.snapshot_at(head.size).unwrap();
            assert_eq!(then.head(), Some(*head));
            let proof = then.generate_proof(head.size - 1).unwrap();
            proof.verify_against(&Blake3Hasher, *head).unwrap();
        }
        let mut fork = snapshot.fork().unwrap();
        let forked = fork.insert(leaf(9)).unwrap();
        assert_ne!(Some(forked), tree.root());
    }
    let refused = RotorTreeError::from(tree.snapshot().snapshot_at(10_000).unwrap_err());
    assert!(matches!(
        refused,
        RotorTreeError::Tree(TreeError::SizeOutOfRange { .. })
    ));
}

/// The bytes that the documentation of `resident_node_bytes` promises to count.
#[test]
fn resident_bytes_are_those_of_what_is_not_in_chunks_and_room_ahead() {
    const SEGMENT_BYTES: u64 = 2 << 20;
    let nodes = |size: u64| std::iter::successors(Some(size), |&level| Some(level / 2));
    let levels = |size: u64| nodes(size).take_while(|&level| level > 0).count() as u64;
    let bytes = |size: u64| 32 * nodes(size).take_while(|&level| level > 0).sum::<u64>();
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let mut covered = 0;
    for (step, upto) in [1, 5, 1000, 65_536, 65_537, 100_000, 200_000, 200_003]
        .into_iter()
        .enumerate()
    {
        tree.insert_many(&leaves(tree.size()..upto)).unwrap();
        let resident = tree.stats().resident_node_bytes;
        let needed = bytes(upto) - bytes(covered);
        let kept = if covered > 0 {
            levels(covered) * SEGMENT_BYTES
        } else {
            0
        };
        let first_slots = levels(upto) * 4 * 32;
        assert!(
            (needed..=2 * needed + kept + first_slots).contains(&resident),
            "{upto} leaves, {covered} of them covered: {resident} bytes, {needed} needed"
        );
        if step % 2 == 1 {
            let held = tree.snapshot();
            tree.checkpoint().unwrap();
            covered = upto;
            // Nodes that only the snapshot keeps are not counted, and still exist.
            let resident = tree.stats().resident_node_bytes;
            assert!(
                resident <= levels(upto) * SEGMENT_BYTES
                    && resident < bytes(upto) + first_slots + 1,
                "{upto} leaves, all covered: {resident} bytes"
            );
            assert_eq!(held.get_leaf(upto - 1).unwrap(), leaf(upto - 1));
        }
    }
}
