//! [`ConsistencyProof`]: that a tree only grew from one size to another.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use super::{
    growth::{self, Boundary},
    inclusion::check_hash,
};
use crate::{HashRole, TreeError, TreeHead, TreeSnapshot, geometry};

/// Proof that the tree of `new_size` leaves starts with exactly the leaves of the tree of `old_size`.
///
/// `hashes` are the complete nodes of the old tree and the nodes of the new one along the boundary between them, level by
/// level; at most `(N - 1) * depth + 1` of them, where `depth` is the new tree's. How many is a function of the two sizes.
/// From the empty tree, and between equal sizes, the proof has no hashes: every tree grew from the empty one, whose root is
/// 32 zero bytes, and equal sizes have equal roots.
///
/// Whoever is shown a proof calls [`verify_transition`](Self::verify_transition) with both heads from sources that are
/// trusted: the old one is what it has, the new one is what it was told, for example in a signed message.
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
/// assert!(proof.verify_transition(&Blake3Hasher, old, new)?);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof<const N: usize, const MAX_DEPTH: usize> {
    /// Number of leaves of the old tree.
    pub old_size: u64,
    /// Number of leaves of the new tree.
    pub new_size: u64,
    /// Root of the old tree; 32 zero bytes if it is empty.
    pub old_root: Hash,
    /// Root of the new tree; 32 zero bytes if it is empty.
    pub new_root: Hash,
    /// Nodes along the boundary, from the lowest level up, from the left within a level.
    pub hashes: Vec<Hash>,
}

impl<const N: usize, const MAX_DEPTH: usize> ConsistencyProof<N, MAX_DEPTH> {
    /// Whether the proof agrees with itself: its hashes lead to both roots that it names.
    ///
    /// This proves nothing about any tree, since whoever made the proof chose sizes and roots. It serves to find
    /// accidents; trust comes from [`verify_transition`](Self::verify_transition).
    ///
    /// At most two hashes per level of the new tree; O(N) memory on the stack.
    ///
    /// # Errors
    /// [`TreeError::SizeDecreased`], [`TreeError::MaxDepthExceeded`], [`TreeError::InvalidProofLength`] for a shape that
    /// the sizes do not allow; [`TreeError::RefusedHash`] for bytes that the hasher does not work on.
    pub fn verify<H: Hasher>(&self, hasher: &H) -> Result<bool, TreeError> {
        self.check(hasher)?;
        Ok(self.holds(hasher, |_, _| ()))
    }

    /// Whether the tree with the head `old` grew into the tree with the head `new`. Both heads come from the caller's
    /// own trusted sources and never from whoever sent the proof: a proof that names its own new size can lie about it.
    ///
    /// From [`TreeHead::EMPTY`] every head follows, so that `new` is then taken on the caller's word alone.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_transition<H: Hasher>(
        &self,
        hasher: &H,
        old: TreeHead,
        new: TreeHead,
    ) -> Result<bool, TreeError> {
        Ok(self.verify(hasher)? && self.old_head() == old && self.new_head() == new)
    }

    /// The same as [`verify_transition`](Self::verify_transition), under the name that this check has on every proof.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_against<H: Hasher>(
        &self,
        hasher: &H,
        old: TreeHead,
        new: TreeHead,
    ) -> Result<bool, TreeError> {
        self.verify_transition(hasher, old, new)
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
    pub fn new_head(&self) -> TreeHead {
        TreeHead {
            size: self.new_size,
            root: self.new_root,
        }
    }

    /// Checks everything that can be checked without hashing.
    fn check<H: Hasher>(&self, hasher: &H) -> Result<(), TreeError> {
        check_length::<N, MAX_DEPTH>(self.old_size, self.new_size, self.hashes.len())?;
        for (index, head) in (0..).zip([self.old_head(), self.new_head()]) {
            if head != TreeHead::EMPTY {
                check_hash(hasher, &head.root, HashRole::Root, index)?;
            }
        }
        for (index, hash) in (0..).zip(&self.hashes) {
            check_hash(hasher, hash, HashRole::Node, index)?;
        }
        Ok(())
    }

    /// Whether the hashes lead to both roots. The proof has passed [`check`](Self::check); `visit` as in
    /// [`growth::roots`].
    pub(super) fn holds<H: Hasher>(
        &self,
        hasher: &H,
        visit: impl FnMut(growth::BoundaryGroup, &[Hash]),
    ) -> bool {
        let empty_or_root = |head: TreeHead| head.size > 0 || head == TreeHead::EMPTY;
        if self.old_size == self.new_size {
            return self.old_root == self.new_root && empty_or_root(self.old_head());
        }
        if self.old_size == 0 {
            return empty_or_root(self.old_head());
        }
        let (old_size, new_size) = (self.old_size, self.new_size);
        growth::roots::<H, N>(hasher, old_size, new_size, &self.hashes, visit)
            == (self.old_root, self.new_root)
    }
}

/// Refuses sizes that no growth has, and a number of hashes that is not theirs.
fn check_length<const N: usize, const MAX_DEPTH: usize>(
    old_size: u64,
    new_size: u64,
    hashes: usize,
) -> Result<(), TreeError> {
    if new_size < old_size {
        return Err(TreeError::SizeDecreased { old_size, new_size });
    }
    if geometry::depth::<N>(new_size) > MAX_DEPTH {
        return Err(TreeError::MaxDepthExceeded {
            max_depth: MAX_DEPTH,
        });
    }
    let expected = if old_size == 0 || old_size == new_size {
        0
    } else {
        Boundary::<N>::new(old_size, new_size).hash_count()
    };
    if hashes as u64 != expected {
        return Err(TreeError::InvalidProofLength {
            expected,
            actual: hashes as u64,
        });
    }
    Ok(())
}

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The proof that this tree grew from its first `old_size` leaves, whose root the caller says is `old_root`: 32 zero
    /// bytes for `old_size` 0. At most two reads and two hashes per level.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if this snapshot is smaller; [`TreeError::RootMismatch`] if the first `old_size` leaves
    /// have another root, so that whoever has `old_root` has another tree; [`TreeError::NodeUnavailable`].
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
        if proof.holds(self.hasher(), |_, _| ()) {
            Ok(proof)
        } else {
            Err(TreeError::RootMismatch { size: old_size })
        }
    }

    /// Reads what a consistency proof from `old_size` consists of. `0 < old_size < size`.
    fn read_boundary(&self, old_size: u64, hashes: &mut Vec<Hash>) -> Result<(), TreeError> {
        let boundary = Boundary::<N>::new(old_size, self.size());
        let count = boundary.clone().hash_count() as usize;
        hashes
            .try_reserve_exact(count)
            .map_err(|_| TreeError::CapacityExceeded)?;
        hashes.resize(count, [0; 32]);
        let mut rest = hashes.as_mut_slice();
        for group in boundary {
            let (left, behind) = rest.split_at_mut(group.left);
            let (right, behind) = behind.split_at_mut(group.right);
            rest = behind;
            let right_start = group.start + group.left as u64 + u64::from(group.straddled);
            self.read_nodes(group.level, group.start, left)?;
            self.read_nodes(group.level, right_start, right)?;
        }
        Ok(())
    }
}
