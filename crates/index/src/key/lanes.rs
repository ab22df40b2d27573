//! Hashes of many leaves, as many side by side as the processor's vectors hold.
#![expect(
    unsafe_code,
    reason = "calls of functions for processors that have been asked"
)]

use std::array::from_ref;

use rotortree_hasher::Hash;

use super::sip_hash::sip_hash;

/// Appends the hash of each leaf. Returns whether the processor has vectors for it; if not, nothing
/// is appended.
pub(super) fn hash_all(key: &[u8; 16], leaves: &[Hash], hashes: &mut Vec<u64>) -> bool {
    in_avx512(key, leaves, hashes) || in_avx2(key, leaves, hashes)
}

/// Does it in vectors of eight words. Returns whether the processor has them.
fn in_avx512(key: &[u8; 16], leaves: &[Hash], hashes: &mut Vec<u64>) -> bool {
    let is_there = is_x86_feature_detected!("avx512f");
    if is_there {
        // SAFETY: the processor has AVX-512.
        unsafe { with_avx512(key, leaves, hashes) };
    }
    is_there
}

/// Does it in vectors of four words. Returns whether the processor has them.
fn in_avx2(key: &[u8; 16], leaves: &[Hash], hashes: &mut Vec<u64>) -> bool {
    let is_there = is_x86_feature_detected!("avx2");
    if is_there {
        // SAFETY: the processor has AVX2.
        unsafe { with_avx2(key, leaves, hashes) };
    }
    is_there
}

#[target_feature(enable = "avx512f")]
fn with_avx512(key: &[u8; 16], leaves: &[Hash], hashes: &mut Vec<u64>) {
    in_lanes::<8>(key, leaves, hashes);
}

#[target_feature(enable = "avx2")]
fn with_avx2(key: &[u8; 16], leaves: &[Hash], hashes: &mut Vec<u64>) {
    in_lanes::<4>(key, leaves, hashes);
}

/// Inlined, so that it is compiled for the processor of its caller.
#[inline(always)]
fn in_lanes<const LANES: usize>(key: &[u8; 16], leaves: &[Hash], hashes: &mut Vec<u64>) {
    let (groups, rest) = leaves.as_chunks::<LANES>();
    for group in groups {
        hashes.extend_from_slice(&sip_hash(key, group));
    }
    hashes.extend(rest.iter().flat_map(|leaf| sip_hash(key, from_ref(leaf))));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_path_hashes_as_one_leaf_after_the_other(
            key: [u8; 16],
            leaves in proptest::collection::vec(any::<Hash>(), 0..40),
        ) {
            let one = |leaf: &Hash| sip_hash(&key, from_ref(leaf))[0];
            let expected: Vec<u64> = leaves.iter().map(one).collect();
            for path in [in_avx512, in_avx2, hash_all] {
                let mut hashes = vec![7];
                let is_there = path(&key, &leaves, &mut hashes);
                prop_assert_eq!(&hashes[1..], if is_there { &expected[..] } else { &[] });
            }
        }
    }
}
