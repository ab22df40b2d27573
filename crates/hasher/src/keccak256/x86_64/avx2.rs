//! Four groups at a time with AVX2.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::lanes::{lane_kernel, rows};
use crate::hash::Hash;
use crate::keccak256::spec::{PADDING_END, PADDING_START, RATE, ROUNDS, with_moves};
use crate::x86_64::cpu::Avx2;
use crate::x86_64::lane_groups::LaneGroups;
use crate::x86_64::memory::{load_one, store_one};

lane_kernel!(cpu: Avx2, lanes: 4, vector: __m256i, features: "avx2");

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor5(a: __m256i, b: __m256i, c: __m256i, d: __m256i, e: __m256i) -> __m256i {
    xor(xor(xor(a, b), xor(c, d)), e)
}

/// Rotates left by `LEFT`; `RIGHT` is what is missing to 64.
#[target_feature(enable = "avx2")]
#[inline]
fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(a), _mm256_srli_epi64::<RIGHT>(a))
}

#[target_feature(enable = "avx2")]
#[inline]
fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(a, _mm256_andnot_si256(b, c))
}

/// The four words of child `index` of each group: vector `w` has word `w` of group `i`'s child in
/// lane `i`.
#[target_feature(enable = "avx2")]
#[inline]
fn load(groups: &LaneGroups<'_, 4>, index: usize) -> [__m256i; 4] {
    let child = |lane: usize| load_one(groups.child(lane, index));
    transpose([child(0), child(1), child(2), child(3)])
}

/// Writes the lanes to the hashes: word `w` of hash `i` is lane `i` of `words[w]`.
#[target_feature(enable = "avx2")]
#[inline]
fn store(words: [__m256i; 4], hashes: &mut [Hash; 4]) {
    for (hash, row) in hashes.iter_mut().zip(transpose(words)) {
        store_one(hash, row);
    }
}

/// Transposes a 4 x 4 matrix of words of 64 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab_even, ab_odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (cd_even, cd_odd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<0x20>(ab_even, cd_even),
        _mm256_permute2x128_si256::<0x20>(ab_odd, cd_odd),
        _mm256_permute2x128_si256::<0x31>(ab_even, cd_even),
        _mm256_permute2x128_si256::<0x31>(ab_odd, cd_odd),
    ]
}
