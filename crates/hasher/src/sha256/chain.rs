//! One group at a time: the chain of compressions over its blocks, and how it is resumed.

use super::spec::{IV, bits, full_block, last_block};
use crate::group_state::GroupState;
use crate::hash::Hash;

/// Compresses blocks into the state. All functions of this kind compute the same; the tests run
/// each of them.
pub(super) trait Compress: Fn(&mut [u32; 8], &[[u8; 64]]) {}

impl<F: Fn(&mut [u32; 8], &[[u8; 64]])> Compress for F {}

/// Compresses with the function that the `sha2` crate chooses for this CPU: a chain of SHA
/// instructions is bound by their latency, so nothing is faster.
pub(super) fn compress(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    sha2::block_api::compress256(state, blocks);
}

/// Hashes one group behind an optional byte.
pub(super) fn hash(compress: impl Compress, prefix: Option<u8>, children: &[Hash]) -> Hash {
    finish(compress, prefix, IV, 0, children)
}

/// Hashes one group from `state` on, and moves `state` forward as far as possible.
///
/// The first eight words of a state are SHA-256's after an even number of children.
pub(super) fn hash_resuming(
    compress: impl Compress,
    state: &mut GroupState,
    stable: usize,
    children: &[Hash],
) -> Hash {
    let absorbed = state.absorbed as usize;
    let [w0, w1, w2, w3, w4, w5, w6, w7, ..] = state.words;
    let (mut words, start) = match absorbed {
        0 => (IV, 0),
        _ if absorbed <= children.len() => ([w0, w1, w2, w3, w4, w5, w6, w7], absorbed),
        // A caller broke its promise.
        _ => return hash(compress, None, children),
    };
    let end = (stable - stable % 2).min(children.len()).max(start);
    if let Some((pairs, [])) = children.get(start..end).map(<[Hash]>::as_chunks::<2>)
        && !pairs.is_empty()
        && let Ok(absorbed) = u32::try_from(end)
    {
        for pair in pairs {
            compress(&mut words, &[full_block(&mut None, pair)]);
        }
        state.words[..8].copy_from_slice(&words);
        state.absorbed = absorbed;
        return finish(compress, None, words, end, children);
    }
    finish(compress, None, words, start, children)
}

/// The hash of a group. `state` is the one after its first `start` children, an even number.
fn finish(
    compress: impl Compress,
    mut carry: Option<u8>,
    mut state: [u32; 8],
    start: usize,
    children: &[Hash],
) -> Hash {
    let bits = bits(carry, children.len());
    let (mut pairs, rest) = children[start..].as_chunks::<2>();
    while let [pair, more @ ..] = pairs {
        if more.is_empty() {
            let full = full_block(&mut carry, pair);
            compress(&mut state, &[full, last_block(carry, rest, bits)]);
            return to_hash(state);
        }
        compress(&mut state, &[full_block(&mut carry, pair)]);
        pairs = more;
    }
    compress(&mut state, &[last_block(carry, rest, bits)]);
    to_hash(state)
}

/// The state as bytes.
pub(super) fn to_hash(state: [u32; 8]) -> Hash {
    let mut hash = [0; 32];
    let (chunks, _) = hash.as_chunks_mut::<4>();
    for (chunk, word) in chunks.iter_mut().zip(state) {
        *chunk = word.to_be_bytes();
    }
    hash
}
