//! [`ConsistencyProof`]: proves that a tree only grew from one size to another.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use super::{UnrootedConsistency, check_depth, growth::Boundary, owned::verified_unrooted};
use crate::{NodeSpan, TreeError, TreeHead, TreeSnapshot, VerifyError, hex::debug_in_hex};

/// Proof that the tree of `new_size` leaves starts with exactly the leaves of the tree of
/// `old_size`.
///
/// `hashes` are the complete nodes of the old tree and the nodes of the new one along the boundary
/// between them, level by level. They are at most `(N - 1) * depth + 1`, with the depth of the new
/// tree; the two sizes fix their number. From the empty tree and between equal sizes the proof has
/// no hashes: every tree grew from the empty one, whose root is 32 zero bytes, and equal sizes
/// have equal roots.
///
/// A verifier calls [`verify_against`](Self::verify_against) with two heads from sources that it
/// trusts: it keeps the old head, and receives the new head, for example in a signed message.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let old = tree.head().expect("the tree is not empty");
/// tree.insert_many(&[[4; 32], [5; 32]])?;
/// let new = tree.head().expect("the tree is not empty");
///
/// let proof = tree.snapshot().generate_consistency_proof(old.size, old.root)?;
/// proof.verify_against(&Blake3Hasher, old, new)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConsistencyProof<const N: usize, const MAX_DEPTH: usize> {
    /// Number of leaves of the old tree.
    pub old_size: u64,
    /// Number of leaves of the new tree.
    pub new_size: u64,
    /// Root of the old tree; 32 zero bytes if it is empty.
    pub old_root: Hash,
    /// Root of the new tree; 32 zero bytes if it is empty.
    pub new_root: Hash,
    /// Nodes along the boundary, from the lowest level up, and from the left within a level.
    pub hashes: Vec<Hash>,
}

debug_in_hex!([const N: usize, const MAX_DEPTH: usize] ConsistencyProof<N, MAX_DEPTH> {
    old_size: plain, new_size: plain, old_root: hash, new_root: hash, hashes: hashes
});

impl<const N: usize, const MAX_DEPTH: usize> ConsistencyProof<N, MAX_DEPTH> {
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
            size: self.new_size,
            root: self.new_root,
        }
    }

    /// The proof without its roots, borrowed: the form that `to_bytes` encodes.
    ///
    /// # Errors
    /// [`TreeError::SizeDecreased`], [`TreeError::MaxDepthExceeded`],
    /// [`TreeError::InvalidProofLength`].
    pub fn unrooted(&self) -> Result<UnrootedConsistency<'_, N>, TreeError> {
        check_depth::<N, MAX_DEPTH>(self.new_size)?;
        UnrootedConsistency::new(self.old_size, self.new_size, &self.hashes)
    }

    /// The proof with the roots of the heads that it was verified against.
    fn rooted(proof: &UnrootedConsistency<'_, N>, old: TreeHead, new: TreeHead) -> Self {
        Self {
            old_size: old.size,
            new_size: new.size,
            old_root: old.root,
            new_root: new.root,
            hashes: proof.hashes().to_vec(),
        }
    }
}

verified_unrooted!(ConsistencyProof, UnrootedConsistency, old: old_head old_root, new: head new_root);

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The proof that this tree grew from its first `old_size` leaves. The caller states their
    /// root, `old_root`; for `old_size` 0 it is 32 zero bytes. At most two reads and two
    /// hashes per level.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if this snapshot is smaller; [`TreeError::RootMismatch`]
    /// if the first `old_size` leaves have another root, so `old_root` belongs to another
    /// tree; [`TreeError::NodeUnavailable`].
    pub fn generate_consistency_proof(
        &self,
        old_size: u64,
        old_root: Hash,
    ) -> Result<ConsistencyProof<N, MAX_DEPTH>, TreeError> {
        if old_size > self.size() {
            return Err(TreeError::SizeOutOfRange {
                requested: old_size,
                size: self.size(),
            });
        }
        let new = self.head().unwrap_or(TreeHead::EMPTY);
        let mut proof = ConsistencyProof {
            old_size,
            new_size: new.size,
            old_root,
            new_root: new.root,
            hashes: Vec::new(),
        };
        if 0 < old_size && old_size < new.size {
            self.read_boundary(old_size, &mut proof.hashes)?;
        }
        if proof.verify(self.hasher())? {
            Ok(proof)
        } else {
            Err(TreeError::RootMismatch { size: old_size })
        }
    }

    /// Reads the hashes of a consistency proof from `old_size`. `0 < old_size < size`.
    fn read_boundary(&self, old_size: u64, hashes: &mut Vec<Hash>) -> Result<(), TreeError> {
        let boundary = Boundary::<N>::new(old_size, self.size());
        let count = boundary.clone().hash_count() as usize;
        hashes
            .try_reserve_exact(count)
            .map_err(|_| TreeError::CapacityExceeded)?;
        hashes.resize(count, [0; 32]);
        let mut rest = hashes.as_mut_slice();
        let mut spans = Vec::new();
        for group in boundary {
            let (left, behind) = rest.split_at_mut(group.left);
            let (right, behind) = behind.split_at_mut(group.right);
            rest = behind;
            let right_start = group.start + group.left as u64 + u64::from(group.straddled);
            for (start, nodes) in [(group.start, left), (right_start, right)] {
                spans.push(NodeSpan {
                    level: group.level,
                    start,
                    nodes,
                });
            }
        }
        self.read_spans(&mut spans)
    }
}
