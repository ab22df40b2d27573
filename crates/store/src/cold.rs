//! Complete nodes read from storage: the first nodes of every level, chunk by chunk, each chunk
//! checked before it is believed.
//!
//! [`ColdNodes`] is the base of a tree's [`MemoryNodes`](rotortree_lean_imt::MemoryNodes). It knows
//! neither hashes nor pinned levels; [`load_nodes`] combines the two when a store is opened. The
//! module [`checkpoint`](crate::checkpoint) writes chunks.

mod checksums;
mod failure;
mod level;
mod load;
mod nodes;
mod shard;
mod site;

pub use failure::storage_error;
pub use load::load_nodes;
pub use nodes::ColdNodes;
pub(crate) use nodes::check_shards;
