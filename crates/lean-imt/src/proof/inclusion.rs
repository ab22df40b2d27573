//! [`NaryProof`]: proves that a leaf stands at an index of a tree.

use alloc::vec::Vec;
use core::{fmt, slice};
use rotortree_hasher::{Hash, Hasher};

use super::{
    ProofLevel, check_depth,
    owned::claims_a_head,
    path::{Path, climb_pairs, parent_among},
};
use crate::{
    HashRole, Kind, TreeError, TreeHead, VerifyError, arity::assert_arity, encoding::Writer, hex,
};

/// Proof that `leaf` stands at `leaf_index` of the tree that has `tree_size` leaves and
/// the root `root`.
///
/// It is a plain value of fixed size, `MAX_DEPTH * (32 * N + 16)` bytes and a little more, which
/// suits circuits and zkVMs. It has one [`ProofLevel`] per hash layer: `level_count` is the depth
/// of a tree of `tree_size` leaves. Everything but the hashes is a function of
/// `(leaf_index, tree_size)`. Verification refuses a proof that differs from it, also in an unused
/// slot that is not zero.
///
/// A verifier calls [`verify_against`](Self::verify_against) with a head from a source
/// that it trusts.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
///
/// let proof = tree.snapshot().generate_proof(2)?;
/// assert_eq!(proof.leaf, [3; 32]);
/// proof.verify_against(&Blake3Hasher, head)?;
///
/// tree.insert([6; 32])?;
/// let later = tree.head().expect("the tree is not empty");
/// assert!(proof.verify_against(&Blake3Hasher, later).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NaryProof<const N: usize, const MAX_DEPTH: usize> {
    /// Root of the tree.
    pub root: Hash,
    /// The leaf.
    pub leaf: Hash,
    /// Index of the leaf, from 0.
    pub leaf_index: u64,
    /// Number of leaves of the tree.
    pub tree_size: u64,
    /// Number of levels in use: the depth of the tree.
    pub level_count: usize,
    /// The levels, the leaves' first; those from `level_count` on are empty.
    pub levels: [ProofLevel<N>; MAX_DEPTH],
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// All zero.
    pub(crate) const BLANK: Self = Self {
        root: [0; 32],
        leaf: [0; 32],
        leaf_index: 0,
        tree_size: 0,
        level_count: 0,
        levels: [ProofLevel::EMPTY; MAX_DEPTH],
    };

    /// Whether the proof agrees with itself: leaf and siblings hash to the root that it names.
    ///
    /// This proves nothing about any tree, because the maker of the proof chose the root. It finds
    /// accidents; trust comes from [`verify_against`](Self::verify_against).
    ///
    /// At most one hash per level; O(N) memory on the stack.
    ///
    /// # Errors
    /// A shape that does not fit `(leaf_index, tree_size)`: [`TreeError::IndexOutOfRange`],
    /// [`TreeError::MaxDepthExceeded`], [`TreeError::InvalidProofDepth`],
    /// [`TreeError::InvalidProofLevel`], [`TreeError::UnusedSlotNotZero`]. Bytes that the hasher
    /// refuses: [`TreeError::RefusedHash`].
    #[must_use = "a proof that does not agree with itself is `Ok(false)`"]
    pub fn verify<H: Hasher>(&self, hasher: &H) -> Result<bool, TreeError> {
        assert_arity::<H, N>();
        self.check(hasher)?;
        Ok(self.fold(hasher) == self.root)
    }

    /// Verifies that the leaf stands at `leaf_index` of the tree with this head, which comes from a
    /// trusted source and never from the sender of the proof. No leaf stands in the empty tree.
    ///
    /// At most one hash per level; O(N) memory on the stack, no allocation.
    ///
    /// # Errors
    /// [`VerifyError::SizeMismatch`] for a proof of a tree of another size,
    /// [`VerifyError::RootMismatch`] for one that does not lead to the head's root; the
    /// errors of [`verify`](Self::verify), and [`TreeError::RefusedHash`] for the head's
    /// root, within [`VerifyError::Malformed`].
    pub fn verify_against<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<(), VerifyError> {
        assert_arity::<H, N>();
        head.check(hasher, 0).map_err(VerifyError::Malformed)?;
        self.precheck(hasher, head)?;
        head.expect_root(&self.fold(hasher))
    }

    /// The checks of verification against `head` that need no hash.
    #[inline]
    pub(super) fn precheck<H: Hasher>(
        &self,
        hasher: &H,
        head: TreeHead,
    ) -> Result<(), VerifyError> {
        self.check_shape().map_err(VerifyError::Malformed)?;
        head.expect_size(self.tree_size)?;
        self.check_hashes(hasher).map_err(VerifyError::Malformed)?;
        head.expect_root(&self.root)
    }

    /// The proof's encoding; see [`encoding`](crate::encoding). It does not contain the root, which
    /// follows from the rest.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify) for a malformed proof, which has no encoding.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TreeError> {
        self.check_shape()?;
        let levels = self.used_levels();
        let siblings = levels
            .iter()
            .map(|level| level.sibling_count)
            .sum::<usize>();
        let mut writer = Writer::header(Kind::Inclusion, N, 1 + siblings);
        writer.number(self.tree_size);
        writer.number(self.leaf_index);
        writer.hashes(slice::from_ref(&self.leaf));
        for level in levels {
            writer.hashes(&level.siblings[..level.sibling_count]);
        }
        Ok(writer.finish())
    }

    /// The levels in use.
    pub(crate) fn used_levels(&self) -> &[ProofLevel<N>] {
        &self.levels[..self.level_count.min(MAX_DEPTH)]
    }

    /// All siblings, from the lowest level up. The shape has been checked.
    pub(crate) fn siblings(&self) -> impl Iterator<Item = &Hash> {
        self.used_levels()
            .iter()
            .flat_map(|level| &level.siblings[..level.sibling_count])
    }

    /// The checks that need no hash.
    fn check<H: Hasher>(&self, hasher: &H) -> Result<(), TreeError> {
        self.check_shape()?;
        self.check_hashes(hasher)
    }

    /// Refuses hashes that the hasher refuses. The shape has been checked.
    fn check_hashes<H: Hasher>(&self, hasher: &H) -> Result<(), TreeError> {
        check_hash(hasher, &self.root, HashRole::Root, 0)?;
        check_hash(hasher, &self.leaf, HashRole::Leaf, self.leaf_index)?;
        // A loop over levels, and not one iterator: it compiles to nothing for a hasher that
        // accepts all bytes.
        for level in self.used_levels() {
            let siblings = &level.siblings[..level.sibling_count];
            if !siblings.iter().all(|sibling| hasher.check(sibling)) {
                return Err(self.refused_sibling(hasher));
            }
        }
        Ok(())
    }

    /// The error for the sibling that [`check_hashes`](Self::check_hashes) refuses.
    #[cold]
    fn refused_sibling<H: Hasher>(&self, hasher: &H) -> TreeError {
        let refused = self.siblings().position(|sibling| !hasher.check(sibling));
        TreeError::RefusedHash {
            role: HashRole::Node,
            index: refused.unwrap_or_default() as u64,
        }
    }

    /// The number of levels of a proof for this index and size. Refuses an index outside of the
    /// tree.
    pub(crate) fn check_place(&self) -> Result<usize, TreeError> {
        if self.leaf_index >= self.tree_size {
            return Err(TreeError::IndexOutOfRange {
                index: self.leaf_index,
                size: self.tree_size,
            });
        }
        check_depth::<N, MAX_DEPTH>(self.tree_size)
    }

    /// Refuses every shape but the one for this index and size.
    pub(crate) fn check_shape(&self) -> Result<(), TreeError> {
        let (used, empty) = self.levels.split_at(self.check_depth()?);
        let path = || Path::<N>::new(self.leaf_index, self.tree_size);
        let mut stray = Stray::default();
        // Without branches, because few proofs of a batch would take the same ones. The last
        // slot is unused on every level; other unused slots are rare, except at the right
        // edge of a tree.
        let mut shortage = 0;
        for (level, span) in used.iter().zip(path()) {
            stray.numbers |=
                (level.position ^ span.position) | (level.sibling_count ^ (span.len - 1));
            stray.slot(&level.siblings[N - 1]);
            shortage |= span.len ^ N;
        }
        if shortage != 0 {
            for (level, span) in used.iter().zip(path()) {
                level
                    .siblings
                    .iter()
                    .skip(span.len - 1)
                    .for_each(|slot| stray.slot(slot));
            }
        }
        for level in empty {
            stray.numbers |= level.position | level.sibling_count;
            level.siblings.iter().for_each(|slot| stray.slot(slot));
        }
        if stray.is_none() {
            Ok(())
        } else {
            Err(self.misshapen())
        }
    }

    /// The number of levels, which is at most `MAX_DEPTH`. Refuses a number that does not fit
    /// index and size.
    fn check_depth(&self) -> Result<usize, TreeError> {
        let depth = self.check_place()?;
        if self.level_count == depth {
            Ok(depth)
        } else {
            Err(TreeError::InvalidProofDepth {
                expected: depth,
                actual: self.level_count,
            })
        }
    }

    /// The error for the level that [`check_shape`](Self::check_shape) refuses.
    #[cold]
    fn misshapen(&self) -> TreeError {
        let mut path = Path::<N>::new(self.leaf_index, self.tree_size);
        for (level, stated) in self.levels.iter().enumerate() {
            let (position, siblings) = match path.next() {
                Some(span) => (span.position, span.len - 1),
                None => (0, 0),
            };
            if let Err(error) = stated.expect(level, position, siblings) {
                return error;
            }
        }
        let is_used = |level: &ProofLevel<N>| {
            level.siblings[level.sibling_count..]
                .iter()
                .any(|unused| *unused != [0; 32])
        };
        TreeError::UnusedSlotNotZero {
            level: self.levels.iter().position(is_used).unwrap_or(MAX_DEPTH),
        }
    }

    /// The root that follows from leaf and siblings. The shape has been checked.
    pub(crate) fn fold<H: Hasher>(&self, hasher: &H) -> Hash {
        let levels = self.used_levels();
        if N == 2 {
            let sibling = |level: usize, _| &levels[level].siblings[0];
            return climb_pairs(hasher, &self.leaf, self.leaf_index, self.tree_size, sibling);
        }
        levels.iter().fold(self.leaf, |node, level| {
            let siblings = &level.siblings[..level.sibling_count];
            parent_among::<H, N>(hasher, &node, level.position, siblings)
        })
    }
}

