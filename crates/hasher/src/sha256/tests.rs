//! Compares every kernel that this CPU can run with the `sha2` crate.

extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use sha2::Digest;

use super::{Rfc6962Hasher, Sha256Hasher, chain, groups};
use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::Hasher;
use crate::pair_path::{self, PairPath};

/// Widths around those that the kernels treat differently.
const WIDTHS: [usize; 12] = [1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 64];

/// The most groups of a batch: two full runs of the widest kernel, and more.
const MOST: usize = 70;

/// `len` pseudo-random children, the same in every run.
fn children(len: usize) -> Vec<Hash> {
    (0..len)
        .map(|i| sha2::Sha256::digest(i.to_le_bytes()).into())
        .collect()
}

/// The hash that the `sha2` crate computes.
fn expected(prefix: Option<u8>, group: &[Hash]) -> Hash {
    let mut digest = sha2::Sha256::new();
    if let Some(byte) = prefix {
        digest.update([byte]);
    }
    digest.update(group.as_flattened());
    digest.finalize().into()
}

type HashGroups = fn(Option<u8>, usize, &[Hash], &mut [Hash], &mut dyn FnMut(usize));

/// The ways to hash a batch, each with its name.
fn kernels() -> Vec<(&'static str, HashGroups)> {
    let mut kernels: Vec<(&'static str, HashGroups)> = vec![
        ("chosen at run time", |prefix, arity, c, p, work| {
            groups::hash(prefix, arity, c, p, work);
        }),
        ("each", |prefix, arity, c, p, work| {
            groups::hash_each(prefix, arity, c, p, work);
        }),
    ];
    #[cfg(target_arch = "x86_64")]
    {
        use super::x86_64;
        use crate::x86_64::cpu::{Avx2, Avx512, Sha};

        if Avx512::detect().is_some() {
            kernels.push(("avx512", |prefix, arity, c, p, work| {
                groups::hash_with(prefix, arity, c, p, work, |form, c, p| {
                    groups::hash_avx512(Avx512::detect().unwrap(), form, c, p);
                });
            }));
            kernels.push((
                "avx512 in any number of lanes",
                |prefix, arity, c, p, work| {
                    groups::hash_with(prefix, arity, c, p, work, |form, c, p| {
                        x86_64::hash_up_to_32_avx512(Avx512::detect().unwrap(), form, c, p);
                    });
                },
            ));
        }
        if Sha::detect().is_some() {
            kernels.push(("sha", |prefix, arity, c, p, work| {
                groups::hash_with(prefix, arity, c, p, work, |form, c, p| {
                    x86_64::hash_pairwise(Sha::detect().unwrap(), form, c, p);
                });
            }));
        }
        if Avx2::detect().is_some() {
            kernels.push(("avx2", |prefix, arity, c, p, work| {
                groups::hash_with(prefix, arity, c, p, work, |form, c, p| {
                    groups::hash_avx2(Avx2::detect().unwrap(), form, c, p);
                });
            }));
            kernels.push((
                "avx2 in any number of lanes",
                |prefix, arity, c, p, work| {
                    groups::hash_with(prefix, arity, c, p, work, |form, c, p| {
                        let cpu = Avx2::detect().unwrap();
                        for (c, p) in c.chunks(8 * form.arity).zip(p.chunks_mut(8)) {
                            x86_64::hash_up_to_8_avx2(cpu, form, c, p);
                        }
                    });
                },
            ));
        }
    }
    kernels
}

#[test]
fn every_kernel_hashes_every_width_and_count_like_the_sha2_crate() {
    let all = children(MOST * 64);
    for (prefix, arity) in [None, Some(0), Some(1), Some(0xff)]
        .into_iter()
        .flat_map(|prefix| WIDTHS.map(|arity| (prefix, arity)))
    {
        let groups = all.chunks_exact(arity).take(MOST);
        let expected: Vec<Hash> = groups.map(|group| expected(prefix, group)).collect();
        for (name, hash_groups) in kernels() {
            for count in 0..=MOST {
                let mut parents = vec![[0xaa; 32]; count];
                let (mut done, mut parts) = (0, 0);
                hash_groups(
                    prefix,
                    arity,
                    &all[..arity * count],
                    &mut parents,
                    &mut |part| {
                        assert!(part <= 32 * arity);
                        done += part;
                        parts += 1;
                    },
                );
                assert_eq!(
                    parents,
                    expected[..count],
                    "{name}, prefix {prefix:?}, {count} groups of {arity}"
                );
                assert_eq!(done, arity * count, "{name}");
                assert!(parts >= count.div_ceil(32), "{name}");
            }
        }
    }
}

#[test]
fn groups_at_every_alignment_are_hashed_alike() {
    let all = children(2 * 33);
    for prefix in [None, Some(1)] {
        let expected: Vec<Hash> = all.chunks_exact(2).map(|g| expected(prefix, g)).collect();
        for offset in 0..64 {
            let mut bytes = vec![0; offset];
            bytes.extend_from_slice(all.as_flattened());
            let (shifted, _) = bytes[offset..].as_chunks::<32>();
            for (name, hash_groups) in kernels() {
                let mut parents = vec![[0; 32]; 33];
                hash_groups(prefix, 2, shifted, &mut parents, &mut |_| {});
                assert_eq!(parents, expected, "{name}, offset {offset}");
            }
        }
    }
}

