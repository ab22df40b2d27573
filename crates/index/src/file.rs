//! The file of an index: [`save`] replaces it as a whole, and [`load`] believes none of it before
//! it was checked.
//!
//! ```text
//! header   magic | version | shards | size | root | key | checksum
//! shard    number | layout | overflow: count | checksum
//!          bucket: count | slots .. | .. | overflow entries | checksum
//! ```
//!
//! The head, size and root, is that of a durable state of the tree. A file is used if the tree had
//! this head, and the leaves behind it are added.

mod read;
mod replace;
mod write;

use rotortree_hasher::Hash;

use crate::{key::Key, layout::Layout};

pub(crate) use read::{Unused, load};
pub(crate) use replace::check_outside;
pub(crate) use write::save;

const MAGIC: [u8; 8] = *b"rotoridx";
const VERSION: u32 = 1;

/// The bytes of the header, its checksum included.
const HEADER_BYTES: usize = 76;

/// The bytes in front of the buckets of a shard.
const SHARD_HEADER_BYTES: usize = 22;

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
    overflow: u64,
}
