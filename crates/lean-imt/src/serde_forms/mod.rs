//! `serde` for heads, proofs and frontiers, behind the feature `serde`.
//!
//! Every value is a map that names its `n` (heads apart, which have none), its sizes and its hashes; an inclusion proof is
//! flat, as it is encoded, and does not depend on `MAX_DEPTH`. In human-readable formats a hash is `0x` and 64 lower-case
//! hex digits, and nothing else is taken; in others it is its 32 bytes. What does not have the shape that sizes and indices
//! require is neither written nor read. Reading proves nothing: roots are claims until they are held against a head.
//!
//! A frontier cannot be read without a hasher, which its root takes; [`FrontierParts`] is what is read in its place.

mod frontier;
mod hash;
mod proofs;

#[cfg(test)]
mod tests;

pub use frontier::FrontierParts;
use hash::HashForm;

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
fn forms(hashes: &[rotortree_hasher::Hash]) -> alloc::vec::Vec<HashForm> {
    hashes.iter().copied().map(HashForm).collect()
}

/// As hashes were read.
fn hashes(forms: alloc::vec::Vec<HashForm>) -> alloc::vec::Vec<rotortree_hasher::Hash> {
    forms.into_iter().map(|form| form.0).collect()
}
