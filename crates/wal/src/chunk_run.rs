//! [`ChunkRun`]: the part of a record that stands for whole chunks of leaves.

use crate::layout::{RECORD_ALIGN, field, get_u64, is_zero, put};

/// Leaves in a chunk.
pub const CHUNK_LEAVES: usize = 128;

/// The most chunks in one run: 1 MiB of leaves, as many as a record carries itself at most. So
/// reading a run takes no more memory than any record.
pub const MAX_RUN_CHUNKS: usize = 256;

/// The most bytes of a locator.
pub const MAX_LOCATOR_BYTES: usize = 64;

const FRONT_AT: usize = 8;
const LOCATOR_LEN_AT: usize = 9;
const RESERVED_AT: usize = 10;
const LOCATOR_AT: usize = 16;
const SUMS_AT: usize = LOCATOR_AT + MAX_LOCATOR_BYTES;
const SUM: usize = 4;

/// Whole chunks of leaves that stand on level 0 of the store, in the place where a checkpoint would
/// put them, instead of in the log. They are durable before the first byte of their record is
/// written.
///
/// The record carries `front` of its leaves before the chunks, and the others behind them. The size
/// of the tree before the record and `front` add up to [`CHUNK_LEAVES`] times `first`.
///
/// ```
/// use rotortree_wal::{ChunkRun, GroupBuffer};
///
/// let mut group = GroupBuffer::new(1);
/// let run = ChunkRun { first: 0, front: 0, locator: b"", sums: &[[1, 2, 3, 4]; 3] };
/// group.push_chunks(&[[7; 32]], run, None, false)?;
/// assert_eq!(group.leaf_count(), 3 * 128 + 1);
/// assert_eq!(group.chunk_count(), 3);
/// # Ok::<(), rotortree_wal::RecordError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkRun<'a> {
    /// The first chunk, counted from the first leaf of the tree.
    pub first: u64,
    /// The number of the record's leaves before the chunks, below [`CHUNK_LEAVES`].
    pub front: usize,
    /// Where the chunks are, in the words of the storage: at most [`MAX_LOCATOR_BYTES`].
    pub locator: &'a [u8],
    /// The checksum of each chunk, little-endian: 1 to [`MAX_RUN_CHUNKS`].
    pub sums: &'a [[u8; SUM]],
}

impl<'a> ChunkRun<'a> {
    /// The number of leaves in the chunks.
    #[must_use]
    pub fn leaf_count(&self) -> u64 {
        (self.sums.len() * CHUNK_LEAVES) as u64
    }

    /// Whether the chunks continue a tree of this size, after the leaves before them.
    pub(crate) fn continues(&self, size: u64) -> bool {
        let start = size.checked_add(self.front as u64);
        start.is_some() && start == self.first.checked_mul(CHUNK_LEAVES as u64)
    }

    /// Whether the run keeps to the limits, in a record that carries so many leaves itself.
    pub(crate) fn is_possible(&self, leaves: usize) -> bool {
        (1..=MAX_RUN_CHUNKS).contains(&self.sums.len())
            && self.locator.len() <= MAX_LOCATOR_BYTES
            && self.front < CHUNK_LEAVES
            && self.front <= leaves
            && leaves - self.front < CHUNK_LEAVES
    }

    /// Appends the bytes of the run.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        let mut head = [0; SUMS_AT];
        put(&mut head, 0, &self.first.to_le_bytes());
        head[FRONT_AT] = self.front as u8;
        head[LOCATOR_LEN_AT] = self.locator.len() as u8;
        put(&mut head, LOCATOR_AT, self.locator);
        let end = bytes.len() + encoded_len(self.sums.len());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(self.sums.as_flattened());
        bytes.resize(end, 0);
    }

    /// The run of so many chunks in exactly its bytes, in a record that carries so many leaves
    /// itself. `None` for bytes that no release has written.
    #[inline]
    pub(crate) fn decode(bytes: &'a [u8], chunks: usize, leaves: usize) -> Option<Self> {
        let (head, rest) = bytes.split_at(SUMS_AT);
        let (sums, padding) = rest.split_at(chunks * SUM);
        let locator = &head[LOCATOR_AT..];
        let (locator, unused) = locator.split_at_checked(usize::from(head[LOCATOR_LEN_AT]))?;
        let run = Self {
            first: get_u64(head, 0),
            front: usize::from(head[FRONT_AT]),
            locator,
            sums: sums.as_chunks().0,
        };
        let reserved: [u8; LOCATOR_AT - RESERVED_AT] = field(head, RESERVED_AT);
        let is_blank = is_zero(&reserved) && is_zero(unused) && is_zero(padding);
        (is_blank && run.is_possible(leaves)).then_some(run)
    }
}

/// The bytes that a run of so many chunks takes in its record.
pub(crate) const fn encoded_len(chunks: usize) -> usize {
    match chunks {
        0 => 0,
        _ => SUMS_AT + (chunks * SUM).next_multiple_of(RECORD_ALIGN),
    }
}
