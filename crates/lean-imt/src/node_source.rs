//! [`NodeSource`]: the interface to the storage of complete nodes.

use rotortree_hasher::Hash;

use crate::TreeError;

/// A shared, immutable view of complete nodes. A node that was read once never changes.
///
/// A source may have more nodes than its snapshot. A snapshot reads only nodes that were
/// complete at its size.
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
    /// [`TreeError::NodeUnavailable`] for the first node that cannot be read; `out` is
    /// then unspecified.
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError>;

    /// The `len` nodes of `level` from `start` on, by reference, if the source has them
    /// contiguously in memory. `None` if they must be copied or cannot be read;
    /// [`read`](Self::read) tells which. The default always returns `None`.
    fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        let _ = (level, start, len);
        None
    }

    /// Fills all `spans`, and may reorder and shorten them. Every proof and every past state asks
    /// for its nodes in one such request. A source that gets several nodes for the work of one, or
    /// that announces what it is going to read, overrides this method; the default reads span by
    /// span.
    ///
    /// # Errors
    /// [`TreeError::NodeUnavailable`] for a node that cannot be read; all spans are then
    /// unspecified.
    fn read_spans(&self, spans: &mut [NodeSpan<'_>]) -> Result<(), TreeError> {
        spans
            .iter_mut()
            .try_for_each(|span| self.read(span.level, span.start, span.nodes))
    }

    /// The number of the first nodes of `level` that the source hashes from a lower level whenever
    /// they are read. To compare such a node with the hash of its children tells nothing. The
    /// default is 0.
    fn recomputed_len(&self, level: usize) -> u64 {
        let _ = level;
        0
    }
}

/// Consecutive nodes of a level that are to be read, and where they go.
#[derive(Debug, Default)]
pub struct NodeSpan<'a> {
    /// The level; 0 has the leaves.
    pub level: usize,
    /// The index of the first node.
    pub start: u64,
    /// Receives as many nodes as it is long.
    pub nodes: &'a mut [Hash],
}
