//! Complete nodes in memory: append-only segments per level, over an optional shared base.
//!
//! [`MemoryNodes`] is the one node store of the product. Alone it is the in-memory tree; over a
//! base it is a fork (the base is a snapshot's source) or the tiered tree (the base reads
//! mapped chunks).

#[cfg(feature = "parallel")]
mod block;
mod level;
mod nodes;
mod pages;
mod segment;
mod source;
mod streaming;
#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(feature = "parallel")]
pub(crate) use block::Block;
pub(crate) use level::Level;
pub use nodes::MemoryNodes;
pub use source::MemorySource;
