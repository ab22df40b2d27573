//! One group at a time: the chain of compressions over its blocks, and how it is resumed.
//!
//! The caller passes groups of 1 to 32 children only.

use super::portable;
use super::spec::{IV, PAIR_LEN, SINGLE_LEN, flags};
#[cfg(target_arch = "x86_64")]
use super::x86_64;
use crate::group_state::GroupState;
use crate::hash::Hash;
#[cfg(target_arch = "x86_64")]
use crate::x86_64::{
    cpu::{Avx2, Avx512},
    latency,
};

/// Compresses a block of `len` bytes with these flags into the chaining value. The block is two
/// children, or one child and zeros. All functions of this kind compute the same; the tests run
/// each of them.
pub(super) trait Compress: Fn(&mut [u32; 8], [&Hash; 2], u32, u32) {}

impl<F: Fn(&mut [u32; 8], [&Hash; 2], u32, u32)> Compress for F {}

/// Compresses with the fastest function that this CPU can run.
pub(super) fn compress(cv: &mut [u32; 8], block: [&Hash; 2], len: u32, flags: u32) {
    #[cfg(target_arch = "x86_64")]
    if !latency::is_shorter_without_vectors() {
        if let Some(cpu) = Avx512::detect() {
            return x86_64::compress_avx512(cpu, cv, block, len, flags);
        }
        if let Some(cpu) = Avx2::detect() {
            return x86_64::compress_avx2(cpu, cv, block, len, flags);
        }
    }
    portable::compress(cv, block, len, flags);
}

/// Hashes one group.
pub(super) fn hash(compress: impl Compress, children: &[Hash]) -> Hash {
    finish(compress, IV, 0, children)
}

/// Hashes one group from `state` on, and moves `state` forward as far as possible.
///
/// The first eight words of a state are the chaining value after an even number of children. A
/// state never includes the current last block of the group, because the flags of the last
/// block differ.
pub(super) fn hash_resuming(
    compress: impl Compress,
    state: &mut GroupState,
    stable: usize,
    children: &[Hash],
) -> Hash {
    let last_block = 2 * ((children.len() - 1) / 2);
    let absorbed = state.absorbed as usize;
    if absorbed > last_block {
        // The group was longer at an earlier call: the state has absorbed the block that is now
        // last.
        return hash(compress, children);
    }
    let mut cv = if absorbed == 0 {
        IV
    } else {
        chaining_value(state)
    };
    let end = last_block.min(stable - stable % 2).max(absorbed);
    let mut start = absorbed;
    while start < end {
        let block = [&children[start], &children[start + 1]];
        compress(&mut cv, block, PAIR_LEN, flags(start == 0, false));
        start += 2;
    }
    if start > absorbed {
        state.words[..8].copy_from_slice(&cv);
        state.absorbed = u32::try_from(start).expect("at most 32 children");
    }
    finish(compress, cv, start, children)
}

fn chaining_value(state: &GroupState) -> [u32; 8] {
    let [w0, w1, w2, w3, w4, w5, w6, w7, ..] = state.words;
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// The hash of a group. `cv` is the chaining value after its first `start` children, an even
/// number.
fn finish(compress: impl Compress, mut cv: [u32; 8], start: usize, children: &[Hash]) -> Hash {
    let mut is_first = start == 0;
    let mut rest = &children[start..];
    while let [a, b, more @ ..] = rest {
        let flags = flags(is_first, more.is_empty());
        compress(&mut cv, [a, b], PAIR_LEN, flags);
        is_first = false;
        rest = more;
    }
    if let [a] = rest {
        compress(&mut cv, [a, &[0; 32]], SINGLE_LEN, flags(is_first, true));
    }
    to_hash(cv)
}

fn to_hash(cv: [u32; 8]) -> Hash {
    let mut hash = [0; 32];
    let (chunks, _) = hash.as_chunks_mut::<4>();
    for (chunk, word) in chunks.iter_mut().zip(cv) {
        *chunk = word.to_le_bytes();
    }
    hash
}
