//! Inclusion proofs.

use rotortree_hasher::Blake3Hasher;

use super::{DEPTH, for_each_n, is_false, leaves, reference_head, snapshot};
use crate::{NaryProof, ProofLevel, TreeError, TreeHead, VerifyError, reference};

/// The proof as it follows from the reference's levels.
fn reference_proof<const N: usize>(size: usize, index: usize) -> NaryProof<N, DEPTH> {
    let levels = reference::levels(&Blake3Hasher, N, &leaves(size));
    let mut proof = NaryProof {
        root: levels[levels.len() - 1][0],
        leaf: levels[0][index],
        leaf_index: index as u64,
        tree_size: size as u64,
        level_count: levels.len() - 1,
        ..NaryProof::default()
    };
    let mut at = index;
    for (slot, level) in proof.levels.iter_mut().zip(&levels[..levels.len() - 1]) {
        let group = level.chunks(N).nth(at / N).unwrap();
        let siblings = group.iter().enumerate().filter(|(i, _)| *i != at % N);
        for (sibling, (_, node)) in slot.siblings.iter_mut().zip(siblings) {
            *sibling = *node;
        }
        slot.sibling_count = group.len() - 1;
        slot.position = at % N;
        at /= N;
    }
    proof
}

#[test]
fn every_proof_of_every_small_tree_is_the_references_and_verifies() {
    fn test<const N: usize>() {
        for size in 1..=70 {
            let snapshot = snapshot::<N>(size);
            let head = reference_head::<N>(size);
            for index in 0..size {
                let proof = snapshot.generate_proof(index as u64).unwrap();
                assert_eq!(proof, reference_proof(size, index));
                assert!(proof.verify(&Blake3Hasher).unwrap());
                proof.verify_against(&Blake3Hasher, head).unwrap();
                assert!(proof.verify_root_only(&Blake3Hasher, &head.root).unwrap());
            }
        }
    }
    for_each_n!(test);
    for_each_n!(test, 33);
}

