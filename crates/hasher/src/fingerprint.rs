//! The algorithm of [`Hasher::fingerprint`]: probe groups, hashed and chained.
//!
//! The store keeps fingerprints and compares them.

use crate::hash::Hash;

/// The widest group that is probed. It bounds the probe table and the quadratic work.
const MAX_PROBES: usize = 256;

/// The probe children. They are a table because a group must be contiguous and this crate does
/// not allocate.
static PROBES: [Hash; MAX_PROBES] = probes();

const fn probes() -> [Hash; MAX_PROBES] {
    let mut probes = [[0; 32]; MAX_PROBES];
    let mut j = 0;
    while j < MAX_PROBES {
        let number = j as u16 + 1;
        [probes[j][15], probes[j][16]] = number.to_le_bytes();
        j += 1;
    }
    probes
}

/// The fingerprint for groups of 2 to `arity` children of a hasher that hashes a group by `hash`.
pub(crate) fn of(arity: usize, hash: impl Fn(&[Hash]) -> Hash) -> Hash {
    let mut accumulator = hash(&PROBES[..2]);
    for width in 3..=arity.min(MAX_PROBES) {
        let probe = hash(&PROBES[..width]);
        accumulator = hash(&[accumulator, probe]);
    }
    accumulator
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hasher::Hasher;

    /// Hashes the number of children alone, and refuses wide groups.
    #[derive(Clone)]
    struct AtMostFour;

    impl Hasher for AtMostFour {
        const MAX_ARITY: usize = 4;

        fn hash_children(&self, children: &[Hash]) -> Hash {
            assert!((2..=4).contains(&children.len()));
            let mut hash = [0; 32];
            hash[0] = children.len() as u8;
            hash[1] = children.iter().fold(0, |sum, child| {
                child
                    .iter()
                    .fold(sum * 3, |sum: u8, byte| sum.wrapping_add(*byte))
            });
            hash
        }
    }

    #[test]
    fn probes_are_distinct_and_small_from_both_ends() {
        for (j, probe) in PROBES.iter().enumerate() {
            assert_eq!(u16::from_le_bytes([probe[15], probe[16]]), j as u16 + 1);
            assert_eq!(probe[..15], [0; 15]);
            assert_eq!(probe[17..], [0; 15]);
        }
    }

    #[test]
    fn arities_outside_what_can_be_probed_count_as_the_nearest_one() {
        assert_eq!(AtMostFour.fingerprint(0), AtMostFour.fingerprint(2));
        assert_eq!(AtMostFour.fingerprint(1), AtMostFour.fingerprint(2));
        assert_eq!(AtMostFour.fingerprint(5), AtMostFour.fingerprint(4));
        assert_eq!(
            AtMostFour.fingerprint(usize::MAX),
            AtMostFour.fingerprint(4)
        );
    }

    #[test]
    fn the_chain_is_the_documented_one() {
        let h = AtMostFour;
        let two = h.hash_children(&PROBES[..2]);
        let three = h.hash_children(&[two, h.hash_children(&PROBES[..3])]);
        let four = h.hash_children(&[three, h.hash_children(&PROBES[..4])]);
        assert_eq!(h.fingerprint(2), two);
        assert_eq!(h.fingerprint(3), three);
        assert_eq!(h.fingerprint(4), four);
    }
}
