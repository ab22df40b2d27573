//! [`MultiProof`]: proves that several leaves stand at their indices.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedMulti, check_depth,
    owned::{claims_a_head, verified_unrooted},
    unrooted::check_indices,
    walk::{self, Visitor},
};
use crate::{TreeError, TreeHead, TreeSnapshot, VerifyError, hex::debug_in_hex};

/// Proof that `leaves` stand at `indices` of the tree that has `tree_size` leaves and the root
/// `root`.
///
/// A node that several paths share appears once. `hashes` are the nodes that a verifier lacks, from
/// the left. `(indices, tree_size)` fixes their number, at most `(N - 1) * depth` a leaf.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
///
/// let proof = tree.snapshot().generate_multiproof(&[0, 1, 4])?;
/// assert_eq!(proof.leaves, [[1; 32], [2; 32], [5; 32]]);
/// assert_eq!(proof.hashes.len(), 1, "the parent of leaves 2 and 3");
/// proof.verify_against(&Blake3Hasher, head)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MultiProof<const N: usize, const MAX_DEPTH: usize> {
    /// Root of the tree.
    pub root: Hash,
    /// Number of leaves of the tree.
    pub tree_size: u64,
    /// Indices of the leaves; strictly increasing, at least one.
    pub indices: Vec<u64>,
    /// The leaves, in the order of their indices.
    pub leaves: Vec<Hash>,
    /// The nodes that a verifier lacks, from the left.
    pub hashes: Vec<Hash>,
}

debug_in_hex!([const N: usize, const MAX_DEPTH: usize] MultiProof<N, MAX_DEPTH> {
    root: hash, tree_size: plain, indices: plain, leaves: hashes, hashes: hashes
});

impl<const N: usize, const MAX_DEPTH: usize> MultiProof<N, MAX_DEPTH> {
    /// The proof without its root, borrowed: the form that `to_bytes` encodes.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`], [`TreeError::IndicesNotIncreasing`],
    /// [`TreeError::IndexOutOfRange`], [`TreeError::MaxDepthExceeded`],
    /// [`TreeError::InvalidProofLength`].
    pub fn unrooted(&self) -> Result<UnrootedMulti<'_, N>, TreeError> {
        check_depth::<N, MAX_DEPTH>(self.tree_size)?;
        UnrootedMulti::new(self.tree_size, &self.indices, &self.leaves, &self.hashes)
    }

    /// The proof with the roots of the heads that it was verified against.
    fn rooted(proof: &UnrootedMulti<'_, N>, head: TreeHead) -> Self {
        Self {
            root: head.root,
            tree_size: head.size,
            indices: proof.indices().collect(),
            leaves: proof.leaves().to_vec(),
            hashes: proof.hashes().to_vec(),
        }
    }
}

claims_a_head!(MultiProof);
verified_unrooted!(MultiProof, UnrootedMulti, head: head root);

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The proof of the leaves at `indices`, which increase strictly. One read per leaf and per
    /// hash of the proof.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`], [`TreeError::IndicesNotIncreasing`],
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn generate_multiproof(
        &self,
        indices: &[u64],
    ) -> Result<MultiProof<N, MAX_DEPTH>, TreeError> {
        check_indices(self.size(), indices)?;
        let mut leaves = Vec::with_capacity(indices.len());
        for &index in indices {
            leaves.push(self.get_node(0, index)?);
        }
        let mut given = Given {
            snapshot: self,
            hashes: Vec::new(),
        };
        walk::walk::<N, _>(self.size(), indices, &mut given)?;
        Ok(MultiProof {
            root: self.root().unwrap_or_default(),
            tree_size: self.size(),
            indices: indices.to_vec(),
            leaves,
            hashes: given.hashes,
        })
    }
}

/// Collects the given nodes of a walk over a snapshot.
pub(super) struct Given<'a, const N: usize, const MAX_DEPTH: usize> {
    pub(super) snapshot: &'a TreeSnapshot<N, MAX_DEPTH>,
    pub(super) hashes: Vec<Hash>,
}

impl<const N: usize, const MAX_DEPTH: usize> Visitor for Given<'_, N, MAX_DEPTH> {
    type Node = ();
    const NONE: () = ();

    fn leaf(&mut self, _: u64) -> Result<(), TreeError> {
        Ok(())
    }

    fn given(&mut self, level: usize, index: u64) -> Result<(), TreeError> {
        self.hashes.push(self.snapshot.get_node(level, index)?);
        Ok(())
    }

    fn full(&mut self, _: u64, _: u64) -> Result<Option<()>, TreeError> {
        Ok(Some(()))
    }

    fn parent(&mut self, _: &[()]) {}
}
