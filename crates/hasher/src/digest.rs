//! [`DigestHasher`]: any RustCrypto digest of 32 bytes as a [`Hasher`].
//!
//! The RustCrypto crates implement the digests; this module passes groups to them.

use core::fmt;
use core::marker::PhantomData;

use ::digest::Digest;
use ::digest::consts::U32;

use crate::hash::Hash;
use crate::hasher::Hasher;

/// Hashes a group as the digest `D` of its concatenated children, without a tag or a length.
///
/// `D` is any type of the [`digest`] traits with an output of 32 bytes.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sha2")] {
/// use rotortree_hasher::{DigestHasher, Hasher};
///
/// let hasher = DigestHasher::<sha2::Sha256>::new();
/// let parent = hasher.hash_children(&[[1; 32], [2; 32]]);
/// # use sha2::Digest;
/// assert_eq!(parent[..], sha2::Sha256::digest([[1; 32], [2; 32]].concat())[..]);
/// # }
/// ```
///
/// [`digest`]: https://docs.rs/digest/0.11
pub struct DigestHasher<D>(PhantomData<fn() -> D>);

impl<D> DigestHasher<D> {
    /// The hasher over `D`. It has no state and no size.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

// Implemented by hand, because a derive would require the same trait of `D`.
impl<D> Clone for DigestHasher<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for DigestHasher<D> {}

impl<D> Default for DigestHasher<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D> fmt::Debug for DigestHasher<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DigestHasher<{}>", core::any::type_name::<D>())
    }
}

impl<D: Digest<OutputSize = U32> + 'static> Hasher for DigestHasher<D> {
    const MAX_BLOCK: u64 = 128;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        D::digest(children.as_flattened()).into()
    }
}
