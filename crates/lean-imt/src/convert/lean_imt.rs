//! [`LeanImtProof`]: the proof of the JavaScript (and Solidity) LeanIMT.

use alloc::vec::Vec;
use rotortree_hasher::Hash;

use crate::{NaryProof, ProofLevel, TreeError, hex::debug_in_hex, proof::Path};

/// The proof object of the binary LeanIMT in JavaScript, `@zk-kit/lean-imt`: `{ root, leaf, index,
/// siblings }`.
///
/// Its `index` is not the index of the leaf but the packed path, and lifted levels have no bit and
/// no sibling. Neither the leaf's index nor the tree's size follows from it, so a program that
/// takes such a proof must know both from elsewhere.
///
/// With the feature `serde` it reads the JSON of JavaScript programs: numbers as decimal strings,
/// as `0x` and hex with or without leading zeros, or as 64 hex digits. 64 decimal digits that do
/// not start with 0 could be either, and are refused. In `@zk-kit/lean-imt` (2.2.3, for example)
/// the proof of a tree of one leaf has the index `NaN`, which JSON writes as `null`. A `null` of a
/// proof without siblings is read as 0.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, NaryProof};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let proof = tree.snapshot().generate_proof(2)?;
///
/// let theirs = proof.to_lean_imt()?;
/// assert_eq!((theirs.index, theirs.siblings.len()), (1, 1));
/// assert_eq!(NaryProof::from_lean_imt(&theirs, 2, 3)?, proof);
/// assert!(NaryProof::<2, 32>::from_lean_imt(&theirs, 1, 3).is_err());
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LeanImtProof {
    /// Root of the tree.
    pub root: Hash,
    /// The leaf.
    pub leaf: Hash,
    /// The packed path: bit `i` is set if the sibling of `siblings[i]` stands on the right.
    pub index: u64,
    /// The siblings of hashed levels, the lowest first.
    pub siblings: Vec<Hash>,
}

debug_in_hex!([] LeanImtProof {
    root: hash, leaf: hash, index: plain, siblings: hashes
});

impl<const MAX_DEPTH: usize> NaryProof<2, MAX_DEPTH> {
    /// The proof in the form of the JavaScript LeanIMT.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify) for a malformed proof, which has no such form.
    pub fn to_lean_imt(&self) -> Result<LeanImtProof, TreeError> {
        let path = self.binary_path::<MAX_DEPTH>()?;
        Ok(LeanImtProof {
            root: self.root,
            leaf: self.leaf,
            index: path.index,
            siblings: path.siblings[..path.length].to_vec(),
        })
    }

    /// Converts the proof that a JavaScript LeanIMT of `tree_size` leaves made for the leaf at
    /// `leaf_index`. The result is not verified: it is a claim, like every proof from outside.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::MaxDepthExceeded`];
    /// [`TreeError::InvalidProofLength`] and [`TreeError::InvalidPackedPath`] if siblings and
    /// packed path do not fit index and size.
    pub fn from_lean_imt(
        proof: &LeanImtProof,
        leaf_index: u64,
        tree_size: u64,
    ) -> Result<Self, TreeError> {
        let mut nary = Self {
            root: proof.root,
            leaf: proof.leaf,
            leaf_index,
            tree_size,
            ..Self::default()
        };
        nary.level_count = nary.check_place()?;
        let mut siblings = proof.siblings.iter();
        let (mut used, mut index) = (0u32, 0u64);
        let path = Path::<2>::new(leaf_index, tree_size);
        for (level, span) in nary.levels.iter_mut().zip(path) {
            if span.len == 1 {
                continue;
            }
            *level = ProofLevel {
                position: span.position,
                sibling_count: 1,
                siblings: [siblings.next().copied().unwrap_or_default(), [0; 32]],
            };
            index |= (span.position as u64) << used;
            used += 1;
        }
        if proof.siblings.len() as u64 != u64::from(used) {
            return Err(TreeError::InvalidProofLength {
                expected: u64::from(used),
                actual: proof.siblings.len() as u64,
            });
        }
        if proof.index != index {
            return Err(TreeError::InvalidPackedPath {
                expected: index,
                actual: proof.index,
            });
        }
        Ok(nary)
    }
}
