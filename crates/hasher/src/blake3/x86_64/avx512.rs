//! Sixteen groups at a time with AVX-512.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::cpu::Avx512;
use super::lane_groups::LaneGroups;
use super::lanes::lane_kernel;
use super::rounds_avx512::rounds_of_16 as rounds;
use super::zmm::{load_pairs, load_singles, store};
use crate::blake3::spec::{IV, PAIR_LEN, SINGLE_LEN, flags};
use crate::hash::Hash;

/// Hashes 1 to 16 groups of 1 to 32 children.
pub(in crate::blake3) fn hash_up_to_16(
    _: Avx512,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    work: impl FnMut(usize),
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { hash_lanes(arity, children, parents, work) }
}

lane_kernel!(lanes: 16, vector: __m512i, features: "avx512f,avx512vl");

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}
