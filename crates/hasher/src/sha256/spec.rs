//! The numbers of SHA-256, and how a group is padded.
//!
//! Source: FIPS 180-4, sections 4.2.2, 5.1.1, 5.3.3 and 6.2.
//!
//! A block of 64 bytes has two children. A message of `n` children is `n / 2` such blocks and a
//! last one, which has the child that remains, a one bit, zeros, and the number of bits. A byte in
//! front of the children moves all of them by one byte; the last byte of each block then begins the
//! next one.

use crate::hash::Hash;

/// The initial state.
pub(super) const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The number of bits of a message.
pub(super) const fn bits(prefix: Option<u8>, children: usize) -> u64 {
    8 * (prefix.is_some() as u64 + 32 * children as u64)
}

/// A block of two children. `carry` is the byte in front of them, and becomes the one behind them.
#[inline]
pub(super) fn full_block(carry: &mut Option<u8>, pair: &[Hash; 2]) -> [u8; 64] {
    let mut block = [0; 64];
    let pair = pair.as_flattened();
    match carry {
        None => block.copy_from_slice(pair),
        Some(byte) => {
            block[0] = *byte;
            block[1..].copy_from_slice(&pair[..63]);
            *byte = pair[63];
        }
    }
    block
}

/// The last block: the byte and the child that remain, and the padding.
#[inline]
pub(super) fn last_block(carry: Option<u8>, child: &[Hash], bits: u64) -> [u8; 64] {
    let mut block = [0; 64];
    let mut at = 0;
    if let Some(byte) = carry {
        block[0] = byte;
        at = 1;
    }
    for child in child {
        block[at..at + 32].copy_from_slice(child);
        at += 32;
    }
    block[at] = 0x80;
    block[56..].copy_from_slice(&bits.to_be_bytes());
    block
}
