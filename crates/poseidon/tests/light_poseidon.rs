//! Every width against `light-poseidon`, an audited implementation for the same circuits.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use light_poseidon::{Poseidon, PoseidonBytesHasher};
use proptest::prelude::*;
use rotortree_hasher::{Hash, Hasher, Hex, check_conformance};
use rotortree_poseidon::{PoseidonHasher, PoseidonLeHasher};

/// The order of the field, big-endian.
const ORDER: &str = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

fn order() -> Hash {
    ORDER.parse::<Hex>().unwrap().0
}

fn reversed(mut hash: Hash) -> Hash {
    hash.reverse();
    hash
}

/// The hash of each group by the other implementation.
fn light(arity: usize, children: &[Hash]) -> Vec<Hash> {
    let mut hasher = Poseidon::<ark_bn254::Fr>::new_circom(arity).unwrap();
    let groups = children.chunks_exact(arity);
    groups
        .map(|group| {
            let group: Vec<&[u8]> = group.iter().map(|child| child.as_slice()).collect();
            hasher.hash_bytes_be(&group).unwrap()
        })
        .collect()
}

/// Hashes groups one by one and in a batch, in both byte orders, and with the other implementation.
fn check(arity: usize, children: &[Hash]) {
    let expected = light(arity, children);
    let (big, little) = (PoseidonHasher::new(), PoseidonLeHasher::new());
    for (group, expected) in children.chunks_exact(arity).zip(&expected) {
        assert_eq!(big.hash_children(group), *expected);
    }
    let mut parents = vec![[0; 32]; expected.len()];
    big.hash_groups(arity, children, &mut parents);
    assert_eq!(
        parents,
        expected,
        "a batch of {} groups of {arity}",
        parents.len()
    );
    let children: Vec<Hash> = children.iter().copied().map(reversed).collect();
    little.hash_groups(arity, &children, &mut parents);
    let parents: Vec<Hash> = parents.into_iter().map(reversed).collect();
    assert_eq!(parents, expected);
}

/// Numbers below the order, with those at its ends often among them.
fn canonical() -> impl Strategy<Value = Hash> {
    prop_oneof![
        3 => any::<Hash>().prop_map(|mut hash| {
            // Below 2^253, and so below the order.
            hash[0] &= 0x1f;
            hash
        }),
        1 => (0u8..3).prop_map(|small| {
            let mut hash = [0; 32];
            hash[31] = small;
            hash
        }),
        1 => (1u8..4).prop_map(|short| {
            let mut hash = order();
            hash[28..].copy_from_slice(&(0xf000_0001 - u32::from(short)).to_be_bytes());
            hash
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_width_and_batch_is_that_of_light_poseidon(
        arity in 2_usize..=12,
        groups in 0_usize..=35,
        children in prop::collection::vec(canonical(), 12 * 35),
    ) {
        check(arity, &children[..arity * groups]);
    }
}

#[test]
fn the_ends_of_the_field_in_every_width() {
    let mut largest = order();
    largest[31] -= 1;
    for arity in 2..=12 {
        for child in [[0; 32], largest] {
            check(arity, &vec![child; arity * 17]);
        }
    }
}

#[test]
fn both_hashers_keep_the_contract() {
    check_conformance(&PoseidonHasher::new());
    check_conformance(&PoseidonLeHasher::new());
}

#[test]
fn numbers_from_the_order_up_are_refused() {
    let (big, little) = (PoseidonHasher::new(), PoseidonLeHasher::new());
    let mut below = order();
    below[31] -= 1;
    let mut above = order();
    above[31] += 1;
    for (hash, is_canonical) in [
        ([0; 32], true),
        (below, true),
        (order(), false),
        (above, false),
        ([0xff; 32], false),
    ] {
        assert_eq!(big.check(&hash), is_canonical, "{hash:x?}");
        assert_eq!(little.check(&reversed(hash)), is_canonical, "{hash:x?}");
    }
    // The other order of the same bytes is another number.
    assert!(big.check(&reversed(order())));
}

#[test]
fn a_number_and_the_same_plus_the_order_have_one_hash() {
    // Why `check` refuses the second: the hash alone cannot tell.
    let mut one = [0; 32];
    one[31] = 1;
    let mut same = order();
    same[31] += 1;
    let hasher = PoseidonHasher::new();
    assert_eq!(
        hasher.hash_children(&[one, one]),
        hasher.hash_children(&[same, one])
    );
}

#[test]
fn a_group_of_any_other_width_panics_and_says_so() {
    for children in [0, 1, 13, 16, 1000] {
        let group = vec![[0; 32]; children];
        let panics = |hash: &(dyn Fn() + std::panic::RefUnwindSafe)| {
            let panic = std::panic::catch_unwind(hash).unwrap_err();
            panic.downcast_ref::<String>().unwrap().clone()
        };
        let told = format!("this group has {children}");
        let alone = panics(&|| {
            let _ = PoseidonHasher::new().hash_children(&group);
        });
        assert!(alone.ends_with(&told), "{alone}");
        for groups in [1, 2, 16].into_iter().filter(|_| children > 0) {
            let run = group.repeat(groups);
            let batch = panics(&|| {
                let mut parents = [[0; 32]; 16];
                PoseidonHasher::new().hash_groups(children, &run, &mut parents[..groups]);
            });
            assert!(batch.ends_with(&told), "{batch}");
        }
    }
}

#[test]
fn fingerprints_stay_what_stored_trees_have() {
    // From the first release on: a stored tree refuses a hasher of another fingerprint, so also the
    // other byte order.
    fn is(hasher: impl Hasher, arity: usize, expected: &str) {
        assert_eq!(Hex(hasher.fingerprint(arity)).to_string(), expected);
    }
    let two = "0x1fc21c663cc0d678e8d065655ec2be1877f3e36f5d8fb1034cdde494e8e0928b";
    is(PoseidonHasher::new(), 2, two);
    let twelve = "0x0dd36a36d2db09a48be481b6cbc3e37a797f749c95aed058f7bcb46a661f41d1";
    is(PoseidonHasher::new(), 12, twelve);
    is(
        PoseidonLeHasher::new(),
        2,
        "0xdf2ce9d879d298857e1c9fdd7ec6b381bf6379a073e10f6e9835e9b1cfc1da22",
    );
    is(
        PoseidonLeHasher::new(),
        12,
        "0x06ad41496f3f7b07407cb0e2d9de90f84b174712f1abd65742205c10c9499d03",
    );
}
