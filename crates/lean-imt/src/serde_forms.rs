//! `serde` for heads, proofs and frontiers, behind the feature `serde`.
//!
//! Every value is a map that names its `n` (heads apart, which have none), its sizes and its
//! hashes; an inclusion proof is flat, as it is encoded, and does not depend on `MAX_DEPTH`. In
//! human-readable formats a hash is written as `0x` and 64 lower-case hex digits and read in any
//! spelling that [`Hex`] reads; in others it is its 32 bytes. What does not have the shape that
//! sizes and indices require is neither written nor read. Reading proves nothing: roots are claims
//! until they are held against a head.
//!
//! A frontier cannot be read without a hasher, which its root takes; [`FrontierParts`] is what is
//! read in its place.

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

/// As hashes are written.
fn forms(hashes: &[Hash]) -> Vec<Hex> {
    hashes.iter().copied().map(Hex).collect()
}

/// As hashes were read.
fn hashes(forms: Vec<Hex>) -> Vec<Hash> {
    forms.into_iter().map(|form| form.0).collect()
}
