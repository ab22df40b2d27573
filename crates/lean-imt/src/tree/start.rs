//! Trees that do not start empty: they share the nodes of a snapshot, or start from a frontier.

use alloc::vec::Vec;
use rotortree_hasher::Hasher;

use crate::{Frontier, LeanIMT, MemoryNodes, SharedHasher, TreeError, TreeSnapshot, geometry};

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// A tree that continues from this snapshot. Its new nodes live in memory; it shares the nodes
    /// of the snapshot. O(N * depth). Neither tree sees leaves that the other appends.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
    ///
    /// let mut chain = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// chain.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32]])?;
    ///
    /// // Another history, in which leaf 3 was never 4.
    /// let mut other = chain.snapshot().snapshot_at(3)?.fork()?;
    /// other.insert_many(&[[5; 32], [6; 32]])?;
    /// let head = other.head().expect("the fork is not empty");
    /// let proof = other.snapshot().generate_proof(3)?;
    /// assert_eq!(proof.leaf, [5; 32]);
    /// proof.verify_against(&Blake3Hasher, head)?;
    /// assert_eq!((chain.size(), chain.snapshot().get_node(0, 3)?), (4, [4; 32]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeError::NodeUnavailable`].
    pub fn fork(&self) -> Result<LeanIMT<SharedHasher, N, MAX_DEPTH>, TreeError> {
        let base_lens: Vec<u64> = (0..=self.depth())
            .map(|level| geometry::complete_len::<N>(self.size(), level))
            .collect();
        let nodes = MemoryNodes::over(self.nodes().clone(), &base_lens);
        let metadata = self.shared_metadata();
        LeanIMT::from_nodes(self.hasher().clone(), nodes, self.size(), metadata)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> LeanIMT<H, N, MAX_DEPTH> {
    /// A tree that continues from a frontier. It proves the leaves that it appends, and growth
    /// between the sizes that it has had. A read of a node below the frontier is
    /// [`TreeError::NodeUnavailable`], whose source says why.
    ///
    /// At most one hash per level.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, Frontier, LeanIMT, TreeError};
    ///
    /// let mut frontier = Frontier::<2, 32>::new();
    /// frontier.append_many(&Blake3Hasher, &[[1; 32], [2; 32], [3; 32]])?;
    /// let mut tree = LeanIMT::from_frontier(Blake3Hasher, &frontier)?;
    /// tree.insert([4; 32])?;
    ///
    /// let head = tree.head().expect("the tree is not empty");
    /// tree.snapshot().generate_proof(3)?.verify_against(&Blake3Hasher, head)?;
    /// let refused = tree.snapshot().generate_proof(0).unwrap_err();
    /// assert!(matches!(refused, TreeError::NodeUnavailable { level: 0, .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeError::RootMismatch`] if the frontier was made with another hash function. At the
    /// sizes `N^k` this goes unnoticed: the frontier is then one node, which is the root for every
    /// hash function. [`TreeError::RefusedHash`] for a node that the hasher refuses.
    pub fn from_frontier(hasher: H, frontier: &Frontier<N, MAX_DEPTH>) -> Result<Self, TreeError> {
        let nodes = frontier.to_store(&hasher)?;
        let tree = Self::from_nodes(hasher, nodes, frontier.size(), None)?;
        if tree.root() == frontier.root() {
            Ok(tree)
        } else {
            Err(TreeError::RootMismatch {
                size: frontier.size(),
            })
        }
    }
}
