//! 32 groups at a time with AVX-512: two vectors of sixteen lanes, for CPUs whose vector operations
//! take two cycles.
//!
//! A round is a chain of dependent operations. One vector leaves half of the execution units idle
//! on such a CPU; the second one takes them.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::rounds_avx512::rounds_of_2_times_16;
use crate::blake3::spec::{IV, PAIR_LEN, SINGLE_LEN, flags};
use crate::hash::Hash;
use crate::x86_64::cpu::Avx512;
use crate::x86_64::lane_groups::LaneGroups;
use crate::x86_64::zmm::{load_pairs, load_singles, splat, store, xor};

/// Hashes a group for each of 1 to 32 parents.
pub(in crate::blake3) fn hash_up_to_32(
    _: Avx512,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    work: impl FnMut(usize),
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { hash_lanes(arity, children, parents, work) }
}

#[target_feature(enable = "avx512f,avx512vl")]
fn hash_lanes(arity: usize, children: &[Hash], parents: &mut [Hash], mut work: impl FnMut(usize)) {
    let groups = LaneGroups::<32>::new(children, arity, parents.len());
    let mut cv = [[splat(0); 8]; 2];
    for (word, iv) in IV.into_iter().enumerate() {
        cv[0][word] = splat(iv);
        cv[1][word] = splat(iv);
    }
    let mut start = 0;
    while start + 2 <= arity {
        work(2 * parents.len());
        let message = [
            load_pairs(&groups, 0, start),
            load_pairs(&groups, 16, start),
        ];
        let flags = flags(start == 0, start + 2 == arity);
        compress(&mut cv, &message, PAIR_LEN, flags);
        start += 2;
    }
    if start < arity {
        work(parents.len());
        let message = [
            load_singles(&groups, 0, start),
            load_singles(&groups, 16, start),
        ];
        compress(&mut cv, &message, SINGLE_LEN, flags(start == 0, true));
    }

    match parents.first_chunk_mut() {
        Some(parents) => store_both(cv, parents),
        None => {
            let mut all = [[0; 32]; 32];
            store_both(cv, &mut all);
            parents.copy_from_slice(&all[..parents.len()]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn store_both([first, second]: [[__m512i; 8]; 2], parents: &mut [Hash; 32]) {
    let (halves, _) = parents.as_chunks_mut::<16>();
    store(first, &mut halves[0]);
    store(second, &mut halves[1]);
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
pub(super) fn compress(
    cv: &mut [[__m512i; 8]; 2],
    message: &[[__m512i; 16]; 2],
    len: u32,
    flags: u32,
) {
    let mut v = [[splat(0); 16]; 2];
    for (v, cv) in v.iter_mut().zip(&*cv) {
        #[rustfmt::skip]
        let state = [
            cv[0], cv[1], cv[2], cv[3], cv[4], cv[5], cv[6], cv[7],
            splat(IV[0]), splat(IV[1]), splat(IV[2]), splat(IV[3]),
            splat(0), splat(0), splat(len), splat(flags),
        ];
        *v = state;
    }
    rounds_of_2_times_16(&mut v, message);
    for (v, cv) in v.iter().zip(cv) {
        for (i, cv) in cv.iter_mut().enumerate() {
            *cv = xor(v[i], v[i + 8]);
        }
    }
}
