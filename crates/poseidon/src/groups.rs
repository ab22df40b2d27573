//! The choice of an arithmetic for a run of groups.

use rotortree_hasher::Hash;

#[cfg(target_arch = "x86_64")]
use crate::lanes::{Ifma, MOST, hash_up_to_16};
use crate::order::ByteOrder;
use crate::scalar;

/// The hash of one group.
pub(crate) fn hash_one<O: ByteOrder>(children: &[Hash]) -> Hash {
    O::write(scalar::hash_numbers(children.len(), |i| {
        O::read(&children[i])
    }))
}

/// The hash of each of a run of groups of `arity` children.
pub(crate) fn hash_all<O: ByteOrder>(arity: usize, children: &[Hash], parents: &mut [Hash]) {
    assert!(
        arity > 0 && arity.checked_mul(parents.len()) == Some(children.len()),
        "{} children are not {} groups of {arity}",
        children.len(),
        parents.len(),
    );
    #[cfg(target_arch = "x86_64")]
    if let Some(cpu) = Ifma::detect() {
        for (children, parents) in children.chunks(MOST * arity).zip(parents.chunks_mut(MOST)) {
            // One group in lanes takes longer than alone.
            match parents {
                [parent] => *parent = hash_one::<O>(children),
                _ => hash_up_to_16::<O>(cpu, arity, children, parents),
            }
        }
        return;
    }
    hash_one_by_one::<O>(arity, children, parents);
}

/// [`hash_all`] where there are no lanes.
fn hash_one_by_one<O: ByteOrder>(arity: usize, children: &[Hash], parents: &mut [Hash]) {
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        *parent = hash_one::<O>(group);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;
    use crate::element::tests::edges;
    use crate::order::{BigEndian, LittleEndian};

    fn check<O: ByteOrder>(arity: usize, count: usize) {
        let numbers = edges().into_iter().cycle().skip(arity * count);
        let children: Vec<Hash> = numbers.map(O::write).take(arity * count).collect();
        let [mut any, mut alone] = [(); 2].map(|()| [[0; 32]; 35]);
        hash_all::<O>(arity, &children, &mut any[..count]);
        hash_one_by_one::<O>(arity, &children, &mut alone[..count]);
        assert_eq!(any, alone, "{count} groups of {arity}");
    }

    /// The scalar code is run everywhere, also where a batch goes through the lanes.
    #[test]
    fn a_batch_is_hashed_as_one_group_after_the_other() {
        for arity in [2, 3, 4, 8, 12] {
            for count in [0, 1, 2, 15, 16, 17, 33, 35] {
                check::<BigEndian>(arity, count);
                check::<LittleEndian>(arity, count);
            }
        }
    }
}
