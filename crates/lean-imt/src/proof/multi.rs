//! [`MultiProof`]: proves that several leaves stand at their indices.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedMulti, check_depth,
    error::own_verdict,
    inclusion::check_hash,
    unrooted::check_indices,
    walk::{self, Visitor},
};
use crate::{HashRole, TreeError, TreeHead, TreeSnapshot, VerifyError, hex::debug_in_hex};

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

debug_in_hex!([const N: usize, const MAX_DEPTH: usize] MultiProof<N, MAX_DEPTH>, "MultiProof" {
    root: hash, tree_size: plain, indices: plain, leaves: hashes, hashes: hashes
});

impl<const N: usize, const MAX_DEPTH: usize> MultiProof<N, MAX_DEPTH> {
    /// Whether the proof agrees with itself. This proves nothing about any tree, because the maker
    /// of the proof chose the root.
    ///
    /// # Errors
    /// A shape that indices and size do not allow: [`TreeError::NoLeaves`],
    /// [`TreeError::IndicesNotIncreasing`], [`TreeError::IndexOutOfRange`],
    /// [`TreeError::MaxDepthExceeded`], [`TreeError::InvalidProofLength`]. Bytes that the hasher
    /// refuses: [`TreeError::RefusedHash`].
    #[must_use = "a proof that does not agree with itself is `Ok(false)`"]
    pub fn verify<H: Hasher>(&self, hasher: &H) -> Result<bool, TreeError> {
        own_verdict(self.verify_against(hasher, self.head()))
    }

    /// Verifies that the leaves stand at their indices in the tree with this head, which comes from
    /// a trusted source and never from the sender of the proof. Takes one pass with a hash for each
    /// node above a leaf, and does not allocate.
    ///
    /// # Errors
    /// [`VerifyError::SizeMismatch`] for a proof of a tree of another size,
    /// [`VerifyError::RootMismatch`] for one that does not lead to the head's root; those of
    /// [`verify`](Self::verify) within [`VerifyError::Malformed`].
    pub fn verify_against<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<(), VerifyError> {
        let unrooted = self.unrooted().map_err(VerifyError::Malformed)?;
        unrooted.verify_against(hasher, head)?;
        head.expect_root(&self.root)
    }

    /// Whether the proof leads to `root`, with the tree size that the proof itself claims. It has
    /// the limits of [`NaryProof::verify_root_only`](crate::NaryProof::verify_root_only).
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and [`TreeError::RefusedHash`] for `root`.
    #[must_use = "a proof that leads to another root is `Ok(false)`"]
    pub fn verify_root_only<H: Hasher>(&self, hasher: &H, root: &Hash) -> Result<bool, TreeError> {
        check_hash(hasher, root, HashRole::Root, 0)?;
        Ok(self.verify(hasher)? && self.root == *root)
    }

    /// The head that the proof claims.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.tree_size,
            root: self.root,
        }
    }

    /// The proof without its root, borrowed: the form that `to_bytes` encodes.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), except for refused hashes.
    pub fn unrooted(&self) -> Result<UnrootedMulti<'_, N>, TreeError> {
        check_depth::<N, MAX_DEPTH>(self.tree_size)?;
        UnrootedMulti::new(self.tree_size, &self.indices, &self.leaves, &self.hashes)
    }

    /// The proof's encoding; see [`encoding`](crate::encoding).
    ///
    /// # Errors
    /// Those of [`unrooted`](Self::unrooted): a malformed proof has no encoding.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TreeError> {
        Ok(self.unrooted()?.to_bytes())
    }

    /// Decodes a proof and verifies it against this head. The root of the proof is that of the
    /// head, because the bytes have none.
    ///
    /// # Errors
    /// [`VerifyError::Encoding`] and [`VerifyError::ArityMismatch`] if the bytes are not the
    /// encoding of such a proof; those of [`verify_against`](Self::verify_against).
    pub fn from_bytes<H: Hasher>(
        bytes: &[u8],
        hasher: &H,
        head: TreeHead,
    ) -> Result<Self, VerifyError> {
        check_depth::<N, MAX_DEPTH>(head.size).map_err(VerifyError::Malformed)?;
        let proof = UnrootedMulti::<N>::from_bytes(bytes)?;
        proof.verify_against(hasher, head)?;
        Ok(Self {
            root: head.root,
            tree_size: head.size,
            indices: proof.indices().collect(),
            leaves: proof.leaves().to_vec(),
            hashes: proof.hashes().to_vec(),
        })
    }
}

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
