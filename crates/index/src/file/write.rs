//! Writes an index.

use std::{io::Write, path::Path};

use crc32c::crc32c;
use rotortree_lean_imt::TreeHead;

use super::{HEADER_BYTES, Header, MAGIC, ShardHeader, VERSION, replace::replace};
use crate::{
    IndexError,
    layout::Layout,
    shard::Shard,
    table::{SHARDS, Table},
};

/// Replaces the file by one that covers the leaves of `head`. Other threads may add leaves behind
/// them meanwhile.
pub(crate) fn save(path: &Path, table: &Table, head: Option<TreeHead>) -> Result<(), IndexError> {
    let size = head.map_or(0, |head| head.size);
    let header = Header {
        size,
        root: head.map_or([0; 32], |head| head.root),
        key: table.key().to_bytes(),
    };
    replace(path, |file| {
        file.write_all(&header.encode())?;
        let mut ends = Vec::with_capacity(SHARDS);
        let mut end = HEADER_BYTES as u64;
        let mut bytes = Vec::new();
        for shard in 0..SHARDS {
            bytes.clear();
            // Not locked while the disk writes.
            encode_shard(shard, &table.read(shard), size, &mut bytes);
            file.write_all(&bytes)?;
            end += bytes.len() as u64;
            ends.push(end.to_le_bytes());
        }
        file.write_all(&with_checksum(&[ends.as_flattened()]))
    })
}

/// Fields, and their checksum.
fn with_checksum(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = fields.concat();
    let sum = crc32c(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        with_checksum(&[
            &MAGIC,
            &VERSION.to_le_bytes(),
            &(SHARDS as u32).to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.root,
            &self.key,
        ])
    }
}

/// Appends the entries of a shard with indices below `size`, and their checksum.
pub(super) fn encode_shard(number: usize, shard: &Shard, size: u64, bytes: &mut Vec<u8>) {
    let layout = shard.layout();
    let is_covered = |&(_, index): &(u64, u64)| index < size;
    let overflow = shard.overflow().filter(is_covered);
    let header = ShardHeader {
        number: number as u32,
        layout,
        overflow: overflow.count() as u64,
    };
    header.encode(bytes);
    for slots in shard.buckets() {
        let count = bytes.len();
        bytes.push(0);
        for slot in slots.filter(|slot| slot & layout.index_mask() < size) {
            bytes[count] += 1;
            bytes.extend_from_slice(&slot.to_le_bytes()[..6]);
        }
    }
    for (place, index) in shard.overflow().filter(is_covered) {
        bytes.extend_from_slice(&place.to_le_bytes());
        bytes.extend_from_slice(&index.to_le_bytes());
    }
    let sum = crc32c(bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
}

impl ShardHeader {
    fn encode(&self, bytes: &mut Vec<u8>) {
        let Layout {
            buckets,
            index_bits,
            prefix_bits,
        } = self.layout;
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&buckets.to_le_bytes());
        bytes.extend_from_slice(&[index_bits as u8, prefix_bits as u8]);
        bytes.extend_from_slice(&self.overflow.to_le_bytes());
    }
}
