//! Passes padded forms to the algorithms of circuits.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::tree;
use crate::{AnyProof, Kind, TreeError, UnrootedInclusion};

/// The algorithm of the circuit `BinaryMerkleRoot(DEPTH)`.
fn circuit_root<const DEPTH: usize>(
    leaf: Hash,
    length: usize,
    bits: [bool; DEPTH],
    siblings: [Hash; DEPTH],
) -> Hash {
    let mut nodes = vec![leaf];
    for i in 0..DEPTH {
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
            let path = proof.binary_path::<10>().unwrap();
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
        proof.binary_path::<5>(),
        Err(TreeError::MaxDepthExceeded { max_depth: 5 })
    ));
    let mut malformed = proof.clone();
    malformed.levels[0].sibling_count = usize::MAX;
    assert!(malformed.binary_path::<16>().is_err());
    assert!(malformed.to_lean_imt().is_err());
    assert!(malformed.padded::<16>().is_err());
    assert!(malformed.to_abi().is_err());
    assert!(malformed.to_bytes().is_err());
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

/// Compares a proof in memory, a decoded proof, and a proof decoded for an N that is known
/// only at run time.
#[test]
fn every_form_is_the_same_from_all_three_forms_of_a_proof() {
    fn test<const N: usize>() {
        for size in [1, 2, 5, 17, 40] {
            let tree = tree::<N>(size);
            for index in 0..size as u64 {
                let proof = tree.generate_proof(index).unwrap();
                let bytes = proof.to_bytes().unwrap();
                let unrooted = UnrootedInclusion::<N>::from_bytes(&bytes).unwrap();
                let any = AnyProof::from_bytes(&bytes, N).unwrap();
                let padded = proof.padded::<20>().unwrap();
                assert_eq!(unrooted.padded::<20>().unwrap(), padded);
                assert_eq!(any.padded::<N, 20>().unwrap(), padded);
                assert!(matches!(
                    any.padded::<7, 20>(),
                    Err(TreeError::NoSuchForm { kind: Kind::Inclusion, arity }) if arity == N
                ));
                assert_eq!(any.to_abi().unwrap(), proof.to_abi().unwrap());
                assert_eq!(unrooted.to_abi(), proof.to_abi().unwrap());
                assert_eq!(any.binary_path::<20>().is_ok(), N == 2);
            }
            let old = tree.snapshot_at(1).unwrap().root().unwrap();
            let growth = tree.generate_consistency_proof(1, old).unwrap();
            let bytes = growth.to_bytes().unwrap();
            let any = AnyProof::from_bytes(&bytes, N).unwrap();
            assert_eq!(any.to_abi().unwrap(), growth.to_abi().unwrap());
            assert!(any.padded::<N, 20>().is_err() && any.binary_path::<20>().is_err());
            let range = tree.generate_range_proof(..).unwrap().to_bytes().unwrap();
            let refused = AnyProof::from_bytes(&range, N).unwrap().to_abi();
            let kind = Kind::Range;
            assert_eq!(refused, Err(TreeError::NoSuchForm { kind, arity: N }));
        }
        let tree = tree::<N>(40);
        let bytes = tree.generate_proof_bytes(0).unwrap();
        let any = AnyProof::from_bytes(&bytes, N).unwrap();
        let too_deep = TreeError::MaxDepthExceeded { max_depth: 1 };
        assert_eq!(any.padded::<N, 1>(), Err(too_deep));
    }
    test::<2>();
    test::<3>();
    test::<4>();
    test::<8>();
    test::<16>();
    for size in [1, 2, 5, 17, 40] {
        let tree = tree::<2>(size);
        for index in 0..size as u64 {
            let proof = tree.generate_proof(index).unwrap();
            let bytes = proof.to_bytes().unwrap();
            let unrooted = UnrootedInclusion::<2>::from_bytes(&bytes).unwrap();
            let any = AnyProof::from_bytes(&bytes, 2).unwrap();
            let path = proof.binary_path::<10>();
            assert_eq!(unrooted.binary_path::<10>(), path);
            assert_eq!(any.binary_path::<10>(), path);
            assert_eq!(any.binary_path::<0>().is_ok(), path.unwrap().length == 0);
        }
    }
}
