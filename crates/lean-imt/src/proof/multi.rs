//! [`MultiProof`]: proves that several leaves stand at their indices.

use alloc::{vec, vec::Vec};
use core::slice;
use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedMulti, check_depth,
    owned::{claims_a_head, verified_unrooted},
    selection::Selection,
    unrooted::check_indices,
    walk::{self, Visitor},
};
use crate::{NodeSpan, TreeError, TreeHead, TreeSnapshot, VerifyError, hex::debug_in_hex};

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
    /// hash of the proof, all in one request.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`], [`TreeError::IndicesNotIncreasing`],
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn generate_multiproof(
        &self,
        indices: &[u64],
    ) -> Result<MultiProof<N, MAX_DEPTH>, TreeError> {
        check_indices(self.size(), indices)?;
        let given = given::<N>(self.size(), indices);
        let mut leaves = vec![[0; 32]; indices.len()];
        let mut hashes = vec![[0; 32]; given.len()];
        let places = indices.iter().map(|&index| (0, index)).chain(given);
        let nodes = leaves.iter_mut().chain(&mut hashes);
        self.read_spans(&mut spans(places, nodes))?;
        Ok(MultiProof {
            root: self.root().unwrap_or_default(),
            tree_size: self.size(),
            indices: indices.to_vec(),
            leaves,
            hashes,
        })
    }
}

/// A span for the node at each of `places`, a level and an index.
pub(super) fn spans<'a>(
    places: impl IntoIterator<Item = (usize, u64)>,
    nodes: impl IntoIterator<Item = &'a mut Hash>,
) -> Vec<NodeSpan<'a>> {
    let spans = places.into_iter().zip(nodes);
    let spans = spans.map(|((level, start), node)| NodeSpan {
        level,
        start,
        nodes: slice::from_mut(node),
    });
    spans.collect()
}

/// The given nodes of a walk, each by its level and its index, in the order of the walk.
pub(super) fn given<const N: usize>(size: u64, chosen: impl Selection) -> Vec<(usize, u64)> {
    let mut given = Given(Vec::new());
    // The visitor never fails.
    let _ = walk::walk::<N, _>(size, chosen, &mut given);
    given.0
}

struct Given(Vec<(usize, u64)>);

impl Visitor for Given {
    type Node = ();
    const NONE: () = ();

    fn leaf(&mut self, _: u64) -> Result<(), TreeError> {
        Ok(())
    }

    fn given(&mut self, level: usize, index: u64) -> Result<(), TreeError> {
        self.0.push((level, index));
        Ok(())
    }

    fn full(&mut self, _: u64, _: u64) -> Result<Option<()>, TreeError> {
        Ok(Some(()))
    }

    fn parent(&mut self, _: &[()]) {}
}
