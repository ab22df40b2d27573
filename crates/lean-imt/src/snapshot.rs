//! [`TreeSnapshot`]: an immutable view of a tree at one size.

use alloc::sync::Arc;
use core::{fmt, ops::RangeBounds};
use rotortree_hasher::{Hash, Hex};

use crate::{
    Frontier, Leaves, MemorySource, NodeSource, NodeSpan, SharedHasher, TreeError, TreeHead,
    geometry, right_edge::RightEdge,
};

/// A tree at one size: its edge nodes, and a shared handle on the complete nodes.
///
/// The type depends neither on the hasher nor on the place of the nodes. A snapshot stays valid,
/// and its answers stay the same, as long as it lives. A clone copies `32 * MAX_DEPTH` bytes. Reads
/// can fail if nodes come from storage.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let snapshot = tree.snapshot();
/// tree.insert([4; 32])?;
/// assert_eq!(snapshot.size(), 3);
/// assert_eq!(snapshot.get_node(0, 2)?, [3; 32]);
/// assert_eq!(snapshot.get_node(1, 1)?, [3; 32], "a group of one is lifted");
/// assert_eq!(snapshot.snapshot_at(1)?.root(), Some([1; 32]));
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone)]
pub struct TreeSnapshot<const N: usize, const MAX_DEPTH: usize> {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// The edge node of level `k` at `k - 1`, if the level has one. Leaves are always complete.
    pub(crate) edges: [Hash; MAX_DEPTH],
    pub(crate) nodes: Arc<MemorySource>,
    pub(crate) hasher: SharedHasher,
    pub(crate) metadata: Option<Arc<[u8]>>,
}

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// Turns this snapshot into that of a tree with these parts.
    pub(crate) fn become_that_of(
        &mut self,
        edge: &RightEdge<N>,
        nodes: Arc<MemorySource>,
        hasher: &SharedHasher,
        metadata: Option<&Arc<[u8]>>,
    ) {
        self.size = edge.size();
        self.root = edge.root();
        // An old edge node stays in the slot of a level that has none now; it is never read.
        edge.edges(&mut self.edges);
        self.nodes = nodes;
        // They are usually the same, and then this saves the reference counts.
        if !self.hasher.is_same(hasher) {
            self.hasher = hasher.clone();
        }
        if !is_same(self.metadata.as_ref(), metadata) {
            self.metadata = metadata.cloned();
        }
    }

    /// Whether two snapshots share nodes, hasher and metadata. Keeping one of them then keeps
    /// nothing else alive than the other does, except for its own `32 * MAX_DEPTH` bytes.
    pub(crate) fn shares_all_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.nodes, &other.nodes)
            && self.hasher.is_same(&other.hasher)
            && is_same(self.metadata.as_ref(), other.metadata.as_ref())
    }

    /// The root, or `None` for the empty tree.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        (self.size > 0).then_some(self.root)
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The number of hash layers above the leaves.
    #[must_use]
    pub fn depth(&self) -> usize {
        geometry::depth::<N>(self.size)
    }

    /// Size and root, or `None` for the empty tree.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.root().map(|root| TreeHead {
            size: self.size,
            root,
        })
    }

    /// The application's metadata as of this snapshot.
    #[must_use]
    pub fn metadata(&self) -> Option<&[u8]> {
        self.metadata.as_deref()
    }

    /// The metadata, shared.
    pub(crate) fn shared_metadata(&self) -> Option<Arc<[u8]>> {
        self.metadata.clone()
    }

    /// The hasher of the tree, its type erased.
    #[must_use]
    pub fn hasher(&self) -> &SharedHasher {
        &self.hasher
    }

    /// The number of nodes of a level, the edge node included; 0 above the root.
    #[must_use]
    pub fn level_len(&self, level: usize) -> u64 {
        geometry::level_len::<N>(self.size, level)
    }

    /// Node `index` of `level` (0 for leaves).
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn get_node(&self, level: usize, index: u64) -> Result<Hash, TreeError> {
        let mut node = [[0; 32]];
        self.read_nodes(level, index, &mut node)?;
        Ok(node[0])
    }

    /// Fills `out` with the nodes of `level` from `start` on, edge node included.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`] if the level ends before `start + out.len()`,
    /// [`TreeError::NodeUnavailable`].
    pub fn read_nodes(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        let len = self.level_len(level);
        if start > len || out.len() as u64 > len - start {
            return Err(TreeError::IndexOutOfRange {
                index: start.saturating_add(out.len().max(1) as u64 - 1),
                size: len,
            });
        }
        let complete = self.fill_edge(level, start, out);
        if complete.is_empty() {
            Ok(())
        } else {
            self.nodes.read(level, start, complete)
        }
    }

    /// Reads nodes of any levels, edge nodes included, in one request. The nodes must exist. May
    /// reorder and shorten the spans.
    pub(crate) fn read_spans(&self, spans: &mut [NodeSpan<'_>]) -> Result<(), TreeError> {
        for span in &mut *spans {
            let nodes = core::mem::take(&mut span.nodes);
            span.nodes = self.fill_edge(span.level, span.start, nodes);
        }
        self.nodes.read_spans(spans)
    }

    /// Fills the last of these nodes if it is the edge node. Returns the slots of the complete
    /// nodes.
    fn fill_edge<'a>(&self, level: usize, start: u64, out: &'a mut [Hash]) -> &'a mut [Hash] {
        let there = geometry::complete_len::<N>(self.size, level).saturating_sub(start);
        // At most the last node of a level is not complete.
        if out.len() as u64 <= there {
            return out;
        }
        let (complete, edge) = out.split_at_mut(there as usize);
        edge.fill(*self.edge_node(level));
        complete
    }

    /// The number of the first nodes of `level` that are hashed whenever they are read.
    #[doc(hidden)]
    #[must_use]
    pub fn recomputed_len(&self, level: usize) -> u64 {
        self.nodes.recomputed_len(level)
    }

    /// The edge node of a level that has one.
    pub(crate) fn edge_node(&self, level: usize) -> &Hash {
        &self.edges[level - 1]
    }

    /// The source of the complete nodes.
    pub(crate) fn nodes(&self) -> &Arc<MemorySource> {
        &self.nodes
    }

    /// Leaf `index`: node `index` of level 0.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn get_leaf(&self, index: u64) -> Result<Hash, TreeError> {
        self.get_node(0, index)
    }

    /// The leaves of a range, `..` for all, in order. The iterator reads them in pieces, knows its
    /// length, and keeps the nodes alive by itself.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`] if the range does not lie within the tree. Each item can be
    /// [`TreeError::NodeUnavailable`]; the later leaves follow it.
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        Leaves::new(self.nodes.clone(), self.size, range)
    }

    /// The tree at the time when it had `size` leaves. O(N * depth) reads and at most `depth`
    /// hashes. The tree does not keep metadata per size, so a snapshot of a smaller size has none.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// let old_root = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// tree.insert_many(&[[4; 32], [5; 32]])?;
    ///
    /// let old = tree.snapshot().snapshot_at(3)?;
    /// assert_eq!(old.root(), Some(old_root));
    /// assert_eq!(old.generate_proof(2)?.tree_size, 3);
    /// assert!(tree.snapshot().snapshot_at(6).is_err(), "not yet");
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if this snapshot is smaller, [`TreeError::NodeUnavailable`].
    pub fn snapshot_at(&self, size: u64) -> Result<Self, TreeError> {
        if size == self.size {
            return Ok(self.clone());
        }
        let edge = self.right_edge(size)?;
        let mut edges = [[0; 32]; MAX_DEPTH];
        edge.edges(&mut edges);
        Ok(Self {
            size,
            root: edge.root(),
            edges,
            nodes: Arc::clone(&self.nodes),
            hasher: self.hasher.clone(),
            metadata: None,
        })
    }

    /// The right edge of the tree of `size` leaves.
    pub(crate) fn right_edge(&self, size: u64) -> Result<RightEdge<N>, TreeError> {
        if size > self.size {
            return Err(TreeError::SizeOutOfRange {
                requested: size,
                size: self.size,
            });
        }
        RightEdge::rebuild(&self.hasher, size, |spans| self.nodes.read_spans(spans))
    }

    /// The frontier of the first `size` leaves. O(N * depth) reads and at most one hash per level.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if this snapshot is smaller, [`TreeError::NodeUnavailable`].
    pub fn frontier_at(&self, size: u64) -> Result<Frontier<N, MAX_DEPTH>, TreeError> {
        self.right_edge(size).map(Frontier::from_edge)
    }
}

/// Whether both are the same allocation, or both are `None`.
fn is_same(one: Option<&Arc<[u8]>>, other: Option<&Arc<[u8]>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}

impl<const N: usize, const MAX_DEPTH: usize> fmt::Debug for TreeSnapshot<N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeSnapshot")
            .field("n", &N)
            .field("size", &self.size)
            .field("root", &self.root().map(Hex))
            .finish_non_exhaustive()
    }
}
