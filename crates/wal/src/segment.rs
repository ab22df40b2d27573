//! The header sector of a segment, and the classification of a file by its first sector. The
//! modules `group` and `record` lay out the rest of a segment.

use thiserror::Error;

use crate::header_copy::HeaderCopy;
use crate::layout::{FORMAT_VERSION, SECTOR, field, get_u16, get_u32, get_u64, is_zero, put};
use crate::position::Position;
use crate::source::SegmentBytes;

const MAGIC: [u8; 8] = *b"ROTORWAL";

const VERSION_AT: usize = 8;
const FLAGS_AT: usize = 10;
const CRC_AT: usize = 12;
const TREE_ID_AT: usize = 16;
const SALT_AT: usize = 32;
const NUMBER_AT: usize = 40;
const BASE_SEQUENCE_AT: usize = 48;
const BASE_SIZE_AT: usize = 56;
const BASE_ROOT_AT: usize = 64;
const ATTESTED_AT: usize = 96;
const ARITY_AT: usize = 104;
const RESERVED_AT: usize = 108;
const FINGERPRINT_AT: usize = 112;
const COPIED_AT: usize = 144;
const PREVIOUS_AT: usize = 152;
const REMAINS_AT: usize = PREVIOUS_AT + HeaderCopy::BYTES;
const REST_AT: usize = REMAINS_AT + 8;

/// The content of a segment's first sector.
///
/// ```
/// use rotortree_wal::{Position, SegmentHeader};
///
/// let header = SegmentHeader {
///     tree_id: [7; 16],
///     salt: 0x5eed,
///     number: 1,
///     arity: 4,
///     fingerprint: [9; 32],
///     base: Position::START,
///     attested: 0,
///     copied: 0,
///     previous: None,
///     remains: 0,
/// };
/// assert_eq!(SegmentHeader::decode(&header.encode())?, header);
/// # Ok::<(), rotortree_wal::SegmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The tree that the segment belongs to.
    pub tree_id: [u8; 16],
    /// Random, new for every segment, and secret: the seed of all checksums after the header.
    pub salt: u64,
    /// The segment's number; a later segment has a larger one.
    pub number: u64,
    /// N, the number of children of a full group of the tree.
    pub arity: u32,
    /// The hasher's fingerprint for N.
    pub fingerprint: [u8; 32],
    /// The position that the segment continues from: its first record has the next sequence.
    /// Records up to here are durable elsewhere, and later records of earlier segments are dead.
    pub base: Position,
    /// The sequence up to which everything is durable if the segment exists: `base.sequence`, or
    /// more if earlier segments attest records that this one holds copies of.
    pub attested: u64,
    /// Number of records that the segment was created with: copies of records of earlier segments,
    /// from its base on. The later records were written while the segment was in force.
    pub copied: u64,
    /// The header of the segment with the number before this one, where there was one: it restores
    /// a damaged header.
    pub previous: Option<HeaderCopy>,
    /// Up to this offset the remains of an earlier segment may stand where nothing was written yet:
    /// the segment was created in that segment's file. 0 in a file of its own.
    pub remains: u64,
}

impl HeaderCopy {
    /// The header of this copy, given the common fields of all segments of the tree. A copy omits
    /// the header of the segment before, and up to where there may be remains of another segment:
    /// there may be some anywhere.
    #[must_use]
    pub fn restore(&self, tree_id: [u8; 16], arity: u32, fingerprint: [u8; 32]) -> SegmentHeader {
        SegmentHeader {
            tree_id,
            salt: self.salt,
            number: self.number,
            arity,
            fingerprint,
            base: self.base,
            attested: self.attested,
            copied: self.copied,
            previous: None,
            remains: u64::MAX,
        }
    }
}

/// Why the first sector of a segment is not a header that this crate can use.
///
/// ```
/// use rotortree_wal::{SegmentError, SegmentHeader};
///
/// assert_eq!(SegmentHeader::decode(b"ROTOR"), Err(SegmentError::TooShort { found: 5 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// Fewer bytes than a header has.
    #[error("a segment header takes 512 bytes, and only {found} are there")]
    TooShort {
        /// Bytes there are.
        found: usize,
    },
    /// The first eight bytes are not those of a segment: another kind of file, or damage.
    #[error("the file does not start as a log segment does")]
    NotASegment,
    /// The header was damaged.
    #[error(
        "the segment header's checksum is {actual:#010x} where {expected:#010x} is stored; the header is damaged"
    )]
    Checksum {
        /// The checksum in the header.
        expected: u32,
        /// The checksum of the header's bytes.
        actual: u32,
    },
    /// The segment was written by a newer release, or by one from before the first.
    #[error(
        "the segment has format version {found}, and this release reads version {supported}; open it with another release"
    )]
    UnsupportedVersion {
        /// The version in the header.
        found: u16,
        /// The version that this release reads.
        supported: u16,
    },
    /// The checksum holds, but the fields contradict each other or the format: no release has
    /// written them.
    #[error(
        "the segment header has a valid checksum but impossible fields; no release has written it"
    )]
    Malformed,
}

impl SegmentHeader {
    /// The copy of this header for another place.
    #[must_use]
    pub fn copy(&self) -> HeaderCopy {
        HeaderCopy {
            number: self.number,
            salt: self.salt,
            base: self.base,
            attested: self.attested,
            copied: self.copied,
        }
    }

