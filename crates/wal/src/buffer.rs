//! The group that is being filled. Records are pushed one after the other, and sealed when their
//! segment is known. The caller writes and syncs the sealed bytes.

use crate::checksum::Seed;
use crate::chunk_run::ChunkRun;
use crate::group::GroupHeader;
use crate::layout::{GROUP_HEADER, LEAF, MAX_RECORD, MAX_RECORD_BYTES, RECORD_HEADER, SECTOR, put};
use crate::position::Position;
use crate::record::{self, MAX_LEAVES, RecordView};
use crate::record_error::RecordError;

/// [`GroupBuffer::clear`] keeps an allocation of up to this many bytes, even if it was hardly used.
const KEPT: usize = 16 << 10;

/// A sync group that is being filled.
///
/// A push costs a copy: [`seal`](Self::seal) computes everything that depends on the segment. The
/// first record allocates, and [`clear`](Self::clear) keeps the allocation, so an unused buffer
/// costs nothing.
///
/// ```
/// use rotortree_wal::{GroupBuffer, Position, SECTOR};
///
/// let mut group = GroupBuffer::new(1);
/// group.push_leaf(&[1; 32]);
/// assert_eq!(group.push_batch(&[[2; 32], [3; 32]], None)?, 2);
/// let written = group.seal(0x5eed, 0, &Position { sequence: 2, size: 3, root: [9; 32] });
/// assert_eq!(written.len(), SECTOR);
///
/// group.clear();
/// assert_eq!((group.first_sequence(), group.next_sequence()), (3, 3));
/// # Ok::<(), rotortree_wal::RecordError>(())
/// ```
#[derive(Debug)]
pub struct GroupBuffer {
    /// Room for the group header, then the records. After `filled` there may be the padding of an
    /// earlier seal.
    bytes: Vec<u8>,
    /// The end of the records.
    filled: usize,
    first_sequence: u64,
    next_sequence: u64,
    last_batch_end: u64,
    leaf_count: u64,
    chunk_count: u64,
}

impl GroupBuffer {
    /// An empty group whose first record will have `next_sequence`, which starts a batch. Sequences
    /// count from 1 to [`MAX_SEQUENCE`](crate::MAX_SEQUENCE).
    #[must_use]
    pub fn new(next_sequence: u64) -> Self {
        Self {
            bytes: Vec::new(),
            filled: GROUP_HEADER,
            first_sequence: next_sequence,
            next_sequence,
            last_batch_end: next_sequence.saturating_sub(1),
            leaf_count: 0,
            chunk_count: 0,
        }
    }

    /// Appends a batch, split into as many records as it takes, and returns the sequence of its
    /// last one. `None` for the metadata keeps the earlier metadata in force. One copy of the
    /// leaves; no checksum is computed here.
    ///
    /// # Errors
    ///
    /// [`RecordError::Empty`] without leaves and metadata, [`RecordError::MetadataTooLong`].
    pub fn push_batch(
        &mut self,
        leaves: &[[u8; 32]],
        metadata: Option<&[u8]>,
    ) -> Result<u64, RecordError> {
        self.push_part(leaves, metadata, false)
    }

    /// Appends a part of a batch that is too large to be held in one group: all parts but the last
    /// with `more`. Each goes into a group of its own or after other records. Recovery takes the
    /// whole batch or nothing of it. Returns the sequence of the part's last record.
    ///
    /// # Errors
    ///
    /// As [`push_batch`](Self::push_batch), and [`RecordError::MetadataBeforeEnd`] if metadata is
    /// given with `more`.
    pub fn push_part(
        &mut self,
        leaves: &[[u8; 32]],
        metadata: Option<&[u8]>,
        more: bool,
    ) -> Result<u64, RecordError> {
        if leaves.is_empty() && metadata.is_none() {
            return Err(RecordError::Empty);
        }
        RecordError::check_metadata(metadata, more)?;
        let mut rest = leaves;
        while rest.len() > MAX_LEAVES {
            let (head, tail) = rest.split_at(MAX_LEAVES);
            self.append(None, head, None, true);
            rest = tail;
        }
        if is_crowded(rest.len(), metadata.map_or(0, <[u8]>::len)) {
            self.append(None, rest, None, true);
            rest = &[];
        }
        self.append(None, rest, metadata, more);
        if !more {
            self.last_batch_end = self.next_sequence - 1;
        }
        Ok(self.next_sequence - 1)
    }

