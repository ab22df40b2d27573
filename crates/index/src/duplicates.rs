//! [`Duplicates`]: the leaves that a tree has twice.

use std::{fmt, sync::Arc};

use rotortree_lean_imt::{AnySnapshot, Leaves};

use crate::{Duplicate, IndexError, inner::Inner};

/// Iterates over the leaves that are in a tree at a smaller index too.
/// [`LeafIndex::duplicates`](crate::LeafIndex::duplicates) makes it.
pub struct Duplicates {
    index: Arc<Inner>,
    snapshot: Arc<dyn AnySnapshot>,
    leaves: std::iter::Zip<std::ops::RangeFrom<u64>, Leaves>,
}

impl Duplicates {
    pub(crate) fn new(index: Arc<Inner>) -> Result<Self, IndexError> {
        let snapshot = index.open()?.tree.snapshot();
        let leaves = (0..).zip(snapshot.leaves(..)?);
        Ok(Self {
            index,
            snapshot,
            leaves,
        })
    }

    /// The leaf at `index`, if it is a duplicate.
    fn duplicate(
        &self,
        index: u64,
        leaf: Result<rotortree_hasher::Hash, rotortree_lean_imt::TreeError>,
    ) -> Result<Option<Duplicate>, IndexError> {
        let first = self.index.open()?.find(&*self.snapshot, &leaf?)?;
        let first = first.filter(|&first| first < index);
        Ok(first.map(|first| Duplicate { index, first }))
    }
}

impl Iterator for Duplicates {
    type Item = Result<Duplicate, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (index, leaf) = self.leaves.next()?;
            if let Some(item) = self.duplicate(index, leaf).transpose() {
                return Some(item);
            }
        }
    }
}

impl fmt::Debug for Duplicates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplicates").finish_non_exhaustive()
    }
}
