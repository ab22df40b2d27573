//! [`HeaderCopy`]: a second copy of a segment header in another place, with which a damaged header
//! is restored.

use crate::layout::{MAX_SEQUENCE, field, get_u64, is_zero, put};
use crate::position::Position;

const NUMBER_AT: usize = 0;
const SALT_AT: usize = 8;
const BASE_SEQUENCE_AT: usize = 16;
const BASE_SIZE_AT: usize = 24;
const BASE_ROOT_AT: usize = 32;
const ATTESTED_AT: usize = 64;
const COPIED_AT: usize = 72;

/// The fields of a segment header that differ between the segments of a tree.
///
/// A segment's header holds its predecessor's, and the caller's manifest those of the newest
/// segment. Both are durable before anything in the segment is acknowledged, so that a header that
/// was damaged later can be restored.
///
/// ```
/// use rotortree_wal::{HeaderCopy, Position};
///
/// let copy = HeaderCopy {
///     number: 1,
///     salt: 0x5eed,
///     base: Position::START,
///     attested: 0,
///     copied: 0,
/// };
/// assert_eq!(HeaderCopy::decode(&copy.encode()), Some(copy));
/// assert_eq!(copy.restore([7; 16], 4, [9; 32]).copy(), copy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderCopy {
    /// [`SegmentHeader::number`](crate::SegmentHeader::number); at least 1.
    pub number: u64,
    /// [`SegmentHeader::salt`](crate::SegmentHeader::salt).
    pub salt: u64,
    /// [`SegmentHeader::base`](crate::SegmentHeader::base).
    pub base: Position,
    /// [`SegmentHeader::attested`](crate::SegmentHeader::attested).
    pub attested: u64,
    /// [`SegmentHeader::copied`](crate::SegmentHeader::copied).
    pub copied: u64,
}

impl HeaderCopy {
    /// The length of a copy in bytes.
    pub const BYTES: usize = 80;

    /// The copy's one encoding: number, salt, base (sequence, size, root), attested and copied, as
    /// they stand in a header.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        put(&mut bytes, NUMBER_AT, &self.number.to_le_bytes());
        put(&mut bytes, SALT_AT, &self.salt.to_le_bytes());
        let base = &self.base;
        put(&mut bytes, BASE_SEQUENCE_AT, &base.sequence.to_le_bytes());
        put(&mut bytes, BASE_SIZE_AT, &base.size.to_le_bytes());
        put(&mut bytes, BASE_ROOT_AT, &base.written_root());
        put(&mut bytes, ATTESTED_AT, &self.attested.to_le_bytes());
        put(&mut bytes, COPIED_AT, &self.copied.to_le_bytes());
        bytes
    }

    /// Reads a copy; `None` if its fields contradict each other. A copy has no checksum: that of
    /// the surrounding header or manifest covers it.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let copy = Self {
            number: get_u64(bytes, NUMBER_AT),
            salt: get_u64(bytes, SALT_AT),
            base: Position {
                sequence: get_u64(bytes, BASE_SEQUENCE_AT),
                size: get_u64(bytes, BASE_SIZE_AT),
                root: field(bytes, BASE_ROOT_AT),
            },
            attested: get_u64(bytes, ATTESTED_AT),
            copied: get_u64(bytes, COPIED_AT),
        };
        (copy.number > 0 && copy.is_possible()).then_some(copy)
    }

    /// As [`decode`](Self::decode), where zeros stand for no copy at all: the outer `None` is
    /// a contradiction.
    pub(crate) fn decode_optional(bytes: &[u8; Self::BYTES]) -> Option<Option<Self>> {
        if is_zero(bytes) {
            return Some(None);
        }
        Self::decode(bytes).map(Some)
    }

    /// Whether a header may have these fields.
    pub(crate) fn is_possible(&self) -> bool {
        self.base.sequence <= MAX_SEQUENCE
            && self.copied <= MAX_SEQUENCE - self.base.sequence
            && self.attested <= MAX_SEQUENCE
            && (self.base.sequence > 0 || self.base.size == 0)
            && self.base.root == self.base.written_root()
    }
}
