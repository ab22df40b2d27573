//! The builder that the tests use.

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{RotorTree, RotorTreeBuilder, RotorTreeConfig};

/// The type that `unset` is usually of.
pub(crate) type Builder<const N: usize = 2, H = Blake3Hasher, const MAX_DEPTH: usize = 32> =
    RotorTreeBuilder<RotorTree<H, N, MAX_DEPTH>>;

/// The defaults, before a storage is given.
pub(crate) fn unset<T: ?Sized>() -> RotorTreeBuilder<T> {
    RotorTreeBuilder::new(RotorTreeConfig::new(""))
}
