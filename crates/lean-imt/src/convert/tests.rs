//! Compares conversions with the algorithms of the other implementations, written out here.

mod circuits;
mod javascript;
mod rfc6962;
mod solidity;

use rotortree_hasher::Blake3Hasher;

use crate::{LeanIMT, TreeSnapshot, reference};

pub(super) fn tree<const N: usize>(size: usize) -> TreeSnapshot<N, 16> {
    let mut tree = LeanIMT::<_, N, 16>::new(Blake3Hasher);
    tree.insert_many(&reference::sample_leaves(11, size))
        .unwrap();
    tree.snapshot()
}

/// The bytes of hex digits.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}
