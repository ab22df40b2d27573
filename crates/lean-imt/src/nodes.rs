//! The node store seam: where complete nodes are kept and read from.

use alloc::sync::Arc;
use rotortree_hasher::Hash;

use crate::TreeError;

/// A shared, immutable view of complete nodes. What was readable once never changes.
///
/// A source may hold more nodes than a snapshot that reads it knows of; the snapshot asks only for
/// nodes that were complete at its size.
pub trait NodeSource: Send + Sync {
    /// Fills `out` with the nodes of `level` from `start` on.
    ///
    /// # Errors
    /// [`TreeError::NodeUnavailable`] for the first node that cannot be read; `out` is then unspecified.
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError>;
}

/// The write end of a tree's nodes: takes runs of complete nodes per level, in order, each once.
///
/// Runs are *staged* until [`commit`](Self::commit); [`abort`](Self::abort) forgets them. A hasher that panics
/// in the middle of a batch leaves staged runs behind, which the next operation aborts.
pub trait NodeStore {
    /// Stages `nodes` behind what `level` has.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] where memory for them cannot be had.
    fn append(&mut self, level: usize, nodes: &[Hash]) -> Result<(), TreeError>;

    /// Makes everything staged part of the store. Does not fail.
    fn commit(&mut self);

    /// Forgets everything staged.
    fn abort(&mut self);

    /// A cheap handle on what is committed, shareable between threads.
    fn source(&self) -> Arc<dyn NodeSource>;
}
