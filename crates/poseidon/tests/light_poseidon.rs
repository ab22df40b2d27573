//! Every width against `light-poseidon`, an audited implementation for the same circuits.

use light_poseidon::{Poseidon, PoseidonBytesHasher};
use proptest::prelude::*;
use rotortree_hasher::{Hash, Hasher, check_conformance};
use rotortree_poseidon::{PoseidonHasher, PoseidonLeHasher};

/// The hash of a group by the other implementation.
fn light(children: &[Hash]) -> Hash {
    let children: Vec<&[u8]> = children.iter().map(|child| child.as_slice()).collect();
    let mut hasher = Poseidon::<ark_bn254::Fr>::new_circom(children.len()).unwrap();
    hasher.hash_bytes_be(&children).unwrap()
}

#[test]
fn small() {
    for n in 2..=12 {
        let children: Vec<Hash> = (0..n)
            .map(|i| {
                let mut h = [0; 32];
                h[31] = i as u8;
                h
            })
            .collect();
        assert_eq!(
            PoseidonHasher::new().hash_children(&children),
            light(&children),
            "{n}"
        );
    }
}
