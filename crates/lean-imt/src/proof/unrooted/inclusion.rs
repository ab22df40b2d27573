//! [`UnrootedInclusion`].

use alloc::vec::Vec;
use core::slice;
use rotortree_hasher::{Hash, Hasher};

use super::{
    check_hashes, check_len,
    parts::{leads_to_a_root, unrooted_parts},
};
use crate::{
    DecodeError, HashRole, Kind, NaryProof, TreeError, TreeHead, VerifyError,
    arity::assert_arity,
    encoding::{Reader, Writer},
    geometry,
    proof::{
        check_depth,
        level::ProofLevel,
        path::{Path, climb_pairs, parent_among},
    },
};

unrooted_parts! {
    /// An inclusion proof without its root, borrowing leaf and siblings.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, UnrootedInclusion};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let head = tree.head().expect("the tree is not empty");
    /// let bytes = tree.snapshot().generate_proof(1)?.to_bytes()?;
    ///
    /// let proof = UnrootedInclusion::<2>::from_bytes(&bytes)?;
    /// assert_eq!(proof.leaf(), &[2; 32]);
    /// proof.verify_against(&Blake3Hasher, head)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct UnrootedInclusion {
        tree_size: u64 as plain,
        leaf_index: u64 as plain,
        leaf: &'a Hash as hash,
        siblings: &'a [Hash] as hashes,
    }

    /// The leaf.
    fn leaf() -> &'a Hash;
    /// The claimed index of the leaf.
    fn leaf_index() -> u64;
    /// The claimed number of leaves of the tree.
    fn tree_size() -> u64;
    /// The siblings, from the lowest level up, and from the left within a level.
    fn siblings() -> &'a [Hash];
}

leads_to_a_root!(UnrootedInclusion);

impl<'a, const N: usize> UnrootedInclusion<'a, N> {
    /// Makes a proof from its parts; siblings from the lowest level up, and from the left
    /// within a level.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::InvalidProofLength`].
    pub fn new(
        tree_size: u64,
        leaf_index: u64,
        leaf: &'a Hash,
        siblings: &'a [Hash],
    ) -> Result<Self, TreeError> {
        check_len(sibling_count::<N>(leaf_index, tree_size)?, siblings.len())?;
        Ok(Self {
            tree_size,
            leaf_index,
            leaf,
            siblings,
        })
    }

    /// Decodes a proof, which borrows from the bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of one.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::header(bytes, Kind::Inclusion, N)?;
        let tree_size = reader.number()?;
        let leaf_index = reader.number()?;
        let count = sibling_count::<N>(leaf_index, tree_size)?;
        let leaf = reader.hash()?;
        let siblings = reader.hashes(count)?;
        reader.finish()?;
        Ok(Self {
            tree_size,
            leaf_index,
            leaf,
            siblings,
        })
    }

    /// The proof's encoding; see [`encoding`](crate::encoding).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::header(Kind::Inclusion, N, 1 + self.siblings.len());
        writer.number(self.tree_size);
        writer.number(self.leaf_index);
        writer.hashes(slice::from_ref(self.leaf));
        writer.hashes(self.siblings);
        writer.finish()
    }

    /// The root that follows from leaf and siblings. At most one hash per level, O(N) memory
    /// on the stack.
    ///
    /// # Errors
    /// [`TreeError::RefusedHash`].
    pub fn compute_root<H: Hasher>(&self, hasher: &H) -> Result<Hash, TreeError> {
        assert_arity::<H, N>();
        self.check(hasher)?;
        if N == 2 {
            return Ok(climb_pairs(
                hasher,
                self.leaf,
                self.leaf_index,
                self.tree_size,
                |level, lifts| pair_sibling(self.siblings, level, lifts),
            ));
        }
        let mut rest = self.siblings;
        let mut node = *self.leaf;
        for span in Path::<N>::new(self.leaf_index, self.tree_size) {
            let (siblings, above) = rest.split_at(span.len - 1);
            rest = above;
            node = parent_among::<H, N>(hasher, &node, span.position, siblings);
        }
        Ok(node)
    }

    /// Refuses a leaf or a sibling that the hasher refuses.
    pub(in crate::proof) fn check<H: Hasher>(&self, hasher: &H) -> Result<(), TreeError> {
        check_hashes(hasher, slice::from_ref(self.leaf), HashRole::Leaf)?;
        check_hashes(hasher, self.siblings, HashRole::Node)
    }

    /// The proof in the form of fixed size, with the root that follows from it. It is still a claim
    /// until it is verified against a head.
    ///
    /// # Errors
    /// [`TreeError::MaxDepthExceeded`], [`TreeError::RefusedHash`].
    pub fn to_nary<H: Hasher, const MAX_DEPTH: usize>(
        &self,
        hasher: &H,
    ) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        self.with_root(self.compute_root(hasher)?)
    }

    /// The proof in the form of fixed size, with a claimed root.
    pub(crate) fn with_root<const MAX_DEPTH: usize>(
        &self,
        root: Hash,
    ) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        let mut proof = NaryProof {
            root,
            leaf: *self.leaf,
            leaf_index: self.leaf_index,
            tree_size: self.tree_size,
            level_count: check_depth::<N, MAX_DEPTH>(self.tree_size)?,
            levels: [ProofLevel::EMPTY; MAX_DEPTH],
        };
        let mut rest = self.siblings;
        let path = Path::<N>::new(self.leaf_index, self.tree_size);
        for (level, span) in proof.levels.iter_mut().zip(path) {
            let (siblings, above) = rest.split_at(span.len - 1);
            rest = above;
            level.position = span.position;
            level.sibling_count = siblings.len();
            level.siblings[..siblings.len()].copy_from_slice(siblings);
        }
        Ok(proof)
    }
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
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
        let proof = UnrootedInclusion::<N>::from_bytes(bytes)?;
        proof.verify_against(hasher, head)?;
        proof.with_root(head.root).map_err(VerifyError::Malformed)
    }
}

/// The sibling on `level` of a binary tree. `lifts` has a bit for each level on which the path is
/// lifted; there the result is arbitrary. `siblings` has no gaps for lifted levels. Most paths have
/// no lift below most levels.
#[inline(always)]
pub(in crate::proof) fn pair_sibling(siblings: &[Hash], level: usize, lifts: u64) -> &Hash {
    let lifts_below = lifts & !(u64::MAX << level);
    let sibling = if lifts_below == 0 {
        siblings.get(level)
    } else {
        siblings.get(level - lifts_below.count_ones() as usize)
    };
    sibling.unwrap_or(&[0; 32])
}

/// The number of siblings on the path of a leaf.
fn sibling_count<const N: usize>(leaf_index: u64, tree_size: u64) -> Result<u64, TreeError> {
    if leaf_index >= tree_size {
        return Err(TreeError::IndexOutOfRange {
            index: leaf_index,
            size: tree_size,
        });
    }
    if N == 2 {
        // Without a loop, because some callers decode many proofs: one sibling on every level that
        // is not lifted.
        let depth = geometry::depth::<N>(tree_size);
        let lifts = geometry::lifts(leaf_index, tree_size - 1);
        let below_root = u64::MAX
            .checked_shl(depth as u32)
            .map_or(u64::MAX, |above| !above);
        return Ok(depth as u64 - u64::from((lifts & below_root).count_ones()));
    }
    let path = Path::<N>::new(leaf_index, tree_size);
    Ok(path.map(|span| span.len as u64 - 1).sum())
}
