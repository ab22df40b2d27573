//! Vectors of 512 bits: moves sixteen groups into their lanes, and the hashes out of them.

use core::arch::x86_64::*;

use super::lane_groups::LaneGroups;
use super::memory::{load_two, store_two};
use crate::hash::Hash;

/// Selects quarters 0 and 2 of one vector, then of another.
const EVEN: i32 = 0b10_00_10_00;
/// Selects quarters 1 and 3 of one vector, then of another.
const ODD: i32 = 0b11_01_11_01;

/// The pairs of lanes whose children share a vector when they are loaded, half a vector each.
/// With these pairs the children are in order after transposing within quarters and taking every
/// other quarter.
const ROWS: [(usize, usize); 8] = [
    (0, 4),
    (1, 5),
    (2, 6),
    (3, 7),
    (8, 12),
    (9, 13),
    (10, 14),
    (11, 15),
];

/// The children `start` and `start + 1` of sixteen groups from `first_lane` on, as sixteen vectors:
/// vector `w` has word `w` of the block of the group `i` places further in lane `i`.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_pairs<const LANES: usize>(
    groups: &LaneGroups<'_, LANES>,
    first_lane: usize,
    start: usize,
) -> [__m512i; 16] {
    let mut first = [_mm512_setzero_si512(); 8];
    let mut second = first;
    for (i, (low, high)) in ROWS.into_iter().enumerate() {
        first[i] = load_two(
            groups.child(first_lane + low, start),
            groups.child(first_lane + high, start),
        );
        second[i] = load_two(
            groups.child(first_lane + low, start + 1),
            groups.child(first_lane + high, start + 1),
        );
    }
    let [m0, m1, m2, m3, m4, m5, m6, m7] = to_lanes(first);
    let [m8, m9, m10, m11, m12, m13, m14, m15] = to_lanes(second);
    [
        m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15,
    ]
}

/// Like [`load_pairs`] with child `start` of each group and zeros after it.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_singles<const LANES: usize>(
    groups: &LaneGroups<'_, LANES>,
    first_lane: usize,
    start: usize,
) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    let singles = load_hashes(|lane| groups.child(first_lane + lane, start));
    let [m0, m1, m2, m3, m4, m5, m6, m7] = singles;
    [
        m0, m1, m2, m3, m4, m5, m6, m7, zero, zero, zero, zero, zero, zero, zero, zero,
    ]
}

/// The hash of each lane: vector `w` has word `w` of lane `i`'s hash in lane `i`.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_hashes<'a>(hash: impl Fn(usize) -> &'a Hash) -> [__m512i; 8] {
    let mut rows = [_mm512_setzero_si512(); 8];
    for (row, (low, high)) in rows.iter_mut().zip(ROWS) {
        *row = load_two(hash(low), hash(high));
    }
    to_lanes(rows)
}

/// Writes the lanes to the parents: word `w` of parent `i` is lane `i` of `words[w]`.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn store(words: [__m512i; 8], parents: &mut [Hash; 16]) {
    let [w0, w1, w2, w3, w4, w5, w6, w7] = words;
    let [a0, a1, a2, a3] = transpose_words([w0, w1, w2, w3]);
    let [b0, b1, b2, b3] = transpose_words([w4, w5, w6, w7]);
    let even = transpose_quarters([a0, b0, a1, b1]);
    let odd = transpose_quarters([a2, b2, a3, b3]);
    let (pairs, _) = parents.as_chunks_mut::<2>();
    for i in 0..4 {
        store_two(&mut pairs[2 * i], even[i]);
        store_two(&mut pairs[2 * i + 1], odd[i]);
    }
}

/// The words of sixteen children, whose rows are in the order of [`ROWS`]: vector `w` has word `w`
/// of child `i` in lane `i`.
#[target_feature(enable = "avx512f")]
#[inline]
fn to_lanes([r0, r1, r2, r3, r4, r5, r6, r7]: [__m512i; 8]) -> [__m512i; 8] {
    // Quarters of `a[w]`: word w of children 0-3, word 4 + w of the same, then both of children
    // 4-7. Quarters of `b[w]`: the same of children 8-15.
    let a = transpose_words([r0, r1, r2, r3]);
    let b = transpose_words([r4, r5, r6, r7]);
    let mut words = [_mm512_setzero_si512(); 8];
    for w in 0..4 {
        words[w] = _mm512_shuffle_i32x4::<EVEN>(a[w], b[w]);
        words[w + 4] = _mm512_shuffle_i32x4::<ODD>(a[w], b[w]);
    }
    words
}

/// Transposes the words of each quarter as a 4 x 4 matrix.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose_words([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let ab_low = _mm512_unpacklo_epi32(a, b);
    let ab_high = _mm512_unpackhi_epi32(a, b);
    let cd_low = _mm512_unpacklo_epi32(c, d);
    let cd_high = _mm512_unpackhi_epi32(c, d);
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Transposes the quarters of four vectors as a 4 x 4 matrix.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose_quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let ab_even = _mm512_shuffle_i32x4::<EVEN>(a, b);
    let ab_odd = _mm512_shuffle_i32x4::<ODD>(a, b);
    let cd_even = _mm512_shuffle_i32x4::<EVEN>(c, d);
    let cd_odd = _mm512_shuffle_i32x4::<ODD>(c, d);
    [
        _mm512_shuffle_i32x4::<EVEN>(ab_even, cd_even),
        _mm512_shuffle_i32x4::<EVEN>(ab_odd, cd_odd),
        _mm512_shuffle_i32x4::<ODD>(ab_even, cd_even),
        _mm512_shuffle_i32x4::<ODD>(ab_odd, cd_odd),
    ]
}

/// A vector of one word in every lane.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

/// The exclusive or of each lane.
#[cfg(feature = "blake3")]
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}
