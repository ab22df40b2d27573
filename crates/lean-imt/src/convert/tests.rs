//! Conversions against what the other implementations do, written out.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher, Sha256Hasher};

use super::LeanImtProof;
use crate::{
    LeanIMT, NaryProof, TreeError, TreeSnapshot, UnrootedConsistency, UnrootedInclusion, reference,
};

fn tree<const N: usize>(size: usize) -> TreeSnapshot<N, 16> {
    let mut tree = LeanIMT::<_, N, 16>::new(Blake3Hasher);
    tree.insert_many(&reference::sample_leaves(11, size))
        .unwrap();
    tree.snapshot()
}

/// What `@zk-kit/lean-imt` does in `generateProof`, on the reference's levels.
fn their_proof(size: usize, leaf_index: usize) -> LeanImtProof {
    let levels = reference::levels(&Blake3Hasher, 2, &reference::sample_leaves(11, size));
    let (mut siblings, mut path) = (Vec::new(), Vec::new());
    let mut at = leaf_index;
    for level in &levels[..levels.len() - 1] {
        let is_right = at & 1;
        if let Some(sibling) = level.get(if is_right == 1 { at - 1 } else { at + 1 }) {
            path.push(is_right as u64);
            siblings.push(*sibling);
        }
        at >>= 1;
    }
    LeanImtProof {
        root: levels[levels.len() - 1][0],
        leaf: levels[0][leaf_index],
        index: path.iter().rev().fold(0, |packed, bit| packed << 1 | bit),
        siblings,
    }
}

/// What `verifyProof` of `@zk-kit/lean-imt` does.
fn they_verify(proof: &LeanImtProof) -> bool {
    let mut node = proof.leaf;
    for (i, sibling) in proof.siblings.iter().enumerate() {
        node = if proof.index >> i & 1 == 1 {
            Blake3Hasher.hash_children(&[*sibling, node])
        } else {
            Blake3Hasher.hash_children(&[node, *sibling])
        };
    }
    node == proof.root
}

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
fn binary_proofs_go_to_the_javascript_tree_and_back() {
    for size in 1..=40 {
        let tree = tree::<2>(size);
        for index in 0..size {
            let proof = tree.generate_proof(index as u64).unwrap();
            let theirs = proof.to_lean_imt().unwrap();
            assert_eq!(theirs, their_proof(size, index));
            assert!(they_verify(&theirs));
            let back = NaryProof::from_lean_imt(&theirs, index as u64, size as u64).unwrap();
            assert_eq!(back, proof);
        }
    }
}

/// What `@zk-kit/lean-imt` 2.2.5 gives with SHA-256 over two 32-byte big-endian numbers, for the 13 leaves whose bytes are all 1,
/// all 2, and so on.
#[test]
fn the_javascript_tree_itself_gives_these_proofs() {
    const ROOT: &str = "3f86845b1972ab0adfd4fbb49c70fda57cb298d23a4ddeb69679c91c627ebad9";
    let vectors: [(u64, u64, &[&str]); 3] = [
        (
            0,
            0,
            &[
                "0202020202020202020202020202020202020202020202020202020202020202",
                "505a9c6ac70bdffa46248e2025483f9fe997a0e31ed25559e448b73b7e02b9bd",
                "df9ba27c638473b04e37b7d9adeb09535b8e30455150acd2bf8294bd42633954",
                "411eeab77ffaae79fbdbc74f1d92bff4be5172e263905a8df735e069b11ad12a",
            ],
        ),
        (
            6,
            6,
            &[
                "0808080808080808080808080808080808080808080808080808080808080808",
                "e38b0325ae6067640715997f0ef9f478600cbaeb410ebbceb7f749d90bd9d896",
                "2c0c4083be2badf7c9f9046d8730d21e034c1ce50f519c166d7605848b17b0d5",
                "411eeab77ffaae79fbdbc74f1d92bff4be5172e263905a8df735e069b11ad12a",
            ],
        ),
        (
            12,
            3,
            &[
                "b1ef1b5f53767992edc0bdf124cebaef0f640b8325121c57e99e569b49c0a0ea",
                "c215a327df1243ec5271e106f8f03b979cadc0d1b8b10f214a5fdd11c0e6b612",
            ],
        ),
    ];
    let leaves: Vec<Hash> = (1..=13).map(|i| [i; 32]).collect();
    let mut tree = LeanIMT::<_, 2, 16>::new(Sha256Hasher::default());
    tree.insert_many(&leaves).unwrap();
    for (leaf_index, index, siblings) in vectors {
        let theirs = LeanImtProof {
            root: hex(ROOT).try_into().unwrap(),
            leaf: leaves[leaf_index as usize],
            index,
            siblings: siblings
                .iter()
                .map(|s| hex(s).try_into().unwrap())
                .collect(),
        };
        let proof = tree.snapshot().generate_proof(leaf_index).unwrap();
        assert_eq!(proof.to_lean_imt().unwrap(), theirs);
        let taken = NaryProof::<2, 16>::from_lean_imt(&theirs, leaf_index, 13).unwrap();
        assert!(
            taken
                .verify_against(tree.hasher(), tree.head().unwrap())
                .unwrap()
        );
    }
}

