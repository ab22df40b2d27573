//! [`Sha256Hasher`] and [`Rfc6962Hasher`]: SHA-256 over groups, many groups at a time where the CPU
//! allows it.
//!
//! A message is an optional byte and the children of a group. The vector kernels hash a batch of
//! groups side by side ([`groups`]). A single group is compressed block by block ([`chain`]), and
//! such a hash can be resumed. Every hash is the one that the `sha2` crate computes.

mod chain;
#[cfg(target_arch = "x86_64")]
mod form;
mod groups;
mod rfc6962;
#[cfg(target_arch = "x86_64")]
mod schedule;
mod spec;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use self::rfc6962::{Rfc6962Hasher, rfc6962_leaf};

use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::{Hasher, assert_groups};

/// SHA-256 (FIPS 180-4) of the concatenated children.
///
/// [`hash_groups`](Hasher::hash_groups) hashes 32 groups at a time with AVX-512, two at a time with
/// the SHA instructions, and eight at a time with AVX2; the CPU's features are detected at run
/// time. [`hash_resuming`](Hasher::hash_resuming) absorbs the children two by two.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Hasher, Sha256Hasher};
///
/// let parent = Sha256Hasher::new().hash_children(&[[0; 32], [0; 32]]);
/// assert_eq!(parent[..4], [0xf5, 0xa5, 0xfd, 0x42]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sha256Hasher;

impl Sha256Hasher {
    /// The hasher. It has no state and no size.
    pub const fn new() -> Self {
        Self
    }
}

impl Hasher for Sha256Hasher {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        chain::hash(chain::compress, None, children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        assert_groups(arity, children, parents);
        groups::hash(None, arity, children, parents, |_| {});
    }

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        assert_groups(arity, children, parents);
        groups::hash(None, arity, children, parents, work);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        chain::hash_resuming(chain::compress, state, stable, children)
    }
}