    /// The header's one encoding.
    #[must_use]
    pub fn encode(&self) -> [u8; SECTOR] {
        let mut bytes = [0; SECTOR];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, VERSION_AT, &FORMAT_VERSION.to_le_bytes());
        put(&mut bytes, TREE_ID_AT, &self.tree_id);
        put(&mut bytes, SALT_AT, &self.salt.to_le_bytes());
        put(&mut bytes, NUMBER_AT, &self.number.to_le_bytes());
        put(
            &mut bytes,
            BASE_SEQUENCE_AT,
            &self.base.sequence.to_le_bytes(),
        );
        put(&mut bytes, BASE_SIZE_AT, &self.base.size.to_le_bytes());
        put(&mut bytes, BASE_ROOT_AT, &self.base.written_root());
        put(&mut bytes, ATTESTED_AT, &self.attested.to_le_bytes());
        put(&mut bytes, ARITY_AT, &self.arity.to_le_bytes());
        put(&mut bytes, FINGERPRINT_AT, &self.fingerprint);
        put(&mut bytes, COPIED_AT, &self.copied.to_le_bytes());
        if let Some(previous) = &self.previous {
            put(&mut bytes, PREVIOUS_AT, &previous.encode());
        }
        put(&mut bytes, REMAINS_AT, &self.remains.to_le_bytes());
        let crc = checksum(&bytes);
        put(&mut bytes, CRC_AT, &crc.to_le_bytes());
        bytes
    }

    /// Reads a header from the first [`SECTOR`] bytes of `bytes`; the rest is not read.
    ///
    /// # Errors
    ///
    /// See [`SegmentError`]. A header whose checksum holds is judged by its version before anything
    /// else in it.
    pub fn decode(bytes: &[u8]) -> Result<Self, SegmentError> {
        let Some((bytes, _)) = bytes.split_first_chunk::<SECTOR>() else {
            return Err(SegmentError::TooShort { found: bytes.len() });
        };
        if bytes[..MAGIC.len()] != MAGIC {
            return Err(SegmentError::NotASegment);
        }
        let (expected, actual) = (get_u32(bytes, CRC_AT), checksum(bytes));
        if expected != actual {
            return Err(SegmentError::Checksum { expected, actual });
        }
        let found = get_u16(bytes, VERSION_AT);
        if found != FORMAT_VERSION {
            return Err(SegmentError::UnsupportedVersion {
                found,
                supported: FORMAT_VERSION,
            });
        }
        let Some(previous) = HeaderCopy::decode_optional(&field(bytes, PREVIOUS_AT)) else {
            return Err(SegmentError::Malformed);
        };
        let header = Self {
            tree_id: field(bytes, TREE_ID_AT),
            salt: get_u64(bytes, SALT_AT),
            number: get_u64(bytes, NUMBER_AT),
            arity: get_u32(bytes, ARITY_AT),
            fingerprint: field(bytes, FINGERPRINT_AT),
            base: Position {
                sequence: get_u64(bytes, BASE_SEQUENCE_AT),
                size: get_u64(bytes, BASE_SIZE_AT),
                root: field(bytes, BASE_ROOT_AT),
            },
            attested: get_u64(bytes, ATTESTED_AT),
            copied: get_u64(bytes, COPIED_AT),
            previous,
            remains: get_u64(bytes, REMAINS_AT),
        };
        let reserved_is_zero = is_zero(&bytes[FLAGS_AT..CRC_AT])
            && is_zero(&bytes[RESERVED_AT..FINGERPRINT_AT])
            && is_zero(&bytes[REST_AT..]);
        let possible = reserved_is_zero
            && header.copy().is_possible()
            && previous.is_none_or(|previous| previous.number < header.number);
        if possible {
            Ok(header)
        } else {
            Err(SegmentError::Malformed)
        }
    }
}

/// The checksum of a header sector: of everything but the checksum itself. It is unseeded, since
/// the salt is in it.
fn checksum(bytes: &[u8; SECTOR]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[CRC_AT + 4..])
}

/// The start of a file of the log.
///
/// ```
/// use rotortree_wal::SegmentStart;
///
/// let mut preallocated = &[0; 4096][..];
/// assert_eq!(SegmentStart::read(&mut preallocated)?, SegmentStart::Blank);
/// # Ok::<(), rotortree_wal::OutOfBounds>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each segment, and nearly all are headers"
)]
pub enum SegmentStart {
    /// With a header.
    Header(SegmentHeader),
    /// Shorter than a header, or all zeros. A crash or a full disk leaves this of a segment that
    /// was being created. Nothing in it was ever acknowledged, since its header is synced first.
    Blank,
    /// With other bytes. No crash leaves them on a disk that writes sectors whole: they are damage,
    /// a foreign file, or a segment of a newer release.
    Unreadable(SegmentError),
}

impl SegmentStart {
    /// Reads and judges the first sector of `source`. A file whose first sector is zero is read to
    /// its first other byte.
    ///
    /// # Errors
    ///
    /// Those of `source`.
    pub fn read<S: SegmentBytes>(source: &mut S) -> Result<Self, S::Error> {
        let len = source.len();
        let mut sector = [0; SECTOR];
        if len < SECTOR as u64 {
            return Ok(Self::Blank);
        }
        source.read_at(0, &mut sector)?;
        Ok(match SegmentHeader::decode(&sector) {
            Ok(header) => Self::Header(header),
            Err(_) if is_zero(&sector) && is_blank(source, len)? => Self::Blank,
            Err(error) => Self::Unreadable(error),
        })
    }
}

/// Whether `source` is zero from its second sector to its end.
fn is_blank<S: SegmentBytes>(source: &mut S, len: u64) -> Result<bool, S::Error> {
    let mut at = SECTOR as u64;
    let mut piece = vec![0; (len - at).min(64 << 10) as usize];
    while at < len {
        at = source.next_data(at)?.max(at);
        let take = len.saturating_sub(at).min(piece.len() as u64) as usize;
        source.read_at(at.min(len), &mut piece[..take])?;
        if !is_zero(&piece[..take]) {
            return Ok(false);
        }
        at = at.saturating_add(take as u64);
    }
    Ok(true)
}
