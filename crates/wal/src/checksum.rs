//! The seeded CRC-32C of records.
//!
//! A record's checksum starts from the salt of its segment and from its sequence. A salt is random
//! and secret, so leaves or metadata of a user cannot pass for a record. Records that are moved,
//! swapped, replayed, or left over from another segment of the same file fail too. The headers of
//! segments and groups hold the salt itself.

#[cfg(target_arch = "x86_64")]
mod short;

/// The salt of a segment, and the state that the checksums of its records start from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) salt: u64,
    state: u32,
    #[cfg(target_arch = "x86_64")]
    short: Option<short::Crc>,
}

impl Seed {
    /// The seed of the segment with this salt.
    pub(crate) fn new(salt: u64) -> Self {
        let state = crc32c::crc32c(&salt.to_le_bytes());
        Self {
            salt,
            state,
            #[cfg(target_arch = "x86_64")]
            short: short::Crc::detect(),
        }
    }

    /// The checksum of the record with this sequence: of `bytes`, all of the record behind
    /// its checksum.
    #[inline]
    pub(crate) fn record(self, sequence: u64, bytes: &[u8]) -> u32 {
        #[cfg(target_arch = "x86_64")]
        if let (Some(short), Some((first, rest))) = (self.short, bytes.split_first_chunk())
            && rest.len() <= short::MAX_BYTES
            && let (words, []) = rest.as_chunks()
        {
            return short.append(self.state, sequence, *first, words);
        }
        self.record_of_any_length(sequence, bytes)
    }

    /// [`record`](Self::record) by the `crc32c` crate.
    fn record_of_any_length(self, sequence: u64, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(
            crc32c::crc32c_append(self.state, &sequence.to_le_bytes()),
            bytes,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Records of every length that a record can have around the bound, and of others.
        #[test]
        fn short_and_long_checksums_are_those_of_one_function(
            salt: u64,
            sequence: u64,
            bytes in prop::collection::vec(any::<u8>(), 700),
        ) {
            let seed = Seed::new(salt);
            let mut whole = salt.to_le_bytes().to_vec();
            whole.extend(sequence.to_le_bytes());
            let start = whole.len();
            for len in 0..bytes.len() {
                whole.truncate(start);
                whole.extend(&bytes[..len]);
                let expected = crc32c::crc32c(&whole);
                prop_assert_eq!(seed.record(sequence, &bytes[..len]), expected, "{} bytes", len);
                let any_length = seed.record_of_any_length(sequence, &bytes[..len]);
                prop_assert_eq!(any_length, expected, "{} bytes", len);
            }
        }
    }
}
