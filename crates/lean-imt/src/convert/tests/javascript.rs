//! Proofs convert to the JavaScript LeanIMT and back, and other values are refused.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher, Sha256Hasher};

use super::{hex, tree};
use crate::{LeanIMT, LeanImtProof, NaryProof, TreeError, reference};

/// The algorithm of `generateProof` in `@zk-kit/lean-imt`, on the reference's levels.
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

/// The algorithm of `verifyProof` in `@zk-kit/lean-imt`.
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

/// The result of `@zk-kit/lean-imt` 2.2.5 with SHA-256 over two 32-byte big-endian numbers, for the
/// 13 leaves whose bytes are all 1, all 2, and so on.
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
    let mut tree = LeanIMT::<_, 2, 16>::new(Sha256Hasher::new());
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
        taken
            .verify_against(tree.hasher(), tree.head().unwrap())
            .unwrap();
    }
}

#[test]
fn what_does_not_follow_from_index_and_size_is_refused() {
    let places: Vec<(u64, u64)> = (0..14).flat_map(|i| (0..14).map(move |s| (i, s))).collect();
    let is_place = |(index, size): &(u64, u64)| index < size;
    for &(index, size) in places.iter().filter(|place| is_place(place)) {
        let theirs = their_proof(size as usize, index as usize);
        for &(other_index, other_size) in &places {
            let taken = NaryProof::<2, 16>::from_lean_imt(&theirs, other_index, other_size);
            // Some other indices have the same path; then the head differs.
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
fn every_field_of_a_javascript_proof_changed_is_refused() {
    for size in [1, 2, 3, 4, 5, 7, 8, 9, 16, 17] {
        let head = tree::<2>(size).head().unwrap();
        for index in 0..size {
            let honest = their_proof(size, index);
            let taken = |proof: &LeanImtProof| {
                let (index, size) = (index as u64, size as u64);
                let taken = NaryProof::<2, 16>::from_lean_imt(proof, index, size);
                taken.is_ok_and(|proof| proof.verify_against(&Blake3Hasher, head).is_ok())
            };
            assert!(taken(&honest));
            let refuse = |what: &str, change: &dyn Fn(&mut LeanImtProof)| {
                let mut changed = honest.clone();
                change(&mut changed);
                assert_ne!(changed, honest);
                assert!(!taken(&changed), "{what} changed: {changed:?} was taken");
            };
            for byte in 0..32 {
                refuse("root", &|p| p.root[byte] ^= 1);
                refuse("leaf", &|p| p.leaf[byte] ^= 0x80);
                for at in 0..honest.siblings.len() {
                    refuse("sibling", &|p| p.siblings[at][byte] ^= 1);
                }
            }
            for bit in 0..64 {
                refuse("packed path", &|p| p.index ^= 1 << bit);
            }
            for at in 0..honest.siblings.len() {
                refuse("sibling left out", &|p| {
                    p.siblings.remove(at);
                });
                refuse("sibling doubled", &|p| {
                    p.siblings.insert(at, p.siblings[at])
                });
            }
            refuse("sibling added", &|p| p.siblings.push([0; 32]));
            refuse("level lifted on", &|p| {
                p.index <<= 1;
                p.siblings.insert(0, p.leaf);
            });
        }
    }
}

#[test]
fn a_javascript_proof_of_the_largest_tree_has_a_place_or_none() {
    let proof = |siblings| LeanImtProof {
        root: [1; 32],
        leaf: [2; 32],
        index: u64::MAX,
        siblings: vec![[3; 32]; siblings],
    };
    let take =
        |siblings, index, size| NaryProof::<2, 64>::from_lean_imt(&proof(siblings), index, size);
    // The last of 2^64 - 1 leaves is alone in its pair; the leaf before it is not.
    assert!(matches!(
        take(64, u64::MAX - 1, u64::MAX),
        Err(TreeError::InvalidProofLength {
            expected: 63,
            actual: 64
        })
    ));
    assert!(matches!(
        take(63, u64::MAX - 1, u64::MAX),
        Err(TreeError::InvalidPackedPath { actual: u64::MAX, expected }) if expected == u64::MAX >> 1
    ));
    assert!(matches!(
        take(64, u64::MAX - 2, u64::MAX),
        Err(TreeError::InvalidPackedPath { expected, .. }) if expected == u64::MAX - 2
    ));
    assert!(matches!(
        take(64, u64::MAX, u64::MAX),
        Err(TreeError::IndexOutOfRange { .. })
    ));
}
