//! Inclusion proofs brought up to date.

use rotortree_hasher::Blake3Hasher;

use super::{for_each_n, reference_head, snapshot};
use crate::TreeError;

#[test]
fn an_updated_proof_is_the_one_the_new_tree_generates() {
    fn test<const N: usize>() {
        let most = 68u64;
        let largest = snapshot::<N>(most as usize);
        let trees: Vec<_> = (0..=most)
            .map(|size| largest.snapshot_at(size).unwrap())
            .collect();
        for old_tree in &trees[1..] {
            let old = old_tree.head().unwrap();
            for new_tree in &trees[old.size as usize..] {
                let new = new_tree.head().unwrap();
                let growth = new_tree
                    .generate_consistency_proof(old.size, old.root)
                    .unwrap();
                for index in [0, old.size / 2, old.size.saturating_sub(2), old.size - 1] {
                    let old_proof = old_tree.generate_proof(index).unwrap();
                    let updated = growth
                        .update_inclusion_proof(&Blake3Hasher, &old_proof, old, new)
                        .unwrap();
                    assert_eq!(updated, new_tree.generate_proof(index).unwrap());
                }
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn updating_through_many_steps_equals_generating_fresh() {
    fn test<const N: usize>() {
        let largest = snapshot::<N>(600);
        for index in [0u64, 1, 6, 11] {
            let mut size = index + 1;
            let mut tree = largest.snapshot_at(size).unwrap();
            let mut proof = tree.generate_proof(index).unwrap();
            for step in 1.. {
                let old = tree.head().unwrap();
                size += step % 13;
                if size > 600 {
                    break;
                }
                tree = largest.snapshot_at(size).unwrap();
                let growth = tree.generate_consistency_proof(old.size, old.root).unwrap();
                proof = growth
                    .update_inclusion_proof(&Blake3Hasher, &proof, old, tree.head().unwrap())
                    .unwrap();
                assert_eq!(proof, tree.generate_proof(index).unwrap());
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn proofs_that_do_not_hold_are_not_updated() {
    let (old_tree, new_tree) = (snapshot::<3>(10), snapshot::<3>(31));
    let (old, new) = (old_tree.head().unwrap(), new_tree.head().unwrap());
    let growth = new_tree.generate_consistency_proof(10, old.root).unwrap();
    let proof = old_tree.generate_proof(9).unwrap();

    let mut forged = proof.clone();
    forged.leaf = [5; 32];
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &forged, old, new),
        Err(TreeError::RootMismatch { size: 10 })
    ));
    let mut other = new;
    other.root[0] ^= 1;
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &proof, old, other),
        Err(TreeError::RootMismatch { size: 31 })
    ));
    let mut bent = growth.clone();
    bent.hashes[0][0] ^= 1;
    assert!(matches!(
        bent.update_inclusion_proof(&Blake3Hasher, &proof, old, new),
        Err(TreeError::RootMismatch { size: 31 })
    ));
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &proof, reference_head::<3>(9), new),
        Err(TreeError::SizeMismatch {
            expected: 9,
            actual: 10
        })
    ));
    let mut malformed = proof.clone();
    malformed.levels[0].siblings[2] = [1; 32];
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &malformed, old, new),
        Err(TreeError::UnusedSlotNotZero { level: 0 })
    ));
}
