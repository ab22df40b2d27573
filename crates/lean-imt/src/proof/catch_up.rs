//! [`CatchUpProof`]: proves that certain leaves turn one tree into another.

use alloc::vec::Vec;
use core::ops::Range;
use rotortree_hasher::{Hash, Hasher};

use super::{UnrootedCatchUp, check_depth, owned::verified_unrooted};
use crate::{TreeError, TreeHead, TreeSnapshot, VerifyError, hex::debug_in_hex};

/// Proof that appending `leaves` to the tree of `old_size` leaves with the root `old_root` gives
/// the root `new_root`. A log sends such proofs to its replicas.
///
/// `frontier` is the frontier of the old tree, so a replica that keeps heads alone can verify.
/// Without new leaves the proof is empty.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut log = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// log.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let mut replica = log.try_clone()?;
/// log.insert_many(&[[4; 32], [5; 32]])?;
///
/// let old = replica.head().expect("the replica is not empty");
/// let new = log.head().expect("the log is not empty");
/// let news = log.snapshot().generate_catch_up_proof(old.size, old.root)?;
/// news.verify_against(&Blake3Hasher, old, new)?;
/// assert_eq!(replica.append_at(news.old_size, &news.leaves)?, new.root);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CatchUpProof<const N: usize, const MAX_DEPTH: usize> {
    /// Number of leaves of the old tree.
    pub old_size: u64,
    /// Root of the old tree; 32 zero bytes if it is empty.
    pub old_root: Hash,
    /// Root of the new tree; 32 zero bytes if it is empty.
    pub new_root: Hash,
    /// The leaves after the first `old_size`.
    pub leaves: Vec<Hash>,
    /// The frontier of the old tree from the left; empty if there are no leaves.
    pub frontier: Vec<Hash>,
}

debug_in_hex!([const N: usize, const MAX_DEPTH: usize] CatchUpProof<N, MAX_DEPTH> {
    old_size: plain, old_root: hash, new_root: hash, leaves: hashes, frontier: hashes
});

impl<const N: usize, const MAX_DEPTH: usize> CatchUpProof<N, MAX_DEPTH> {
    /// Number of leaves of the new tree. Saturates, because a proof may claim any old size.
    #[must_use]
    pub fn new_size(&self) -> u64 {
        self.old_size.saturating_add(self.leaves.len() as u64)
    }

    /// The indices of the new leaves.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.old_size..self.new_size()
    }

    /// The old head that the proof claims.
    #[must_use]
    pub fn old_head(&self) -> TreeHead {
        TreeHead {
            size: self.old_size,
            root: self.old_root,
        }
    }

    /// The new head that the proof claims.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.new_size(),
            root: self.new_root,
        }
    }

    /// The proof without its roots, borrowed: the form that `to_bytes` encodes.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::MaxDepthExceeded`],
    /// [`TreeError::InvalidProofLength`].
    pub fn unrooted(&self) -> Result<UnrootedCatchUp<'_, N>, TreeError> {
        check_depth::<N, MAX_DEPTH>(self.new_size())?;
        UnrootedCatchUp::new(self.old_size, &self.leaves, &self.frontier)
    }

    /// The proof with the roots of the heads that it was verified against.
    fn rooted(proof: &UnrootedCatchUp<'_, N>, old: TreeHead, new: TreeHead) -> Self {
        Self {
            old_size: old.size,
            old_root: old.root,
            new_root: new.root,
            leaves: proof.leaves().to_vec(),
            frontier: proof.frontier().to_vec(),
        }
    }
}

verified_unrooted!(CatchUpProof, UnrootedCatchUp, old: old_head old_root, new: head new_root);

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The leaves after the first `old_size`, with the proof that they turn the tree with
    /// the root `old_root` into this one. The caller states `old_root`; for `old_size` 0 it
    /// is 32 zero bytes.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if this snapshot is smaller;
    /// [`TreeError::RootMismatch`] if the first `old_size` leaves have another root;
    /// [`TreeError::CapacityExceeded`], [`TreeError::NodeUnavailable`].
    pub fn generate_catch_up_proof(
        &self,
        old_size: u64,
        old_root: Hash,
    ) -> Result<CatchUpProof<N, MAX_DEPTH>, TreeError> {
        let old = self.frontier_at(old_size)?;
        if old.root().unwrap_or_default() != old_root {
            return Err(TreeError::RootMismatch { size: old_size });
        }
        let has_news = old_size < self.size();
        Ok(CatchUpProof {
            old_size,
            old_root,
            new_root: self.root().unwrap_or_default(),
            leaves: self.read_leaves(old_size..self.size())?,
            frontier: old.hashes().filter(|_| has_news).copied().collect(),
        })
    }
}
