//! The seeded CRC-32C of records.
//!
//! A record's checksum starts from the salt of its segment and from its sequence. A salt is random
//! and secret, so leaves or metadata of a user cannot pass for a record. Records that are moved,
//! swapped, replayed, or left over from another segment of the same file fail too. The headers of
//! segments and groups hold the salt itself.

/// The salt of a segment, and the state that the checksums of its records start from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) salt: u64,
    state: u32,
}

impl Seed {
    /// The seed of the segment with this salt.
    pub(crate) fn new(salt: u64) -> Self {
        let state = crc32c::crc32c(&salt.to_le_bytes());
        Self { salt, state }
    }

    /// The checksum of the record with this sequence: of `bytes`, all of the record behind
    /// its checksum.
    #[inline]
    pub(crate) fn record(self, sequence: u64, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(
            crc32c::crc32c_append(self.state, &sequence.to_le_bytes()),
            bytes,
        )
    }
}
