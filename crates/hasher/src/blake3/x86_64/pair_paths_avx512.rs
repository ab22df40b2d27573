//! Sixteen paths of pairs at a time with AVX-512, or 32 in two vectors.
//!
//! The hashes of a step stay in the lanes for the next step. Only the sibling of each pair is
//! loaded, and a blend puts the two in order. Scalar work stands between the rounds of two steps
//! and delays both, because the rounds fill the scheduler. Therefore turns and lifts are bits, and
//! one instruction tests them for several paths.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::{avx512, avx512_twice};
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
    let mut lanes = Lanes::of(paths);
    for step in 0..steps {
        let message = lanes.pairs(step, |lane| sibling(lane, step));
        let mut parents = IV.map(|word| splat(word));
        avx512::compress(&mut parents, message, PAIR_LEN, flags(true, true));
        lanes.climb(step, parents);
    }
    lanes.put(paths);
}

/// Takes 32 paths `steps` steps up. `sibling(lane, step)` is called for lifts as well.
pub(in crate::blake3) fn climb_32_avx512<'a>(
    _: Avx512,
    paths: &mut [PairPath; 32],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    // SAFETY: an `Avx512` exists only on a CPU with these features.
    unsafe { climb_lanes_twice(paths, steps, sibling) }
}

#[target_feature(enable = "avx512f,avx512vl")]
fn climb_lanes_twice<'a>(
    paths: &mut [PairPath; 32],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    let (halves, _) = paths.as_chunks_mut::<16>();
    let (mut low, mut high) = (Lanes::of(&halves[0]), Lanes::of(&halves[1]));
    for step in 0..steps {
        let message = [
            low.pairs(step, |lane| sibling(lane, step)),
            high.pairs(step, |lane| sibling(16 + lane, step)),
        ];
        let iv = IV.map(|word| splat(word));
        let mut parents = [iv, iv];
        avx512_twice::compress(&mut parents, &message, PAIR_LEN, flags(true, true));
        let [low_parents, high_parents] = parents;
        low.climb(step, low_parents);
        high.climb(step, high_parents);
    }
    low.put(&mut halves[0]);
    high.put(&mut halves[1]);
}

/// Sixteen paths, one in each lane.
struct Lanes {
    nodes: [__m512i; 8],
    turns: [__m512i; 2],
    lifts: [__m512i; 2],
}

impl Lanes {
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn of(paths: &[PairPath; 16]) -> Self {
        Self {
            nodes: load_hashes(|lane| &paths[lane].node),
            turns: load_bits(paths.each_ref().map(|path| path.turns)),
            lifts: load_bits(paths.each_ref().map(|path| path.lifts)),
        }
    }

    /// The nodes and their siblings, in order.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn pairs<'a>(&self, step: usize, sibling: impl Fn(usize) -> &'a Hash) -> [__m512i; 16] {
        let sibling = load_hashes(sibling);
        let turned = lanes_with(self.turns, step);
        let mut message = [splat(0); 16];
        for w in 0..8 {
            message[w] = _mm512_mask_blend_epi32(turned, self.nodes[w], sibling[w]);
            message[w + 8] = _mm512_mask_blend_epi32(turned, sibling[w], self.nodes[w]);
        }
        message
    }

    /// Replaces the nodes by their parents, except where they are lifted.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn climb(&mut self, step: usize, parents: [__m512i; 8]) {
        let lifted = lanes_with(self.lifts, step);
        for (node, parent) in self.nodes.iter_mut().zip(parents) {
            *node = _mm512_mask_blend_epi32(lifted, parent, *node);
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn put(&self, paths: &mut [PairPath; 16]) {
        let mut nodes = [[0; 32]; 16];
        store(self.nodes, &mut nodes);
        for (path, node) in paths.iter_mut().zip(nodes) {
            path.node = node;
        }
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
