//! The header of a sync group, and the attest mark, which is a group without records. The module
//! `record` lays out the records.

use crate::layout::{
    GROUP_HEADER, MAX_RECORD, MAX_SEQUENCE, MIN_RECORD, RECORD_ALIGN, field, get_u32, get_u64,
    is_zero, put, sector_end,
};

const MAGIC: u32 = u32::from_le_bytes(*b"ROTG");

const CRC_AT: usize = 4;
const PAYLOAD_LEN_AT: usize = 8;
const FIRST_SEQUENCE_AT: usize = 16;
const RECORD_COUNT_AT: usize = 24;
const FLAGS_AT: usize = 28;
const ATTESTED_AT: usize = 32;
const SIZE_AFTER_AT: usize = 40;
const ROOT_AFTER_AT: usize = 48;
const SALT_AT: usize = 80;
const RESERVED_AT: usize = 88;

/// The header of a group, and the group's place.
///
/// A scanner hands these out; see [`Event::Group`](crate::Event::Group).
///
/// ```
/// use rotortree_wal::{Event, GroupBuffer, Position, SECTOR, Scanner};
///
/// let mut segment = vec![0; SECTOR]; // where the segment header would stand
/// let after = Position { sequence: 5, size: 40, root: [1; 32] };
/// segment.extend(GroupBuffer::new(6).seal(0x5eed, 3, &after));
/// let mut scanner = Scanner::new(&segment[..], 0x5eed);
/// match scanner.next()? {
///     Some(Event::Group(mark)) => assert_eq!(
///         (mark.attested, mark.first_sequence, mark.record_count),
///         (3, 6, 0)
///     ),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), rotortree_wal::OutOfBounds>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupHeader {
    /// The start of the group, in bytes from the segment's start; a sector boundary.
    pub offset: u64,
    /// The sequence of the group's first record; of an attest mark, that of the next record there
    /// will be.
    pub first_sequence: u64,
    /// The number of records in the group; 0 in an attest mark.
    pub record_count: u32,
    /// The length of the records in bytes, without the header before and the padding behind them.
    pub payload_len: u64,
    /// The sequence up to which syncs had returned when the group was written: a batch's end, and
    /// before `first_sequence`.
    pub attested: u64,
    /// Leaves in the tree after the last batch that is complete by the end of this group.
    pub size_after: u64,
    /// Root of the tree of `size_after` leaves; zeros when there are none.
    pub root_after: [u8; 32],
}

impl GroupHeader {
    /// The sequence of the last record at the group's end: of its own last one, or the one before
    /// if it has none.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.first_sequence - 1 + u64::from(self.record_count)
    }

    /// The end of the records, in bytes from the segment's start; the largest `u64` if the end is
    /// past it.
    #[must_use]
    pub fn payload_end(&self) -> u64 {
        self.offset
            .saturating_add(GROUP_HEADER as u64)
            .saturating_add(self.payload_len)
    }

    /// The end of the group, where the next one can start: the sector boundary at or behind the
    /// records' end.
    #[must_use]
    pub fn end(&self) -> u64 {
        sector_end(self.payload_end())
    }

    /// The header in the segment with this salt.
    pub(crate) fn encode(&self, salt: u64) -> [u8; GROUP_HEADER] {
        let mut bytes = [0; GROUP_HEADER];
        put(&mut bytes, 0, &MAGIC.to_le_bytes());
        put(&mut bytes, PAYLOAD_LEN_AT, &self.payload_len.to_le_bytes());
        put(
            &mut bytes,
            FIRST_SEQUENCE_AT,
            &self.first_sequence.to_le_bytes(),
        );
        put(
            &mut bytes,
            RECORD_COUNT_AT,
            &self.record_count.to_le_bytes(),
        );
        put(&mut bytes, ATTESTED_AT, &self.attested.to_le_bytes());
        put(&mut bytes, SIZE_AFTER_AT, &self.size_after.to_le_bytes());
        put(&mut bytes, ROOT_AFTER_AT, &self.root_after);
        put(&mut bytes, SALT_AT, &salt.to_le_bytes());
        let crc = checksum(&bytes);
        put(&mut bytes, CRC_AT, &crc.to_le_bytes());
        bytes
    }

    /// The header in `bytes`, if one of the segment with this salt stands there, with a valid
    /// checksum and possible fields.
    pub(crate) fn decode(bytes: &[u8; GROUP_HEADER], offset: u64, salt: u64) -> Option<Self> {
        if get_u32(bytes, 0) != MAGIC
            || get_u64(bytes, SALT_AT) != salt
            || get_u32(bytes, CRC_AT) != checksum(bytes)
        {
            return None;
        }
        let header = Self {
            offset,
            first_sequence: get_u64(bytes, FIRST_SEQUENCE_AT),
            record_count: get_u32(bytes, RECORD_COUNT_AT),
            payload_len: get_u64(bytes, PAYLOAD_LEN_AT),
            attested: get_u64(bytes, ATTESTED_AT),
            size_after: get_u64(bytes, SIZE_AFTER_AT),
            root_after: field(bytes, ROOT_AFTER_AT),
        };
        let reserved_is_zero = get_u32(bytes, FLAGS_AT) == 0 && is_zero(&bytes[RESERVED_AT..]);
        (reserved_is_zero && header.is_possible()).then_some(header)
    }

    /// Whether the fields agree with each other. Sums cannot overflow once the sequences are within
    /// their limit, and the payload's bounds cannot: 2^32 records of at most 1 MiB and a header.
    fn is_possible(&self) -> bool {
        let count = u64::from(self.record_count);
        self.first_sequence >= 1
            && self.first_sequence <= MAX_SEQUENCE
            && self.attested < self.first_sequence
            && self.payload_len >= count * MIN_RECORD as u64
            && self.payload_len <= count * MAX_RECORD as u64
            && self.payload_len.is_multiple_of(RECORD_ALIGN as u64)
            && (self.size_after > 0 || self.root_after == [0; 32])
    }
}

/// The checksum of a group header: of everything but the checksum itself. It is unseeded, since the
/// salt is in it.
fn checksum(bytes: &[u8; GROUP_HEADER]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[CRC_AT + 4..])
}
