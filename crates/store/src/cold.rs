//! Complete nodes read from storage: the first nodes of every level, chunk by chunk, each chunk
//! checked before it is believed.
//!
//! [`ColdNodes`] is what a tree's [`MemoryNodes`](rotortree_lean_imt::MemoryNodes) stand on. It
//! knows nothing of hashes or of what is pinned; [`load_nodes`] puts the two together when a store
//! is opened. Writing chunks is the business of [`checkpoint`](crate::checkpoint).

mod failure;
mod level;
mod load;
mod nodes;
mod shard;

pub use failure::storage_error;
pub use load::load_nodes;
pub use nodes::ColdNodes;
pub(crate) use nodes::check_shards;
