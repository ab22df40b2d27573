//! [`Entry`]: the contents of one insert, and [`Appends`]: a tree to append it to.

use rotortree_hasher::Hash;

use super::token::DurabilityToken;
use crate::RotorTreeError;

/// One entry of the log. Recovery restores all of it or none.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) leaves: &'a [Hash],
    pub(super) metadata: Option<&'a [u8]>,
    /// The required size of the tree.
    pub(super) expected_size: Option<u64>,
}

/// Whether an insert may wait: for the writer lock, room, a checkpoint, a sync, or hashing threads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Wait,
    Refuse,
}

/// A tree of any type, to append to.
pub(super) trait Appends: Send + Sync {
    fn append(
        &self,
        entry: &Entry<'_>,
        admission: Admission,
    ) -> Result<DurabilityToken, RotorTreeError>;
}
