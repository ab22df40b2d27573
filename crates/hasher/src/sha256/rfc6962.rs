//! [`Rfc6962Hasher`]: the hashes of a transparency log.

use sha2::Digest;

use super::{chain, groups};
use crate::hash::Hash;
use crate::hasher::{Hasher, assert_groups};

/// The byte in front of the two children of a node.
const NODE: Option<u8> = Some(1);

/// The byte in front of the data of a leaf.
const LEAF: u8 = 0;

/// The node hash of RFC 6962 (section 2.1) and RFC 9162: SHA-256 of the byte 1 and the two
/// children.
///
/// A binary tree with this hasher has the roots of RFC 6962, if [`rfc6962_leaf`] made its leaves.
/// It hashes batches as [`Sha256Hasher`](crate::Sha256Hasher) does.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Hasher, Rfc6962Hasher, rfc6962_leaf};
///
/// let root = Rfc6962Hasher.hash_children(&[rfc6962_leaf(b""), rfc6962_leaf(&[0])]);
/// assert_eq!(root[..4], [0xfa, 0xc5, 0x42, 0x03]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rfc6962Hasher;

impl Rfc6962Hasher {
    /// The hasher. It has no state and no size.
    pub const fn new() -> Self {
        Self
    }
}

impl Hasher for Rfc6962Hasher {
    const MAX_ARITY: usize = 2;
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        chain::hash(chain::compress, NODE, children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        assert_groups(arity, children, parents);
        groups::hash(NODE, arity, children, parents, |_| {});
    }

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        assert_groups(arity, children, parents);
        groups::hash(NODE, arity, children, parents, work);
    }
}

/// The leaf hash of RFC 6962: SHA-256 of the byte 0 and the data of an entry.
#[must_use]
pub fn rfc6962_leaf(data: &[u8]) -> Hash {
    sha2::Sha256::new()
        .chain_update([LEAF])
        .chain_update(data)
        .finalize()
        .into()
}
