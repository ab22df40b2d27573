//! Bringing an inclusion proof up to date with a consistency proof alone, as light clients do.

use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedConsistency, check_depth,
    consistency::ConsistencyProof,
    inclusion::{NaryProof, ProofLevel},
    path::Path,
};
use crate::{TreeError, TreeHead};

impl<const N: usize, const MAX_DEPTH: usize> ConsistencyProof<N, MAX_DEPTH> {
    /// The inclusion proof in the new tree of the leaf that `old_proof` proves in the old one.
    ///
    /// Both proofs are verified first, against heads that come from the caller's trusted sources. The result equals, bit
    /// for bit, the proof that the new tree would generate. At most three hashes per level, O(N) memory on the stack beside
    /// the result, no allocation.
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
    /// assert!(mine.verify_against(&Blake3Hasher, new)?);
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeError::RootMismatch`] with the old size if `old_proof` does not hold against `old_head`, with the new size if
    /// the consistency proof does not lead from `old_head` to `new_head`; [`TreeError::SizeMismatch`] if a proof is about
    /// other sizes than the heads; those of [`NaryProof::verify`] and [`ConsistencyProof::verify`] for malformed proofs.
    pub fn update_inclusion_proof<H: Hasher>(
        &self,
        hasher: &H,
        old_proof: &NaryProof<N, MAX_DEPTH>,
        old_head: TreeHead,
        new_head: TreeHead,
    ) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        let unrooted = self.unrooted()?;
        unrooted.expect_sizes(old_head, new_head)?;
        if (self.old_root, self.new_root) != (old_head.root, new_head.root) {
            return Err(TreeError::RootMismatch {
                size: new_head.size,
            });
        }
        unrooted.update_inclusion_proof(hasher, old_proof, old_head, new_head)
    }
}

impl<const N: usize> UnrootedConsistency<'_, N> {
    /// The inclusion proof in the new tree of the leaf that `old_proof` proves in the old one; see
    /// [`ConsistencyProof::update_inclusion_proof`].
    ///
    /// # Errors
    /// As there, and [`TreeError::MaxDepthExceeded`] if the new tree is too deep.
    pub fn update_inclusion_proof<H: Hasher, const MAX_DEPTH: usize>(
        &self,
        hasher: &H,
        old_proof: &NaryProof<N, MAX_DEPTH>,
        old_head: TreeHead,
        new_head: TreeHead,
    ) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        self.expect_sizes(old_head, new_head)?;
        if old_proof.tree_size != old_head.size {
            return Err(TreeError::SizeMismatch {
                expected: old_head.size,
                actual: old_proof.tree_size,
            });
        }
        if !old_proof.verify_against(hasher, old_head)? {
            return Err(TreeError::RootMismatch {
                size: old_head.size,
            });
        }
        let mut proof = NaryProof {
            root: new_head.root,
            leaf: old_proof.leaf,
            leaf_index: old_proof.leaf_index,
            tree_size: new_head.size,
            level_count: check_depth::<N, MAX_DEPTH>(new_head.size)?,
            levels: old_proof.levels,
        };
        // Groups that were full in the old tree stand as they are. Any other group on the leaf's path is the boundary
        // group of its level: both hold old leaves and are not full.
        let mut path = Path::<N>::new(proof.leaf_index, proof.tree_size).enumerate();
        let holds = self.holds(hasher, old_head, new_head, |boundary, nodes| {
            let Some((_, span)) = path.find(|(level, _)| *level == boundary.level) else {
                return;
            };
            if span.start == boundary.start
                && let Some(level) = proof.levels.get_mut(boundary.level)
            {
                *level = level_without(nodes, span.position);
            }
        })?;
        if holds {
            Ok(proof)
        } else {
            Err(TreeError::RootMismatch {
                size: new_head.size,
            })
        }
    }

    /// Refuses heads of other sizes than the proof is about.
    fn expect_sizes(&self, old: TreeHead, new: TreeHead) -> Result<(), TreeError> {
        for (expected, actual) in [(old.size, self.old_size()), (new.size, self.new_size())] {
            if expected != actual {
                return Err(TreeError::SizeMismatch { expected, actual });
            }
        }
        Ok(())
    }
}

/// A proof's level over a whole group, the node at `position` left out.
fn level_without<const N: usize>(nodes: &[Hash], position: usize) -> ProofLevel<N> {
    let mut level = ProofLevel::EMPTY;
    level.position = position;
    level.sibling_count = nodes.len() - 1;
    let (left, behind) = nodes.split_at(position);
    level.siblings[..position].copy_from_slice(left);
    level.siblings[position..nodes.len() - 1].copy_from_slice(&behind[1..]);
    level
}
