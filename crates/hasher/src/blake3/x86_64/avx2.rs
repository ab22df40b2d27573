//! Eight groups at a time with AVX2.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::cpu::Avx2;
use super::lane_groups::LaneGroups;
use super::lanes::lane_kernel;
use super::ymm::{load_pairs, load_singles, store};
use crate::blake3::spec::{self, IV, PAIR_LEN, SINGLE_LEN, flags, with_schedule};
use crate::hasher::Hash;

/// Hashes 1 to 8 groups of 1 to 32 children.
pub(in crate::blake3) fn hash_up_to_8(
    _: Avx2,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
) {
    // SAFETY: the CPU has AVX2, or there would be no `Avx2`.
    unsafe { hash_lanes(arity, children, parents) }
}

lane_kernel!(lanes: 8, vector: __m256i, features: "avx2");

#[target_feature(enable = "avx2")]
#[inline]
fn rounds(v: &mut [__m256i; 16], m: &[__m256i; 16]) {
    use spec::rounds;
    with_schedule!(rounds, v, m);
}

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn ror16(a: __m256i) -> __m256i {
    let bytes = _mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(bytes))
}

#[target_feature(enable = "avx2")]
#[inline]
fn ror12(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi32::<12>(a), _mm256_slli_epi32::<20>(a))
}

#[target_feature(enable = "avx2")]
#[inline]
fn ror8(a: __m256i) -> __m256i {
    let bytes = _mm_setr_epi8(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
    _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(bytes))
}

#[target_feature(enable = "avx2")]
#[inline]
fn ror7(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi32::<7>(a), _mm256_slli_epi32::<25>(a))
}
