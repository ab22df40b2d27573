//! Compares every kernel that this CPU can run with the `sha3` crate.

extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use sha3::Digest;

use super::{Keccak256Hasher, groups};
use crate::hash::Hash;
use crate::hasher::Hasher;
use crate::pair_path::{self, PairPath};

/// The most groups of a batch: some full runs of the widest kernel, and more.
const MOST: usize = 27;

/// `len` pseudo-random children, the same in every run.
fn children(seed: [u8; 32], len: usize) -> Vec<Hash> {
    (0..len)
        .map(|i| {
            sha3::Keccak256::new()
                .chain_update(seed)
                .chain_update(i.to_le_bytes())
        })
        .map(|digest| digest.finalize().into())
        .collect()
}

/// The hash that the `sha3` crate computes.
fn expected(group: &[Hash]) -> Hash {
    sha3::Keccak256::digest(group.as_flattened()).into()
}

type HashGroups = fn(usize, &[Hash], &mut [Hash], &mut dyn FnMut(usize));

/// The ways to hash a batch, each with its name.
fn kernels() -> Vec<(&'static str, HashGroups)> {
    let mut kernels: Vec<(&'static str, HashGroups)> = vec![
        ("chosen at run time", |arity, c, p, work| {
            groups::hash(arity, c, p, work)
        }),
        ("each", |arity, c, p, work| {
            groups::hash_each(arity, c, p, work)
        }),
    ];
    #[cfg(target_arch = "x86_64")]
    {
        use super::x86_64;
        use crate::x86_64::cpu::{Avx2, Avx512};

        if Avx512::detect().is_some() {
            kernels.push(("avx512", |arity, c, p, work| {
                groups::hash_runs::<8>(arity, c, p, work, |c, p| {
                    x86_64::hash_up_to_8_avx512(Avx512::detect().unwrap(), arity, c, p);
                });
            }));
        }
        if Avx2::detect().is_some() {
            kernels.push(("avx2", |arity, c, p, work| {
                groups::hash_runs::<4>(arity, c, p, work, |c, p| {
                    x86_64::hash_up_to_4_avx2(Avx2::detect().unwrap(), arity, c, p);
                });
            }));
        }
    }
    kernels
}

#[test]
fn every_kernel_hashes_every_width_and_count_like_the_sha3_crate() {
    let all = children([0; 32], MOST * 70);
    // 17 children are four full blocks; their padding is a block of its own.
    for arity in [1, 2, 3, 4, 5, 8, 16, 17, 33, 34, 35, 68] {
        let groups = all.chunks_exact(arity).take(MOST);
        let expected: Vec<Hash> = groups.map(expected).collect();
        for (name, hash_groups) in kernels() {
            for count in 0..=MOST {
                let mut parents = vec![[0xaa; 32]; count];
                let mut done = 0;
                hash_groups(arity, &all[..arity * count], &mut parents, &mut |part| {
                    assert!(part <= 8 * arity);
                    done += part;
                });
                assert_eq!(
                    parents,
                    expected[..count],
                    "{name}, {count} groups of {arity}"
                );
                assert_eq!(done, arity * count, "{name}");
            }
        }
    }
}

#[test]
fn paths_of_pairs_are_hashed_like_the_sha3_crate_on_every_path() {
    const STEPS: usize = 9;
    let all = children([1; 32], 100 + STEPS);
    let sibling = |path: usize, step: usize| &all[path % 37 + step];
    let paths: Vec<PairPath> = (0..66_u64)
        .map(|i| PairPath {
            node: all[i as usize],
            turns: (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            lifts: (i % 3).wrapping_mul(0xbf58_476d_1ce4_e5b9),
        })
        .collect();
    let mut climbed = paths.clone();
    for (i, path) in climbed.iter_mut().enumerate() {
        for step in (0..STEPS).filter(|step| path.lifts >> step & 1 == 0) {
            let pair = match path.turns >> step & 1 {
                0 => [path.node, *sibling(i, step)],
                _ => [*sibling(i, step), path.node],
            };
            path.node = expected(&pair);
        }
    }
    for (name, hash_groups) in kernels() {
        for count in [0, 1, 2, 7, 8, 9, 65, 66] {
            let mut some = paths[..count].to_vec();
            pair_path::hash_all(
                &mut some,
                STEPS,
                sibling,
                |pair| expected(pair),
                |pairs, parents| hash_groups(2, pairs, parents, &mut |_| {}),
            );
            assert_eq!(some, climbed[..count], "{name}, {count} paths");
        }
    }
}

#[test]
#[should_panic(expected = "3 children are not 2 groups of 2")]
fn a_run_of_the_wrong_length_is_refused() {
    Keccak256Hasher.hash_groups(2, &children([0; 32], 3), &mut [[0; 32]; 2]);
}

proptest! {
    /// Any bytes, any width and count, on every path, at any alignment.
    #[test]
    fn every_kernel_hashes_any_groups_like_the_sha3_crate(
        arity in 1..=40_usize,
        count in 0..=20_usize,
        offset in 0..64_usize,
        seed: [u8; 32],
    ) {
        let all = children(seed, arity * count);
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(all.as_flattened());
        let (shifted, _) = bytes[offset..].as_chunks::<32>();
        let expected: Vec<Hash> = all.chunks_exact(arity).map(expected).collect();
        for (name, hash_groups) in kernels() {
            let mut parents = vec![[0; 32]; count];
            hash_groups(arity, shifted, &mut parents, &mut |_| {});
            prop_assert_eq!(&parents, &expected, "{}", name);
        }
    }
}
