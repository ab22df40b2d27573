//! [`PaddedProof`]: the levels of a proof as arrays of the length of a circuit.

use core::fmt;
use rotortree_hasher::Hash;

use crate::{
    AnyProof, NaryProof, TreeError, UnrootedInclusion, hex,
    proof::{Path, check_depth},
};

/// The levels of a proof, column by column, padded with zero to the `DEPTH` levels of a circuit.
///
/// A lifted level has an entry without siblings, so level `k` of the columns is level `k` of the
/// tree. For `N = 2` see also [`BinaryPath`](crate::BinaryPath), the form of the binary LeanIMT.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
/// let proof = tree.snapshot().generate_proof(2)?;
///
/// let padded = proof.padded::<10>()?;
/// assert_eq!(padded.length, 2);
/// assert_eq!(padded.positions[..3], [2, 0, 0]);
/// assert_eq!(padded.sibling_counts[..3], [3, 1, 0]);
/// assert_eq!(padded.siblings[0], [[1; 32], [2; 32], [4; 32], [0; 32]]);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PaddedProof<const N: usize, const DEPTH: usize> {
    /// Number of levels in use: the depth of the tree.
    pub length: usize,
    /// Per level, the place of the path's node in its group.
    pub positions: [usize; DEPTH],
    /// Per level, the number of siblings; 0 where the node is lifted.
    pub sibling_counts: [usize; DEPTH],
    /// Per level, the siblings from the left, without the path's node; unused slots are zero.
    pub siblings: [[Hash; N]; DEPTH],
}

impl<const N: usize, const DEPTH: usize> fmt::Debug for PaddedProof<N, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let siblings = self.siblings.each_ref().map(|level| hex::hashes(level));
        f.debug_struct("PaddedProof")
            .field("length", &self.length)
            .field("positions", &self.positions)
            .field("sibling_counts", &self.sibling_counts)
            .field("siblings", &siblings)
            .finish()
    }
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// The proof's levels for a circuit of `DEPTH` levels.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if it has more; those of [`verify`](Self::verify) for a
    /// malformed proof.
    pub fn padded<const DEPTH: usize>(&self) -> Result<PaddedProof<N, DEPTH>, TreeError> {
        self.check_shape()?;
        if self.level_count > DEPTH {
            return Err(TreeError::MaxDepthExceeded { max_depth: DEPTH });
        }
        let mut padded = PaddedProof {
            length: self.level_count,
            positions: [0; DEPTH],
            sibling_counts: [0; DEPTH],
            siblings: [[[0; 32]; N]; DEPTH],
        };
        for (k, level) in self.used_levels().iter().enumerate() {
            padded.positions[k] = level.position;
            padded.sibling_counts[k] = level.sibling_count;
            padded.siblings[k] = level.siblings;
        }
        Ok(padded)
    }
}

impl<const N: usize> UnrootedInclusion<'_, N> {
    /// The proof's levels for a circuit of `DEPTH` levels; see [`NaryProof::padded`].
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`] if it has more.
    pub fn padded<const DEPTH: usize>(&self) -> Result<PaddedProof<N, DEPTH>, TreeError> {
        let mut padded = PaddedProof {
            length: check_depth::<N, DEPTH>(self.tree_size())?,
            positions: [0; DEPTH],
            sibling_counts: [0; DEPTH],
            siblings: [[[0; 32]; N]; DEPTH],
        };
        let mut rest = self.siblings();
        let path = Path::<N>::new(self.leaf_index(), self.tree_size());
        for (k, span) in path.enumerate() {
            let (siblings, above) = rest.split_at(span.len - 1);
            rest = above;
            padded.positions[k] = span.position;
            padded.sibling_counts[k] = siblings.len();
            padded.siblings[k][..siblings.len()].copy_from_slice(siblings);
        }
        Ok(padded)
    }
}

impl AnyProof<'_> {
    /// The levels of an inclusion proof with this N for a circuit of `DEPTH` levels; see
    /// [`NaryProof::padded`].
    ///
    /// # Errors
    /// [`TreeError::NoSuchForm`] for a proof of another kind or N, [`TreeError::MaxDepthExceeded`]
    /// if it has more levels.
    pub fn padded<const N: usize, const DEPTH: usize>(
        &self,
    ) -> Result<PaddedProof<N, DEPTH>, TreeError> {
        let proof = self.inclusion::<N>().ok_or_else(|| self.no_such_form())?;
        proof.padded()
    }
}