/// The union of the bits that should be zero, so that one comparison checks them all.
#[derive(Default)]
struct Stray {
    numbers: usize,
    slots: [u64; 4],
}

impl Stray {
    /// Adds a slot that should be zero.
    #[inline(always)]
    fn slot(&mut self, slot: &Hash) {
        let (words, _) = slot.as_chunks::<8>();
        for (sum, word) in self.slots.iter_mut().zip(words) {
            *sum |= u64::from_ne_bytes(*word);
        }
    }

    fn is_none(&self) -> bool {
        let [a, b, c, d] = self.slots;
        self.numbers == 0 && (a | b | c | d) == 0
    }
}

/// Refuses 32 bytes from outside that the hasher refuses.
pub(crate) fn check_hash<H: Hasher>(
    hasher: &H,
    hash: &Hash,
    role: HashRole,
    index: u64,
) -> Result<(), TreeError> {
    if hasher.check(hash) {
        Ok(())
    } else {
        Err(TreeError::RefusedHash { role, index })
    }
}

claims_a_head!(NaryProof);

impl<const N: usize, const MAX_DEPTH: usize> fmt::Debug for NaryProof<N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NaryProof")
            .field("root", &hex::hash(&self.root))
            .field("leaf", &hex::hash(&self.leaf))
            .field("leaf_index", &self.leaf_index)
            .field("tree_size", &self.tree_size)
            .field("level_count", &self.level_count)
            .field("levels", &self.used_levels())
            .finish_non_exhaustive()
    }
}

impl<const N: usize, const MAX_DEPTH: usize> Default for NaryProof<N, MAX_DEPTH> {
    /// All zero. No tree has this shape, so verification refuses it. For building a proof
    /// field by field.
    fn default() -> Self {
        Self::BLANK
    }
}
