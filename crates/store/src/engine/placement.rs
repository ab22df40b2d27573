//! [`Placement`]: the place of an entry in the tree.

use std::ops::Range;

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeHead;

/// The place of an entry in the tree. Other inserts do not change it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Indices of the entry's leaves; empty for metadata alone.
    pub leaf_range: Range<u64>,
    /// The tree's head right after the entry; `None` while the tree is empty. Later entries do not
    /// change it.
    pub head: Option<TreeHead>,
}

impl Placement {
    /// The root right after the entry; `None` while the tree is empty.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.head.map(|head| head.root)
    }
}
