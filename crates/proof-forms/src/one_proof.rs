//! [`one_proof`]: many leaves in one proof.

use rotortree_lean_imt::{AnySnapshot, TreeError};

/// The canonical bytes of one proof of the leaves at `indices`, which may come in any order and
/// repeatedly: a range proof where they follow each other, else a multiproof.
///
/// # Errors
/// As those of [`TreeSnapshot`](rotortree_lean_imt::TreeSnapshot).
pub fn one_proof(snapshot: &dyn AnySnapshot, mut indices: Vec<u64>) -> Result<Vec<u8>, TreeError> {
    indices.sort_unstable();
    indices.dedup();
    match indices[..] {
        [first, .., last] if last - first == indices.len() as u64 - 1 => {
            snapshot.generate_range_proof(first..=last)
        }
        _ => snapshot.generate_multiproof(&indices),
    }
}
