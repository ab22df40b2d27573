//! Two groups at a time with the SHA instructions.
//!
//! Two rounds of one group take as long as their latency, in which the CPU can begin those of
//! another group.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use crate::hash::Hash;
use crate::sha256::chain;
use crate::sha256::form::Form;
use crate::sha256::schedule::{K, Schedule};
use crate::sha256::spec::{IV, bits, full_block, last_block};
use crate::x86_64::cpu::Sha;
use crate::x86_64::memory::{load_halves, load_words, store_halves};

/// Hashes a group for each parent, two by two.
pub(in crate::sha256) fn hash(_: Sha, form: &Form<'_>, children: &[Hash], parents: &mut [Hash]) {
    let (pairs, rest) = parents.as_chunks_mut::<2>();
    let mut groups = children.chunks_exact(form.arity);
    for pair in pairs {
        if let (Some(first), Some(second)) = (groups.next(), groups.next()) {
            // SAFETY: a `Sha` exists only on a CPU with these features.
            *pair = unsafe { hash_two(form, [first, second]) };
        }
    }
    for (parent, group) in rest.iter_mut().zip(groups) {
        *parent = chain::hash(chain::compress, form.prefix, group);
    }
}

/// The words of a state as the instructions take them: `[f e b a]` and `[h g d c]`, from the low
/// word on.
type State = [__m128i; 2];

#[target_feature(enable = "sha,sse4.1")]
fn hash_two(form: &Form<'_>, groups: [&[Hash]; 2]) -> [Hash; 2] {
    let [a, b, c, d, e, f, g, h] = IV;
    let mut states: [State; 2] = [[load_words(&[f, e, b, a]), load_words(&[h, g, d, c])]; 2];
    let mut carries = [form.prefix; 2];
    let [(first, first_rest), (second, second_rest)] = groups.map(<[Hash]>::as_chunks::<2>);
    for pairs in first.iter().zip(second) {
        let blocks = [
            full_block(&mut carries[0], pairs.0),
            full_block(&mut carries[1], pairs.1),
        ];
        compress(&mut states, &blocks);
    }
    match form.padding {
        Some(schedule) => compress_padding(&mut states, schedule),
        None => {
            let bits = bits(form.prefix, form.arity);
            let blocks = [
                last_block(carries[0], first_rest, bits),
                last_block(carries[1], second_rest, bits),
            ];
            compress(&mut states, &blocks);
        }
    }
    states.map(|state| to_hash(state))
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn compress(states: &mut [State; 2], blocks: &[[u8; 64]; 2]) {
    let before = *states;
    let mut words = [load_block(&blocks[0]), load_block(&blocks[1])];
    for (four, constants) in K.as_chunks::<4>().0.iter().enumerate() {
        let constants = load_words(constants);
        for (state, words) in states.iter_mut().zip(&mut words) {
            if four >= 4 {
                next_words(words, four % 4);
            }
            four_rounds(state, _mm_add_epi32(words[four % 4], constants));
        }
    }
    add_states(states, &before);
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn compress_padding(states: &mut [State; 2], schedule: &Schedule) {
    let before = *states;
    for words in schedule.as_chunks::<4>().0 {
        for state in states.iter_mut() {
            four_rounds(state, load_words(words));
        }
    }
    add_states(states, &before);
}

/// Four rounds; `words` are the round constants plus the words of the schedule.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn four_rounds([abef, cdgh]: &mut State, words: __m128i) {
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, words);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32::<0b1110>(words));
}

/// Replaces the oldest four words of the schedule, at `oldest`, by the next four.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn next_words(words: &mut [__m128i; 4], oldest: usize) {
    let after = |places: usize| words[(oldest + places) % 4];
    let early = _mm_sha256msg1_epu32(after(0), after(1));
    let seven_back = _mm_alignr_epi8::<4>(after(3), after(2));
    words[oldest] = _mm_sha256msg2_epu32(_mm_add_epi32(early, seven_back), after(3));
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn add_states(states: &mut [State; 2], before: &[State; 2]) {
    for (state, before) in states.iter_mut().zip(before) {
        state[0] = _mm_add_epi32(state[0], before[0]);
        state[1] = _mm_add_epi32(state[1], before[1]);
    }
}

/// The sixteen words of a block.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn load_block(block: &[u8; 64]) -> [__m128i; 4] {
    let big_endian = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    let (halves, _) = block.as_chunks::<32>();
    let [[a, b], [c, d]] = [load_halves(&halves[0]), load_halves(&halves[1])];
    [a, b, c, d].map(|words| _mm_shuffle_epi8(words, big_endian))
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn to_hash([abef, cdgh]: State) -> Hash {
    let big_endian = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    let first = _mm_unpackhi_epi64(cdgh, abef);
    let second = _mm_unpacklo_epi64(cdgh, abef);
    let mut hash = [0; 32];
    store_halves(
        &mut hash,
        [
            _mm_shuffle_epi8(first, big_endian),
            _mm_shuffle_epi8(second, big_endian),
        ],
    );
    hash
}