/// The bytes of hex digits.
fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn what_does_not_follow_from_index_and_size_is_refused() {
    let places: Vec<(u64, u64)> = (0..14).flat_map(|i| (0..14).map(move |s| (i, s))).collect();
    let is_place = |(index, size): &(u64, u64)| index < size;
    for &(index, size) in places.iter().filter(|place| is_place(place)) {
        let theirs = their_proof(size as usize, index as usize);
        for &(other_index, other_size) in &places {
            let taken = NaryProof::<2, 16>::from_lean_imt(&theirs, other_index, other_size);
            // Some other places have the same path; then the head tells.
            let same_path = other_index < other_size && {
                let other = their_proof(other_size as usize, other_index as usize);
                (other.index, other.siblings.len()) == (theirs.index, theirs.siblings.len())
            };
            assert_eq!(taken.is_ok(), same_path);
        }
    }
    let mut theirs = their_proof(13, 6);
    theirs.index ^= 1 << 60;
    assert!(matches!(
        NaryProof::<2, 16>::from_lean_imt(&theirs, 6, 13),
        Err(TreeError::InvalidPackedPath {
            expected: 0b0110,
            ..
        })
    ));
    theirs.siblings.push([0; 32]);
    assert!(matches!(
        NaryProof::<2, 16>::from_lean_imt(&theirs, 6, 13),
        Err(TreeError::InvalidProofLength {
            expected: 4,
            actual: 5
        })
    ));
    assert!(matches!(
        NaryProof::<2, 3>::from_lean_imt(&their_proof(13, 6), 6, 13),
        Err(TreeError::MaxDepthExceeded { max_depth: 3 })
    ));
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

/// Vectors made with `eth_abi` 5, `encode(["(bytes32,uint64,uint64,bytes32[])"], ...)` and
/// `encode(["(uint64,uint64,bytes32[])"], ...)`.
#[test]
fn solidity_decodes_the_proofs() {
    let words = |words: &[&str]| hex(&words.concat());
    let siblings: [Hash; 7] = core::array::from_fn(|i| [i as u8 + 1; 32]);
    // Leaf 9 of 21, N = 4: three siblings, three siblings, one sibling.
    let inclusion = UnrootedInclusion::<4>::new(21, 9, &[0xaa; 32], &siblings).unwrap();
    assert_eq!(
        inclusion.to_abi(),
        words(&[
            "0000000000000000000000000000000000000000000000000000000000000020",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0000000000000000000000000000000000000000000000000000000000000009",
            "0000000000000000000000000000000000000000000000000000000000000015",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0000000000000000000000000000000000000000000000000000000000000007",
            "0101010101010101010101010101010101010101010101010101010101010101",
            "0202020202020202020202020202020202020202020202020202020202020202",
            "0303030303030303030303030303030303030303030303030303030303030303",
            "0404040404040404040404040404040404040404040404040404040404040404",
            "0505050505050505050505050505050505050505050505050505050505050505",
            "0606060606060606060606060606060606060606060606060606060606060606",
            "0707070707070707070707070707070707070707070707070707070707070707",
        ])
    );
    let rooted = inclusion.to_nary::<_, 16>(&Blake3Hasher).unwrap();
    assert_eq!(rooted.to_abi().unwrap(), inclusion.to_abi());

    let consistency = UnrootedConsistency::<2>::new(2, 3, &[[1; 32], [2; 32]]).unwrap();
    assert_eq!(
        consistency.to_abi(),
        words(&[
            "0000000000000000000000000000000000000000000000000000000000000020",
            "0000000000000000000000000000000000000000000000000000000000000002",
            "0000000000000000000000000000000000000000000000000000000000000003",
            "0000000000000000000000000000000000000000000000000000000000000060",
            "0000000000000000000000000000000000000000000000000000000000000002",
            "0101010101010101010101010101010101010101010101010101010101010101",
            "0202020202020202020202020202020202020202020202020202020202020202",
        ])
    );
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
