//! Eight groups at a time with AVX-512, for batches that are too small for sixteen.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::cpu::Avx512;
use super::lane_groups::LaneGroups;
use super::lanes::lane_kernel;
use super::rounds_avx512::rounds_of_8 as rounds;
use super::ymm::{load_pairs, load_singles, store};
use crate::blake3::spec::{IV, PAIR_LEN, SINGLE_LEN, flags};
use crate::hash::Hash;

/// Hashes 1 to 8 groups of 1 to 32 children.
pub(in crate::blake3) fn hash_up_to_8(
    _: Avx512,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    work: impl FnMut(usize),
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { hash_lanes(arity, children, parents, work) }
}

lane_kernel!(lanes: 8, vector: __m256i, features: "avx512f,avx512vl");

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}
