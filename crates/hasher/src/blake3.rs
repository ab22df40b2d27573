//! [`Blake3Hasher`]: BLAKE3 over groups, many groups at a time where the CPU allows it.
//!
//! This module hashes groups of up to 32 children, which are one chunk of BLAKE3. The widest kernel
//! of this CPU hashes a batch of groups ([`groups`]). A single group is hashed block by block
//! ([`chain`]), and such a hash can be resumed. The `blake3` crate hashes wider groups. Every hash
//! is the one that the `blake3` crate computes.

mod chain;
mod groups;
mod pair_paths;
mod portable;
mod spec;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use self::spec::CHILDREN_PER_CHUNK;
use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::{Hasher, assert_groups};
use crate::pair_path::PairPath;

/// Hashes a group as the BLAKE3 hash of its concatenated children: `blake3::hash` of the `32 * n`
/// bytes, on every CPU.
///
/// [`hash_groups`](Hasher::hash_groups) hashes groups of up to 32 children sixteen at a time with
/// AVX-512 (32 on Zen 5) and eight at a time with AVX2. The CPU is detected at run time.
/// [`hash_resuming`](Hasher::hash_resuming) absorbs the children of such groups two by two.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Blake3Hasher, Hasher};
///
/// let parent = Blake3Hasher.hash_children(&[[1; 32], [2; 32]]);
/// assert_eq!(parent, *blake3::hash([[1; 32], [2; 32]].as_flattened()).as_bytes());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blake3Hasher;

impl Blake3Hasher {
    /// The hasher. It has no state and no size.
    pub const fn new() -> Self {
        Self
    }
}

impl Hasher for Blake3Hasher {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        match children.len() {
            1..=CHILDREN_PER_CHUNK => chain::hash(chain::compress, children),
            _ => hash_wide(children),
        }
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        assert_groups(arity, children, parents);
        match arity {
            1..=CHILDREN_PER_CHUNK => groups::hash(arity, children, parents, |_| {}),
            _ => {
                for (group, parent) in children.chunks_exact(arity).zip(parents) {
                    *parent = hash_wide(group);
                }
            }
        }
    }

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        assert_groups(arity, children, parents);
        match arity {
            1..=CHILDREN_PER_CHUNK => groups::hash(arity, children, parents, work),
            _ => {
                work(children.len());
                self.hash_groups(arity, children, parents);
            }
        }
    }

    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: impl Fn(usize, usize) -> &'a Hash,
    ) {
        pair_paths::hash(paths, steps, sibling);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        match children.len() {
            1..=CHILDREN_PER_CHUNK => {
                chain::hash_resuming(chain::compress, state, stable, children)
            }
            _ => hash_wide(children),
        }
    }
}

fn hash_wide(children: &[Hash]) -> Hash {
    *::blake3::hash(children.as_flattened()).as_bytes()
}
