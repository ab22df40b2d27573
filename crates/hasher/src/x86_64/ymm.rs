//! Vectors of 256 bits: moves eight groups into their lanes, and the hashes out of them.

use core::arch::x86_64::*;

use super::lane_groups::LaneGroups;
use super::memory::{load_one, store_one};
use crate::hash::Hash;

/// The children `start` and `start + 1` of eight groups from `first_lane` on, as sixteen vectors:
/// vector `w` has word `w` of the block of the group `i` places further in lane `i`.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load_pairs<const LANES: usize>(
    groups: &LaneGroups<'_, LANES>,
    first_lane: usize,
    start: usize,
) -> [__m256i; 16] {
    let mut first = [_mm256_setzero_si256(); 8];
    let mut second = first;
    for i in 0..8 {
        first[i] = load_one(groups.child(first_lane + i, start));
        second[i] = load_one(groups.child(first_lane + i, start + 1));
    }
    let [m0, m1, m2, m3, m4, m5, m6, m7] = transpose(first);
    let [m8, m9, m10, m11, m12, m13, m14, m15] = transpose(second);
    [
        m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15,
    ]
}

/// Like [`load_pairs`] with child `start` of each group and zeros after it.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load_singles<const LANES: usize>(
    groups: &LaneGroups<'_, LANES>,
    first_lane: usize,
    start: usize,
) -> [__m256i; 16] {
    let zero = _mm256_setzero_si256();
    let mut rows = [zero; 8];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = load_one(groups.child(first_lane + i, start));
    }
    let [m0, m1, m2, m3, m4, m5, m6, m7] = transpose(rows);
    [
        m0, m1, m2, m3, m4, m5, m6, m7, zero, zero, zero, zero, zero, zero, zero, zero,
    ]
}

/// Writes the lanes to the parents: word `w` of parent `i` is lane `i` of `words[w]`.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store(words: [__m256i; 8], parents: &mut [Hash; 8]) {
    for (parent, row) in parents.iter_mut().zip(transpose(words)) {
        store_one(parent, row);
    }
}

/// Transposes an 8 x 8 matrix of words.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose([r0, r1, r2, r3, r4, r5, r6, r7]: [__m256i; 8]) -> [__m256i; 8] {
    // Halves of `a[w]` and `b[w]`: word w, then word 4 + w, of rows 0-3 or 4-7.
    let a = transpose_words([r0, r1, r2, r3]);
    let b = transpose_words([r4, r5, r6, r7]);
    let mut words = [_mm256_setzero_si256(); 8];
    for w in 0..4 {
        words[w] = _mm256_permute2x128_si256::<0x20>(a[w], b[w]);
        words[w + 4] = _mm256_permute2x128_si256::<0x31>(a[w], b[w]);
    }
    words
}

/// Transposes the words of each half as a 4 x 4 matrix.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose_words([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let ab_low = _mm256_unpacklo_epi32(a, b);
    let ab_high = _mm256_unpackhi_epi32(a, b);
    let cd_low = _mm256_unpacklo_epi32(c, d);
    let cd_high = _mm256_unpackhi_epi32(c, d);
    [
        _mm256_unpacklo_epi64(ab_low, cd_low),
        _mm256_unpackhi_epi64(ab_low, cd_low),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// A vector of one word in every lane.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

/// The exclusive or of each lane.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}
