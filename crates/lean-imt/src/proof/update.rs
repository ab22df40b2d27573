//! Updates an inclusion proof with a consistency proof alone, as light clients do.

use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedConsistency, check_depth, consistency::ConsistencyProof, inclusion::NaryProof,
    level::ProofLevel, path::Path,
};
use crate::{TreeHead, VerifyError};

impl<const N: usize, const MAX_DEPTH: usize> ConsistencyProof<N, MAX_DEPTH> {
    /// The inclusion proof in the new tree of the leaf that `old_proof` proves in the old one.
    ///
    /// Verifies both proofs first, against heads that come from the caller's trusted sources. The
    /// result equals the proof that the new tree would generate, bit for bit. At most three hashes
    /// per level, O(N) memory on the stack beside the result, no allocation.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let old = tree.head().expect("the tree is not empty");
    /// let mine = tree.snapshot().generate_proof(2)?;
    ///
    /// tree.insert_many(&[[4; 32], [5; 32]])?;
    /// let new = tree.head().expect("the tree is not empty");
    /// let growth = tree.snapshot().generate_consistency_proof(old.size, old.root)?;
    ///
    /// let mine = growth.update_inclusion_proof(&Blake3Hasher, &mine, old, new)?;
    /// mine.verify_against(&Blake3Hasher, new)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`NaryProof::verify_against`] for `old_proof` and `old`, and of
    /// [`ConsistencyProof::verify_against`] for this proof and both heads.
    pub fn update_inclusion_proof<H: Hasher>(
        &self,
        hasher: &H,
        old_proof: &NaryProof<N, MAX_DEPTH>,
        old: TreeHead,
        new: TreeHead,
    ) -> Result<NaryProof<N, MAX_DEPTH>, VerifyError> {
        let unrooted = self.unrooted().map_err(VerifyError::Malformed)?;
        let roots = old.expect_root(&self.old_root);
        if let Err(error) = roots.and_then(|()| new.expect_root(&self.new_root)) {
            // Errors of the proofs themselves come first. They are checked here, because the result
            // of the update has tens of kilobytes and would be copied on the stack once more.
            old_proof.verify_against(hasher, old)?;
            unrooted.verify_against(hasher, old, new)?;
            return Err(error);
        }
        unrooted.update_inclusion_proof(hasher, old_proof, old, new)
    }
}

impl<const N: usize> UnrootedConsistency<'_, N> {
    /// The inclusion proof in the new tree of the leaf that `old_proof` proves in the old one;
    /// see [`ConsistencyProof::update_inclusion_proof`].
    ///
    /// # Errors
    /// As [`ConsistencyProof::update_inclusion_proof`], and
    /// [`TreeError::MaxDepthExceeded`](crate::TreeError::MaxDepthExceeded) within
    /// [`VerifyError::Malformed`] if the new tree is too deep.
    pub fn update_inclusion_proof<H: Hasher, const MAX_DEPTH: usize>(
        &self,
        hasher: &H,
        old_proof: &NaryProof<N, MAX_DEPTH>,
        old: TreeHead,
        new: TreeHead,
    ) -> Result<NaryProof<N, MAX_DEPTH>, VerifyError> {
        old_proof.verify_against(hasher, old)?;
        let depth = check_depth::<N, MAX_DEPTH>(new.size).map_err(VerifyError::Malformed)?;
        let mut proof = NaryProof {
            root: new.root,
            leaf: old_proof.leaf,
            leaf_index: old_proof.leaf_index,
            tree_size: new.size,
            level_count: depth,
            levels: old_proof.levels,
        };
        // A group that was full in the old tree stays the same. Any other group on the leaf's path
        // is the boundary group of its level, because a level has one group that has old leaves and
        // was not full.
        let mut path = Path::<N>::new(proof.leaf_index, proof.tree_size).enumerate();
        self.verify_visiting(hasher, old, new, |boundary, nodes| {
            let Some((_, span)) = path.find(|(level, _)| *level == boundary.level) else {
                return;
            };
            if span.start == boundary.start
                && let Some(level) = proof.levels.get_mut(boundary.level)
            {
                *level = level_without(nodes, span.position);
            }
        })?;
        Ok(proof)
    }
}

/// The level of a proof for a whole group, without the node at `position`.
fn level_without<const N: usize>(nodes: &[Hash], position: usize) -> ProofLevel<N> {
    let mut level = ProofLevel::EMPTY;
    level.position = position;
    level.sibling_count = nodes.len() - 1;
    let (left, behind) = nodes.split_at(position);
    level.siblings[..position].copy_from_slice(left);
    level.siblings[position..nodes.len() - 1].copy_from_slice(&behind[1..]);
    level
}
