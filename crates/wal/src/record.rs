//! The layout of one record: writes its header, and parses and checks a record of a group.

use crate::checksum::Seed;
use crate::chunk_run::{self, ChunkRun, MAX_RUN_CHUNKS};
use crate::layout::{
    LEAF, MAX_METADATA_BYTES, MAX_RECORD_BYTES, RECORD_ALIGN, RECORD_HEADER, get_u32, is_zero, put,
};

pub(crate) const CRC_LEN: usize = 4;
const LEAF_COUNT_AT: usize = 4;
const METADATA_LEN_AT: usize = 8;
const FLAGS_AT: usize = 12;
const CHUNK_COUNT_AT: usize = 13;

/// The batch goes on in the next record.
const MORE: u8 = 1;
/// The record carries metadata, perhaps empty.
const HAS_METADATA: u8 = 2;
/// The record stands for chunks.
const HAS_CHUNKS: u8 = 4;

/// The most leaves that one record carries.
pub(crate) const MAX_LEAVES: usize = MAX_RECORD_BYTES / LEAF;

/// One record, borrowed from the bytes it was read from.
///
/// A scanner hands these out; see [`Event::Record`](crate::Event::Record). A record that was read
/// can be written again: [`GroupBuffer::push_record`](crate::GroupBuffer::push_record) makes the
/// same bytes in another segment.
///
/// ```
/// use rotortree_wal::{Event, GroupBuffer, Position, SECTOR, Scanner};
///
/// let mut group = GroupBuffer::new(1);
/// group.push_batch(&[[1; 32], [2; 32]], Some(b"block 17"))?;
/// let mut segment = vec![0; SECTOR]; // where the segment header would stand
/// segment.extend(group.seal(0x5eed, 0, &Position { sequence: 1, size: 2, root: [3; 32] }));
///
/// let mut scanner = Scanner::new(&segment[..], 0x5eed);
/// assert!(matches!(scanner.next()?, Some(Event::Group(_))));
/// match scanner.next()? {
///     Some(Event::Record(record)) => {
///         assert_eq!(record.sequence, 1);
///         assert_eq!(record.leaves, [[1; 32], [2; 32]]);
///         assert_eq!(record.metadata, Some(&b"block 17"[..]));
///         assert!(!record.more);
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordView<'a> {
    /// The start of the record, in bytes from the segment's start.
    pub offset: u64,
    /// The record's sequence.
    pub sequence: u64,
    /// The record's place in its group, from 0.
    pub index: u32,
    /// The leaves in the record, in the order of their insertion. Those of
    /// [`chunks`](Self::chunks) come between them.
    pub leaves: &'a [[u8; 32]],
    /// Leaves that stand on level 0 of the store instead.
    pub chunks: Option<ChunkRun<'a>>,
    /// The application's metadata; `None` keeps the earlier metadata in force.
    pub metadata: Option<&'a [u8]>,
    /// Whether the batch goes on in the next record.
    pub more: bool,
}

impl RecordView<'_> {
    /// The record's length in the log in bytes: header, leaves, metadata and padding.
    #[must_use]
    #[inline]
    pub fn encoded_len(&self) -> usize {
        let chunks = self.chunks.map_or(0, |run| run.sums.len());
        let metadata = self.metadata.map_or(0, <[u8]>::len);
        encoded_len(chunks, self.leaves.len(), metadata)
    }

    /// The number of leaves, those in chunks included.
    #[must_use]
    #[inline]
    pub fn leaf_count(&self) -> u64 {
        self.leaves.len() as u64 + self.chunks.map_or(0, |run| run.leaf_count())
    }
}

/// The length of a record with so many chunks, leaves and bytes of metadata.
#[inline]
pub(crate) const fn encoded_len(chunks: usize, leaves: usize, metadata: usize) -> usize {
    let run = chunk_run::encoded_len(chunks);
    RECORD_HEADER + run + (leaves * LEAF + metadata).next_multiple_of(RECORD_ALIGN)
}

