//! [`UnrootedConsistency`].

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use super::{check_hashes, check_len, parts::unrooted_parts};
use crate::{
    DecodeError, HashRole, Kind, TreeError, TreeHead, VerifyError,
    arity::assert_arity,
    encoding::{Reader, Writer},
    proof::growth::{self, Boundary, BoundaryGroup},
};

unrooted_parts! {
    /// A consistency proof without its roots, borrowing its hashes.
    ///
    /// ```
    /// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, UnrootedConsistency};
    ///
    /// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let old = tree.head().expect("the tree is not empty");
    /// tree.insert([4; 32])?;
    /// let new = tree.head().expect("the tree is not empty");
    /// let bytes = tree.snapshot().generate_consistency_proof(old.size, old.root)?.to_bytes()?;
    ///
    /// let growth = UnrootedConsistency::<2>::from_bytes(&bytes)?;
    /// growth.verify_against(&Blake3Hasher, old, new)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct UnrootedConsistency {
        old_size: u64 as plain,
        new_size: u64 as plain,
        hashes: &'a [Hash] as hashes,
    }

    /// The claimed number of leaves of the old tree.
    fn old_size() -> u64;
    /// The claimed number of leaves of the new tree.
    fn new_size() -> u64;
    /// Nodes along the boundary, from the lowest level up, and from the left within a level.
    fn hashes() -> &'a [Hash];
}

impl<'a, const N: usize> UnrootedConsistency<'a, N> {
    /// Makes a proof from its parts; hashes from the lowest level up, and from the left
    /// within a level.
    ///
    /// # Errors
    /// [`TreeError::SizeDecreased`], [`TreeError::InvalidProofLength`].
    pub fn new(old_size: u64, new_size: u64, hashes: &'a [Hash]) -> Result<Self, TreeError> {
        check_len(hash_count::<N>(old_size, new_size)?, hashes.len())?;
        Ok(Self {
            old_size,
            new_size,
            hashes,
        })
    }

    /// Decodes a proof, which borrows from the bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not the encoding of one.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::header(bytes, Kind::Consistency, N)?;
        let old_size = reader.number()?;
        let new_size = reader.number()?;
        let hashes = reader.hashes(hash_count::<N>(old_size, new_size)?)?;
        reader.finish()?;
        Ok(Self {
            old_size,
            new_size,
            hashes,
        })
    }

    /// The proof's encoding; see [`encoding`](crate::encoding).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::header(Kind::Consistency, N, self.hashes.len());
        writer.number(self.old_size);
        writer.number(self.new_size);
        writer.hashes(self.hashes);
        writer.finish()
    }

    /// The old and the new root that follow from the hashes. `None` from the empty tree and between
    /// equal sizes, because these proofs have no hashes. At most two hashes per level, O(N) memory
    /// on the stack.
    ///
    /// # Errors
    /// [`TreeError::RefusedHash`].
    pub fn compute_roots<H: Hasher>(&self, hasher: &H) -> Result<Option<(Hash, Hash)>, TreeError> {
        self.roots(hasher, |_, _| ())
    }

    /// Verifies that the tree with the head `old` grew into the one with the head `new`. Both heads
    /// come from the caller's own trusted sources. From [`TreeHead::EMPTY`] every head follows.
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
        self.verify_visiting(hasher, old, new, |_, _| ())
    }

    /// [`verify_against`](Self::verify_against) with the `visit` of [`growth::roots`].
    pub(in crate::proof) fn verify_visiting<H: Hasher>(
        &self,
        hasher: &H,
        old: TreeHead,
        new: TreeHead,
        visit: impl FnMut(BoundaryGroup, &[Hash]),
    ) -> Result<(), VerifyError> {
        old.check(hasher, 0).map_err(VerifyError::Malformed)?;
        new.check(hasher, 1).map_err(VerifyError::Malformed)?;
        old.expect_size(self.old_size)?;
        new.expect_size(self.new_size)?;
        old.expect_possible()?;
        let roots = self.roots(hasher, visit).map_err(VerifyError::Malformed)?;
        match roots {
            Some((old_root, new_root)) => {
                old.expect_root(&old_root)?;
                new.expect_root(&new_root)
            }
            None if self.old_size == self.new_size => new.expect_root(&old.root),
            // Every head follows from the empty tree; the old head was checked to be possible.
            None => Ok(()),
        }
    }

    fn roots<H: Hasher>(
        &self,
        hasher: &H,
        visit: impl FnMut(BoundaryGroup, &[Hash]),
    ) -> Result<Option<(Hash, Hash)>, TreeError> {
        assert_arity::<H, N>();
        if self.old_size == 0 || self.old_size == self.new_size {
            return Ok(None);
        }
        check_hashes(hasher, self.hashes, HashRole::Node)?;
        let (old, new) = (self.old_size, self.new_size);
        Ok(Some(growth::roots::<H, N>(
            hasher,
            old,
            new,
            self.hashes,
            visit,
        )))
    }
}

/// The number of hashes of a proof between these sizes.
fn hash_count<const N: usize>(old_size: u64, new_size: u64) -> Result<u64, TreeError> {
    if new_size < old_size {
        return Err(TreeError::SizeDecreased { old_size, new_size });
    }
    if old_size == 0 || old_size == new_size {
        return Ok(0);
    }
    Ok(Boundary::<N>::new(old_size, new_size).hash_count())
}
