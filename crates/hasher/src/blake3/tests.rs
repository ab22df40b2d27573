//! Compares every kernel that this CPU can run with the `blake3` crate. A machine with AVX-512 also
//! tests the kernels for lesser CPUs.

extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::spec::CHILDREN_PER_CHUNK;
use super::{Blake3Hasher, chain, groups, hash_wide, pair_paths, portable};
use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::Hasher;
use crate::pair_path::PairPath;

/// `len` pseudo-random children, the same in every run.
fn children(len: usize) -> Vec<Hash> {
    (0..len)
        .map(|i| *::blake3::hash(&i.to_le_bytes()).as_bytes())
        .collect()
}

type HashGroups = fn(usize, &[Hash], &mut [Hash]);

/// The ways to hash a batch, each with its name.
fn batch_kernels() -> Vec<(&'static str, HashGroups)> {
    let mut kernels: Vec<(&'static str, HashGroups)> =
        vec![("chosen at run time", |arity, children, parents| {
            groups::hash(arity, children, parents, |_| {});
        })];
    #[cfg(target_arch = "x86_64")]
    {
        use crate::x86_64::cpu::{Avx2, Avx512};

        if Avx2::detect().is_some() {
            kernels.push(("avx2", |arity, children, parents| {
                groups::hash_avx2(Avx2::detect().unwrap(), arity, children, parents, |_| {});
            }));
        }
        if Avx512::detect().is_some() {
            kernels.push(("avx512", |arity, children, parents| {
                let cpu = Avx512::detect().unwrap();
                groups::hash_avx512(cpu, 16, arity, children, parents, |_| {});
            }));
            kernels.push(("avx512 twice", |arity, children, parents| {
                let cpu = Avx512::detect().unwrap();
                groups::hash_avx512(cpu, 32, arity, children, parents, |_| {});
            }));
        }
    }
    kernels
}

type CompressBlock = fn(&mut [u32; 8], [&Hash; 2], u32, u32);

/// The ways to compress one block.
fn compress_kernels() -> Vec<(&'static str, CompressBlock)> {
    let mut kernels: Vec<(&'static str, CompressBlock)> = vec![
        ("chosen at run time", chain::compress),
        ("portable", portable::compress),
    ];
    #[cfg(target_arch = "x86_64")]
    {
        use super::x86_64;
        use crate::x86_64::cpu::{Avx2, Avx512};

        if Avx2::detect().is_some() {
            kernels.push(("avx2", |cv, block, len, flags| {
                x86_64::compress_avx2(Avx2::detect().unwrap(), cv, block, len, flags);
            }));
        }
        if Avx512::detect().is_some() {
            kernels.push(("avx512", |cv, block, len, flags| {
                x86_64::compress_avx512(Avx512::detect().unwrap(), cv, block, len, flags);
            }));
        }
    }
    kernels
}

#[test]
fn every_batch_kernel_hashes_every_arity_and_count_like_the_blake3_crate() {
    let all = children(CHILDREN_PER_CHUNK * 70);
    for arity in 1..=CHILDREN_PER_CHUNK {
        let expected: Vec<Hash> = all.chunks_exact(arity).take(70).map(hash_wide).collect();
        for (name, hash_groups) in batch_kernels() {
            for count in 0..=70 {
                let mut parents = vec![[0xaa; 32]; count];
                hash_groups(arity, &all[..arity * count], &mut parents);
                assert_eq!(
                    parents,
                    expected[..count],
                    "{name}, {count} groups of {arity}"
                );
            }
        }
    }
}

#[test]
fn work_beside_hashing_is_done_in_parts_that_add_up() {
    let all = children(CHILDREN_PER_CHUNK * 70);
    type HashBeside = fn(usize, &[Hash], &mut [Hash], &mut dyn FnMut(usize));
    let mut ways: Vec<(&str, HashBeside)> = vec![("chosen at run time", |a, c, p, work| {
        Blake3Hasher.hash_groups_beside(a, c, p, work);
    })];
    #[cfg(target_arch = "x86_64")]
    {
        use crate::x86_64::cpu::{Avx2, Avx512};

        if Avx2::detect().is_some() {
            ways.push(("avx2", |a, c, p, work| {
                groups::hash_avx2(Avx2::detect().unwrap(), a, c, p, work);
            }));
        }
        if Avx512::detect().is_some() {
            ways.push(("avx512", |a, c, p, work| {
                groups::hash_avx512(Avx512::detect().unwrap(), 16, a, c, p, work);
            }));
            ways.push(("avx512 twice", |a, c, p, work| {
                groups::hash_avx512(Avx512::detect().unwrap(), 32, a, c, p, work);
            }));
        }
    }
    for arity in [1, 2, 3, 4, 8, 31, 32] {
        for (name, hash_beside) in &ways {
            for count in 0..70 {
                let group_children = &all[..arity * count];
                let (mut parents, mut expected) = (vec![[0; 32]; count], vec![[0; 32]; count]);
                let mut parts = Vec::new();
                hash_beside(arity, group_children, &mut parents, &mut |part| {
                    parts.push(part)
                });
                assert_eq!(parts.iter().sum::<usize>(), arity * count, "{name}");
                assert!(
                    parts.iter().all(|part| *part <= 2 * 32 || *part == arity),
                    "{name}: {parts:?}"
                );
                Blake3Hasher.hash_groups(arity, group_children, &mut expected);
                assert_eq!(parents, expected, "{name}, {count} groups of {arity}");
            }
        }
    }
    // Wider than any kernel: group by group, or all at once.
    let mut done = 0;
    let mut parents = [[0; 32]; 3];
    Blake3Hasher.hash_groups_beside(40, &all[..120], &mut parents, &mut |part| done += part);
    assert_eq!((done, parents[2]), (120, hash_wide(&all[80..120])));
}

#[test]
fn every_compression_kernel_hashes_every_arity_like_the_blake3_crate() {
    let all = children(CHILDREN_PER_CHUNK * 4);
    for arity in 1..=CHILDREN_PER_CHUNK {
        let expected: Vec<Hash> = all.chunks_exact(arity).take(4).map(hash_wide).collect();
        for (name, compress) in compress_kernels() {
            let mut parents = vec![[0; 32]; 4];
            for (group, parent) in all.chunks_exact(arity).zip(&mut parents) {
                *parent = chain::hash(compress, group);
            }
            assert_eq!(parents, expected, "{name}, groups of {arity}");
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn every_number_of_used_lanes_gives_the_same_hashes() {
    use super::x86_64;
    use crate::x86_64::cpu::{Avx2, Avx512};

    let all = children(CHILDREN_PER_CHUNK * 32);
    for arity in [1, 2, 3, 4, 5, 31, 32] {
        let expected: Vec<Hash> = all.chunks_exact(arity).take(32).map(hash_wide).collect();
        for count in 1..=32 {
            let group_children = &all[..arity * count];
            if let Some(cpu) = Avx512::detect() {
                let mut parents = vec![[0; 32]; count];
                x86_64::hash_up_to_32_avx512(cpu, arity, group_children, &mut parents, |_| {});
                assert_eq!(
                    parents,
                    expected[..count],
                    "32 lanes, {count} groups of {arity}"
                );
            }
            if let (Some(cpu), ..=16) = (Avx512::detect(), count) {
                let mut parents = vec![[0; 32]; count];
                x86_64::hash_up_to_16_avx512(cpu, arity, group_children, &mut parents, |_| {});
                assert_eq!(
                    parents,
                    expected[..count],
                    "16 lanes, {count} groups of {arity}"
                );
            }
            if let (Some(cpu), ..=8) = (Avx512::detect(), count) {
                let mut parents = vec![[0; 32]; count];
                x86_64::hash_up_to_8_avx512(cpu, arity, group_children, &mut parents, |_| {});
                assert_eq!(
                    parents,
                    expected[..count],
                    "8 lanes, {count} groups of {arity}"
                );
            }
            if let (Some(cpu), ..=8) = (Avx2::detect(), count) {
                let mut parents = vec![[0; 32]; count];
                x86_64::hash_up_to_8_avx2(cpu, arity, group_children, &mut parents, |_| {});
                assert_eq!(
                    parents,
                    expected[..count],
                    "avx2, {count} groups of {arity}"
                );
            }
        }
    }
}

#[test]
fn groups_at_every_alignment_are_hashed_alike() {
    let all = children(2 * 17);
    let expected: Vec<Hash> = all.chunks_exact(2).map(hash_wide).collect();
    for offset in 0..64 {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(all.as_flattened());
        let (shifted, _) = bytes[offset..].as_chunks::<32>();
        for (name, hash_groups) in batch_kernels() {
            let mut parents = vec![[0; 32]; 17];
            hash_groups(2, shifted, &mut parents);
            assert_eq!(parents, expected, "{name}, offset {offset}");
        }
    }
}

#[test]
fn groups_of_any_width_are_hashed_like_the_blake3_crate() {
    let all = children(40 * 100);
    for width in [0, 1, 2, 3, 31, 32, 33, 34, 63, 64, 65, 100] {
        let group = &all[..width];
        assert_eq!(Blake3Hasher.hash_children(group), hash_wide(group));
    }
    for arity in [32, 33, 34, 100] {
        for count in [0, 1, 2, 9, 40] {
            let mut parents = vec![[0; 32]; count];
            Blake3Hasher.hash_groups(arity, &all[..arity * count], &mut parents);
            let expected: Vec<Hash> = all.chunks(arity).take(count).map(hash_wide).collect();
            assert_eq!(parents, expected);
        }
    }
}

#[test]
fn paths_of_pairs_are_hashed_step_by_step_like_the_blake3_crate() {
    let all = children(100 + 64);
    for steps in [0, 1, 2, 19, 64] {
        let paths: Vec<PairPath> = (0..100_u64)
            .map(|i| PairPath {
                node: all[i as usize],
                turns: (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                // None for some paths, and some for the others.
                lifts: if i % 3 == 0 {
                    i.wrapping_mul(0xbf58_476d_1ce4_e5b9)
                } else {
                    0
                },
            })
            .collect();
        let sibling = |path: usize, step: usize| &all[path % 37 + step];
        let mut expected = paths.clone();
        for (i, path) in expected.iter_mut().enumerate() {
            for step in 0..steps {
                let (node, sibling) = (path.node, *sibling(i, step));
                path.node = match (path.lifts >> step & 1, path.turns >> step & 1) {
                    (1, _) => node,
                    (_, 0) => hash_wide(&[node, sibling]),
                    (_, _) => hash_wide(&[sibling, node]),
                };
            }
        }
        for count in 0..=paths.len() {
            let check = |name: &str, hash: &dyn Fn(&mut [PairPath])| {
                let mut some = paths[..count].to_vec();
                hash(&mut some);
                assert_eq!(
                    some,
                    expected[..count],
                    "{name}, {count} paths, {steps} steps"
                );
            };
            check("chosen at run time", &|paths| {
                Blake3Hasher.hash_pair_paths(paths, steps, sibling);
            });
            check("as any hasher", &|paths| {
                pair_paths::hash_by_groups(paths, steps, sibling);
            });
            #[cfg(target_arch = "x86_64")]
            {
                use crate::x86_64::cpu::{Avx2, Avx512};

                if let Some(cpu) = Avx512::detect() {
                    for most in [16, 32] {
                        check("avx512", &|paths| {
                            pair_paths::hash_avx512(cpu, most, paths, steps, sibling);
                        });
                    }
                }
                if let Some(cpu) = Avx2::detect() {
                    check("avx2", &|paths| {
                        pair_paths::hash_avx2(cpu, paths, steps, sibling)
                    });
                }
            }
        }
    }
}

#[test]
fn steps_without_bits_are_refused() {
    for count in [1, 16] {
        let climb = || {
            let mut paths = [PairPath::default(); 16];
            Blake3Hasher.hash_pair_paths(&mut paths[..count], 65, |_, _| &[0; 32]);
        };
        assert!(std::panic::catch_unwind(climb).is_err(), "{count} paths");
    }
}

#[test]
#[should_panic(expected = "3 children are not 2 groups of 2")]
fn a_run_of_the_wrong_length_is_refused() {
    Blake3Hasher.hash_groups(2, &children(3), &mut [[0; 32]; 2]);
}

#[test]
fn appending_a_child_compresses_only_what_is_new() {
    let all = children(CHILDREN_PER_CHUNK);
    let calls = core::cell::Cell::new(0);
    let counting = |cv: &mut [u32; 8], block: [&Hash; 2], len, flags| {
        calls.set(calls.get() + 1);
        portable::compress(cv, block, len, flags);
    };
    let mut state = GroupState::default();
    for len in 2..=CHILDREN_PER_CHUNK {
        calls.set(0);
        let parent = chain::hash_resuming(counting, &mut state, len, &all[..len]);
        assert_eq!(parent, hash_wide(&all[..len]));
        // With an odd child the block before it is no longer the last one, and is absorbed.
        let expected = if len == 2 || len % 2 == 0 { 1 } else { 2 };
        assert_eq!(calls.get(), expected, "{len} children");

        calls.set(0);
        chain::hash_resuming(counting, &mut state, len - 1, &all[..len]);
        assert_eq!(calls.get(), 1, "{len} children again");
    }
}

#[test]
fn a_state_never_absorbs_an_unstable_child_or_the_last_block() {
    let all = children(CHILDREN_PER_CHUNK);
    for len in 2..=CHILDREN_PER_CHUNK {
        for stable in 0..=len {
            let mut state = GroupState::default();
            Blake3Hasher.hash_resuming(&mut state, stable, &all[..len]);
            let absorbed = state.absorbed as usize;
            assert!(absorbed <= stable && absorbed < len && absorbed.is_multiple_of(2));
            // It also absorbs no less than it may.
            assert!(absorbed + 2 > stable || absorbed + 2 >= len);
        }
    }
}

#[test]
fn a_group_wider_than_a_chunk_leaves_the_state_alone() {
    let all = children(34);
    let mut state = GroupState::default();
    Blake3Hasher.hash_resuming(&mut state, 32, &all[..32]);
    let before = state;
    assert_eq!(before.absorbed, 30);
    for len in [33, 34] {
        let parent = Blake3Hasher.hash_resuming(&mut state, len, &all[..len]);
        assert_eq!(parent, hash_wide(&all[..len]));
        assert_eq!(state, before);
    }
}

proptest! {
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
            let parent = Blake3Hasher.hash_resuming(&mut state, stable, &group[..len]);
            prop_assert_eq!(parent, hash_wide(&group[..len]));
            promised = promised.max(stable);
        }
    }

    #[test]
    fn any_state_gives_some_hash_and_no_panic(
        absorbed: u32,
        words: [u32; 16],
        stable in 0..=40_usize,
        len in 1..=40_usize,
    ) {
        let mut state = GroupState { absorbed, words };
        Blake3Hasher.hash_resuming(&mut state, stable, &children(len));
    }
}
