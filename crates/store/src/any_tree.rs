//! Durable trees whose N is known only at run time: [`AnyTree`], and [`AnyTreeBuilder`]
//! that opens one.

mod object;
mod open;
mod read_only;
mod tree;

pub use open::{AnyTreeBuilder, inspect};
pub use read_only::AnyReadOnly;
pub use tree::AnyTree;

/// Seals the traits, so that methods can be added to them.
mod sealed {
    pub trait Sealed {}
}
