//! Unrooted proofs: the results of decoding. They borrow their hashes, from bytes or from an owned
//! proof, and name no root.
//!
//! An unrooted proof claims nothing by itself. Verified against a trusted head (`verify_against`)
//! it is a proof; alone it leads from leaves to some root (`compute_root`). Its constructor has
//! checked its shape, a function of sizes and indices, so verification can fail on hashes only.
//! Owned proofs verify through these types.

mod catch_up;
mod consistency;
mod inclusion;
mod multi;
mod parts;
mod range;

pub use catch_up::UnrootedCatchUp;
pub use consistency::UnrootedConsistency;
pub use inclusion::UnrootedInclusion;
pub use multi::UnrootedMulti;
pub use range::UnrootedRange;

pub(super) use inclusion::pair_sibling;
pub(super) use multi::check_indices;
pub(super) use range::check_range;

use rotortree_hasher::{Hash, Hasher};

use crate::{HashRole, TreeError};

/// Refuses hashes from outside if the hasher refuses one, and reports the first such.
pub(super) fn check_hashes<'a, H: Hasher>(
    hasher: &H,
    hashes: impl IntoIterator<Item = &'a Hash>,
    role: HashRole,
) -> Result<(), TreeError> {
    match hashes.into_iter().position(|hash| !hasher.check(hash)) {
        Some(index) => Err(TreeError::RefusedHash {
            role,
            index: index as u64,
        }),
        None => Ok(()),
    }
}

/// Refuses a number of hashes other than the expected one.
pub(super) fn check_len(expected: u64, actual: usize) -> Result<(), TreeError> {
    let actual = actual as u64;
    if expected == actual {
        Ok(())
    } else {
        Err(TreeError::InvalidProofLength { expected, actual })
    }
}
