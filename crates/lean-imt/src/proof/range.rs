//! [`RangeProof`]: proves that consecutive leaves stand at their indices.

use alloc::{vec, vec::Vec};
use core::ops::{Range, RangeBounds};
use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedRange, check_depth,
    multi::{given, spans},
    owned::{claims_a_head, verified_unrooted},
    unrooted::check_range,
};
use crate::{
    NodeSpan, TreeError, TreeHead, TreeSnapshot, VerifyError, hex::debug_in_hex, leaves::bounds,
};

/// Proof that `leaves` stand from index `start` on in the tree that has `tree_size` leaves and the
/// root `root`.
///
/// `hashes` are the nodes that a verifier lacks, from the left: at most `2 * (N - 1)` a level, for
/// any number of leaves.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
///
/// let proof = tree.snapshot().generate_range_proof(1..4)?;
/// assert_eq!(proof.leaves, [[2; 32], [3; 32], [4; 32]]);
/// proof.verify_against(&Blake3Hasher, head)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RangeProof<const N: usize, const MAX_DEPTH: usize> {
    /// Root of the tree.
    pub root: Hash,
    /// Number of leaves of the tree.
    pub tree_size: u64,
    /// Index of the first of the leaves.
    pub start: u64,
    /// The leaves, at least one.
    pub leaves: Vec<Hash>,
    /// The nodes that a verifier lacks, from the left.
    pub hashes: Vec<Hash>,
}

debug_in_hex!([const N: usize, const MAX_DEPTH: usize] RangeProof<N, MAX_DEPTH> {
    root: hash, tree_size: plain, start: plain, leaves: hashes, hashes: hashes
});

impl<const N: usize, const MAX_DEPTH: usize> RangeProof<N, MAX_DEPTH> {
    /// The proof without its root, borrowed: the form that `to_bytes` encodes.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`], [`TreeError::IndexOutOfRange`], [`TreeError::MaxDepthExceeded`],
    /// [`TreeError::InvalidProofLength`].
    pub fn unrooted(&self) -> Result<UnrootedRange<'_, N>, TreeError> {
        check_depth::<N, MAX_DEPTH>(self.tree_size)?;
        UnrootedRange::new(self.tree_size, self.start, &self.leaves, &self.hashes)
    }

    /// The proof with the roots of the heads that it was verified against.
    fn rooted(proof: &UnrootedRange<'_, N>, head: TreeHead) -> Self {
        Self {
            root: head.root,
            tree_size: head.size,
            start: proof.range().start,
            leaves: proof.leaves().to_vec(),
            hashes: proof.hashes().to_vec(),
        }
    }
}

claims_a_head!(RangeProof);
verified_unrooted!(RangeProof, UnrootedRange, head: head root);

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The proof of the leaves of a range. Reads one run of leaves, and one node for each hash
    /// of the proof, all in one request.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`] for an empty range, [`TreeError::IndexOutOfRange`],
    /// [`TreeError::CapacityExceeded`], [`TreeError::NodeUnavailable`].
    pub fn generate_range_proof(
        &self,
        range: impl RangeBounds<u64>,
    ) -> Result<RangeProof<N, MAX_DEPTH>, TreeError> {
        let (Some(start), Some(end)) = bounds(self.size(), range) else {
            return Err(TreeError::IndexOutOfRange {
                index: u64::MAX,
                size: self.size(),
            });
        };
        let range = check_range(self.size(), start, end.saturating_sub(start))?;
        let mut leaves = blank_leaves(&range)?;
        let given = given::<N>(self.size(), range.clone());
        let mut hashes = vec![[0; 32]; given.len()];
        let mut spans = spans(given, &mut hashes);
        spans.push(NodeSpan {
            level: 0,
            start: range.start,
            nodes: &mut leaves,
        });
        self.read_spans(&mut spans)?;
        Ok(RangeProof {
            root: self.root().unwrap_or_default(),
            tree_size: self.size(),
            start: range.start,
            leaves,
            hashes,
        })
    }

    /// The leaves of a range that lies within the tree.
    pub(super) fn read_leaves(&self, range: Range<u64>) -> Result<Vec<Hash>, TreeError> {
        let mut leaves = blank_leaves(&range)?;
        self.read_nodes(0, range.start, &mut leaves)?;
        Ok(leaves)
    }
}

/// Room for the leaves of a range.
fn blank_leaves(range: &Range<u64>) -> Result<Vec<Hash>, TreeError> {
    let count =
        usize::try_from(range.end - range.start).map_err(|_| TreeError::CapacityExceeded)?;
    let mut leaves = Vec::new();
    leaves
        .try_reserve_exact(count)
        .map_err(|_| TreeError::CapacityExceeded)?;
    leaves.resize(count, [0; 32]);
    Ok(leaves)
}
