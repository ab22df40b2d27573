//! The unit of cold storage: 128 nodes of a level, and its checksum.

/// Nodes in a chunk.
pub const CHUNK_NODES: u64 = 128;
/// Bytes in a chunk.
pub const CHUNK_BYTES: usize = 4096;
/// Chunks in a full shard: 1 GiB.
pub const SHARD_CHUNKS: u64 = 1 << 18;
/// Bytes in a sector of checksums.
pub const SUM_SECTOR_BYTES: usize = 512;
/// Checksums in a sector.
pub const SUMS_PER_SECTOR: u64 = 128;
/// Checksum sectors in a full shard.
pub const SHARD_SUM_SECTORS: u64 = SHARD_CHUNKS / SUMS_PER_SECTOR;
