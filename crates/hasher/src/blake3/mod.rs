//! [`Blake3Hasher`]: BLAKE3 over groups, many groups at a time where the CPU allows it.

use crate::hasher::{Hash, Hasher};

/// Hashes a group as the BLAKE3 hash of its children, one after the other: exactly
/// `blake3::hash` of the `32 * n` bytes, whatever the CPU.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{Blake3Hasher, Hasher};
///
/// let parent = Blake3Hasher.hash_children(&[[1; 32], [2; 32]]);
/// assert_eq!(parent, *blake3::hash([[1; 32], [2; 32]].as_flattened()).as_bytes());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blake3Hasher;

impl Blake3Hasher {
    /// The hasher. It has no state and no size.
    pub const fn new() -> Self {
        Self
    }
}

impl Hasher for Blake3Hasher {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        *::blake3::hash(children.as_flattened()).as_bytes()
    }
}
