//! The trees in memory, and one whose leaves are beyond counting: it starts from a frontier, so
//! that it has no node below it.

use rotortree::{
    AnyProof, AnySnapshot, Blake3Hasher, ConcurrentLeanIMT, Frontier, LeanIMT, LeanImtProof,
    NaryProof, TreeError, TreeSnapshot,
};

use super::{LEVELS, SIZES, erased_at, leaf, leaves};

/// Asks for everything at every number.
fn ask<const N: usize, const MAX_DEPTH: usize>(snapshot: &TreeSnapshot<N, MAX_DEPTH>) {
    for size in SIZES {
        drop(snapshot.generate_proof(size));
        drop(snapshot.snapshot_at(size));
        drop(snapshot.frontier_at(size));
        drop(snapshot.generate_consistency_proof(size, [1; 32]));
        drop(snapshot.generate_catch_up_proof(size, [1; 32]));
        for other in SIZES {
            let leaves = snapshot.leaves(size..other);
            drop(leaves.map(|leaves| leaves.take(200).count()));
            drop(snapshot.generate_range_proof(size..other));
            drop(snapshot.generate_range_proof(size..=other));
            drop(snapshot.generate_multiproof(&[size, other]));
        }
        for level in LEVELS {
            drop(snapshot.get_node(level, size));
            drop(snapshot.read_nodes(level, size, &mut [[0; 32]; 3]));
            let _ = snapshot.level_len(level);
        }
        erased_at(snapshot, size);
    }
}

#[test]
fn trees_in_memory_answer_or_refuse_every_index_level_and_size() {
    for filled in [0, 1, 100] {
        let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
        for size in SIZES {
            let is_next = tree.size() == size;
            let outcome = tree.append_at(size, &leaves(0..filled));
            assert_eq!(outcome.is_ok(), is_next && filled > 0, "{size}");
        }
        ask(&tree.snapshot());
        let tree = ConcurrentLeanIMT::from_tree(tree);
        for size in SIZES {
            let is_next = tree.size() == size;
            let outcome = tree.append_at(size, &leaves(0..1));
            assert_eq!(outcome.is_ok(), is_next, "{size}");
        }
        ask(&*tree.snapshot());
    }
}

#[test]
fn max_depths_in_memory_are_refused_or_bound_the_tree() {
    for max_depth in [0, 1, 32, 33, usize::MAX] {
        let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
        let outcome = tree.limit_depth(max_depth);
        assert_eq!(
            outcome.is_ok(),
            (1..=32).contains(&max_depth),
            "{max_depth}"
        );
        tree.insert_many(&leaves(0..2)).unwrap();
        let third = tree.insert(leaf(2));
        assert_eq!(third.is_err(), max_depth == 1, "{max_depth}");
    }
}

/// A tree of so many leaves, none of which it has.
fn boundless<const N: usize>(size: u64) -> LeanIMT<Blake3Hasher, N, 64> {
    let mut digits = size;
    let mut count = 0;
    while digits > 0 {
        count += digits % N as u64;
        digits /= N as u64;
    }
    let frontier = Frontier::<N, 64>::from_hashes(&Blake3Hasher, size, &leaves(0..count)).unwrap();
    LeanIMT::from_frontier(Blake3Hasher, &frontier).unwrap()
}

fn ask_boundless<const N: usize>() {
    for size in [1 << 32, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let mut tree = boundless::<N>(size);
        let before = tree.head().unwrap();
        ask(&tree.snapshot());
        for count in [2, 1] {
            let grown = tree.insert_many(&leaves(0..count));
            let has_room = size.checked_add(count) == Some(tree.size());
            assert_eq!(grown.is_ok(), has_room, "{size} and {count}: {grown:?}");
            if has_room {
                break;
            }
        }
        ask(&tree.snapshot());
        let snapshot = tree.snapshot();
        if size < tree.size() {
            let proof = snapshot.generate_consistency_proof(before.size, before.root);
            drop(proof.map(|proof| {
                let head = tree.head().unwrap();
                proof.verify_against(&Blake3Hasher, before, head).unwrap();
            }));
        }
        let forked: &dyn AnySnapshot = &snapshot;
        drop(
            forked
                .fork()
                .map(|mut fork| fork.insert_many(&leaves(0..3))),
        );
    }
}

#[test]
fn a_tree_of_more_leaves_than_there_is_memory_for_answers_or_refuses() {
    ask_boundless::<2>();
    ask_boundless::<3>();
    ask_boundless::<16>();
}

#[test]
fn numbers_beside_a_proof_are_claims_that_are_checked() {
    let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    tree.insert_many(&leaves(0..5)).unwrap();
    let proof = tree.snapshot().generate_proof(4).unwrap();
    let foreign = proof.to_lean_imt().unwrap();
    let bytes = proof.to_bytes().unwrap();
    for index in SIZES {
        for size in SIZES {
            let told = NaryProof::<2, 32>::from_lean_imt(&foreign, index, size);
            assert!(told.is_err(), "{index} of {size}");
        }
        let packed = LeanImtProof {
            index,
            ..foreign.clone()
        };
        let told = NaryProof::<2, 32>::from_lean_imt(&packed, 4, 5);
        assert_eq!(told.is_ok(), index == foreign.index, "{index}");
    }
    for arity in [0, 1, 3, 255, 258, usize::MAX] {
        assert!(AnyProof::from_bytes(&bytes, arity).is_err(), "{arity}");
    }
    let deepest = LeanIMT::<_, 2, 1>::new(Blake3Hasher).insert_many(&leaves(0..3));
    assert!(matches!(
        deepest,
        Err(TreeError::MaxDepthExceeded { max_depth: 1 })
    ));
}
