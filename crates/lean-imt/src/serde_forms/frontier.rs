//! [`FrontierParts`].

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};
use serde::{Serialize, Serializer};

use super::serde_as_map;
use crate::{Frontier, TreeError, TreeHead, hex::debug_in_hex};

/// The serde form of a frontier: its size and its hashes from the left, without the root.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, Frontier, FrontierParts};
///
/// let mut frontier = Frontier::<2, 32>::new();
/// frontier.append_many(&Blake3Hasher, &[[1; 32], [2; 32], [3; 32]])?;
/// let head = frontier.head().expect("the frontier is not empty");
///
/// let json = serde_json::to_string(&frontier)?;
/// let parts: FrontierParts<2> = serde_json::from_str(&json)?;
/// assert_eq!(parts.import(&Blake3Hasher, head)?, frontier);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FrontierParts<const N: usize> {
    /// Number of leaves.
    pub size: u64,
    /// The hashes from the left: those of the highest level first.
    pub hashes: Vec<Hash>,
}

debug_in_hex!([const N: usize] FrontierParts<N> {
    size: plain, hashes: hashes
});

impl<const N: usize> FrontierParts<N> {
    /// Makes the frontier of these parts and checks that it belongs to the tree with this head.
    ///
    /// # Errors
    /// [`TreeError::SizeMismatch`], [`TreeError::RootMismatch`], and those of
    /// [`Frontier::from_hashes`].
    pub fn import<H: Hasher, const MAX_DEPTH: usize>(
        &self,
        hasher: &H,
        head: TreeHead,
    ) -> Result<Frontier<N, MAX_DEPTH>, TreeError> {
        let frontier = Frontier::from_hashes(hasher, self.size, &self.hashes)?;
        frontier.expect_head(head)?;
        Ok(frontier)
    }
}

serde_as_map!("Frontier", FrontierParts<N>, N { size: u64, hashes: Vec<Hash> });

impl<const N: usize, const MAX_DEPTH: usize> Serialize for Frontier<N, MAX_DEPTH> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = FrontierParts::<N> {
            size: self.size(),
            hashes: self.hashes().copied().collect(),
        };
        parts.serialize(serializer)
    }
}
