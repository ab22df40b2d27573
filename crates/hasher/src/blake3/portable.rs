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

const COLUMNS: [[usize; 4]; 4] = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]];
const DIAGONALS: [[usize; 4]; 4] = [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

// Forced inline, so that `order` is a constant and the state stays in registers.
#[inline(always)]
fn round(v: &mut [u32; 16], m: &[u32; 16], order: [usize; 16]) {
    let word = |position| m[order[position]];
    half::<16, 12>(v, COLUMNS, [word(0), word(2), word(4), word(6)]);
    half::<8, 7>(v, COLUMNS, [word(1), word(3), word(5), word(7)]);
    half::<16, 12>(v, DIAGONALS, [word(8), word(10), word(12), word(14)]);
    half::<8, 7>(v, DIAGONALS, [word(9), word(11), word(13), word(15)]);
}

/// Half a quarter-round of four columns or diagonals, operation by operation. The four are
/// independent, so the CPU executes them in parallel.
#[inline(always)]
fn half<const D: u32, const B: u32>(v: &mut [u32; 16], quarters: [[usize; 4]; 4], m: [u32; 4]) {
    for ([a, b, _, _], m) in quarters.into_iter().zip(m) {
        v[a] = v[a].wrapping_add(m).wrapping_add(v[b]);
    }
    for [a, _, _, d] in quarters {
        v[d] = (v[d] ^ v[a]).rotate_right(D);
    }
    for [_, _, c, d] in quarters {
        v[c] = v[c].wrapping_add(v[d]);
    }
    for [_, b, c, _] in quarters {
        v[b] = (v[b] ^ v[c]).rotate_right(B);
    }
}
