//! Consistency proofs.

use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, for_each_n, reference_head, snapshot};
use crate::{ConsistencyProof, TreeError, TreeHead, VerifyError, geometry, reference};

#[test]
fn every_pair_of_small_sizes_has_a_proof_that_verifies() {
    fn test<const N: usize>() {
        let most = 150;
        let heads: Vec<TreeHead> = (0..=most).map(reference_head::<N>).collect();
        let largest = snapshot::<N>(most);
        for new in &heads {
            let tree = largest.snapshot_at(new.size).unwrap();
            for old in &heads[..=new.size as usize] {
                let proof = tree.generate_consistency_proof(old.size, old.root).unwrap();
                let verdict = proof.verify_against(&Blake3Hasher, *old, *new);
                assert_eq!(verdict, Ok(()), "N = {N}, {} to {}", old.size, new.size);
                let depth = geometry::depth::<N>(new.size);
                assert!(proof.hashes.len() <= (N - 1) * depth + 1);
                if old.size == 0 || old.size == new.size {
                    assert!(proof.hashes.is_empty());
                }
            }
        }
    }
    for_each_n!(test);
}

/// The nodes of a proof from their definition: on each level, those that hold only old or only new
/// leaves, below a node that holds both.
fn reference_hashes<const N: usize>(old_size: usize, new_size: usize) -> Vec<Hash> {
    let levels = reference::levels(&Blake3Hasher, N, &super::leaves(new_size));
    let straddles = |level: usize, index: usize| {
        let span = N.pow(level as u32);
        let end = ((index + 1) * span).min(new_size);
        index * span < old_size && old_size < end
    };
    let mut hashes = Vec::new();
    for (level, nodes) in levels.iter().enumerate().take(levels.len() - 1) {
        for (index, node) in nodes.iter().enumerate() {
            if straddles(level + 1, index / N) && !straddles(level, index) {
                hashes.push(*node);
            }
        }
    }
    hashes
}