/// Writes the header of a record without its checksum, which depends on the segment and is computed
/// when the group is sealed.
///
/// The counts fit their fields, since the caller keeps to the limits of a record.
pub(crate) fn open_header(
    chunks: usize,
    leaves: usize,
    metadata: Option<&[u8]>,
    more: bool,
) -> [u8; RECORD_HEADER] {
    let mut header = [0; RECORD_HEADER];
    put(&mut header, LEAF_COUNT_AT, &(leaves as u32).to_le_bytes());
    put(
        &mut header,
        METADATA_LEN_AT,
        &(metadata.map_or(0, <[u8]>::len) as u32).to_le_bytes(),
    );
    let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
    header[FLAGS_AT] =
        flag(more, MORE) | flag(metadata.is_some(), HAS_METADATA) | flag(chunks > 0, HAS_CHUNKS);
    put(
        &mut header,
        CHUNK_COUNT_AT,
        &(chunks as u32).to_le_bytes()[..3],
    );
    header
}

/// Computes the checksum of the record that starts at `bytes`, stores it, and returns the record's
/// length. The record was written by this crate, so its lengths are right.
pub(crate) fn close(bytes: &mut [u8], sequence: u64, seed: Seed) -> usize {
    let lengths = Lengths::of(bytes);
    let len = lengths.encoded_len();
    let crc = seed.record(sequence, &bytes[CRC_LEN..len]);
    put(bytes, 0, &crc.to_le_bytes());
    len
}

/// The lengths a record header states, not to be trusted before the checksum has been compared.
#[derive(Clone, Copy)]
pub(crate) struct Lengths {
    chunks: u32,
    leaves: u32,
    metadata: u32,
}

impl Lengths {
    /// Reads the lengths in the record header that `bytes` start with.
    #[inline]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            chunks: get_u32(bytes, FLAGS_AT) >> 8,
            leaves: get_u32(bytes, LEAF_COUNT_AT),
            metadata: get_u32(bytes, METADATA_LEN_AT),
        }
    }

    #[inline]
    fn encoded_len(self) -> usize {
        encoded_len(
            self.chunks as usize,
            self.leaves as usize,
            self.metadata as usize,
        )
    }

    /// The record's whole length, if it is within the limits of a record.
    #[inline]
    pub(crate) fn total(self) -> Option<usize> {
        if self.chunks as usize > MAX_RUN_CHUNKS
            || self.leaves as usize > MAX_LEAVES
            || self.metadata as usize > MAX_METADATA_BYTES
        {
            return None;
        }
        let total = self.encoded_len();
        (total <= RECORD_HEADER + MAX_RECORD_BYTES).then_some(total)
    }
}

/// Why the bytes of a record are not a record.
pub(crate) enum Refused {
    Checksum { expected: u32, actual: u32 },
    Malformed,
}

/// The parts of a record.
pub(crate) struct Parts<'a> {
    pub(crate) leaves: &'a [[u8; 32]],
    pub(crate) chunks: Option<ChunkRun<'a>>,
    pub(crate) metadata: Option<&'a [u8]>,
    pub(crate) more: bool,
}

/// Parses the record in `bytes`, whose length is [`Lengths::total`].
#[inline]
pub(crate) fn parse(bytes: &[u8], sequence: u64, seed: Seed) -> Result<Parts<'_>, Refused> {
    let (expected, actual) = (get_u32(bytes, 0), seed.record(sequence, &bytes[CRC_LEN..]));
    if expected != actual {
        return Err(Refused::Checksum { expected, actual });
    }
    let lengths = Lengths::of(bytes);
    let flags = bytes[FLAGS_AT];
    let (more, has_metadata) = (flags & MORE != 0, flags & HAS_METADATA != 0);
    let chunks = lengths.chunks as usize;
    let (run, rest) = bytes[RECORD_HEADER..].split_at(chunk_run::encoded_len(chunks));
    let (leaves, rest) = rest.split_at(lengths.leaves as usize * LEAF);
    let (metadata, padding) = rest.split_at(lengths.metadata as usize);
    let (leaves, _) = leaves.as_chunks::<LEAF>();
    let run = match chunks {
        0 => None,
        _ => ChunkRun::decode(run, chunks, leaves.len()),
    };
    let possible = flags & !(MORE | HAS_METADATA | HAS_CHUNKS) == 0
        && (flags & HAS_CHUNKS != 0) == (chunks > 0)
        && run.is_some() == (chunks > 0)
        && is_zero(padding)
        && (has_metadata || metadata.is_empty())
        && (has_metadata || !leaves.is_empty() || run.is_some())
        && !(more && has_metadata);
    if possible {
        Ok(Parts {
            leaves,
            chunks: run,
            metadata: has_metadata.then_some(metadata),
            more,
        })
    } else {
        Err(Refused::Malformed)
    }
}
