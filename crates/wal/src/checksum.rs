//! The seeded CRC-32C of groups and records. The modules of their layouts choose the covered bytes.
//!
//! Every checksum but the segment header's starts from the salt of its segment. A salt is random
//! and secret, so leaves or metadata of a user cannot pass for a group or a record. Neither can
//! groups of another segment, which have another salt. A record's checksum also starts from its
//! sequence, so records that are moved, swapped or replayed within their segment fail too.

/// The state every checksum of one segment starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u32);

impl Seed {
    /// The seed of the segment with this salt.
    pub(crate) fn new(salt: u64) -> Self {
        Self(crc32c::crc32c(&salt.to_le_bytes()))
    }

    /// The checksum of a group header: of `before` and `after`, the bytes on either side of the
    /// checksum itself.
    pub(crate) fn group(self, before: &[u8], after: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, before), after)
    }

    /// The checksum of the record with this sequence: of `bytes`, all of the record behind
    /// its checksum.
    #[inline]
    pub(crate) fn record(self, sequence: u64, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(
            crc32c::crc32c_append(self.0, &sequence.to_le_bytes()),
            bytes,
        )
    }
}
