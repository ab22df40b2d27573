//! Unrooted proofs: what decoding gives. They borrow their hashes, from bytes or from an owned
//! proof, and name no root.
//!
//! An unrooted proof claims nothing by itself. Held against a head that is trusted
//! (`verify_against`) it proves; alone it only leads from leaves to some root (`compute_root`). Its
//! shape has been checked when it was made: a function of sizes and indices, so that verifying can
//! only fail on hashes. Owned proofs verify through these types.

mod catch_up;
mod consistency;
mod inclusion;
mod multi;
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

/// Refuses the first of some hashes from outside that the hasher does not work on.
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

/// Refuses a number of hashes that is not the one that the shape requires.
pub(super) fn check_len(expected: u64, actual: usize) -> Result<(), TreeError> {
    let actual = actual as u64;
    if expected == actual {
        Ok(())
    } else {
        Err(TreeError::InvalidProofLength { expected, actual })
    }
}
