//! Sixteen paths of pairs at a time with AVX-512.
//!
//! The hashes of a step stay in the lanes for the next step. Only the sibling of each pair is
//! loaded, and a blend puts the two in order. Scalar work stands between the rounds of two steps
//! and delays both, because the rounds fill the scheduler. Therefore turns and lifts are bits, and
//! one instruction tests them for several paths.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::avx512::compress;
use crate::blake3::spec::{IV, PAIR_LEN, flags};
use crate::hash::Hash;
use crate::pair_path::PairPath;
use crate::x86_64::cpu::Avx512;
use crate::x86_64::memory::load_eight;
use crate::x86_64::zmm::{load_hashes, splat, store};

/// Takes sixteen paths `steps` steps up. `sibling(lane, step)` is called for lifts as well.
pub(in crate::blake3) fn climb_16_avx512<'a>(
    _: Avx512,
    paths: &mut [PairPath; 16],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { climb_lanes(paths, steps, sibling) }
}

#[target_feature(enable = "avx512f,avx512vl")]
fn climb_lanes<'a>(
    paths: &mut [PairPath; 16],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    let mut node = load_hashes(|lane| &paths[lane].node);
    let turns = load_bits(paths.each_ref().map(|path| path.turns));
    let lifts = load_bits(paths.each_ref().map(|path| path.lifts));
    for step in 0..steps {
        let sibling = load_hashes(|lane| sibling(lane, step));
        let turned = lanes_with(turns, step);
        let mut message = [splat(0); 16];
        for w in 0..8 {
            message[w] = _mm512_mask_blend_epi32(turned, node[w], sibling[w]);
            message[w + 8] = _mm512_mask_blend_epi32(turned, sibling[w], node[w]);
        }
        let mut parent = IV.map(|word| splat(word));
        compress(&mut parent, message, PAIR_LEN, flags(true, true));
        let lifted = lanes_with(lifts, step);
        for (node, parent) in node.iter_mut().zip(parent) {
            *node = _mm512_mask_blend_epi32(lifted, parent, *node);
        }
    }
    let mut nodes = [[0; 32]; 16];
    store(node, &mut nodes);
    for (path, node) in paths.iter_mut().zip(nodes) {
        path.node = node;
    }
}

/// 64 bits per lane: lanes 0 to 7 in the first vector, 8 to 15 in the second.
#[target_feature(enable = "avx512f")]
#[inline]
fn load_bits(bits: [u64; 16]) -> [__m512i; 2] {
    let (halves, _) = bits.as_chunks::<8>();
    [load_eight(&halves[0]), load_eight(&halves[1])]
}

/// The lanes whose bit `step` is set.
#[target_feature(enable = "avx512f")]
#[inline]
fn lanes_with(bits: [__m512i; 2], step: usize) -> __mmask16 {
    let bit = _mm512_set1_epi64((1_u64 << (step % 64)).cast_signed());
    let [low, high] = bits.map(|bits| u16::from(_mm512_test_epi64_mask(bits, bit)));
    low | high << 8
}
