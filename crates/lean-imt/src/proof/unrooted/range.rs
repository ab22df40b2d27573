//! [`UnrootedRange`].

use alloc::vec::Vec;
use core::ops::Range;
use rotortree_hasher::{Hash, Hasher};

use super::{
    check_hashes, check_len,
    parts::{leads_to_a_root, unrooted_parts},
};
use crate::{
    DecodeError, HashRole, Kind, TreeError, TreeHead, VerifyError,
    arity::assert_arity,
    encoding::{Reader, Writer},
    proof::walk,
};

unrooted_parts! {
    /// A proof of consecutive leaves without its root, borrowing leaves and hashes.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, UnrootedRange};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]])?;
    /// let head = tree.head().expect("the tree is not empty");
    /// let bytes = tree.snapshot().generate_range_proof(1..3)?.to_bytes()?;
    ///
    /// let proof = UnrootedRange::<2>::from_bytes(&bytes)?;
    /// assert_eq!((proof.range(), proof.leaves()), (1..3, &[[2; 32], [3; 32]][..]));
    /// proof.verify_against(&Blake3Hasher, head)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct UnrootedRange {
        tree_size: u64 as plain,
        start: u64 as plain,
        leaves: &'a [Hash] as hashes,
        hashes: &'a [Hash] as hashes,
    }

    /// The leaves.
    fn leaves() -> &'a [Hash];
    /// The claimed number of leaves of the tree.
    fn tree_size() -> u64;
    /// The given nodes, from the left.
    fn hashes() -> &'a [Hash];
}

leads_to_a_root!(UnrootedRange);

impl<'a, const N: usize> UnrootedRange<'a, N> {
    /// Makes a proof from its parts: the leaves from index `start` on, and the given hashes
    /// from the left.
    ///
    /// # Errors
    /// [`TreeError::NoLeaves`], [`TreeError::IndexOutOfRange`], [`TreeError::InvalidProofLength`].
    pub fn new(
        tree_size: u64,
        start: u64,
        leaves: &'a [Hash],
        hashes: &'a [Hash],
    ) -> Result<Self, TreeError> {
        let range = check_range(tree_size, start, leaves.len() as u64)?;
        check_len(walk::hash_count::<N>(tree_size, range), hashes.len())?;
        Ok(Self {
            tree_size,
            start,
            leaves,
            hashes,
        })
    }

    /// Decodes a proof, which borrows from the bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of one.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::header(bytes, Kind::Range, N)?;
        let tree_size = reader.number()?;
        let start = reader.number()?;
        let count = reader.number()?;
        let range = check_range(tree_size, start, count)?;
        let hashes = reader.hashes(walk::hash_count::<N>(tree_size, range))?;
        let leaves = reader.hashes(count)?;
        reader.finish()?;
        Ok(Self {
            tree_size,
            start,
            leaves,
            hashes,
        })
    }

    /// The proof's encoding; see [`encoding`](crate::encoding).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::header(Kind::Range, N, self.leaves.len() + self.hashes.len());
        writer.number(self.tree_size);
        writer.number(self.start);
        writer.number(self.leaves.len() as u64);
        writer.hashes(self.hashes);
        writer.hashes(self.leaves);
        writer.finish()
    }

    /// The claimed indices of the leaves.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.start..self.start + self.leaves.len() as u64
    }

    /// The root that follows from leaves and hashes. Takes one pass, with about `1 / (N - 1)`
    /// hashes a leaf, most of them in batches; O(N * depth) memory on the stack.
    ///
    /// # Errors
    /// [`TreeError::RefusedHash`].
    pub fn compute_root<H: Hasher>(&self, hasher: &H) -> Result<Hash, TreeError> {
        assert_arity::<H, N>();
        check_hashes(hasher, self.leaves, HashRole::Leaf)?;
        check_hashes(hasher, self.hashes, HashRole::Node)?;
        let range = self.range();
        walk::root::<H, N>(hasher, self.tree_size, range, self.leaves, self.hashes)
    }
}

/// Refuses a range that is empty or does not lie within the tree.
pub(crate) fn check_range(tree_size: u64, start: u64, count: u64) -> Result<Range<u64>, TreeError> {
    if count == 0 {
        return Err(TreeError::NoLeaves);
    }
    match start.checked_add(count) {
        Some(end) if end <= tree_size => Ok(start..end),
        _ => Err(TreeError::IndexOutOfRange {
            index: start.saturating_add(count - 1),
            size: tree_size,
        }),
    }
}
