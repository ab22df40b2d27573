//! Bytes of a file that are taken from the front, and compared with their checksum.

use crc32c::crc32c;

/// The bytes in front of a checksum, if it is theirs.
pub(super) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (rest, sum) = bytes.split_last_chunk()?;
    (u32::from_le_bytes(*sum) == crc32c(rest)).then_some(rest)
}

/// The first bytes.
pub(super) fn take<const LEN: usize>(bytes: &mut &[u8]) -> Option<[u8; LEN]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
