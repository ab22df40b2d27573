//! Eight groups at a time with AVX2, for CPUs without the SHA instructions.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::lanes::{lane_kernel, sixteen_rounds};
use crate::hash::Hash;
use crate::sha256::form::Form;
use crate::sha256::schedule::{K, Schedule, TERMINATOR};
use crate::sha256::spec::{IV, bits};
use crate::x86_64::cpu::Avx2;
use crate::x86_64::lane_groups::LaneGroups;
use crate::x86_64::ymm::{load_pairs, load_singles, splat, store, xor};

lane_kernel!(cpu: Avx2, lanes: 8, vectors: 1, vector: __m256i, features: "avx2");

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn or(a: __m256i, b: __m256i) -> __m256i {
    _mm256_or_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn shift_left<const BITS: i32>(a: __m256i) -> __m256i {
    _mm256_slli_epi32::<BITS>(a)
}

#[target_feature(enable = "avx2")]
#[inline]
fn shift_right<const BITS: i32>(a: __m256i) -> __m256i {
    _mm256_srli_epi32::<BITS>(a)
}

/// Rotates right by `RIGHT`; `LEFT` is what is missing to 32.
#[target_feature(enable = "avx2")]
#[inline]
fn rotate<const RIGHT: i32, const LEFT: i32>(a: __m256i) -> __m256i {
    or(shift_right::<RIGHT>(a), shift_left::<LEFT>(a))
}

#[target_feature(enable = "avx2")]
#[inline]
fn choose(e: __m256i, f: __m256i, g: __m256i) -> __m256i {
    xor(g, _mm256_and_si256(e, xor(f, g)))
}

#[target_feature(enable = "avx2")]
#[inline]
fn majority(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    or(_mm256_and_si256(a, b), _mm256_and_si256(c, or(a, b)))
}

#[target_feature(enable = "avx2")]
#[inline]
fn big_sigma_0(a: __m256i) -> __m256i {
    xor(
        rotate::<2, 30>(a),
        xor(rotate::<13, 19>(a), rotate::<22, 10>(a)),
    )
}

#[target_feature(enable = "avx2")]
#[inline]
fn big_sigma_1(e: __m256i) -> __m256i {
    xor(
        rotate::<6, 26>(e),
        xor(rotate::<11, 21>(e), rotate::<25, 7>(e)),
    )
}

#[target_feature(enable = "avx2")]
#[inline]
fn small_sigma_0(word: __m256i) -> __m256i {
    xor(
        shift_right::<3>(word),
        xor(rotate::<7, 25>(word), rotate::<18, 14>(word)),
    )
}

#[target_feature(enable = "avx2")]
#[inline]
fn small_sigma_1(word: __m256i) -> __m256i {
    xor(
        shift_right::<10>(word),
        xor(rotate::<17, 15>(word), rotate::<19, 13>(word)),
    )
}

/// Reverses the bytes of each word.
#[target_feature(enable = "avx2")]
#[inline]
fn swap_bytes(words: __m256i) -> __m256i {
    let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
    ));
    _mm256_shuffle_epi8(words, order)
}
