//! [`ToyHasher`]: a cheap hasher for tests, which refuses values and detects broken promises.

use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::Hasher;

/// An odd constant with its bits well spread (2^64 divided by the golden ratio).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The initial state of the mixing: any four different numbers.
const START: [u64; 4] = [1, 2, 3, 4];

/// A hasher for tests of trees. It is cheap, depends on the order and the number of the children,
/// and is **not cryptographic**: collisions are easy to make on purpose.
///
/// It detects mistakes that a tree can make and that other hashers do not notice:
///
/// - [`refusing_from`](Self::refusing_from) makes [`check`](Hasher::check) refuse values, as a
///   hasher over a prime field does.
/// - [`hash_resuming`](Hasher::hash_resuming) absorbs every stable child at once and checks the
///   caller's promises: it panics when a state comes back with other children than it absorbed.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Hasher, ToyHasher};
///
/// let hasher = ToyHasher::refusing_from(0xf0);
/// assert!(hasher.check(&[0xef; 32]));
/// assert!(!hasher.check(&[0xff; 32]));
/// let (a, b) = ([1; 32], [2; 32]);
/// assert_ne!(hasher.hash_children(&[a, b]), hasher.hash_children(&[b, a]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToyHasher {
    refused_from: Option<u8>,
}

impl ToyHasher {
    /// The toy hasher that refuses nothing.
    pub const fn new() -> Self {
        Self { refused_from: None }
    }

    /// A toy hasher that refuses hashes whose last byte is `last_byte` or more, like a field of
    /// modulus `last_byte * 2^248`, little-endian. Its hashes are those of [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// If `last_byte` is below `0x80`, because the last byte of the hasher's own outputs
    /// is below that.
    pub const fn refusing_from(last_byte: u8) -> Self {
        assert!(
            last_byte >= 0x80,
            "the toy hasher's own outputs may not be refused"
        );
        Self {
            refused_from: Some(last_byte),
        }
    }
}

impl Hasher for ToyHasher {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        finish(absorb(START, children), children.len())
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        assert!(
            stable <= children.len(),
            "more stable children than children"
        );
        let absorbed = state.absorbed as usize;
        assert!(
            absorbed <= children.len(),
            "a state that has absorbed more children than there are"
        );
        let expected = if absorbed == 0 {
            [0; 16]
        } else {
            to_words(absorb(START, &children[..absorbed]))
        };
        assert!(
            state.words == expected,
            "a state that has absorbed other children than these"
        );

        if stable > absorbed {
            state.words = to_words(absorb(START, &children[..stable]));
            state.absorbed = u32::try_from(stable).expect("a group of 2^32 hashes is 128 GiB");
        }
        self.hash_children(children)
    }

    fn check(&self, hash: &Hash) -> bool {
        self.refused_from.is_none_or(|limit| hash[31] < limit)
    }
}

fn absorb(mut lanes: [u64; 4], children: &[Hash]) -> [u64; 4] {
    for child in children {
        let (words, _) = child.as_chunks::<8>();
        for (i, word) in words.iter().enumerate() {
            mix(&mut lanes, i, u64::from_le_bytes(*word));
        }
    }
    lanes
}

fn finish(mut lanes: [u64; 4], len: usize) -> Hash {
    for i in 0..8 {
        mix(&mut lanes, i % 4, len as u64);
    }
    let mut hash = [0; 32];
    let (chunks, _) = hash.as_chunks_mut::<8>();
    for (chunk, lane) in chunks.iter_mut().zip(lanes) {
        *chunk = lane.to_le_bytes();
    }
    // Keeps the output below every bound of `refusing_from`.
    hash[31] &= 0x7f;
    hash
}

/// Each step is invertible in the lane that it changes, so every input word affects the result.
fn mix(lanes: &mut [u64; 4], i: usize, word: u64) {
    lanes[i] = (lanes[i].rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
    lanes[(i + 1) % 4] ^= lanes[i] >> 29;
}

fn to_words(lanes: [u64; 4]) -> [u32; 16] {
    let mut words = [0; 16];
    for (i, lane) in lanes.into_iter().enumerate() {
        words[2 * i] = lane as u32;
        words[2 * i + 1] = (lane >> 32) as u32;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_from_the_limit_on_are_refused() {
        let mut hash = [0xff; 32];
        assert!(ToyHasher::new().check(&hash));
        let hasher = ToyHasher::refusing_from(0xff);
        assert!(!hasher.check(&hash));
        hash[31] = 0xfe;
        assert!(hasher.check(&hash));
    }

    #[test]
    #[should_panic(expected = "may not be refused")]
    fn its_own_outputs_cannot_be_refused() {
        ToyHasher::refusing_from(0x7f);
    }

    #[test]
    fn refusing_values_does_not_change_the_hashes() {
        let children = [[3; 32], [4; 32]];
        assert_eq!(
            ToyHasher::new().hash_children(&children),
            ToyHasher::refusing_from(0x80).hash_children(&children),
        );
    }

    #[test]
    #[should_panic(expected = "other children than these")]
    fn a_stable_child_that_changed_is_caught() {
        let mut state = GroupState::default();
        ToyHasher::new().hash_resuming(&mut state, 2, &[[1; 32], [2; 32]]);
        ToyHasher::new().hash_resuming(&mut state, 3, &[[1; 32], [9; 32], [3; 32]]);
    }

    #[test]
    #[should_panic(expected = "more children than there are")]
    fn a_group_that_shrank_below_its_stable_children_is_caught() {
        let mut state = GroupState::default();
        ToyHasher::new().hash_resuming(&mut state, 3, &[[1; 32], [2; 32], [3; 32]]);
        ToyHasher::new().hash_resuming(&mut state, 2, &[[1; 32], [2; 32]]);
    }
}
