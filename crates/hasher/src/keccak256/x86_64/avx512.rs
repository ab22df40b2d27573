//! Eight groups at a time with AVX-512.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::lanes::{lane_kernel, rows};
use crate::hash::Hash;
use crate::keccak256::spec::{PADDING_END, PADDING_START, RATE, ROUNDS, with_moves};
use crate::x86_64::cpu::Avx512;
use crate::x86_64::lane_groups::LaneGroups;
use crate::x86_64::memory::{load_two, store_one};

lane_kernel!(cpu: Avx512, lanes: 8, vector: __m512i, features: "avx512f,avx512vl");

/// Selects quarters 0 and 2 of one vector, then of another.
const EVEN: i32 = 0b10_00_10_00;
/// Selects quarters 1 and 3 of one vector, then of another.
const ODD: i32 = 0b11_01_11_01;

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor5(a: __m512i, b: __m512i, c: __m512i, d: __m512i, e: __m512i) -> __m512i {
    /// The truth table of `a ^ b ^ c`.
    const XOR: i32 = 0x96;
    _mm512_ternarylogic_epi64::<XOR>(_mm512_ternarylogic_epi64::<XOR>(a, b, c), d, e)
}

/// Rotates left by `LEFT`; the other number is what AVX2 needs.
#[target_feature(enable = "avx512f")]
#[inline]
fn rotate<const LEFT: i32, const RIGHT: i32>(a: __m512i) -> __m512i {
    _mm512_rol_epi64::<LEFT>(a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    /// The truth table of `a ^ !b & c`.
    const CHI: i32 = 0xd2;
    _mm512_ternarylogic_epi64::<CHI>(a, b, c)
}

/// The four words of child `index` of each group: vector `w` has word `w` of group `i`'s child in
/// lane `i`.
#[target_feature(enable = "avx512f")]
#[inline]
fn load(groups: &LaneGroups<'_, 8>, index: usize) -> [__m512i; 4] {
    let two =
        |low: usize, high: usize| load_two(groups.child(low, index), groups.child(high, index));
    // In this order the children are in order after the quarters were taken.
    let (a, b, c, d) = (two(0, 2), two(1, 3), two(4, 6), two(5, 7));
    let (low, high) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let (more_low, more_high) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
    [
        _mm512_shuffle_i64x2::<EVEN>(low, more_low),
        _mm512_shuffle_i64x2::<EVEN>(high, more_high),
        _mm512_shuffle_i64x2::<ODD>(low, more_low),
        _mm512_shuffle_i64x2::<ODD>(high, more_high),
    ]
}

/// Writes the lanes to the hashes: word `w` of hash `i` is lane `i` of `words[w]`.
#[target_feature(enable = "avx512f")]
#[inline]
fn store([w0, w1, w2, w3]: [__m512i; 4], hashes: &mut [Hash; 8]) {
    // Quarter `q` of these has words 0 and 1, or 2 and 3, of lane 2q, or 2q + 1.
    let even = [_mm512_unpacklo_epi64(w0, w1), _mm512_unpacklo_epi64(w2, w3)];
    let odd = [_mm512_unpackhi_epi64(w0, w1), _mm512_unpackhi_epi64(w2, w3)];
    let first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    let second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (parity, [low, high]) in [even, odd].into_iter().enumerate() {
        for (half, order) in [first, second].into_iter().enumerate() {
            let two = _mm512_permutex2var_epi64(low, order, high);
            let lane = 4 * half + parity;
            store_one(&mut hashes[lane], _mm512_castsi512_si256(two));
            store_one(&mut hashes[lane + 2], _mm512_extracti64x4_epi64::<1>(two));
        }
    }
}