    /// Appends a batch of one leaf and returns its sequence.
    #[inline]
    pub fn push_leaf(&mut self, leaf: &[u8; 32]) -> u64 {
        // A header known at compile time and one copy of fixed length: this is the path of every
        // single insert.
        const HEADER: [u8; RECORD_HEADER] = {
            let mut header = [0; RECORD_HEADER];
            header[4] = 1;
            header
        };
        let mut record = [0; RECORD_HEADER + LEAF];
        record[..RECORD_HEADER].copy_from_slice(&HEADER);
        record[RECORD_HEADER..].copy_from_slice(leaf);
        self.open();
        self.bytes.extend_from_slice(&record);
        self.filled += record.len();
        self.leaf_count += 1;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.last_batch_end = sequence;
        sequence
    }

    /// Appends a record that was read from a segment, and returns its new sequence; the same as its
    /// old one if this buffer continues at the record's place. The bytes then differ from those
    /// read in the checksum alone.
    ///
    /// # Errors
    ///
    /// None for an unchanged view of a scanner; otherwise those of [`push_part`](Self::push_part).
    pub fn push_record(&mut self, record: &RecordView<'_>) -> Result<u64, RecordError> {
        match record.chunks {
            Some(run) => self.push_chunks(record.leaves, run, record.metadata, record.more),
            None => self.push_part(record.leaves, record.metadata, record.more),
        }
    }

    /// Appends a part of a batch most of whose leaves stand in chunks: one record. The batch goes
    /// on in the next one with `more`. Returns the record's sequence.
    ///
    /// # Errors
    ///
    /// As [`push_part`](Self::push_part), and [`RecordError::ImpossibleRun`].
    pub fn push_chunks(
        &mut self,
        leaves: &[[u8; 32]],
        run: ChunkRun<'_>,
        metadata: Option<&[u8]>,
        more: bool,
    ) -> Result<u64, RecordError> {
        RecordError::check_metadata(metadata, more)?;
        if !run.is_possible(leaves.len()) {
            return Err(RecordError::ImpossibleRun);
        }
        self.append(Some(run), leaves, metadata, more);
        if !more {
            self.last_batch_end = self.next_sequence - 1;
        }
        Ok(self.next_sequence - 1)
    }

    /// Appends one record that keeps to the limits.
    fn append(
        &mut self,
        run: Option<ChunkRun<'_>>,
        leaves: &[[u8; 32]],
        metadata: Option<&[u8]>,
        more: bool,
    ) {
        self.open();
        let chunks = run.map_or(0, |run| run.sums.len());
        let len = record::encoded_len(chunks, leaves.len(), metadata.map_or(0, <[u8]>::len));
        let end = self.filled + len;
        self.bytes.reserve(len);
        let header = record::open_header(chunks, leaves.len(), metadata, more);
        self.bytes.extend_from_slice(&header);
        if let Some(run) = run {
            run.encode(&mut self.bytes);
        }
        self.bytes.extend_from_slice(leaves.as_flattened());
        self.bytes.extend_from_slice(metadata.unwrap_or_default());
        self.bytes.resize(end, 0);
        self.filled = end;
        self.leaf_count += leaves.len() as u64 + run.map_or(0, |run| run.leaf_count());
        self.chunk_count += chunks as u64;
        self.next_sequence += 1;
    }

    /// Makes `bytes` end where the records end: room for the header in a new buffer, no padding in
    /// one that was sealed.
    #[inline]
    fn open(&mut self) {
        if self.bytes.len() != self.filled {
            self.bytes.resize(self.filled, 0);
        }
    }

    /// Completes the group for the segment with this salt and returns it, whole sectors, ready to
    /// be written at a sector boundary. Computes every checksum: one pass over the bytes.
    ///
    /// An empty group becomes an attest mark: one sector that states the durable watermark of an
    /// idle log, and needs no sync of its own.
    ///
    /// `attested` is the sequence up to which syncs have returned. It is lowered to the sequence
    /// before the group's first: no group can attest itself. `after` is the state after
    /// [`last_batch_end`](Self::last_batch_end), of which size and root are written.
    ///
    /// The group does not change: it can be sealed again, also for another segment, and takes
    /// further records.
    pub fn seal(&mut self, salt: u64, attested: u64, after: &Position) -> &[u8] {
        debug_assert_eq!(
            after.sequence, self.last_batch_end,
            "the state is that of the last complete batch"
        );
        self.open();
        let seed = Seed::new(salt);
        let mut at = GROUP_HEADER;
        for sequence in self.first_sequence..self.next_sequence {
            at += record::close(&mut self.bytes[at..], sequence, seed);
        }
        let header = GroupHeader {
            offset: 0,
            first_sequence: self.first_sequence,
            record_count: self.record_count(),
            payload_len: (self.filled - GROUP_HEADER) as u64,
            attested: attested.min(self.first_sequence.saturating_sub(1)),
            size_after: after.size,
            root_after: after.written_root(),
        };
        put(&mut self.bytes, 0, &header.encode(salt));
        self.bytes.resize(self.filled.next_multiple_of(SECTOR), 0);
        &self.bytes
    }

