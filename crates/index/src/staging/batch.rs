//! [`Batch`]: leaves on their way into a tree.

use rotortree_hasher::Hash;

/// A leaf of a batch that stands earlier: in the tree, or in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// Its position in the batch.
    pub(crate) position: usize,
    /// The index of the same leaf before it.
    pub(crate) index: u64,
}

/// What a batch may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The leaf's first index stays the one that is found.
    Kept,
    /// A leaf that stands earlier ends the batch.
    Refused,
}

/// A batch of which the tree does not have the leaves yet.
pub(crate) struct Batch<'a, R> {
    /// The index of its first leaf.
    pub(crate) first: u64,
    pub(crate) leaves: &'a [Hash],
    /// Reads a leaf of the tree.
    pub(crate) read: R,
    pub(crate) repeats: Repeats,
}
