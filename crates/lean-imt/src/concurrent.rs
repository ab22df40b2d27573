//! A tree that many threads append to and read. It is a wrapper, so that no feature changes
//! the tree itself.

mod cell;
mod tree;

#[cfg(all(test, loom))]
mod loom_models;
#[cfg(all(test, not(loom)))]
mod tests;

pub use tree::ConcurrentLeanIMT;
