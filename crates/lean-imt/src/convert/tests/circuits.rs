//! Padded forms, fed to what circuits do.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::tree;
use crate::TreeError;

/// What the circuit `BinaryMerkleRoot(D)` does.
fn circuit_root<const D: usize>(
    leaf: Hash,
    length: usize,
    bits: [bool; D],
    siblings: [Hash; D],
) -> Hash {
    let mut nodes = vec![leaf];
    for i in 0..D {
        let pair = if bits[i] {
            [siblings[i], nodes[i]]
        } else {
            [nodes[i], siblings[i]]
        };
        nodes.push(Blake3Hasher.hash_children(&pair));
    }
    nodes[length]
}

#[test]
fn circuits_compute_the_root_from_a_padded_path() {
    for size in 1..=40 {
        let tree = tree::<2>(size);
        for index in 0..size as u64 {
            let proof = tree.generate_proof(index).unwrap();
            let path = proof.binary_path().unwrap().padded::<10>().unwrap();
            let packed = path
                .bits()
                .iter()
                .rev()
                .fold(0, |p, bit| p << 1 | u64::from(*bit));
            assert_eq!(packed, path.index);
            assert_eq!(
                Some(circuit_root(
                    proof.leaf,
                    path.length,
                    path.bits(),
                    path.siblings
                )),
                tree.root()
            );
        }
    }
    let proof = tree::<2>(40).generate_proof(0).unwrap();
    assert!(matches!(
        proof.binary_path().unwrap().padded::<5>(),
        Err(TreeError::MaxDepthExceeded { max_depth: 5 })
    ));
    let mut malformed = proof.clone();
    malformed.levels[0].sibling_count = usize::MAX;
    assert!(malformed.binary_path().is_err());
    assert!(malformed.to_lean_imt().is_err());
    assert!(malformed.padded::<16>().is_err());
    assert!(malformed.to_abi().is_err());
    assert!(malformed.to_bytes().is_err());
    let mut path = proof.binary_path().unwrap();
    path.length = usize::MAX;
    assert!(path.padded::<20>().is_err());
}

#[test]
fn padded_columns_are_the_proofs_levels() {
    fn test<const N: usize>() {
        for size in [1, 2, 5, 17, 40] {
            for index in 0..size as u64 {
                let proof = tree::<N>(size).generate_proof(index).unwrap();
                let padded = proof.padded::<20>().unwrap();
                assert_eq!(padded.length, proof.level_count);
                let mut node = proof.leaf;
                for k in 0..padded.length {
                    let mut children = padded.siblings[k][..padded.sibling_counts[k]].to_vec();
                    children.insert(padded.positions[k], node);
                    node = crate::proof::parent(&Blake3Hasher, &children);
                }
                assert_eq!(node, proof.root);
                for k in padded.length..20 {
                    assert_eq!((padded.positions[k], padded.sibling_counts[k]), (0, 0));
                    assert_eq!(padded.siblings[k], [[0; 32]; N]);
                }
            }
        }
        let proof = tree::<N>(40).generate_proof(0).unwrap();
        assert!(matches!(
            proof.padded::<1>(),
            Err(TreeError::MaxDepthExceeded { max_depth: 1 })
        ));
    }
    test::<2>();
    test::<3>();
    test::<4>();
    test::<8>();
    test::<16>();
}
