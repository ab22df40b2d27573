//! Imports a directory of the crates.io package `rotortree` 0.20 into a new one.
//!
//! That package writes to a directory when it opens it. So the old directory is copied first, and
//! only the copy is opened. The leaves are read through the public items of that package, appended
//! to a new tree, and the roots are compared. Where they differ, the first node of the old tree
//! that does not follow from its children is named, and no new directory is left.
//!
//! [Migrating](../../../docs/guide/src/migrating.md) says how to run it and what else differs.
#![forbid(unsafe_code)]

mod copied;
mod difference;
mod error;
mod import;

pub use copied::{Copied, Size};
pub use difference::Difference;
pub use error::ImportError;
pub use import::{Imported, import};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
