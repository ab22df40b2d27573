//! The CRC-32C of a short record, for which a call of the `crc32c` crate takes longer than the
//! checksum itself: it looks for an alignment and for stretches to compute side by side.
#![expect(unsafe_code, reason = "calls a function with a target feature")]

use core::arch::x86_64::{_mm_crc32_u32, _mm_crc32_u64};

/// The most bytes that this module computes as fast as the `crc32c` crate does.
pub(super) const MAX_BYTES: usize = 512;

/// A CPU with the instruction for CRC-32C.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crc(());

impl Crc {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("sse4.2").then_some(Self(()))
    }

    /// The checksum `crc` continued over the sequence and `bytes`: one word of 4 bytes and any
    /// number of 8.
    #[inline]
    pub(super) fn append(self, crc: u32, sequence: u64, first: [u8; 4], words: &[[u8; 8]]) -> u32 {
        // SAFETY: a `Crc` exists only on a CPU with SSE 4.2.
        unsafe { append(crc, sequence, first, words) }
    }
}

#[target_feature(enable = "sse4.2")]
fn append(crc: u32, sequence: u64, first: [u8; 4], words: &[[u8; 8]]) -> u32 {
    let crc = _mm_crc32_u64(u64::from(!crc), sequence);
    let crc = _mm_crc32_u32(crc as u32, u32::from_le_bytes(first));
    let crc = words.iter().fold(u64::from(crc), |crc, word| {
        _mm_crc32_u64(crc, u64::from_le_bytes(*word))
    });
    !(crc as u32)
}