    /// Empties the group. The next one continues where it ended, also within a batch. The
    /// allocation is kept unless it is far larger than the group; clearing an empty group keeps it.
    pub fn clear(&mut self) {
        let (used, capacity) = (self.filled.next_multiple_of(SECTOR), self.bytes.capacity());
        self.bytes.clear();
        if !self.is_empty() && capacity > KEPT && capacity / 8 > used {
            self.bytes.shrink_to(used.saturating_mul(2).max(KEPT));
        }
        self.filled = GROUP_HEADER;
        self.first_sequence = self.next_sequence;
        self.leaf_count = 0;
        self.chunk_count = 0;
    }

    /// Empties the group; the next one starts a batch with `next_sequence`. The allocation is
    /// treated as by [`clear`](Self::clear).
    pub fn reset(&mut self, next_sequence: u64) {
        self.clear();
        self.first_sequence = next_sequence;
        self.next_sequence = next_sequence;
        self.last_batch_end = next_sequence.saturating_sub(1);
    }

    /// Empties this buffer and makes it continue where `other` ends, also within a batch. For two
    /// buffers that take turns.
    pub fn follow(&mut self, other: &Self) {
        self.reset(other.next_sequence);
        self.last_batch_end = other.last_batch_end;
    }

    /// Appends all records of a group that continues this one, and empties it as
    /// [`clear`](Self::clear) does. One copy. For a group that could not be written while the next
    /// one was being filled.
    pub fn take_over(&mut self, behind: &mut Self) {
        debug_assert_eq!(
            behind.first_sequence, self.next_sequence,
            "the group continues this one"
        );
        if !behind.is_empty() {
            self.open();
            self.bytes
                .extend_from_slice(&behind.bytes[GROUP_HEADER..behind.filled]);
            self.filled = self.bytes.len();
            self.next_sequence = behind.next_sequence;
            self.leaf_count += behind.leaf_count;
            self.chunk_count += behind.chunk_count;
        }
        self.last_batch_end = behind.last_batch_end;
        behind.clear();
    }

    /// Shrinks the allocation to the records. An empty buffer then has no memory.
    pub fn release(&mut self) {
        if self.is_empty() {
            self.bytes = Vec::new();
        } else {
            self.bytes.shrink_to_fit();
        }
    }

    /// The length of the sealed group in bytes: a multiple of [`SECTOR`].
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.filled.next_multiple_of(SECTOR)
    }

    /// The allocation in bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether no record was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first_sequence == self.next_sequence
    }

    /// The number of records pushed. A group takes fewer than 2^32, which would be 192 GiB of
    /// single leaves.
    #[must_use]
    pub fn record_count(&self) -> u32 {
        (self.next_sequence - self.first_sequence) as u32
    }

    /// The number of leaves pushed, those in chunks included.
    #[must_use]
    pub fn leaf_count(&self) -> u64 {
        self.leaf_count
    }

    /// The number of chunks that the records stand for.
    #[must_use]
    pub fn chunk_count(&self) -> u64 {
        self.chunk_count
    }

    /// The sequence of the group's first record, or of its first one to come.
    #[must_use]
    pub fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    /// The sequence of the next record.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The sequence that ends the last complete batch: before the group's first record if none ends
    /// within the group.
    #[must_use]
    pub fn last_batch_end(&self) -> u64 {
        self.last_batch_end
    }

    /// The bytes that a batch adds to a group, before padding to the sector. Saturates, and does
    /// not check the length of the metadata.
    ///
    /// ```
    /// use rotortree_wal::GroupBuffer;
    ///
    /// assert_eq!(GroupBuffer::batch_bytes(1, 0), 48);
    /// ```
    #[must_use]
    pub fn batch_bytes(leaves: usize, metadata: usize) -> usize {
        // Far above every limit, and far enough below the largest length for sums and padding.
        let metadata = metadata.min(usize::MAX / 2);
        let full = leaves.saturating_sub(1) / MAX_LEAVES;
        let rest = leaves - full * MAX_LEAVES;
        let last = if is_crowded(rest, metadata) {
            record::encoded_len(0, rest, 0).saturating_add(record::encoded_len(0, 0, metadata))
        } else {
            record::encoded_len(0, rest, metadata)
        };
        full.saturating_mul(MAX_RECORD).saturating_add(last)
    }
}

/// Whether the last leaves of a batch and its metadata are too much for one record, so that the
/// metadata gets one of its own.
fn is_crowded(leaves: usize, metadata: usize) -> bool {
    metadata > MAX_RECORD_BYTES - leaves * LEAF
}
