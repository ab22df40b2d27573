//! [`UnrootedCatchUp`].

use alloc::vec::Vec;
use core::ops::Range;
use rotortree_hasher::{Hash, Hasher};

use super::{check_hashes, check_len, parts::unrooted_parts};
use crate::{
    DecodeError, HashRole, Kind, TreeError, TreeHead, VerifyError,
    arity::assert_arity,
    encoding::{Reader, Writer},
    frontier, geometry,
    proof::walk,
};

unrooted_parts! {
    /// A catch-up proof without its roots, borrowing leaves and frontier.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, UnrootedCatchUp};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let old = tree.head().expect("the tree is not empty");
    /// tree.insert_many(&[[4; 32], [5; 32]])?;
    /// let new = tree.head().expect("the tree is not empty");
    /// let bytes = tree.snapshot().generate_catch_up_proof(old.size, old.root)?.to_bytes()?;
    ///
    /// let news = UnrootedCatchUp::<2>::from_bytes(&bytes)?;
    /// assert_eq!((news.range(), news.leaves()), (3..5, &[[4; 32], [5; 32]][..]));
    /// news.verify_against(&Blake3Hasher, old, new)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct UnrootedCatchUp {
        old_size: u64 as plain,
        leaves: &'a [Hash] as hashes,
        frontier: &'a [Hash] as hashes,
    }

    /// The claimed number of leaves of the old tree.
    fn old_size() -> u64;
    /// The new leaves.
    fn leaves() -> &'a [Hash];
    /// The frontier of the old tree, from the left.
    fn frontier() -> &'a [Hash];
}

impl<'a, const N: usize> UnrootedCatchUp<'a, N> {
    /// Makes a proof from its parts: the leaves after the first `old_size`, and the frontier of the
    /// first `old_size` from the left. Without leaves the frontier is empty.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`] if there are more leaves than a tree has,
    /// [`TreeError::InvalidProofLength`].
    pub fn new(old_size: u64, leaves: &'a [Hash], frontier: &'a [Hash]) -> Result<Self, TreeError> {
        let expected = frontier_len::<N>(old_size, leaves.len() as u64)?;
        check_len(expected, frontier.len())?;
        Ok(Self {
            old_size,
            leaves,
            frontier,
        })
    }

    /// Decodes a proof, which borrows from the bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of one.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::header(bytes, Kind::CatchUp, N)?;
        let old_size = reader.number()?;
        let count = reader.number()?;
        let frontier_len = frontier_len::<N>(old_size, count)?;
        let frontier = reader.hashes(frontier_len)?;
        let leaves = reader.hashes(count)?;
        reader.finish()?;
        Ok(Self {
            old_size,
            leaves,
            frontier,
        })
    }

    /// The proof's encoding; see [`encoding`](crate::encoding).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::header(Kind::CatchUp, N, self.leaves.len() + self.frontier.len());
        writer.number(self.old_size);
        writer.number(self.leaves.len() as u64);
        writer.hashes(self.frontier);
        writer.hashes(self.leaves);
        writer.finish()
    }

    /// The claimed number of leaves of the new tree.
    #[must_use]
    pub fn new_size(&self) -> u64 {
        self.old_size + self.leaves.len() as u64
    }

    /// The claimed indices of the new leaves.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.old_size..self.new_size()
    }

    /// The old and the new root that follow from frontier and leaves, or `None` if there are no new
    /// leaves. The root of an empty old tree is 32 zero bytes. Takes one pass, with about
    /// `1 / (N - 1)` hashes a leaf, most of them in batches; O(N * depth) memory on the stack.
    ///
    /// # Errors
    /// [`TreeError::RefusedHash`].
    pub fn compute_roots<H: Hasher>(&self, hasher: &H) -> Result<Option<(Hash, Hash)>, TreeError> {
        assert_arity::<H, N>();
        if self.leaves.is_empty() {
            return Ok(None);
        }
        check_hashes(hasher, self.leaves, HashRole::Leaf)?;
        check_hashes(hasher, self.frontier, HashRole::FrontierNode)?;
        let old = frontier::fold::<H, N>(hasher, self.old_size, self.frontier);
        // The given nodes of a proof of the new leaves are exactly the old frontier.
        let (size, range) = (self.new_size(), self.range());
        let new = walk::root::<H, N>(hasher, size, range, self.leaves, self.frontier)?;
        Ok(Some((old, new)))
    }

    /// Verifies that appending these leaves to the tree with the head `old` gives the one with the
    /// head `new`. Both heads come from the caller's own trusted sources.
    ///
    /// # Errors
    /// [`VerifyError::SizeMismatch`], [`VerifyError::RootMismatch`]; [`TreeError::RefusedHash`]
    /// within [`VerifyError::Malformed`].
    pub fn verify_against<H: Hasher>(
        &self,
        hasher: &H,
        old: TreeHead,
        new: TreeHead,
    ) -> Result<(), VerifyError> {
        old.check(hasher, 0).map_err(VerifyError::Malformed)?;
        new.check(hasher, 1).map_err(VerifyError::Malformed)?;
        old.expect_size(self.old_size)?;
        new.expect_size(self.new_size())?;
        old.expect_possible()?;
        let roots = self.compute_roots(hasher).map_err(VerifyError::Malformed)?;
        match roots {
            Some((old_root, new_root)) => {
                old.expect_root(&old_root)?;
                new.expect_root(&new_root)
            }
            None => new.expect_root(&old.root),
        }
    }
}

/// The number of frontier hashes of a proof of `count` leaves after `old_size`.
fn frontier_len<const N: usize>(old_size: u64, count: u64) -> Result<u64, TreeError> {
    if old_size.checked_add(count).is_none() {
        return Err(TreeError::IndexOutOfRange {
            index: u64::MAX,
            size: u64::MAX,
        });
    }
    Ok(match count {
        0 => 0,
        _ => geometry::digit_sum::<N>(old_size),
    })
}
