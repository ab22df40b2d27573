//! The node store seam: where complete nodes are kept and read from.

use alloc::sync::Arc;
use rotortree_hasher::Hash;

use crate::{MemoryNodes, MemorySource, TreeError};

/// A shared, immutable view of complete nodes. What was readable once never changes.
///
/// A source may hold more nodes than a snapshot that reads it knows of; the snapshot asks only for
/// nodes that were complete at its size.
///
/// ```
/// use rotortree_lean_imt::{Hash, NodeFailure, NodeSource, TreeError};
///
/// /// A level of equal leaves, and nothing above.
/// struct Same(Hash);
///
/// impl NodeSource for Same {
///     fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
///         if level > 0 {
///             let source = NodeFailure::new(std::fmt::Error);
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
    /// [`TreeError::NodeUnavailable`] for the first node that cannot be read; `out` is then
    /// unspecified.
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError>;

    /// The `len` nodes of `level` from `start` on, where they lie: for sources that have them side
    /// by side in memory. `None` where they have to be copied together, and where they cannot
    /// be had; [`read`](Self::read) then tells which. By default always.
    fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        let _ = (level, start, len);
        None
    }

    /// The source itself, if it is that of a [`MemoryNodes`]: whoever wants a view of every level
    /// then gets them without a call for each. By default it is not.
    fn in_memory(&self) -> Option<&MemorySource> {
        None
    }
}

/// The write end of a tree's nodes: takes runs of complete nodes per level, in order, each once.
///
/// Runs are *staged* until [`commit`](Self::commit); [`abort`](Self::abort) forgets them. A hasher
/// that panics in the middle of a batch leaves staged runs behind, which the next operation aborts.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, Hash, LeanIMT, NodeSource, NodeStore, TreeError};
/// use std::sync::{Arc, RwLock};
///
/// /// Every level a vector; what is staged is kept apart.
/// #[derive(Default)]
/// struct Vectors {
///     committed: Arc<Levels>,
///     staged: Vec<(usize, Vec<Hash>)>,
/// }
///
/// #[derive(Default)]
/// struct Levels(RwLock<Vec<Vec<Hash>>>);
///
/// impl NodeStore for Vectors {
///     fn append(&mut self, level: usize, nodes: &[Hash]) -> Result<(), TreeError> {
///         self.staged.push((level, nodes.to_vec()));
///         Ok(())
///     }
///
///     fn commit(&mut self) {
///         let mut levels = self.committed.0.write().expect("nobody panics with the lock");
///         for (level, nodes) in self.staged.drain(..) {
///             let len = levels.len().max(level + 1);
///             levels.resize_with(len, Vec::new);
///             levels[level].extend(nodes);
///         }
///     }
///
///     fn abort(&mut self) {
///         self.staged.clear();
///     }
///
///     fn source(&self) -> Arc<dyn NodeSource> {
///         self.committed.clone()
///     }
/// }
///
/// impl NodeSource for Levels {
///     fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
///         let levels = self.0.read().expect("nobody panics with the lock");
///         out.copy_from_slice(&levels[level][start as usize..][..out.len()]);
///         Ok(())
///     }
/// }
///
/// let mut tree = LeanIMT::<_, 4, 20, _>::from_nodes(Blake3Hasher, Vectors::default(), 0, None)?;
/// tree.insert_many(&[[1; 32]; 21])?;
/// let head = tree.head().expect("the tree is not empty");
/// let proof = tree.snapshot().generate_proof(20)?;
/// proof.verify_against(&Blake3Hasher, head)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// The part of the store that takes runs in memory, if that is all that appending needs:
    /// several threads of a large batch then write there side by side. Everybody else gets
    /// [`append`](Self::append), from one thread. By default none.
    fn in_memory(&mut self) -> Option<&mut MemoryNodes> {
        None
    }
}
