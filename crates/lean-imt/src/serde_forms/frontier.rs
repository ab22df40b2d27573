//! [`FrontierParts`].

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher, Hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{check_n, forms, hashes};
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

debug_in_hex!([const N: usize] FrontierParts<N>, "FrontierParts" {
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

#[derive(Serialize, Deserialize)]
#[serde(rename = "Frontier", deny_unknown_fields)]
struct Form {
    n: u64,
    size: u64,
    hashes: Vec<Hex>,
}

impl<const N: usize> Serialize for FrontierParts<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            n: N as u64,
            size: self.size,
            hashes: forms(&self.hashes),
        };
        form.serialize(serializer)
    }
}

impl<'de, const N: usize> Deserialize<'de> for FrontierParts<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer)?;
        check_n::<N, D::Error>(form.n)?;
        Ok(Self {
            size: form.size,
            hashes: hashes(form.hashes),
        })
    }
}

/// A frontier is written as its [`FrontierParts`].
impl<const N: usize, const MAX_DEPTH: usize> Serialize for Frontier<N, MAX_DEPTH> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = FrontierParts::<N> {
            size: self.size(),
            hashes: self.hashes().copied().collect(),
        };
        parts.serialize(serializer)
    }
}
