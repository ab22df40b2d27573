//! [`Key`]: a keyed hash of leaves, SipHash-1-3.
//!
//! Leaves may come from an attacker. Without the key nobody can choose leaves that fall into one
//! bucket.

use rotortree_hasher::Hash;

/// The secret of one index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u8; 16]);

impl Key {
    /// The length of a key.
    pub(crate) const BYTES: usize = 16;

    /// A random key.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }

    /// The hash of a leaf.
    pub(crate) fn hash(&self, leaf: &Hash) -> u64 {
        let [k0, k1] = words(&self.0);
        let mut state = State([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ]);
        let leaf: [u64; 4] = words(leaf);
        for word in leaf {
            state.absorb(word);
        }
        state.absorb((size_of::<Hash>() as u64) << 56);
        state.0[2] ^= 0xff;
        for _ in 0..3 {
            state.round();
        }
        state.0.into_iter().fold(0, |hash, word| hash ^ word)
    }
}

/// Bytes as words, the least significant byte first.
fn words<const WORDS: usize>(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// The four words of SipHash (Aumasson and Bernstein, 2012).
struct State([u64; 4]);

impl State {
    #[inline]
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    #[inline]
    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.0;
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hasher as _};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn with_the_key_zero_it_is_the_hash_of_the_standard_library(leaf: Hash) {
            // `DefaultHasher` is SipHash-1-3 with this key.
            let mut expected = DefaultHasher::new();
            expected.write(&leaf);
            prop_assert_eq!(Key([0; 16]).hash(&leaf), expected.finish());
        }

        #[test]
        fn every_bit_of_the_key_counts(leaf: Hash, key: [u8; 16], bit in 0..128usize) {
            let mut other = key;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(Key(key).hash(&leaf), Key(other).hash(&leaf));
        }
    }
}
