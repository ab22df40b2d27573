//! One group at a time: the chain of compressions over its blocks, and resuming it.
//!
//! Groups of up to 32 children only; whoever calls has looked.

use super::portable;
use super::spec::{CHILDREN_PER_CHUNK, IV, PAIR_LEN, SINGLE_LEN, flags};
#[cfg(target_arch = "x86_64")]
use super::x86_64;
use crate::group_state::GroupState;
use crate::hasher::Hash;

/// Hashes one group.
pub(super) fn hash(children: &[Hash]) -> Hash {
    finish(IV, 0, children)
}

/// Hashes any number of groups, one after the other.
pub(super) fn hash_each(arity: usize, children: &[Hash], parents: &mut [Hash]) {
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        *parent = hash(group);
    }
}

/// Hashes one group on from `state`, which then stands for as many stable blocks as it can.
///
/// A state is a chaining value in the first eight words, after an even number of children. It never
/// includes the last block, whose compression depends on being the last.
pub(super) fn hash_resuming(state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
    let last_block = 2 * (children.len().saturating_sub(1) / 2);
    let absorbed = state.absorbed as usize;
    if absorbed > last_block {
        // The group was longer before. What is stable of it was absorbed beyond what helps now.
        return hash(children);
    }
    let mut cv = if absorbed == 0 {
        IV
    } else {
        chaining_value(state)
    };
    let absorbable = last_block.min(stable & !1);
    let mut start = absorbed;
    while start < absorbable {
        compress(
            &mut cv,
            &[children[start], children[start + 1]],
            PAIR_LEN,
            flags(start == 0, false),
        );
        start += 2;
    }
    if start > absorbed {
        state.words[..8].copy_from_slice(&cv);
        state.absorbed = start as u32;
    }
    finish(cv, start, children)
}

fn chaining_value(state: &GroupState) -> [u32; 8] {
    let [w0, w1, w2, w3, w4, w5, w6, w7, ..] = state.words;
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// The hash of the group whose first `start` children, an even number, gave `cv`.
fn finish(mut cv: [u32; 8], start: usize, children: &[Hash]) -> Hash {
    debug_assert!(children.len() <= CHILDREN_PER_CHUNK);
    let mut rest = &children[start..];
    let mut is_first = start == 0;
    while let [a, b, more @ ..] = rest {
        compress(
            &mut cv,
            &[*a, *b],
            PAIR_LEN,
            flags(is_first, more.is_empty()),
        );
        is_first = false;
        rest = more;
    }
    if let [a] = rest {
        compress(&mut cv, &[*a, [0; 32]], SINGLE_LEN, flags(is_first, true));
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

/// Compresses one block with the fastest kernel of this CPU.
fn compress(cv: &mut [u32; 8], block: &[Hash; 2], len: u32, flags: u32) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(cpu) = x86_64::Avx512::detect() {
            return x86_64::compress_avx512(cpu, cv, block, len, flags);
        }
        if let Some(cpu) = x86_64::Sse41::detect() {
            return x86_64::compress_sse41(cpu, cv, block, len, flags);
        }
    }
    portable::compress(cv, block, len, flags);
}
