//! Proofs for Solidity: `abi.encode` of one struct.
//!
//! ```solidity
//! struct InclusionProof {
//!     bytes32 leaf;
//!     uint64 leafIndex;
//!     uint64 treeSize;
//!     bytes32[] siblings; // lowest level first, from the left in each; none on lifted levels
//! }
//!
//! struct ConsistencyProof {
//!     uint64 oldSize;
//!     uint64 newSize;
//!     bytes32[] hashes; // from the lowest level up, from the left within a level
//! }
//! ```
//!
//! The structs have no root: a contract compares the root that it computes, and `treeSize`, with
//! the head that it stores.

use alloc::vec::Vec;
use rotortree_hasher::Hash;

use crate::{
    AnyProof, ConsistencyProof, NaryProof, TreeError, UnrootedConsistency, UnrootedInclusion,
};

/// A number as a word: 32 bytes, big-endian.
fn word(number: u64) -> Hash {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

/// `abi.encode` of a struct of static words and one trailing `bytes32[]`.
fn encode(words: &[Hash], array: &[Hash]) -> Vec<u8> {
    const WORD: u64 = 32;
    let mut bytes = Vec::with_capacity((words.len() + array.len() + 3) * size_of::<Hash>());
    // A struct with an array is dynamic: the offset of the struct comes first, and the offset of
    // the array stands in its place within the struct.
    bytes.extend(word(WORD));
    bytes.extend_from_slice(words.as_flattened());
    bytes.extend(word((words.len() as u64 + 1) * WORD));
    bytes.extend(word(array.len() as u64));
    bytes.extend_from_slice(array.as_flattened());
    bytes
}

impl<const N: usize> UnrootedInclusion<'_, N> {
    /// `abi.encode(InclusionProof(leaf, leafIndex, treeSize, siblings))` with
    /// `struct InclusionProof { bytes32 leaf; uint64 leafIndex; uint64 treeSize; bytes32[]
    /// siblings; }`; siblings from the lowest level up, from the left within a level.
    ///
    /// ```
    /// use rotortree_lean_imt::UnrootedInclusion;
    ///
    /// let proof = UnrootedInclusion::<2>::new(2, 1, &[0xaa; 32], &[[0xbb; 32]])?;
    /// let words: Vec<_> = proof.to_abi().chunks(32).map(|word| word[31]).collect();
    /// assert_eq!(words, [0x20, 0xaa, 1, 2, 0x80, 1, 0xbb]);
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    #[must_use]
    pub fn to_abi(&self) -> Vec<u8> {
        let words = [
            *self.leaf(),
            word(self.leaf_index()),
            word(self.tree_size()),
        ];
        encode(&words, self.siblings())
    }
}

impl<const N: usize> UnrootedConsistency<'_, N> {
    /// `abi.encode(ConsistencyProof(oldSize, newSize, hashes))` with
    /// `struct ConsistencyProof { uint64 oldSize; uint64 newSize; bytes32[] hashes; }`; hashes from
    /// the lowest level up, from the left within a level.
    ///
    /// ```
    /// use rotortree_lean_imt::UnrootedConsistency;
    ///
    /// let proof = UnrootedConsistency::<2>::new(1, 2, &[[0xaa; 32], [0xbb; 32]])?;
    /// let words: Vec<_> = proof.to_abi().chunks(32).map(|word| word[31]).collect();
    /// assert_eq!(words, [0x20, 1, 2, 0x60, 2, 0xaa, 0xbb]);
    /// # Ok::<(), rotortree_lean_imt::TreeError>(())
    /// ```
    #[must_use]
    pub fn to_abi(&self) -> Vec<u8> {
        let words = [word(self.old_size()), word(self.new_size())];
        encode(&words, self.hashes())
    }
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// The proof for Solidity; see [`UnrootedInclusion::to_abi`].
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify) for a malformed proof, which has no such form.
    pub fn to_abi(&self) -> Result<Vec<u8>, TreeError> {
        self.check_shape()?;
        let siblings: Vec<Hash> = self.siblings().copied().collect();
        let (size, index) = (self.tree_size, self.leaf_index);
        Ok(UnrootedInclusion::<N>::new(size, index, &self.leaf, &siblings)?.to_abi())
    }
}

impl<const N: usize, const MAX_DEPTH: usize> ConsistencyProof<N, MAX_DEPTH> {
    /// The proof for Solidity; see [`UnrootedConsistency::to_abi`].
    ///
    /// # Errors
    /// Those of [`unrooted`](Self::unrooted) for a malformed proof, which has no such form.
    pub fn to_abi(&self) -> Result<Vec<u8>, TreeError> {
        Ok(self.unrooted()?.to_abi())
    }
}

impl AnyProof<'_> {
    /// The proof for Solidity; see [`UnrootedInclusion::to_abi`] and
    /// [`UnrootedConsistency::to_abi`].
    ///
    /// # Errors
    /// [`TreeError::NoSuchForm`] for a proof of another kind.
    pub fn to_abi(&self) -> Result<Vec<u8>, TreeError> {
        match (self.inclusion_parts(), self.consistency()) {
            (Some(proof), _) => Ok(proof.to_abi()),
            (_, Some(proof)) => Ok(proof.to_abi()),
            (None, None) => Err(self.no_such_form()),
        }
    }

    /// The error for a form that this proof does not have.
    pub(super) fn no_such_form(&self) -> TreeError {
        TreeError::NoSuchForm {
            kind: self.kind(),
            arity: self.arity(),
        }
    }
}
