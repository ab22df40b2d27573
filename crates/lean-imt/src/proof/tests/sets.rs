//! Multiproofs, range proofs and catch-up proofs.

use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, for_each_n, is_false, leaves, reference_head, snapshot};
use crate::{CatchUpProof, MultiProof, RangeProof, TreeError, TreeHead, reference};

/// The nodes of a proof for these indices, from their definition: children of a node above a chosen
/// leaf that have no chosen leaf below them, in the order of the leaves below.
fn reference_hashes<const N: usize>(size: usize, indices: &[u64]) -> Vec<Hash> {
    let levels = reference::levels(&Blake3Hasher, N, &leaves(size));
    let chosen = |level: usize, index: usize| {
        let span = (N as u64).pow(level as u32);
        indices.iter().any(|i| i / span == index as u64)
    };
    let mut given = Vec::new();
    for (level, nodes) in levels.iter().enumerate().take(levels.len() - 1) {
        for (index, node) in nodes.iter().enumerate() {
            if !chosen(level, index) && chosen(level + 1, index / N) {
                given.push((index * N.pow(level as u32), *node));
            }
        }
    }
    given.sort_by_key(|(first_leaf, _)| *first_leaf);
    given.into_iter().map(|(_, node)| node).collect()
}

#[test]
fn every_subset_of_every_small_tree_has_the_references_multiproof() {
    fn test<const N: usize>() {
        for size in 1..=11usize {
            let tree = snapshot::<N>(size);
            let head = reference_head::<N>(size);
            for set in 1u32..1 << size {
                let indices: Vec<u64> = (0..size as u64).filter(|i| set >> i & 1 == 1).collect();
                let proof = tree.generate_multiproof(&indices).unwrap();
                assert_eq!(proof.hashes, reference_hashes::<N>(size, &indices));
                proof.verify_against(&Blake3Hasher, head).unwrap();
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn every_range_of_every_small_tree_has_the_multiproof_of_its_indices() {
    fn test<const N: usize>() {
        for size in 1..=36u64 {
            let tree = snapshot::<N>(size as usize);
            let head = reference_head::<N>(size as usize);
            for start in 0..size {
                for end in start + 1..=size {
                    let proof = tree.generate_range_proof(start..end).unwrap();
                    let indices: Vec<u64> = (start..end).collect();
                    let multi = tree.generate_multiproof(&indices).unwrap();
                    assert_eq!(
                        (&proof.leaves, &proof.hashes),
                        (&multi.leaves, &multi.hashes)
                    );
                    proof.verify_against(&Blake3Hasher, head).unwrap();
                    assert!(proof.verify_root_only(&Blake3Hasher, &head.root).unwrap());
                    multi.verify_against(&Blake3Hasher, head).unwrap();
                }
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn long_ranges_verify_through_whole_subtrees() {
    fn test<const N: usize>() {
        let tree = snapshot::<N>(3000);
        let head = tree.head().unwrap();
        for range in [
            0..3000,
            1..2999,
            255..2560,
            256..512,
            17..18,
            2999..3000,
            1024..2049,
        ] {
            let proof = tree.generate_range_proof(range.clone()).unwrap();
            assert_eq!(
                proof.hashes,
                reference_hashes::<N>(3000, &range.clone().collect::<Vec<_>>())
            );
            proof.verify_against(&Blake3Hasher, head).unwrap();
            let multi = tree
                .generate_multiproof(&range.collect::<Vec<_>>())
                .unwrap();
            multi.verify_against(&Blake3Hasher, head).unwrap();
        }
    }
    for_each_n!(test);
}

#[test]
fn every_pair_of_small_sizes_has_a_catch_up_proof() {
    fn test<const N: usize>() {
        let most = 90;
        let heads: Vec<TreeHead> = (0..=most).map(reference_head::<N>).collect();
        let largest = snapshot::<N>(most);
        for new in &heads {
            let tree = largest.snapshot_at(new.size).unwrap();
            for old in &heads[..=new.size as usize] {
                let proof = tree.generate_catch_up_proof(old.size, old.root).unwrap();
                assert_eq!(
                    proof.leaves,
                    leaves(most)[old.size as usize..new.size as usize]
                );
                proof.verify_against(&Blake3Hasher, *old, *new).unwrap();
                if old == new {
                    assert!(proof.leaves.is_empty() && proof.frontier.is_empty());
                } else {
                    let wrong = TreeHead {
                        size: old.size,
                        root: [7; 32],
                    };
                    assert!(is_false(proof.verify_against(&Blake3Hasher, wrong, *new)));
                }
                let mut claim = old.root;
                claim[0] ^= 1;
                assert!(matches!(
                    tree.generate_catch_up_proof(old.size, claim),
                    Err(TreeError::RootMismatch { size }) if size == old.size
                ));
            }
        }
        assert!(matches!(
            largest.generate_catch_up_proof(91, [0; 32]),
            Err(TreeError::SizeOutOfRange {
                requested: 91,
                size: 90
            })
        ));
    }
    for_each_n!(test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_indices_have_the_references_multiproof(
        size in 1usize..400,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        fn test<const N: usize>(size: usize, indices: &[u64]) {
            let tree = snapshot::<N>(size);
            let proof = tree.generate_multiproof(indices).unwrap();
            assert_eq!(proof.hashes, reference_hashes::<N>(size, indices));
            proof.verify_against(&Blake3Hasher, tree.head().unwrap()).unwrap();
        }
        let mut indices: Vec<u64> = picks.iter().map(|pick| pick.index(size) as u64).collect();
        indices.sort_unstable();
        indices.dedup();
        test::<2>(size, &indices);
        test::<3>(size, &indices);
        test::<4>(size, &indices);
        test::<8>(size, &indices);
        test::<16>(size, &indices);
    }
}

#[test]
fn indices_and_ranges_that_are_none_are_refused_with_the_reason() {
    let tree = snapshot::<2>(10);
    assert!(matches!(
        tree.generate_multiproof(&[]),
        Err(TreeError::NoLeaves)
    ));
    for unsorted in [&[1, 1][..], &[0, 5, 4]] {
        let position = unsorted.len() as u64 - 1;
        assert!(matches!(
            tree.generate_multiproof(unsorted),
            Err(TreeError::IndicesNotIncreasing { position: at }) if at == position
        ));
    }
    assert!(matches!(
        tree.generate_multiproof(&[3, 10]),
        Err(TreeError::IndexOutOfRange {
            index: 10,
            size: 10
        })
    ));
    let backward = core::ops::Range { start: 5, end: 4 };
    for empty in [4..4, backward, 0..0] {
        assert!(matches!(
            tree.generate_range_proof(empty),
            Err(TreeError::NoLeaves)
        ));
    }
    for outside in [9..11, 10..11, 0..u64::MAX, u64::MAX - 1..u64::MAX] {
        assert!(matches!(
            tree.generate_range_proof(outside),
            Err(TreeError::IndexOutOfRange { size: 10, .. })
        ));
    }
}

#[test]
fn every_field_of_every_multiproof_changed_is_refused() {
    fn test<const N: usize>() {
        for size in [1usize, 2, 3, 5, 8, 9, 13] {
            let tree = snapshot::<N>(size);
            let head = tree.head().unwrap();
            for indices in [vec![0], (0..size as u64).collect(), vec![size as u64 - 1]] {
                let proof = tree.generate_multiproof(&indices).unwrap();
                let refuse = |change: &dyn Fn(&mut MultiProof<N, DEPTH>)| {
                    let mut changed = proof.clone();
                    change(&mut changed);
                    assert_ne!(changed, proof);
                    let verdict = changed.verify_against(&Blake3Hasher, head);
                    assert!(verdict.is_err(), "{changed:?} was accepted");
                };
                refuse(&|p| p.root[0] ^= 1);
                for size in (0..30).chain([u64::MAX]).filter(|s| *s != head.size) {
                    refuse(&|p| p.tree_size = size);
                }
                for (at, &index) in indices.iter().enumerate() {
                    for other in (0..30).chain([u64::MAX]).filter(|i| *i != index) {
                        refuse(&|p| p.indices[at] = other);
                    }
                    refuse(&|p| p.leaves[at][31] ^= 1);
                    refuse(&|p| {
                        p.indices.remove(at);
                    });
                    refuse(&|p| {
                        p.leaves.remove(at);
                    });
                    refuse(&|p| {
                        p.indices.remove(at);
                        p.leaves.remove(at);
                    });
                }
                for at in 0..proof.hashes.len() {
                    refuse(&|p| p.hashes[at][31] ^= 1);
                    refuse(&|p| {
                        p.hashes.remove(at);
                    });
                }
                refuse(&|p| p.hashes.push([0; 32]));
                refuse(&|p| p.leaves.push([0; 32]));
                refuse(&|p| p.indices.push(30));
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn every_field_of_every_range_and_catch_up_proof_changed_is_refused() {
    fn test<const N: usize>() {
        for size in [1u64, 2, 3, 5, 8, 9, 13] {
            let tree = snapshot::<N>(size as usize);
            let head = tree.head().unwrap();
            for start in 0..size {
                let old = reference_head::<N>(start as usize);
                let proof = tree
                    .generate_range_proof(start..(start + 3).min(size))
                    .unwrap();
                let refuse = |change: &dyn Fn(&mut RangeProof<N, DEPTH>)| {
                    let mut changed = proof.clone();
                    change(&mut changed);
                    assert_ne!(changed, proof);
                    let verdict = changed.verify_against(&Blake3Hasher, head);
                    assert!(verdict.is_err(), "{changed:?} was accepted");
                };
                refuse(&|p| p.root[0] ^= 1);
                for number in (0..30).chain([u64::MAX - 1, u64::MAX]) {
                    if number != start {
                        refuse(&|p| p.start = number);
                    }
                    if number != size {
                        refuse(&|p| p.tree_size = number);
                    }
                }
                refuse(&|p| p.leaves[0][0] ^= 1);
                refuse(&|p| p.leaves.truncate(p.leaves.len() - 1));
                refuse(&|p| p.leaves.push([0; 32]));
                refuse(&|p| p.hashes.push([0; 32]));
                for at in 0..proof.hashes.len() {
                    refuse(&|p| p.hashes[at][9] ^= 1);
                    refuse(&|p| {
                        p.hashes.remove(at);
                    });
                }

                let proof = tree.generate_catch_up_proof(start, old.root).unwrap();
                let refuse = |change: &dyn Fn(&mut CatchUpProof<N, DEPTH>)| {
                    let mut changed = proof.clone();
                    change(&mut changed);
                    assert_ne!(changed, proof);
                    let verdict = changed.verify_against(&Blake3Hasher, old, head);
                    assert!(verdict.is_err(), "{changed:?} was accepted");
                };
                refuse(&|p| p.old_root[0] ^= 1);
                refuse(&|p| p.new_root[0] ^= 1);
                for number in (0..30).chain([u64::MAX - 1, u64::MAX]) {
                    if number != start {
                        refuse(&|p| p.old_size = number);
                    }
                }
                refuse(&|p| p.leaves[0][0] ^= 1);
                refuse(&|p| p.leaves.truncate(p.leaves.len() - 1));
                refuse(&|p| p.leaves.push([0; 32]));
                refuse(&|p| p.frontier.push([0; 32]));
                for at in 0..proof.frontier.len() {
                    refuse(&|p| p.frontier[at][9] ^= 1);
                    refuse(&|p| {
                        p.frontier.remove(at);
                    });
                }
            }
        }
    }
    for_each_n!(test);
}
