//! [`TreeHead`]: what a client trusts.

use rotortree_hasher::Hash;

/// The size and the root of a tree. A root alone does not fix the size, and leaves carry no tag: only both
/// together say what a proof may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: u64,
    /// Root over them; 32 zero bytes for the empty tree.
    pub root: Hash,
}

impl TreeHead {
    /// The head of the empty tree.
    pub const EMPTY: Self = Self {
        size: 0,
        root: [0; 32],
    };
}
