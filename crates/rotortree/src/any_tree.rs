//! Durable trees whose N is known only at run time: [`AnyTree`], and [`AnyTreeBuilder`] that opens
//! one.

mod builder;
mod read_only;
mod tree;

pub use builder::{AnyTreeBuilder, inspect};
pub use read_only::AnyReadOnly;
pub use tree::AnyTree;

/// Only the trees of this crate are trees, so that methods can be added.
mod sealed {
    use crate::{Hasher, ReadOnly, RotorTree};

    pub trait Sealed {}
    impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Sealed for RotorTree<H, N, MAX_DEPTH> {}
    impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Sealed for ReadOnly<H, N, MAX_DEPTH> {}
}
