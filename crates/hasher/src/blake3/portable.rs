//! One compression in plain Rust, for CPUs without a kernel of their own.

use super::spec::{IV, with_schedule};
use crate::hash::Hash;

/// Compresses one block of two children into the chaining value.
pub(super) fn compress(cv: &mut [u32; 8], block: [&Hash; 2], len: u32, flags: u32) {
    let mut m = [0; 16];
    let words = block.into_iter().flat_map(|child| child.as_chunks::<4>().0);
    for (m, word) in m.iter_mut().zip(words) {
        *m = u32::from_le_bytes(*word);
    }
    let [c0, c1, c2, c3, c4, c5, c6, c7] = *cv;
    let [i0, i1, i2, i3, ..] = IV;
    let mut v = [
        c0, c1, c2, c3, c4, c5, c6, c7, i0, i1, i2, i3, 0, 0, len, flags,
    ];

    macro_rules! rounds {
        (() $([$($s:literal)+])+) => {
            $(round(&mut v, &m, [$($s),+]);)+
        };
    }
    with_schedule!(rounds,);

    for (i, word) in cv.iter_mut().enumerate() {
        *word = v[i] ^ v[i + 8];
    }
}

// Forced inline, so that `order` is a constant and the state stays in registers.
#[inline(always)]
fn round(v: &mut [u32; 16], m: &[u32; 16], order: [usize; 16]) {
    let word = |position| m[order[position]];
    quarter(v, [0, 4, 8, 12], word(0), word(1));
    quarter(v, [1, 5, 9, 13], word(2), word(3));
    quarter(v, [2, 6, 10, 14], word(4), word(5));
    quarter(v, [3, 7, 11, 15], word(6), word(7));
    quarter(v, [0, 5, 10, 15], word(8), word(9));
    quarter(v, [1, 6, 11, 12], word(10), word(11));
    quarter(v, [2, 7, 8, 13], word(12), word(13));
    quarter(v, [3, 4, 9, 14], word(14), word(15));
}

#[inline(always)]
fn quarter(v: &mut [u32; 16], [a, b, c, d]: [usize; 4], first: u32, second: u32) {
    v[a] = v[a].wrapping_add(first).wrapping_add(v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(12);
    v[a] = v[a].wrapping_add(second).wrapping_add(v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(8);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(7);
}