#[test]
fn paths_of_pairs_are_hashed_like_the_sha2_crate_on_every_path() {
    const STEPS: usize = 21;
    let all = children(100 + STEPS);
    let sibling = |path: usize, step: usize| &all[path % 37 + step];
    let paths: Vec<PairPath> = (0..100_u64)
        .map(|i| PairPath {
            node: all[i as usize],
            turns: (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            lifts: (i % 3).wrapping_mul(0xbf58_476d_1ce4_e5b9),
        })
        .collect();
    for prefix in [None, Some(1)] {
        let mut climbed = paths.clone();
        for (i, path) in climbed.iter_mut().enumerate() {
            for step in (0..STEPS).filter(|step| path.lifts >> step & 1 == 0) {
                let pair = match path.turns >> step & 1 {
                    0 => [path.node, *sibling(i, step)],
                    _ => [*sibling(i, step), path.node],
                };
                path.node = expected(prefix, &pair);
            }
        }
        for (name, hash_groups) in kernels() {
            for count in [0, 1, 2, 3, 12, 13, 31, 32, 33, 63, 64, 65, 100] {
                let mut some = paths[..count].to_vec();
                pair_path::hash_all(
                    &mut some,
                    STEPS,
                    sibling,
                    |pair| chain::hash(chain::compress, prefix, pair),
                    |pairs, parents| hash_groups(prefix, 2, pairs, parents, &mut |_| {}),
                );
                assert_eq!(some, climbed[..count], "{name}, {count} paths");
            }
        }
        for count in [0, 1, 2, 100] {
            let mut some = paths[..count].to_vec();
            match prefix {
                None => Sha256Hasher.hash_pair_paths(&mut some, STEPS, sibling),
                Some(_) => Rfc6962Hasher.hash_pair_paths(&mut some, STEPS, sibling),
            }
            assert_eq!(some, climbed[..count], "{count} paths");
        }
    }
}

#[test]
fn appending_a_child_compresses_only_what_is_new() {
    let all = children(40);
    let blocks = core::cell::Cell::new(0);
    let counting = |state: &mut [u32; 8], some: &[[u8; 64]]| {
        blocks.set(blocks.get() + some.len());
        chain::compress(state, some);
    };
    let mut state = GroupState::default();
    for len in 2..=40 {
        blocks.set(0);
        let parent = chain::hash_resuming(counting, &mut state, len, &all[..len]);
        assert_eq!(parent, expected(None, &all[..len]));
        assert_eq!(
            blocks.get(),
            if len % 2 == 0 { 2 } else { 1 },
            "{len} children"
        );
        assert_eq!(state.absorbed as usize, len - len % 2);
    }
}

#[test]
fn an_unstable_child_is_never_absorbed() {
    let all = children(12);
    for len in 2..=12 {
        for stable in 0..=len {
            let mut state = GroupState::default();
            Sha256Hasher.hash_resuming(&mut state, stable, &all[..len]);
            assert_eq!(state.absorbed as usize, stable - stable % 2);
        }
    }
}

#[test]
#[should_panic(expected = "3 children are not 2 groups of 2")]
fn a_run_of_the_wrong_length_is_refused() {
    Rfc6962Hasher.hash_groups(2, &children(3), &mut [[0; 32]; 2]);
}

/// The roots of RFC 6962's reference tree, whose first entries these are.
#[test]
fn leaves_and_nodes_are_those_of_rfc_6962() {
    let hex = |hash: Hash| std::format!("{}", crate::hex::Hex(hash)).split_off(2);
    let leaf = super::rfc6962_leaf;
    assert_eq!(
        hex(leaf(b"")),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    let two = Rfc6962Hasher.hash_children(&[leaf(b""), leaf(&[0])]);
    assert_eq!(
        hex(two),
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    );
    let three = Rfc6962Hasher.hash_children(&[two, leaf(&[0x10])]);
    assert_eq!(
        hex(three),
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    );
}

proptest! {
    /// Any bytes, any prefix, any width and count, on every path.
    #[test]
    fn every_kernel_hashes_any_groups_like_the_sha2_crate(
        prefix: Option<u8>,
        arity in 1..=40_usize,
        count in 0..=68_usize,
        seed: [u8; 32],
    ) {
        let all: Vec<Hash> = (0..arity * count)
            .map(|i| sha2::Sha256::new().chain_update(seed).chain_update(i.to_le_bytes()))
            .map(|digest| digest.finalize().into())
            .collect();
        let expected: Vec<Hash> = all.chunks_exact(arity).map(|g| expected(prefix, g)).collect();
        for (name, hash_groups) in kernels() {
            let mut parents = vec![[0; 32]; count];
            hash_groups(prefix, arity, &all, &mut parents, &mut |_| {});
            prop_assert_eq!(&parents, &expected, "{}", name);
        }
    }

    /// Calls may shrink the group to its stable children, change its other children, and declare
    /// any number of children stable.
    #[test]
    fn resuming_hashes_the_whole_group(
        steps in prop::collection::vec((0..=40_usize, 0..=40_usize, any::<u8>()), 1..20),
    ) {
        let mut group = children(40);
        let mut state = GroupState::default();
        let mut promised = 0;
        for (len, stable, byte) in steps {
            let len = len.max(promised).max(2);
            let stable = stable.min(len);
            for (i, child) in group.iter_mut().enumerate().skip(promised) {
                child[0] = byte.wrapping_add(i as u8);
            }
            let parent = Sha256Hasher.hash_resuming(&mut state, stable, &group[..len]);
            prop_assert_eq!(parent, expected(None, &group[..len]));
            promised = promised.max(stable);
        }
    }

    #[test]
    fn any_state_gives_some_hash_and_no_panic(
        absorbed: u32,
        words: [u32; 16],
        stable in 0..=40_usize,
        len in 0..=40_usize,
    ) {
        for absorbed in [absorbed, absorbed % 44] {
            let mut state = GroupState { absorbed, words };
            Sha256Hasher.hash_resuming(&mut state, stable, &children(len));
        }
    }
}
