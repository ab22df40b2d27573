//! A number that the field has already, in other bytes: refused wherever it enters a tree or a
//! verifier, although it would hash to the same.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use rotortree_hasher::{Blake3Hasher, Hash, Hasher, Hex};
use rotortree_lean_imt::{
    AnyLeanIMT, AnyProof, ConcurrentLeanIMT, Frontier, LeanIMT, TreeError, TreeHead, VerifyError,
};
use rotortree_poseidon::{PoseidonHasher, PoseidonLeHasher};

const HASHER: PoseidonHasher = PoseidonHasher::new();

/// The number plus the order of the field, where that has 32 bytes.
fn in_other_bytes(number: &[u8]) -> Option<Hash> {
    let order = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    let order = order.parse::<Hex>().unwrap().0;
    let mut sum = [0; 32];
    let mut carry = 0;
    for at in (0..32).rev() {
        let digit = u16::from(number[at]) + u16::from(order[at]) + carry;
        sum[at] = digit as u8;
        carry = digit >> 8;
    }
    (carry == 0).then_some(sum)
}

fn leaves() -> Vec<Hash> {
    let leaf = |i: u8| HASHER.hash_children(&[[i; 32], [1; 32]]);
    (0..23).map(leaf).collect()
}

fn tree<H: Hasher>(hasher: H) -> LeanIMT<H, 2, 32> {
    let mut tree = LeanIMT::new(hasher);
    tree.insert_many(&leaves()).unwrap();
    tree
}

fn is_refused(error: &TreeError) -> bool {
    matches!(error, TreeError::RefusedHash { .. })
}

#[test]
fn a_leaf_enters_no_tree_in_other_bytes() {
    let leaf = in_other_bytes(&[1; 32]).unwrap();
    assert_eq!(
        HASHER.hash_children(&[[1; 32], [2; 32]]),
        HASHER.hash_children(&[leaf, [2; 32]])
    );
    let mut tree = tree(HASHER);
    let head = tree.head();
    assert!(is_refused(&tree.insert(leaf).unwrap_err()));
    assert!(is_refused(&tree.insert_many(&[[1; 32], leaf]).unwrap_err()));
    assert_eq!(tree.head(), head);
    let shared = ConcurrentLeanIMT::<_, 2, 32>::new(HASHER);
    assert!(is_refused(&shared.insert_many(&[leaf]).unwrap_err()));
    let mut frontier = Frontier::<2, 32>::new();
    assert!(is_refused(&frontier.append(&HASHER, leaf).unwrap_err()));
    assert_eq!((shared.size(), frontier.size()), (0, 0));
}

/// Every hash of the bytes of a proof, in other bytes, is refused.
fn every_number_is_asked(bytes: &[u8], verify: impl Fn(&[u8]) -> Result<(), VerifyError>) {
    verify(bytes).unwrap();
    let mut refused = 0;
    for at in (bytes.len() % 32..bytes.len()).step_by(32) {
        let Some(other) = in_other_bytes(&bytes[at..at + 32]) else {
            continue;
        };
        let mut changed = bytes.to_vec();
        changed[at..at + 32].copy_from_slice(&other);
        match verify(&changed) {
            Err(VerifyError::Malformed(error)) if is_refused(&error) => refused += 1,
            verdict => panic!("{verdict:?} at {at}"),
        }
    }
    assert!(refused > 0);
}

#[test]
fn no_proof_and_no_frontier_holds_in_other_bytes() {
    let tree = tree(HASHER);
    let (snapshot, head) = (tree.snapshot(), tree.head().unwrap());
    let old = snapshot.snapshot_at(10).unwrap().head().unwrap();
    let of_one = [
        snapshot.generate_proof(11).unwrap().to_bytes(),
        snapshot.generate_multiproof(&[3, 20]).unwrap().to_bytes(),
        snapshot.generate_range_proof(4..19).unwrap().to_bytes(),
    ];
    let verify = |bytes: &[u8], heads: &[TreeHead]| {
        let proof = AnyProof::from_bytes(bytes, 2).unwrap();
        match *heads {
            [head] => proof.verify_against(&HASHER, head),
            [old, head] => proof.verify_against(&HASHER, (old, head)),
            _ => unreachable!("one head or two"),
        }
    };
    for bytes in of_one {
        every_number_is_asked(&bytes.unwrap(), |bytes| verify(bytes, &[head]));
    }
    let growth = snapshot.generate_consistency_proof(10, old.root).unwrap();
    let news = snapshot.generate_catch_up_proof(10, old.root).unwrap();
    for bytes in [growth.to_bytes(), news.to_bytes()] {
        every_number_is_asked(&bytes.unwrap(), |bytes| verify(bytes, &[old, head]));
    }
    let frontier = snapshot.frontier_at(23).unwrap();
    let hashes: Vec<Hash> = frontier.hashes().copied().collect();
    every_number_is_asked(hashes.as_flattened(), |bytes| {
        let frontier = Frontier::<2, 32>::from_hashes(&HASHER, 23, bytes.as_chunks().0);
        frontier.map(drop).map_err(VerifyError::Malformed)
    });
}

#[test]
fn a_proof_of_another_hash_function_does_not_hold() {
    let head = tree(HASHER).head().unwrap();
    let other = tree(Blake3Hasher);
    for index in 0..23 {
        let proof = other.snapshot().generate_proof(index).unwrap();
        for head in [head, other.head().unwrap()] {
            let verdict = proof.verify_against(&HASHER, head).unwrap_err();
            let is_told = match &verdict {
                VerifyError::RootMismatch { .. } => true,
                VerifyError::Malformed(error) => is_refused(error),
                _ => false,
            };
            assert!(is_told, "{verdict}");
        }
    }
    // The same function over bytes in the other order.
    let ours = tree(HASHER).snapshot().generate_proof(11).unwrap();
    assert!(ours.verify_against(&PoseidonLeHasher::new(), head).is_err());
}

#[test]
fn a_width_at_run_time_is_told() {
    let refused = <dyn AnyLeanIMT>::new(HASHER, 16).map(drop);
    let expected = TreeError::ArityExceedsHasher {
        arity: 16,
        max_arity: 12,
    };
    assert_eq!(refused, Err(expected));
    let mut wide = LeanIMT::<_, 16, 32>::new(Blake3Hasher);
    wide.insert_many(&leaves()).unwrap();
    let bytes = wide.snapshot().generate_proof(3).unwrap().to_bytes();
    let bytes = bytes.unwrap();
    let proof = AnyProof::from_bytes(&bytes, 16).unwrap();
    let verdict = proof.verify_against(&HASHER, wide.head().unwrap());
    let expected = VerifyError::ArityExceedsHasher {
        arity: 16,
        max_arity: 12,
    };
    assert_eq!(verdict, Err(expected));
}
