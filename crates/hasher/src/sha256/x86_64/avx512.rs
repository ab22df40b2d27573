//! 32 groups at a time with AVX-512: two vectors of sixteen lanes.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::lanes::{lane_kernel, sixteen_rounds};
use crate::hash::Hash;
use crate::sha256::form::Form;
use crate::sha256::schedule::{K, Schedule, TERMINATOR};
use crate::sha256::spec::{IV, bits};
use crate::x86_64::cpu::Avx512;
use crate::x86_64::lane_groups::LaneGroups;
use crate::x86_64::zmm::{load_pairs, load_singles, splat, store};

lane_kernel!(cpu: Avx512, lanes: 16, vectors: 2, vector: __m512i, features: "avx512f,avx512vl");

/// The truth table of `a ^ b ^ c`.
const XOR: i32 = 0x96;
/// The truth table of `if a { b } else { c }`.
const CHOOSE: i32 = 0xca;
/// The truth table of the majority of three.
const MAJORITY: i32 = 0xe8;

#[target_feature(enable = "avx512f")]
#[inline]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn or(a: __m512i, b: __m512i) -> __m512i {
    _mm512_or_si512(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn shift_left<const BITS: u32>(a: __m512i) -> __m512i {
    _mm512_slli_epi32::<BITS>(a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn shift_right<const BITS: u32>(a: __m512i) -> __m512i {
    _mm512_srli_epi32::<BITS>(a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn choose(e: __m512i, f: __m512i, g: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<CHOOSE>(e, f, g)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn majority(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<MAJORITY>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn big_sigma_0(a: __m512i) -> __m512i {
    let (x, y, z) = (
        _mm512_ror_epi32::<2>(a),
        _mm512_ror_epi32::<13>(a),
        _mm512_ror_epi32::<22>(a),
    );
    _mm512_ternarylogic_epi32::<XOR>(x, y, z)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn big_sigma_1(e: __m512i) -> __m512i {
    let (x, y, z) = (
        _mm512_ror_epi32::<6>(e),
        _mm512_ror_epi32::<11>(e),
        _mm512_ror_epi32::<25>(e),
    );
    _mm512_ternarylogic_epi32::<XOR>(x, y, z)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn small_sigma_0(word: __m512i) -> __m512i {
    let (x, y) = (_mm512_ror_epi32::<7>(word), _mm512_ror_epi32::<18>(word));
    _mm512_ternarylogic_epi32::<XOR>(x, y, shift_right::<3>(word))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn small_sigma_1(word: __m512i) -> __m512i {
    let (x, y) = (_mm512_ror_epi32::<17>(word), _mm512_ror_epi32::<19>(word));
    _mm512_ternarylogic_epi32::<XOR>(x, y, shift_right::<10>(word))
}

/// Reverses the bytes of each word, with AVX-512's base alone.
#[target_feature(enable = "avx512f")]
#[inline]
fn swap_bytes(words: __m512i) -> __m512i {
    let bytes_0_and_2 = splat(0x00ff_00ff);
    let left = _mm512_rol_epi32::<8>(words);
    let right = _mm512_ror_epi32::<8>(words);
    _mm512_ternarylogic_epi32::<CHOOSE>(bytes_0_and_2, left, right)
}