#[test]
fn proofs_at_boundary_sizes_are_the_references() {
    fn test<const N: usize>() {
        for power in [N, N * N, N * N * N].into_iter().filter(|p| *p < 1000) {
            for size in [power - 1, power, power + 1, 2 * power + 1, N * power - 1] {
                let snapshot = snapshot::<N>(size);
                for index in [0, 1, size / 2, size.saturating_sub(2), size - 1] {
                    let index = index.min(size - 1);
                    let proof = snapshot.generate_proof(index as u64).unwrap();
                    assert_eq!(proof, reference_proof(size, index));
                }
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn an_index_behind_the_tree_has_no_proof() {
    assert!(matches!(
        snapshot::<2>(0).generate_proof(0),
        Err(TreeError::IndexOutOfRange { index: 0, size: 0 })
    ));
    assert!(matches!(
        snapshot::<2>(5).generate_proof(5),
        Err(TreeError::IndexOutOfRange { index: 5, size: 5 })
    ));
    assert!(matches!(
        snapshot::<2>(5).generate_proof(u64::MAX),
        Err(TreeError::IndexOutOfRange { .. })
    ));
}

#[test]
fn an_inner_node_accepted_as_a_leaf_is_refused_by_the_head() {
    // A tree of 4 leaves has the root of the tree over its two inner nodes: the root alone cannot
    // tell them apart.
    let tree = snapshot::<2>(4);
    let head = tree.head().unwrap();
    let honest = tree.generate_proof(0).unwrap();
    let mut forged = NaryProof::<2, DEPTH> {
        root: head.root,
        leaf: tree.get_node(1, 0).unwrap(),
        leaf_index: 0,
        tree_size: 2,
        level_count: 1,
        ..NaryProof::default()
    };
    forged.levels[0] = honest.levels[1];
    assert!(forged.verify_root_only(&Blake3Hasher, &head.root).unwrap());
    assert!(is_false(forged.verify_against(&Blake3Hasher, head)));
    forged.tree_size = 4;
    assert!(matches!(
        forged.verify_against(&Blake3Hasher, head),
        Err(VerifyError::Malformed(TreeError::InvalidProofDepth {
            expected: 2,
            actual: 1
        }))
    ));
}

/// Whether the proof passes as one of the same tree.
fn accepted<const N: usize>(proof: &NaryProof<N, DEPTH>, head: TreeHead) -> bool {
    proof.verify_against(&Blake3Hasher, head).is_ok()
}

#[test]
fn every_field_of_every_proof_changed_is_refused() {
    fn test<const N: usize>() {
        for size in [
            1,
            2,
            3,
            N,
            N + 1,
            N * N - 1,
            N * N,
            N * N + 1,
            N * N + N + 1,
        ] {
            let tree = snapshot::<N>(size);
            let head = tree.head().unwrap();
            // Every leaf, or as many of a wide tree as there are kinds of places.
            for index in
                (0..size).filter(|i| size < 32 || *i < 2 || i % (N + 1) == 0 || i + 2 > size)
            {
                let proof = tree.generate_proof(index as u64).unwrap();
                refuse_every_change(&proof, head);
            }
        }
    }
    for_each_n!(test);
}

fn refuse_every_change<const N: usize>(proof: &NaryProof<N, DEPTH>, head: TreeHead) {
    let refuse = |what: &str, change: &dyn Fn(&mut NaryProof<N, DEPTH>)| {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_ne!(
            &changed, proof,
            "the change of {what} must change something"
        );
        assert!(
            !accepted(&changed, head),
            "{what} changed: {changed:?} was accepted"
        );
    };
    for byte in 0..32 {
        for bit in [1, 0x80] {
            refuse("root", &|p| p.root[byte] ^= bit);
            refuse("leaf", &|p| p.leaf[byte] ^= bit);
            let mut changed = proof.clone();
            changed.leaf[byte] ^= bit;
            assert!(
                !changed.verify(&Blake3Hasher).unwrap(),
                "another leaf has this root"
            );
        }
    }
    let numbers = |from: u64| {
        [
            0,
            1,
            2,
            from.wrapping_sub(1),
            from + 1,
            2 * from,
            1 << 32,
            u64::MAX - 1,
            u64::MAX,
        ]
        .into_iter()
        .filter(move |n| *n != from)
    };
    for n in numbers(proof.leaf_index) {
        refuse("leaf index", &|p| p.leaf_index = n);
    }
    for n in numbers(proof.tree_size) {
        refuse("tree size", &|p| p.tree_size = n);
    }
    for n in numbers(proof.level_count as u64) {
        refuse("level count", &|p| p.level_count = n as usize);
    }
    for level in 0..DEPTH {
        for n in numbers(proof.levels[level].position as u64) {
            refuse("position", &|p| p.levels[level].position = n as usize);
        }
        for n in numbers(proof.levels[level].sibling_count as u64) {
            refuse("sibling count", &|p| {
                p.levels[level].sibling_count = n as usize
            });
        }
        for slot in 0..N {
            for byte in [0, 15, 31] {
                refuse("sibling", &|p| p.levels[level].siblings[slot][byte] ^= 4);
            }
        }
    }
    if let Some(last) = proof.level_count.checked_sub(1) {
        refuse("truncated", &|p| p.level_count = last);
        refuse("truncated and emptied", &|p| {
            p.level_count = last;
            p.levels[last] = ProofLevel {
                sibling_count: 0,
                siblings: [[1; 32]; N],
                position: 0,
            };
        });
    }
    refuse("padded with a lifted level", &|p| p.level_count += 1);
}

#[test]
fn a_proof_is_refused_with_the_reason() {
    let tree = snapshot::<4>(21);
    let proof = tree.generate_proof(9).unwrap();
    let verify = |change: &dyn Fn(&mut NaryProof<4, DEPTH>)| {
        let mut changed = proof.clone();
        change(&mut changed);
        changed.verify(&Blake3Hasher).unwrap_err()
    };
    assert!(matches!(
        verify(&|p| p.level_count = usize::MAX),
        TreeError::InvalidProofDepth { expected: 3, .. }
    ));
    assert!(matches!(
        verify(&|p| p.levels[1].position = 3),
        TreeError::InvalidProofLevel {
            level: 1,
            position: 3,
            expected_position: 2,
            ..
        }
    ));
    assert!(matches!(
        verify(&|p| p.levels[2].sibling_count = usize::MAX),
        TreeError::InvalidProofLevel {
            level: 2,
            expected_siblings: 1,
            ..
        }
    ));
    // A child of zeros more, which no other check of the shape would tell.
    assert!(matches!(
        verify(&|p| p.levels[2].sibling_count = 2),
        TreeError::InvalidProofLevel {
            level: 2,
            expected_siblings: 1,
            siblings: 2,
            ..
        }
    ));
    assert!(matches!(
        verify(&|p| p.levels[0].siblings[3][31] = 1),
        TreeError::UnusedSlotNotZero { level: 0 }
    ));
    assert!(matches!(
        verify(&|p| p.levels[DEPTH - 1].siblings[0][0] = 1),
        TreeError::UnusedSlotNotZero { level: 11 }
    ));
    assert!(matches!(
        verify(&|p| p.leaf_index = 21),
        TreeError::IndexOutOfRange {
            index: 21,
            size: 21
        }
    ));
    assert!(matches!(
        verify(&|p| p.tree_size = u64::MAX),
        TreeError::MaxDepthExceeded { max_depth: DEPTH }
    ));
}

#[test]
fn a_proof_in_the_largest_of_trees_has_a_shape_like_any_other() {
    let mut proof = NaryProof::<2, 64> {
        tree_size: u64::MAX,
        leaf_index: u64::MAX - 1,
        level_count: 64,
        ..NaryProof::default()
    };
    for level in 1..64 {
        proof.levels[level].position = 1;
        proof.levels[level].sibling_count = 1;
    }
    assert!(!proof.verify(&Blake3Hasher).unwrap());
    proof.levels[0].sibling_count = 1;
    assert!(matches!(
        proof.verify(&Blake3Hasher),
        Err(TreeError::InvalidProofLevel { level: 0, .. })
    ));
}
