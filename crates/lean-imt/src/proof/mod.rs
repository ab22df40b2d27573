//! Proofs: what a snapshot says about a tree to somebody who has only its head.
//!
//! The shape of every proof - how many levels, siblings and hashes - is a pure function of sizes and indices, taken from
//! [`geometry`](crate::geometry); one hash more or less is refused. Verification allocates nothing and never panics.
//!
//! All verifiers answer alike. `Err` means that the bytes cannot be a proof of anything: a shape that sizes and indices do
//! not allow, a tree deeper than `MAX_DEPTH`, or 32 bytes that the hasher refuses. `Ok(false)` means a well-formed proof that
//! does not hold: of another tree, another size, another leaf, or forged.

mod batch;
mod catch_up;
mod consistency;
mod generate;
mod growth;
mod inclusion;
mod multi;
mod path;
mod range;
mod selection;
mod unrooted;
mod update;
mod walk;

#[cfg(test)]
mod tests;

pub use batch::BatchFailure;
pub use catch_up::CatchUpProof;
pub use consistency::ConsistencyProof;
pub use inclusion::{NaryProof, ProofLevel};
pub use multi::MultiProof;
pub(crate) use path::{Path, parent};
pub use range::RangeProof;
pub use unrooted::{
    UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange,
};

use crate::{TreeError, geometry};

/// The depth of a tree of this size, if it may be as deep.
fn check_depth<const N: usize, const MAX_DEPTH: usize>(size: u64) -> Result<usize, TreeError> {
    match geometry::depth::<N>(size) {
        depth if depth <= MAX_DEPTH => Ok(depth),
        _ => Err(TreeError::MaxDepthExceeded {
            max_depth: MAX_DEPTH,
        }),
    }
}
