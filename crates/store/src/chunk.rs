//! The unit of cold storage: 128 nodes of a level, and its checksum.

use rotortree_hasher::Hash;

/// Nodes in a chunk.
pub const CHUNK_NODES: u64 = 128;
/// Bytes in a chunk.
pub const CHUNK_BYTES: usize = 4096;
/// Chunks in a full shard: 1 GiB.
pub const SHARD_CHUNKS: u64 = 1 << 18;
/// Bytes in a sector of checksums.
pub const SUM_SECTOR_BYTES: usize = 512;
/// Bytes in a checksum.
pub const SUM_BYTES: usize = 4;
/// Checksums in a sector.
pub const SUMS_PER_SECTOR: u64 = 128;
/// Checksum sectors in a full shard.
pub const SHARD_SUM_SECTORS: u64 = SHARD_CHUNKS / SUMS_PER_SECTOR;

const _: () = assert!(CHUNK_BYTES == CHUNK_NODES as usize * size_of::<Hash>());
const _: () = assert!(SUM_SECTOR_BYTES == SUMS_PER_SECTOR as usize * SUM_BYTES);

/// The checksum of chunk `index` of a level: CRC-32C over tree id, level (one byte), index (eight
/// bytes, little-endian) and the chunk's bytes.
///
/// The prefix before the bytes is never stored. It binds every chunk's checksum to its place: a
/// chunk that was moved, swapped with its neighbour or taken from another tree fails, though its
/// bytes are whole.
///
/// ```
/// use rotortree_store::chunk::{CHUNK_BYTES, chunk_sum};
///
/// let bytes = [7; CHUNK_BYTES];
/// assert_ne!(chunk_sum(&[1; 16], 0, 5, &bytes), chunk_sum(&[1; 16], 0, 6, &bytes));
/// assert_ne!(chunk_sum(&[1; 16], 0, 5, &bytes), chunk_sum(&[2; 16], 0, 5, &bytes));
/// ```
#[must_use]
pub fn chunk_sum(tree_id: &[u8; 16], level: u8, index: u64, bytes: &[u8]) -> u32 {
    let mut place = [0; 25];
    place[..16].copy_from_slice(tree_id);
    place[16] = level;
    place[17..].copy_from_slice(&index.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&place), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_place_and_bytes_together() {
        let bytes: Vec<u8> = (0..CHUNK_BYTES).map(|at| (at * 7) as u8).collect();
        let mut whole = [3; 16].to_vec();
        whole.push(9);
        whole.extend(0x0102_0304_0506_u64.to_le_bytes());
        whole.extend(&bytes);
        assert_eq!(
            chunk_sum(&[3; 16], 9, 0x0102_0304_0506, &bytes),
            crc32c::crc32c(&whole)
        );
    }

    #[test]
    fn a_chunk_has_another_checksum_at_every_other_place() {
        let bytes = [0; CHUNK_BYTES];
        let here = chunk_sum(&[0; 16], 0, 0, &bytes);
        assert_ne!(here, 0, "a hole in both files would pass");
        for bit in 0..64 {
            assert_ne!(here, chunk_sum(&[0; 16], 0, 1 << bit, &bytes));
        }
        for level in 1..=64 {
            assert_ne!(here, chunk_sum(&[0; 16], level, 0, &bytes));
        }
        for bit in 0..128 {
            let id = (1u128 << bit).to_le_bytes();
            assert_ne!(here, chunk_sum(&id, 0, 0, &bytes));
        }
    }
}
