//! One compression in plain Rust, for CPUs without a kernel of their own.

use super::spec::{IV, rounds, with_schedule};
use crate::hasher::Hash;

/// Compresses one block of two children into the chaining value.
pub(super) fn compress(cv: &mut [u32; 8], block: &[Hash; 2], len: u32, flags: u32) {
    let mut m = [0; 16];
    let (words, _) = block.as_flattened().as_chunks::<4>();
    for (m, word) in m.iter_mut().zip(words) {
        *m = u32::from_le_bytes(*word);
    }
    let [c0, c1, c2, c3, c4, c5, c6, c7] = *cv;
    let [i0, i1, i2, i3, ..] = IV;
    let mut v = [
        c0, c1, c2, c3, c4, c5, c6, c7, i0, i1, i2, i3, 0, 0, len, flags,
    ];
    with_schedule!(rounds, v, m);
    for (i, word) in cv.iter_mut().enumerate() {
        *word = v[i] ^ v[i + 8];
    }
}

fn add(a: u32, b: u32) -> u32 {
    a.wrapping_add(b)
}

fn xor(a: u32, b: u32) -> u32 {
    a ^ b
}

fn ror16(a: u32) -> u32 {
    a.rotate_right(16)
}

fn ror12(a: u32) -> u32 {
    a.rotate_right(12)
}

fn ror8(a: u32) -> u32 {
    a.rotate_right(8)
}

fn ror7(a: u32) -> u32 {
    a.rotate_right(7)
}
