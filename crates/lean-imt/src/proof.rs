//! Proofs: they convince a verifier that has only the head of a tree.
//!
//! The shape of every proof - how many levels, siblings and hashes - is a pure function of sizes
//! and indices, taken from [`geometry`](crate::geometry). A proof with one hash more or less is
//! refused. Verification allocates nothing and never panics.
//!
//! All verifiers return the same types. Against heads, `Ok(())` means that the proof holds.
//! [`VerifyError`] distinguishes a false proof, a proof of another tree, and bytes that prove
//! nothing at all: a shape that sizes and indices do not allow, a tree deeper than `MAX_DEPTH`, or
//! 32 bytes that the hasher refuses.

mod batch;
mod catch_up;
mod consistency;
mod error;
mod generate;
mod growth;
mod inclusion;
mod level;
mod multi;
mod owned;
mod path;
mod range;
mod selection;
mod unrooted;
mod update;
mod walk;

#[cfg(test)]
mod tests;

pub use batch::{BatchError, BatchFailure};
pub use catch_up::CatchUpProof;
pub use consistency::ConsistencyProof;
pub use error::VerifyError;
pub use inclusion::NaryProof;
pub use level::ProofLevel;
pub use multi::MultiProof;
pub(crate) use path::{Path, parent};
pub use range::RangeProof;
pub use unrooted::{
    UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange,
};

use crate::{TreeError, geometry};

/// The depth of a tree of this size. Refuses a depth above `MAX_DEPTH`.
pub(crate) fn check_depth<const N: usize, const MAX_DEPTH: usize>(
    size: u64,
) -> Result<usize, TreeError> {
    match geometry::depth::<N>(size) {
        depth if depth <= MAX_DEPTH => Ok(depth),
        _ => Err(TreeError::MaxDepthExceeded {
            max_depth: MAX_DEPTH,
        }),
    }
}
