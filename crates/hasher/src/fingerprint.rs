//! The algorithm of [`Hasher::fingerprint`]: probe groups, hashed and chained.
//!
//! What is done with a fingerprint (stored, compared) is left to the store.

use crate::hasher::{Hash, Hasher};

/// The widest group that is probed. Bounds both the probe table and the quadratic work.
const MAX_PROBES: usize = 256;

/// The probe children. A table and not a computation, because a group must lie contiguously and
/// this crate does not allocate.
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

/// The fingerprint of `hasher` for groups of 2 to `arity` children.
pub(crate) fn of<H: Hasher>(hasher: &H, arity: usize) -> Hash {
    let widest = arity.min(H::MAX_ARITY).min(MAX_PROBES);
    let mut accumulator = hasher.hash_children(&PROBES[..2]);
    for width in 3..=widest {
        let probe = hasher.hash_children(&PROBES[..width]);
        accumulator = hasher.hash_children(&[accumulator, probe]);
    }
    accumulator
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records nothing of the children but how many there are, and refuses wide groups.
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
        assert_eq!(of(&AtMostFour, 0), of(&AtMostFour, 2));
        assert_eq!(of(&AtMostFour, 1), of(&AtMostFour, 2));
        assert_eq!(of(&AtMostFour, 5), of(&AtMostFour, 4));
        assert_eq!(of(&AtMostFour, usize::MAX), of(&AtMostFour, 4));
    }

    #[test]
    fn the_chain_is_the_documented_one() {
        let h = AtMostFour;
        let two = h.hash_children(&PROBES[..2]);
        let three = h.hash_children(&[two, h.hash_children(&PROBES[..3])]);
        let four = h.hash_children(&[three, h.hash_children(&PROBES[..4])]);
        assert_eq!(of(&h, 2), two);
        assert_eq!(of(&h, 3), three);
        assert_eq!(of(&h, 4), four);
    }
}
