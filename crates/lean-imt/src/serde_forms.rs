//! `serde` for heads, proofs and frontiers, behind the feature `serde`.
//!
//! Every value is a map of its `n` (except heads, which have none), its sizes and its hashes. An
//! inclusion proof is flat, like its encoding, and does not depend on `MAX_DEPTH`. In
//! human-readable formats a hash is written as `0x` and 64 lower-case hex digits, and read in any
//! spelling that [`Hex`] reads; in other formats it is 32 bytes. A value whose shape does not fit
//! its sizes and indices is neither written nor read. Reading proves nothing: roots are claims
//! until they are verified against a head.
//!
//! A frontier needs a hasher for its root, which serde does not have; [`FrontierParts`] is read
//! in its place.

mod frontier;
mod lean_imt;
mod proofs;

#[cfg(test)]
mod tests;

pub use frontier::FrontierParts;

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hex};

/// Refuses an `n` other than the type's.
fn check_n<const N: usize, E: serde::de::Error>(n: u64) -> Result<(), E> {
    if n == N as u64 {
        Ok(())
    } else {
        Err(E::custom(format_args!(
            "this is about trees with N = {n}, not {N}"
        )))
    }
}

/// The written form of hashes.
fn forms(hashes: &[Hash]) -> Vec<Hex> {
    hashes.iter().copied().map(Hex).collect()
}

/// The hashes of their read form.
fn hashes(forms: Vec<Hex>) -> Vec<Hash> {
    forms.into_iter().map(|form| form.0).collect()
}
