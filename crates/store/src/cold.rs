//! Complete nodes read from storage: the first nodes of every level, chunk by chunk, each chunk
//! checked before it is believed.
//!
//! A shard is opened when a node of it is read first; only the last shard of each level is opened
//! with the store, so that an opening takes as long at any size.
//!
//! [`ColdNodes`] is the base of a tree's [`MemoryNodes`](rotortree_lean_imt::MemoryNodes). The
//! levels between the stored ones are hashed from blocks of stored nodes whenever they are read
//! (`between`), and kept in a [`BlockCache`] (`cache`). [`load_nodes`] combines chunks, tails and
//! pinned levels when a store is opened. The module [`checkpoint`](crate::checkpoint) writes
//! chunks.

mod ahead;
mod between;
mod cache;
mod checksums;
mod failure;
mod level;
mod load;
mod nodes;
mod on_demand;
mod open_shard;
mod plan;
mod portion;
mod set;
mod shard;
mod site;
mod slabs;
mod stored;

pub use cache::BlockCache;
pub use failure::storage_error;
pub use load::load_nodes;
pub use nodes::ColdNodes;
pub(crate) use nodes::check_shards;
