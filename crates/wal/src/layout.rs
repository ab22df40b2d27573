//! Sizes, limits and little-endian fields that segments, groups and records share. The tables are
//! in the crate's documentation.

/// The unit that a disk writes whole or not at all, in bytes. Segment headers and groups start on a
/// multiple of it.
pub const SECTOR: usize = 512;

/// The version of the format that this crate writes and reads. Version 1 was never released.
pub(crate) const FORMAT_VERSION: u16 = 2;

/// The largest body of a record (leaves, metadata and padding) in bytes: 32,768 leaves. A larger
/// batch is split.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// The largest metadata of a batch in bytes.
pub const MAX_METADATA_BYTES: usize = 64 << 10;

/// The largest sequence. Twice this number fits a `u64`, so arithmetic on sequences from any source
/// does not overflow.
pub const MAX_SEQUENCE: u64 = (1 << 62) - 1;

/// The length of a group header in bytes.
pub(crate) const GROUP_HEADER: usize = 128;

/// The length of a record header in bytes.
pub(crate) const RECORD_HEADER: usize = 16;

/// The length of a leaf in bytes.
pub(crate) const LEAF: usize = 32;

/// Records are padded to a multiple of this many bytes.
pub(crate) const RECORD_ALIGN: usize = 16;

/// The shortest record: a header, and at least one leaf or one unit of metadata. Empty metadata
/// alone takes the header only.
pub(crate) const MIN_RECORD: usize = RECORD_HEADER;

/// The longest record in bytes, header included.
pub(crate) const MAX_RECORD: usize = RECORD_HEADER + MAX_RECORD_BYTES;

/// `SECTOR` for arithmetic on offsets.
pub(crate) const SECTOR_U64: u64 = SECTOR as u64;

/// The first sector boundary at or behind `offset`; the largest `u64` if there is none.
pub(crate) fn sector_end(offset: u64) -> u64 {
    offset
        .checked_next_multiple_of(SECTOR_U64)
        .unwrap_or(u64::MAX)
}

/// The fixed-size field at `at`.
///
/// # Panics
///
/// If the field does not lie within `bytes`: callers hand in arrays and slices whose length they
/// have checked.
#[inline]
pub(crate) fn field<const LEN: usize>(bytes: &[u8], at: usize) -> [u8; LEN] {
    let mut value = [0; LEN];
    value.copy_from_slice(&bytes[at..at + LEN]);
    value
}

pub(crate) fn get_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(field(bytes, at))
}

#[inline]
pub(crate) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

pub(crate) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

/// Writes `value` at `at`; the counterpart of [`field`], with the same panic.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Whether all of `bytes` are zero. Reads sixteen at a time, which the compiler turns
/// into vector code.
#[inline]
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<16>();
    words
        .iter()
        .fold(0, |all, word| all | u128::from_ne_bytes(*word))
        == 0
        && rest.iter().all(|byte| *byte == 0)
}
