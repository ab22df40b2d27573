//! [`Key`]: a keyed hash of leaves, SipHash-1-3.
//!
//! Leaves may come from an attacker. Without the key nobody can choose leaves that fall into one
//! bucket.

#[cfg(target_arch = "x86_64")]
mod lanes;
mod sip_hash;

use std::array::from_ref;

use rotortree_hasher::Hash;

use self::sip_hash::sip_hash;

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
        let [hash] = sip_hash(&self.0, from_ref(leaf));
        hash
    }

    /// Appends the hash of each leaf.
    pub(crate) fn hash_all(&self, leaves: &[Hash], hashes: &mut Vec<u64>) {
        #[cfg(target_arch = "x86_64")]
        if lanes::hash_all(&self.0, leaves, hashes) {
            return;
        }
        hashes.extend(leaves.iter().map(|leaf| self.hash(leaf)));
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
