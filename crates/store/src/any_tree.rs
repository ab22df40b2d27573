//! Durable trees whose N is known only at run time: [`AnyTree`], and its builder
//! [`AnyTreeBuilder`].

mod open;
mod read_only;
mod tree;

pub use open::{AnyTreeBuilder, inspect};
pub use read_only::AnyReadOnly;
pub use tree::AnyTree;

/// Seals the traits, so that later versions can add methods.
mod sealed {
    pub trait Sealed {}
}
