//! Vector loads and stores, none of which needs alignment.
#![expect(unsafe_code, reason = "the intrinsics take raw pointers")]

use core::arch::x86_64::*;

use crate::hash::Hash;

/// The first and the second four words of a hash.
#[cfg(any(feature = "blake3", feature = "sha2"))]
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn load_halves(hash: &Hash) -> [__m128i; 2] {
    let (halves, _) = hash.as_chunks::<16>();
    // SAFETY: the reference is to 16 bytes that can be read.
    let first = unsafe { _mm_loadu_si128(halves[0].as_ptr().cast()) };
    // SAFETY: the reference is to 16 bytes that can be read.
    let second = unsafe { _mm_loadu_si128(halves[1].as_ptr().cast()) };
    [first, second]
}

/// Writes the first and the second four words of a hash.
#[cfg(any(feature = "blake3", feature = "sha2"))]
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn store_halves(hash: &mut Hash, [first, second]: [__m128i; 2]) {
    let (halves, _) = hash.as_chunks_mut::<16>();
    // SAFETY: the reference is to 16 bytes that can be written.
    unsafe { _mm_storeu_si128(halves[0].as_mut_ptr().cast(), first) };
    // SAFETY: the reference is to 16 bytes that can be written.
    unsafe { _mm_storeu_si128(halves[1].as_mut_ptr().cast(), second) };
}

/// Four words in the machine's order.
#[cfg(any(feature = "blake3", feature = "sha2"))]
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn load_words(words: &[u32; 4]) -> __m128i {
    // SAFETY: the reference is to 16 bytes that can be read.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

/// Writes four words in the machine's order.
#[cfg(feature = "blake3")]
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn store_words(words: &mut [u32; 4], vector: __m128i) {
    // SAFETY: the reference is to 16 bytes that can be written.
    unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), vector) }
}

/// The eight words of a child.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load_one(child: &Hash) -> __m256i {
    // SAFETY: the reference is to 32 bytes that can be read.
    unsafe { _mm256_loadu_si256(child.as_ptr().cast()) }
}

/// Writes the eight words of a parent.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store_one(parent: &mut Hash, vector: __m256i) {
    // SAFETY: the reference is to 32 bytes that can be written.
    unsafe { _mm256_storeu_si256(parent.as_mut_ptr().cast(), vector) }
}

/// The eight words of one child in the low half, of another in the high half.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_two(low: &Hash, high: &Hash) -> __m512i {
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load_one(low)), load_one(high))
}

/// Writes the sixteen words of two adjacent parents.
#[cfg(any(feature = "blake3", feature = "sha2"))]
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn store_two(parents: &mut [Hash; 2], vector: __m512i) {
    // SAFETY: the reference is to 64 bytes that can be written.
    unsafe { _mm512_storeu_si512(parents.as_mut_ptr().cast(), vector) }
}

/// Eight words of 64 bits in the machine's order.
#[cfg(feature = "blake3")]
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_eight(words: &[u64; 8]) -> __m512i {
    // SAFETY: the reference is to 64 bytes that can be read.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}
