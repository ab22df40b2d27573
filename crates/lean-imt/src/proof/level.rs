//! [`ProofLevel`]: one level of an inclusion proof.

use core::fmt;
use rotortree_hasher::Hash;

use crate::{TreeError, hex};

/// One level of a proof: the other nodes of the group on the path.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, ProofLevel};
///
/// let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let proof = tree.snapshot().generate_proof(1)?;
/// let level = &proof.levels[0];
/// assert_eq!(level.position, 1);
/// assert_eq!(level.siblings[..level.sibling_count], [[1; 32], [3; 32]]);
/// assert_eq!(proof.levels[1], ProofLevel::EMPTY);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProofLevel<const N: usize> {
    /// Place of the path's node in its group, `0..=sibling_count`.
    pub position: usize,
    /// Number of siblings, 0 (the node is lifted) to `N - 1`.
    pub sibling_count: usize,
    /// The siblings from the left, without the path's node; slots from `sibling_count` on are zero.
    pub siblings: [Hash; N],
}

impl<const N: usize> ProofLevel<N> {
    /// A level without siblings: lifted, or not part of the proof.
    pub const EMPTY: Self = Self {
        position: 0,
        sibling_count: 0,
        siblings: [[0; 32]; N],
    };

    /// Refuses another position or another number of siblings.
    pub(super) fn expect(
        &self,
        level: usize,
        position: usize,
        siblings: usize,
    ) -> Result<(), TreeError> {
        if (self.position, self.sibling_count) == (position, siblings) {
            return Ok(());
        }
        Err(TreeError::InvalidProofLevel {
            level,
            expected_position: position,
            position: self.position,
            expected_siblings: siblings,
            siblings: self.sibling_count,
        })
    }
}

impl<const N: usize> fmt::Debug for ProofLevel<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofLevel")
            .field("position", &self.position)
            .field("sibling_count", &self.sibling_count)
            .field(
                "siblings",
                &hex::hashes(&self.siblings[..self.sibling_count.min(N)]),
            )
            .finish_non_exhaustive()
    }
}
