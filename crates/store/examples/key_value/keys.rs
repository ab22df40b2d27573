//! Keys of a store. The only module that spells them.
//!
//! Numbers are big-endian, so that the order of keys is that of numbers up to `u64::MAX`. A label
//! that bytes are kept under is a part of a key and nothing else: `..` leads nowhere.

use rotortree_store::storage::{Shard, Stream};

use crate::database::Key;

pub(crate) const MANIFEST: &[u8] = b"manifest";
pub(crate) const LOG: &[u8] = b"log/";
pub(crate) const UNITS: &[u8] = b"units/";

/// All pieces of a segment.
pub(crate) fn segment(number: u64) -> Key {
    [LOG, &number.to_be_bytes()].concat()
}

/// The piece of a segment that starts at `offset`.
pub(crate) fn piece(number: u64, offset: u64) -> Key {
    [&segment(number)[..], &offset.to_be_bytes()].concat()
}

/// Segment and offset of a piece.
pub(crate) fn piece_place(key: &[u8]) -> Option<(u64, u64)> {
    let (number, offset) = key.strip_prefix(LOG)?.split_first_chunk()?;
    let offset = offset.try_into().ok()?;
    Some((u64::from_be_bytes(*number), u64::from_be_bytes(offset)))
}

/// One unit of a shard.
pub(crate) fn unit(shard: Shard, index: u64) -> Key {
    let stream = match shard.stream {
        Stream::Chunks => b'c',
        Stream::Sums => b's',
    };
    [
        UNITS,
        &[shard.level, stream],
        &shard.index.to_be_bytes(),
        &index.to_be_bytes(),
    ]
    .concat()
}

/// The quarantined value of a label.
pub(crate) fn quarantined(label: &str) -> Key {
    format!("aside/{label}").into_bytes()
}
