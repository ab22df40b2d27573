//! [`Keccak256Hasher`]: Keccak-256 over groups, many groups at a time where the CPU allows it.
//!
//! The vector kernels hash a batch of groups side by side ([`groups`]); the `sha3` crate hashes a
//! single group. Every hash is the one that the `sha3` crate computes.

mod groups;
#[cfg(target_arch = "x86_64")]
mod spec;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use crate::hash::Hash;
use crate::hasher::{Hasher, assert_groups};

/// Keccak-256 of the concatenated children: Ethereum's `keccak256`, with the padding from before
/// the SHA-3 standard (FIPS 202).
///
/// [`hash_groups`](Hasher::hash_groups) hashes eight groups at a time with AVX-512 and four at a
/// time with AVX2; the CPU's features are detected at run time.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Hasher, Keccak256Hasher};
///
/// let parent = Keccak256Hasher::new().hash_children(&[[0; 32], [0; 32]]);
/// assert_eq!(parent[..4], [0xad, 0x32, 0x28, 0xb6]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keccak256Hasher;

impl Keccak256Hasher {
    /// The hasher. It has no state and no size.
    pub const fn new() -> Self {
        Self
    }
}

impl Hasher for Keccak256Hasher {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        groups::hash_one(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        assert_groups(arity, children, parents);
        groups::hash(arity, children, parents, |_| {});
    }

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        assert_groups(arity, children, parents);
        groups::hash(arity, children, parents, work);
    }
}
