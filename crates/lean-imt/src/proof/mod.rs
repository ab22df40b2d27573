//! Proofs: what a snapshot says about a tree to somebody who has only its head.
//!
//! The shape of every proof - how many levels, siblings and hashes - is a pure function of sizes and indices, taken from
//! [`geometry`](crate::geometry); one hash more or less is refused. Verification allocates nothing and never panics.
//!
//! All verifiers answer alike. `Err` means that the bytes cannot be a proof of anything: a shape that sizes and indices do
//! not allow, a tree deeper than `MAX_DEPTH`, or 32 bytes that the hasher refuses. `Ok(false)` means a well-formed proof that
//! does not hold: of another tree, another size, another leaf, or forged.

mod consistency;
mod growth;
mod inclusion;
mod path;
mod update;

#[cfg(test)]
mod tests;

pub use consistency::ConsistencyProof;
pub use inclusion::{NaryProof, ProofLevel};
pub(crate) use path::parent;
