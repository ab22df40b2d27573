//! The file of an index: [`save`] replaces it as a whole, and [`IndexFile`] believes no part of it
//! before it was checked.
//!
//! ```text
//! header   magic | version | shards | size | root | key | checksum
//! shard    number | layout | overflow: count
//!          bucket: count | slots .. | .. | overflow entries | checksum
//! ..
//! ends     end of each shard .. | checksum
//! ```
//!
//! The head, size and root, is that of a durable state of the tree. A file is used if the tree had
//! this head, and the leaves behind it are added. The ends let a reader take one shard, and let
//! several threads take all of them.

mod bytes;
mod on_demand;
mod read;
mod replace;
mod shard;
mod write;

use rotortree_hasher::Hash;

use crate::{key::Key, layout::Layout, table::SHARDS};

pub(crate) use on_demand::FileShards;
pub(crate) use read::{IndexFile, Unused};
pub(crate) use replace::check_outside;
pub(crate) use write::save;

const MAGIC: [u8; 8] = *b"rotoridx";
const VERSION: u32 = 1;

/// The bytes of the header, its checksum included.
const HEADER_BYTES: usize = 76;

/// The bytes of the ends of the shards, their checksum included.
const ENDS_BYTES: usize = 8 * SHARDS + 4;

/// The fields of the header.
#[derive(Clone, Copy)]
struct Header {
    size: u64,
    /// Zero for the empty tree.
    root: Hash,
    key: [u8; Key::BYTES],
}

/// The fields in front of the buckets of a shard.
#[derive(Clone, Copy)]
struct ShardHeader {
    number: u32,
    layout: Layout,
    /// The entries without a slot.
    overflow: u64,
}