#[test]
fn every_proof_has_the_nodes_that_its_definition_names() {
    fn test<const N: usize>() {
        let most = 2 * N * N.min(5) + 3;
        let largest = snapshot::<N>(most);
        for new in 1..=most {
            let tree = largest.snapshot_at(new as u64).unwrap();
            for old in 1..new {
                let root = reference_head::<N>(old).root;
                let proof = tree.generate_consistency_proof(old as u64, root).unwrap();
                assert_eq!(proof.hashes, reference_hashes::<N>(old, new));
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn a_wrong_claim_about_the_old_tree_gets_no_proof() {
    fn test<const N: usize>() {
        let tree = snapshot::<N>(40);
        for size in 0..=40 {
            let mut root = reference_head::<N>(size as usize).root;
            root[3] ^= 1;
            assert!(matches!(
                tree.generate_consistency_proof(size, root),
                Err(TreeError::RootMismatch { size: at }) if at == size
            ));
        }
        assert!(matches!(
            tree.generate_consistency_proof(41, [1; 32]),
            Err(TreeError::SizeOutOfRange {
                requested: 41,
                size: 40
            })
        ));
    }
    for_each_n!(test);
}

#[test]
fn the_empty_tree_has_one_proof_to_every_size_and_no_root() {
    let empty = snapshot::<2>(0);
    let proof = empty.generate_consistency_proof(0, [0; 32]).unwrap();
    proof
        .verify_against(&Blake3Hasher, TreeHead::EMPTY, TreeHead::EMPTY)
        .unwrap();
    let new = reference_head::<2>(5);
    let mut proof = snapshot::<2>(5)
        .generate_consistency_proof(0, [0; 32])
        .unwrap();
    proof
        .verify_against(&Blake3Hasher, TreeHead::EMPTY, new)
        .unwrap();
    proof.old_root = [1; 32];
    assert!(!proof.verify(&Blake3Hasher).unwrap());
    proof.old_root = [0; 32];
    proof.hashes.push([0; 32]);
    assert!(matches!(
        proof.verify(&Blake3Hasher),
        Err(TreeError::InvalidProofLength {
            expected: 0,
            actual: 1
        })
    ));
    let rooted = TreeHead {
        size: 0,
        root: [9; 32],
    };
    let proof = ConsistencyProof::<2, DEPTH> {
        old_size: 0,
        new_size: 0,
        old_root: rooted.root,
        new_root: rooted.root,
        hashes: Vec::new(),
    };
    let verdict = proof.verify_against(&Blake3Hasher, rooted, rooted);
    assert_eq!(verdict, Err(VerifyError::RootMismatch { head: rooted }));
}

#[test]
fn every_field_of_every_proof_changed_is_refused() {
    fn test<const N: usize>() {
        let most = 20;
        let heads: Vec<TreeHead> = (0..=most).map(reference_head::<N>).collect();
        for new in &heads {
            let tree = snapshot::<N>(new.size as usize);
            for old in &heads[..=new.size as usize] {
                let proof = tree.generate_consistency_proof(old.size, old.root).unwrap();
                refuse_every_change(&proof, *old, *new);
            }
        }
    }
    for_each_n!(test);
}

fn refuse_every_change<const N: usize>(
    proof: &ConsistencyProof<N, DEPTH>,
    old: TreeHead,
    new: TreeHead,
) {
    let refuse = |what: &str, change: &dyn Fn(&mut ConsistencyProof<N, DEPTH>)| {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_ne!(
            &changed, proof,
            "the change of {what} must change something"
        );
        let verdict = changed.verify_against(&Blake3Hasher, old, new);
        assert!(verdict.is_err(), "{what} changed: {changed:?} was accepted");
    };
    for byte in 0..32 {
        refuse("old root", &|p| p.old_root[byte] ^= 1);
        refuse("new root", &|p| p.new_root[byte] ^= 1);
    }
    for n in [0, 1, 2, 3, 7, 8, 9, 19, 21, 1 << 40, u64::MAX] {
        if n != proof.old_size {
            refuse("old size", &|p| p.old_size = n);
        }
        if n != proof.new_size {
            refuse("new size", &|p| p.new_size = n);
        }
    }
    for index in 0..proof.hashes.len() {
        for byte in [0, 13, 31] {
            refuse("hash", &|p| p.hashes[index][byte] ^= 0x20);
        }
        refuse("hash left out", &|p| {
            p.hashes.remove(index);
        });
        refuse("hash doubled", &|p| p.hashes.insert(index, p.hashes[index]));
    }
    refuse("hash added", &|p| p.hashes.push([0; 32]));
    for index in 1..proof.hashes.len() {
        refuse("hashes swapped", &|p| p.hashes.swap(index - 1, index));
    }
}

#[test]
fn a_tree_with_one_old_leaf_replaced_has_no_transition() {
    fn test<const N: usize>() {
        for old_size in 1..30usize {
            let old = reference_head::<N>(old_size);
            for replaced in 0..old_size {
                let mut forged: Vec<Hash> = super::leaves(40);
                forged[replaced] = [0xee; 32];
                let mut tree = crate::LeanIMT::<_, N, DEPTH>::new(Blake3Hasher);
                tree.insert_many(&forged).unwrap();
                let tree = tree.snapshot();
                let forged_old = tree.snapshot_at(old.size).unwrap().root().unwrap();
                let mut proof = tree
                    .generate_consistency_proof(old.size, forged_old)
                    .unwrap();
                proof.old_root = old.root;
                let new = tree.head().unwrap();
                let verdict = proof.verify_against(&Blake3Hasher, old, new);
                assert_eq!(verdict, Err(VerifyError::RootMismatch { head: old }));
            }
        }
    }
    for_each_n!(test, 2, 3, 5);
}

#[test]
fn sizes_near_the_end_of_u64_are_only_refused() {
    let mut proof = ConsistencyProof::<2, 64> {
        old_size: u64::MAX - 1,
        new_size: u64::MAX,
        old_root: [1; 32],
        new_root: [2; 32],
        hashes: Vec::new(),
    };
    let Err(TreeError::InvalidProofLength { expected, .. }) = proof.verify(&Blake3Hasher) else {
        panic!("no hashes cannot do")
    };
    proof.hashes = vec![[3; 32]; expected as usize];
    assert!(!proof.verify(&Blake3Hasher).unwrap());
    proof.old_size = 1;
    assert!(matches!(
        proof.verify(&Blake3Hasher),
        Err(TreeError::InvalidProofLength { expected: 65, .. }) | Ok(false)
    ));
    proof.new_size = 0;
    assert!(matches!(
        proof.verify(&Blake3Hasher),
        Err(TreeError::SizeDecreased {
            old_size: 1,
            new_size: 0
        })
    ));
    let wide = ConsistencyProof::<1000, 3> {
        old_size: 1,
        new_size: u64::MAX,
        old_root: [1; 32],
        new_root: [2; 32],
        hashes: Vec::new(),
    };
    assert!(matches!(
        wide.verify(&Blake3Hasher),
        Err(TreeError::MaxDepthExceeded { max_depth: 3 })
    ));
}
