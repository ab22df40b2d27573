//! [`LeanIMT`]: the tree.

mod start;

use alloc::sync::Arc;
use core::fmt;
use rotortree_hasher::{Hash, Hasher, Hex};

use crate::{
    Frontier, HashRole, MemoryNodes, NodeSource, SharedHasher, TreeError, TreeHead, TreeSnapshot,
    geometry,
    right_edge::{NodeSink, RightEdge, Scratch},
    threads::Threads,
};

/// An append-only n-ary Lean Incremental Merkle Tree over 32-byte leaves that are already hashed.
///
/// `N` is the branching factor, 2 to `H::MAX_ARITY`; `MAX_DEPTH`, 1 to 64, is the most hash layers
/// it may have; both are checked when the program is compiled.
///
/// Appending costs `depth` hashes for one leaf and about `n / (N - 1)` for a batch of `n`. A
/// method that refuses does so before it changes anything, and a hasher that panics leaves the
/// tree as it was.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<Blake3Hasher, 4, 20>::new(Blake3Hasher);
/// let root = tree.insert([7; 32])?;
/// assert_eq!(tree.root(), Some(root));
/// let root = tree.insert_many(&[[8; 32], [9; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
/// assert_eq!((head.size, head.root), (3, root));
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
///
/// Source of the structure: the LeanIMT paper of the Privacy & Scaling Explorations team (2024),
/// generalized from 2 to `N` children.
pub struct LeanIMT<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    hasher: H,
    shared_hasher: SharedHasher,
    max_depth: usize,
    edge: RightEdge<N>,
    /// The buffers for hashing batches.
    scratch: Scratch,
    nodes: MemoryNodes,
    metadata: Option<Arc<[u8]>>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> LeanIMT<H, N, MAX_DEPTH> {
    const SHAPE: () = {
        assert!(N >= 2, "N, the branching factor, must be at least 2");
        assert!(N <= H::MAX_ARITY, "N exceeds the hasher's MAX_ARITY");
        assert!(
            MAX_DEPTH >= 1 && MAX_DEPTH <= 64,
            "MAX_DEPTH must be 1 to 64"
        );
    };

    /// An empty tree in memory. Allocates nothing but the shared hasher.
    #[must_use]
    pub fn new(hasher: H) -> Self {
        Self::over_empty(hasher, MemoryNodes::new())
    }

    fn over_empty(hasher: H, nodes: MemoryNodes) -> Self {
        let () = Self::SHAPE;
        let shared_hasher = SharedHasher::new(hasher.clone());
        Self {
            hasher,
            shared_hasher,
            max_depth: MAX_DEPTH,
            edge: RightEdge::new(),
            scratch: Scratch::default(),
            nodes,
            metadata: None,
        }
    }

    /// A tree of `size` leaves over a store that has its complete nodes. At most `depth`
    /// reads and hashes.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if `size` exceeds the tree's ceiling,
    /// [`TreeError::NodeUnavailable`] if the store lacks a node of the frontier.
    #[doc(hidden)]
    pub fn from_nodes(
        hasher: H,
        nodes: MemoryNodes,
        size: u64,
        metadata: Option<Arc<[u8]>>,
    ) -> Result<Self, TreeError> {
        let source = nodes.source();
        let mut tree = Self::over_empty(hasher, nodes);
        tree.check_size(size)?;
        tree.edge = RightEdge::rebuild(&tree.hasher, size, |spans| source.read_spans(spans))?;
        tree.metadata = metadata;
        Ok(tree)
    }

    /// Lowers the ceiling on depth below `MAX_DEPTH`, for example to the ceiling of a stored tree.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.limit_depth(1)?;
    /// tree.insert_many(&[[1; 32], [2; 32]])?;
    /// assert!(tree.insert([3; 32]).is_err(), "a third leaf needs a second layer");
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if the tree is deeper already, or `max_depth` is outside
    /// of `1..=MAX_DEPTH`.
    pub fn limit_depth(&mut self, max_depth: usize) -> Result<(), TreeError> {
        if max_depth == 0 || max_depth > MAX_DEPTH || self.depth() > max_depth {
            return Err(TreeError::MaxDepthExceeded { max_depth });
        }
        self.max_depth = max_depth;
        Ok(())
    }

    /// Appends one leaf and returns the new root. `depth` hashes.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`], [`TreeError::RefusedHash`],
    /// [`TreeError::CapacityExceeded`].
    pub fn insert(&mut self, leaf: Hash) -> Result<Hash, TreeError> {
        self.check_append(core::slice::from_ref(&leaf))?;
        self.nodes.abort();
        let appended =
            self.edge
                .append_one(&self.hasher, &leaf, &mut NodeSink::Store(&mut self.nodes));
        self.commit_or_abort(appended)
    }

    /// Appends a batch and returns the root after its last leaf. With the feature `parallel`,
    /// rayon's threads hash large batches.
    ///
    /// # Errors
    /// [`TreeError::EmptyBatch`], and those of [`insert`](Self::insert).
    pub fn insert_many(&mut self, leaves: &[Hash]) -> Result<Hash, TreeError> {
        self.append(leaves, Threads::DEFAULT)
    }

    /// [`insert_many`](Self::insert_many) on the calling thread alone, with any features, for
    /// callers that hold a lock: a rayon worker that waits for others may run closures that want
    /// the same lock.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many).
    pub fn insert_many_sequential(&mut self, leaves: &[Hash]) -> Result<Hash, TreeError> {
        self.append(leaves, Threads::Caller)
    }

    fn append(&mut self, leaves: &[Hash], threads: Threads) -> Result<Hash, TreeError> {
        self.check_append(leaves)?;
        self.nodes.abort();
        let appended = self.edge.append_many(
            &self.hasher,
            leaves,
            threads,
            &mut self.scratch,
            &mut NodeSink::Store(&mut self.nodes),
        );
        self.scratch.shrink_beside(self.edge.size());
        self.commit_or_abort(appended)
    }

    /// [`insert_many`](Self::insert_many), if the tree has `expected_size` leaves. A batch that was
    /// appended before is refused and changes nothing.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, TreeError};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// let root = tree.append_at(0, &[[1; 32], [2; 32]])?;
    /// let again = tree.append_at(0, &[[1; 32], [2; 32]]);
    /// assert!(matches!(again, Err(TreeError::SizeMismatch { expected: 0, actual: 2 })));
    /// assert_eq!(tree.root(), Some(root));
    /// # Ok::<(), TreeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeError::SizeMismatch`], and those of [`insert_many`](Self::insert_many).
    pub fn append_at(&mut self, expected_size: u64, leaves: &[Hash]) -> Result<Hash, TreeError> {
        self.check_expected_size(expected_size)?;
        self.insert_many(leaves)
    }

    /// Refuses a size other than this tree's.
    pub(crate) fn check_expected_size(&self, expected: u64) -> Result<(), TreeError> {
        match self.size() {
            actual if actual == expected => Ok(()),
            actual => Err(TreeError::SizeMismatch { expected, actual }),
        }
    }

    /// Checks whether [`insert_many`](Self::insert_many) would refuse these leaves, except for a
    /// lack of memory.
    ///
    /// # Errors
    /// As [`insert_many`](Self::insert_many).
    pub fn check_append(&self, leaves: &[Hash]) -> Result<(), TreeError> {
        if leaves.is_empty() {
            return Err(TreeError::EmptyBatch);
        }
        let size = self.size().checked_add(leaves.len() as u64);
        self.check_size(size.ok_or(TreeError::MaxDepthExceeded {
            max_depth: self.max_depth,
        })?)?;
        match leaves.iter().position(|leaf| !self.hasher.check(leaf)) {
            Some(at) => Err(TreeError::RefusedHash {
                role: HashRole::Leaf,
                index: at as u64,
            }),
            None => Ok(()),
        }
    }

    fn check_size(&self, size: u64) -> Result<(), TreeError> {
        match geometry::max_size::<N>(self.max_depth) {
            most if size > most => Err(TreeError::MaxDepthExceeded {
                max_depth: self.max_depth,
            }),
            _ => Ok(()),
        }
    }

    fn commit_or_abort(&mut self, appended: Result<(), TreeError>) -> Result<Hash, TreeError> {
        match appended {
            Ok(()) => {
                self.nodes.commit();
                Ok(self.edge.root())
            }
            Err(error) => {
                self.nodes.abort();
                Err(error)
            }
        }
    }

    /// The root, or `None` while the tree is empty.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        (self.size() > 0).then(|| self.edge.root())
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The number of hash layers above the leaves.
    #[must_use]
    pub fn depth(&self) -> usize {
        geometry::depth::<N>(self.size())
    }

    /// Size and root, or `None` while the tree is empty.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.root().map(|root| TreeHead {
            size: self.size(),
            root,
        })
    }

    /// The tree's frontier, with which another tree can continue. Copies O(N * depth) hashes and
    /// computes none.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let mut frontier = tree.frontier();
    /// assert_eq!(frontier.append(&Blake3Hasher, [4; 32])?, tree.insert([4; 32])?);
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    #[must_use]
    pub fn frontier(&self) -> Frontier<N, MAX_DEPTH> {
        Frontier::from_edge(self.edge.clone())
    }

    /// The most hash layers this tree may have.
    #[must_use]
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// The application's metadata, part of the next snapshot.
    #[must_use]
    pub fn metadata(&self) -> Option<&Arc<[u8]>> {
        self.metadata.as_ref()
    }

    /// Sets the application's metadata, which snapshots taken from now on carry.
    pub fn set_metadata(&mut self, metadata: Option<Arc<[u8]>>) {
        self.metadata = metadata;
    }

    /// The hasher.
    #[must_use]
    pub fn hasher(&self) -> &H {
        &self.hasher
    }

    /// The store of complete nodes.
    #[doc(hidden)]
    #[must_use]
    pub fn nodes(&self) -> &MemoryNodes {
        &self.nodes
    }

    /// The store of complete nodes, for tiering. The caller must not change the nodes.
    #[doc(hidden)]
    pub fn nodes_mut(&mut self) -> &mut MemoryNodes {
        &mut self.nodes
    }

    /// An immutable view of the tree at its current size. O(depth): copies the edge nodes and
    /// shares the rest.
    #[must_use]
    pub fn snapshot(&self) -> TreeSnapshot<N, MAX_DEPTH> {
        let mut edges = [[0; 32]; MAX_DEPTH];
        self.edge.edges(&mut edges);
        TreeSnapshot {
            size: self.edge.size(),
            root: self.edge.root(),
            edges,
            nodes: self.nodes.source(),
            hasher: self.shared_hasher.clone(),
            metadata: self.metadata.clone(),
        }
    }

    /// Replaces a snapshot by the one that [`snapshot`](Self::snapshot) returns, in
    /// place. O(depth).
    pub(crate) fn snapshot_into(&self, snapshot: &mut TreeSnapshot<N, MAX_DEPTH>) {
        snapshot.become_that_of(
            &self.edge,
            self.nodes.source(),
            &self.shared_hasher,
            self.metadata.as_ref(),
        );
    }

    /// A tree with the same leaves that grows on its own. Full segments are shared,
    /// unfinished ones copied.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] if memory for the copies cannot be allocated.
    pub fn try_clone(&self) -> Result<Self, TreeError> {
        Ok(Self {
            hasher: self.hasher.clone(),
            shared_hasher: self.shared_hasher.clone(),
            max_depth: self.max_depth,
            edge: self.edge.clone(),
            scratch: Scratch::default(),
            nodes: self.nodes.fork()?,
            metadata: self.metadata.clone(),
        })
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> fmt::Debug for LeanIMT<H, N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeanIMT")
            .field("n", &N)
            .field("size", &self.size())
            .field("root", &self.root().map(Hex))
            .finish_non_exhaustive()
    }
}
