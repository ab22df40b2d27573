//! The node store seam: where complete nodes are kept and read from.

use alloc::sync::Arc;
use rotortree_hasher::Hash;

use crate::TreeError;

/// A run of one level's nodes that is wanted, and where they go.
#[derive(Debug)]
pub struct NodeRun<'a> {
    /// The level, 0 for leaves.
    pub level: usize,
    /// Index of the first node.
    pub start: u64,
    /// Takes the nodes; its length is the number wanted, which may be 0.
    pub out: &'a mut [Hash],
}

/// A shared, immutable view of complete nodes. What was readable once never changes.
///
/// A source may hold more nodes than a snapshot that reads it knows of; the snapshot asks only for
/// nodes that were complete at its size.
///
/// ```
/// use rotortree_lean_imt::{Hash, NodeSource, TreeError};
///
/// /// A level of equal leaves, and nothing above.
/// struct Same(Hash);
///
/// impl NodeSource for Same {
///     fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
///         if level > 0 {
///             let source = std::sync::Arc::new(std::fmt::Error);
///             return Err(TreeError::NodeUnavailable { level, index: start, source });
///         }
///         out.fill(self.0);
///         Ok(())
///     }
/// }
///
/// let mut nodes = [[0; 32]; 2];
/// Same([7; 32]).read(0, 5, &mut nodes)?;
/// assert_eq!(nodes, [[7; 32]; 2]);
/// # Ok::<(), TreeError>(())
/// ```
pub trait NodeSource: Send + Sync {
    /// Fills `out` with the nodes of `level` from `start` on.
    ///
    /// # Errors
    /// [`TreeError::NodeUnavailable`] for the first node that cannot be read; `out` is then unspecified.
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError>;

    /// Fills several runs: what a proof needs, in one call, so that a source can fetch them at the same time. By default
    /// one [`read`](Self::read) after the other.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_runs(&self, runs: &mut [NodeRun<'_>]) -> Result<(), TreeError> {
        runs.iter_mut()
            .filter(|run| !run.out.is_empty())
            .try_for_each(|run| self.read(run.level, run.start, run.out))
    }
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
