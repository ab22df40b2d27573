//! Many threads on one tree.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::ConcurrentLeanIMT;
use crate::{LeanIMT, TreeError, reference};

#[test]
fn the_leaves_of_many_threads_make_one_tree() {
    let tree = ConcurrentLeanIMT::<_, 3, 12>::new(Blake3Hasher);
    thread::scope(|scope| {
        for k in 0..4u8 {
            let tree = &tree;
            scope.spawn(move || {
                for i in 0..50 {
                    tree.insert([k; 32]).unwrap();
                    tree.insert_many(&[[k; 32], [i; 32]]).unwrap();
                }
            });
        }
    });
    assert_eq!(tree.size(), 600);
    let snapshot = tree.snapshot();
    let leaves: Vec<Hash> = snapshot
        .leaves(0..600)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(tree.root(), reference::root(&Blake3Hasher, 3, &leaves));
    for k in 0..4u8 {
        assert!(leaves.iter().filter(|leaf| **leaf == [k; 32]).count() >= 100);
    }
}

#[test]
fn every_snapshot_that_a_reader_sees_is_whole_while_others_insert() {
    let leaves = reference::sample_leaves(2, 1500);
    let roots: Vec<_> = {
        let mut tree = LeanIMT::<_, 2, 12>::new(Blake3Hasher);
        leaves
            .iter()
            .map(|leaf| tree.insert(*leaf).unwrap())
            .collect()
    };
    let tree = ConcurrentLeanIMT::<_, 2, 12>::new(Blake3Hasher);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in 0..3u64 {
            let (tree, done, roots) = (&tree, &done, &roots);
            scope.spawn(move || {
                let (mut last, mut seen) = (0, 0u64);
                while !done.load(Ordering::Relaxed) || seen == 0 {
                    let snapshot = tree.snapshot();
                    assert!(snapshot.size() >= last, "sizes never go back");
                    last = snapshot.size();
                    let Some(head) = snapshot.head() else {
                        continue;
                    };
                    assert_eq!(head.root, roots[head.size as usize - 1]);
                    let index = (seen * 31 + reader) % head.size;
                    let proof = snapshot.generate_proof(index).unwrap();
                    proof.verify_against(&Blake3Hasher, head).unwrap();
                    seen += 1;
                }
            });
        }
        for leaf in &leaves {
            tree.insert(*leaf).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(tree.into_tree().root(), roots.last().copied());
}

#[test]
fn only_one_of_racing_appends_at_a_size_succeeds() {
    let tree = ConcurrentLeanIMT::<_, 2, 12>::new(Blake3Hasher);
    for round in 0..20 {
        let successes: usize = thread::scope(|scope| {
            let racers: Vec<_> = (0..4u8)
                .map(|k| {
                    let tree = &tree;
                    scope.spawn(move || tree.append_at(round, &[[k; 32]]))
                })
                .collect();
            let results = racers.into_iter().map(|racer| racer.join().unwrap());
            results
                .filter(|result| match result {
                    Ok(_) => true,
                    Err(TreeError::SizeMismatch { expected, actual }) => {
                        assert_eq!((*expected, *actual), (round, round + 1));
                        false
                    }
                    Err(other) => panic!("{other}"),
                })
                .count()
        });
        assert_eq!(successes, 1);
    }
}

#[test]
fn leaves_and_metadata_are_published_together() {
    let tree = ConcurrentLeanIMT::<_, 2, 12>::new(Blake3Hasher);
    let cursor: Arc<[u8]> = Arc::from(*b"block 7");
    tree.insert_many_with_metadata(&[[1; 32]], Some(cursor))
        .unwrap();
    assert_eq!(tree.snapshot().metadata(), Some(&b"block 7"[..]));
    let refused = tree.insert_many_with_metadata(&[], None);
    assert!(matches!(refused, Err(TreeError::EmptyBatch)));
    assert_eq!(tree.snapshot().metadata(), Some(&b"block 7"[..]));
}

#[test]
fn a_hasher_that_panics_leaves_the_tree_to_the_others() {
    #[derive(Clone)]
    struct Fragile(Arc<AtomicBool>);
    impl Hasher for Fragile {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            assert!(!self.0.load(Ordering::Relaxed), "the hasher broke");
            Blake3Hasher.hash_children(children)
        }
    }
    let broken = Arc::new(AtomicBool::new(false));
    let tree = ConcurrentLeanIMT::<_, 2, 12>::new(Fragile(Arc::clone(&broken)));
    tree.insert_many(&[[1; 32], [2; 32], [3; 32]]).unwrap();
    let head = tree.head();
    broken.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| tree.insert([4; 32]))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| tree.insert_many(&[[4; 32]; 20]))).is_err());
    assert_eq!(tree.head(), head);
    broken.store(false, Ordering::Relaxed);
    let root = tree.insert([4; 32]).unwrap();
    let mut leaves = vec![[1; 32], [2; 32], [3; 32], [4; 32]];
    assert_eq!(Some(root), reference::root(&Blake3Hasher, 2, &leaves));

    // The nodes that the failed batch had staged do not hinder another batch.
    broken.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| tree.insert_many(&[[9; 32]; 20]))).is_err());
    broken.store(false, Ordering::Relaxed);
    let batch = reference::sample_leaves(3, 30);
    tree.insert_many(&batch).unwrap();
    leaves.extend(batch);
    let snapshot = tree.snapshot();
    let head = snapshot.head().unwrap();
    assert_eq!(Some(head.root), reference::root(&Blake3Hasher, 2, &leaves));
    for (index, leaf) in leaves.iter().enumerate() {
        let proof = snapshot.generate_proof(index as u64).unwrap();
        assert_eq!(&proof.leaf, leaf);
        proof.verify_against(&Blake3Hasher, head).unwrap();
    }
}

#[cfg(feature = "parallel")]
#[test]
fn inserting_from_inside_par_iter_does_not_hang() {
    use rayon::prelude::*;
    let tree = ConcurrentLeanIMT::<_, 2, 24>::new(Blake3Hasher);
    (0..64u8).into_par_iter().for_each(|k| {
        tree.insert_many(&vec![[k; 32]; 5000]).unwrap();
    });
    assert_eq!(tree.size(), 320_000);
}
