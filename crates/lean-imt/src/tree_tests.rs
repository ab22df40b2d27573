//! Compares the tree with the reference, with segments so small that small trees fill several.

use alloc::sync::Arc;

use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash};

use crate::{LeanIMT, TreeError, TreeSnapshot, reference};

fn assert_equals_reference<const N: usize>(snapshot: &TreeSnapshot<N, 32>, leaves: &[Hash]) {
    let levels = reference::levels(&Blake3Hasher, N, leaves);
    assert_eq!(snapshot.size(), leaves.len() as u64);
    assert_eq!(
        snapshot.root(),
        levels.last().and_then(|level| level.first().copied())
    );
    for (k, level) in levels.iter().enumerate() {
        assert_eq!(snapshot.level_len(k), level.len() as u64);
        let mut nodes = vec![[0; 32]; level.len()];
        snapshot.read_nodes(k, 0, &mut nodes).unwrap();
        assert_eq!(
            &nodes,
            level,
            "level {k} at size {} for N = {N}",
            leaves.len()
        );
    }
    assert_eq!(snapshot.level_len(levels.len()), 0);
}

fn batches<const N: usize>(lens: &[usize]) {
    let leaves = reference::sample_leaves(N as u64, lens.iter().sum());
    let mut tree = LeanIMT::<_, N, 32>::new(Blake3Hasher);
    let mut snapshots = vec![tree.snapshot()];
    let mut at = 0;
    for &len in lens {
        let batch = &leaves[at..at + len];
        let root = if len == 1 {
            tree.insert(batch[0])
        } else {
            tree.insert_many(batch)
        }
        .unwrap();
        at += len;
        assert_eq!(
            Some(root),
            reference::root(&Blake3Hasher, N, &leaves[..at]),
            "size {at}, N = {N}"
        );
        snapshots.push(tree.snapshot());
    }
    let last = tree.snapshot();
    for snapshot in &snapshots {
        let size = snapshot.size() as usize;
        assert_equals_reference(snapshot, &leaves[..size]);
        assert_equals_reference(&last.snapshot_at(size as u64).unwrap(), &leaves[..size]);
        let mut fork = snapshot.fork().unwrap();
        fork.insert_many(&leaves[..7.min(leaves.len())]).unwrap();
        let mut forked = leaves[..size].to_vec();
        forked.extend_from_slice(&leaves[..7.min(leaves.len())]);
        assert_equals_reference(&fork.snapshot(), &forked);
    }
    assert_equals_reference(&last, &leaves);
}

#[test]
fn any_snapshot_becomes_that_of_any_tree() {
    fn each<const N: usize>() {
        let trees = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 26, 27, 28, 63, 64, 65].map(|size| {
            let leaves = reference::sample_leaves(size, size as usize);
            let mut tree = LeanIMT::<_, N, 32>::new(Blake3Hasher);
            for leaf in &leaves {
                tree.insert(*leaf).unwrap();
            }
            if size % 2 == 0 {
                tree.set_metadata(Some(Arc::from([size as u8])));
            }
            (tree, leaves)
        });
        for (from, _) in &trees {
            let old = from.snapshot();
            for (tree, leaves) in &trees {
                let mut snapshot = old.clone();
                tree.snapshot_into(&mut snapshot);
                assert_equals_reference(&snapshot, leaves);
                assert_eq!(snapshot.metadata(), tree.metadata().map(|bytes| &**bytes));
                assert!(snapshot.shares_all_with(&tree.snapshot()));
                assert_eq!(snapshot.shares_all_with(&old), from.size() == tree.size());
                for index in 0..tree.size() {
                    let proof = snapshot.generate_proof(index).unwrap();
                    assert_eq!(proof, tree.snapshot().generate_proof(index).unwrap());
                }
            }
        }
    }
    each::<2>();
    each::<3>();
    each::<16>();
}

#[test]
fn one_leaf_at_a_time_gives_the_reference_at_every_size() {
    fn each<const N: usize>() {
        batches::<N>(&[1; 70]);
    }
    each::<2>();
    each::<3>();
    each::<4>();
    each::<5>();
    each::<8>();
    each::<16>();
    each::<33>();
}

#[test]
fn a_batch_longer_than_a_block_gives_the_reference() {
    batches::<2>(&[3, 9000, 1, 4096, 70000]);
    batches::<3>(&[3, 9000, 1, 4096]);
    batches::<16>(&[3, 9000, 1, 4096]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_batches_give_the_reference(lens in prop::collection::vec(prop_oneof![Just(1usize), 1..40usize], 1..12)) {
        batches::<2>(&lens);
        batches::<3>(&lens);
        batches::<4>(&lens);
        batches::<5>(&lens);
        batches::<8>(&lens);
        batches::<16>(&lens);
        batches::<33>(&lens);
    }
}

#[test]
fn what_refuses_changes_nothing() {
    let mut tree = LeanIMT::<_, 2, 2>::new(Blake3Hasher);
    assert!(matches!(tree.insert_many(&[]), Err(TreeError::EmptyBatch)));
    tree.insert_many(&[[1; 32], [2; 32], [3; 32]]).unwrap();
    let head = tree.head();
    assert!(matches!(
        tree.insert_many(&[[4; 32], [5; 32]]),
        Err(TreeError::MaxDepthExceeded { max_depth: 2 })
    ));
    assert!(matches!(
        tree.append_at(2, &[[4; 32]]),
        Err(TreeError::SizeMismatch {
            expected: 2,
            actual: 3
        })
    ));
    assert_eq!(tree.head(), head);
    tree.append_at(3, &[[4; 32]]).unwrap();
    assert!(matches!(
        tree.insert([5; 32]),
        Err(TreeError::MaxDepthExceeded { .. })
    ));
    assert_eq!(tree.size(), 4);
}

#[test]
fn reading_no_nodes_is_possible_up_to_the_end_of_a_level() {
    let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    tree.insert_many(&[[1; 32], [2; 32], [3; 32]]).unwrap();
    let snapshot = tree.snapshot();
    for start in 0..=2 {
        snapshot.read_nodes(1, start, &mut []).unwrap();
    }
    assert!(matches!(
        snapshot.read_nodes(1, 3, &mut []),
        Err(TreeError::IndexOutOfRange { index: 3, size: 2 })
    ));
}

#[test]
fn a_clone_grows_on_its_own() {
    let leaves = reference::sample_leaves(1, 200);
    for at in 0..60 {
        let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
        for &leaf in &leaves[..at] {
            tree.insert(leaf).unwrap();
        }
        let mut clone = tree.try_clone().unwrap();
        tree.insert_many(&leaves[at..]).unwrap();
        clone.insert_many(&leaves[..50]).unwrap();
        assert_equals_reference(&tree.snapshot(), &leaves);
        assert_equals_reference(&clone.snapshot(), &[&leaves[..at], &leaves[..50]].concat());
    }
}

#[test]
fn a_base_serves_what_memory_gives_back_and_no_node_is_lost_between_them() {
    let leaves = reference::sample_leaves(2, 100);
    let (front, rest) = leaves.split_at(60);
    let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    tree.insert_many(front).unwrap();
    let source = tree.nodes().source();
    for base in 0..=60u64 {
        let mut based = tree.try_clone().unwrap();
        let before = based.snapshot();
        let lens: Vec<u64> = (0..7).map(|level| base >> level).collect();
        based.nodes_mut().rebase(source.clone(), &lens);
        assert_equals_reference(&based.snapshot(), front);
        based.insert_many(rest).unwrap();
        assert_equals_reference(&based.snapshot(), &leaves);
        assert_equals_reference(&before, front);
    }
}
