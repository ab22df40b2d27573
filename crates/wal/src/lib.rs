//! The byte format of rotortree's write-ahead log: an encoder into a buffer, a scanner over bytes,
//! and the rules that tell a torn tail from damage. It opens no file and does no I/O: bytes come in
//! through [`SegmentBytes`] and go out as slices.
//!
//! ```
//! use rotortree_wal::{Event, GroupBuffer, Position, SECTOR, Scanner};
//!
//! // One insert is one record; what is synced together is one group.
//! let mut group = GroupBuffer::new(1);
//! group.push_batch(&[[1; 32], [2; 32]], Some(b"block 17"))?;
//! let mut segment = vec![0; SECTOR]; // The place of the segment header.
//! segment.extend(group.seal(0x5eed, 0, &Position { sequence: 1, size: 2, root: [9; 32] }));
//!
//! let mut scanner = Scanner::new(&segment[..], 0x5eed);
//! assert!(matches!(scanner.next()?, Some(Event::Group(group)) if group.record_count == 1));
//! assert!(matches!(scanner.next()?, Some(Event::Record(record)) if record.leaves.len() == 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Words
//!
//! - A **record** carries leaves, the application's metadata, or both. Records are numbered without
//!   gaps from 1, their *sequence*.
//! - A **batch** is one or several records of one insert; each but the last says that more follow.
//!   Recovery takes a batch whole or not at all.
//! - A **group** is records that are written and synced together. Its header states what was
//!   *attested* when it was written: the sequence up to which syncs had returned. A group without
//!   records is an **attest mark**.
//! - A **segment** is one file of the log: a header with a random *salt*, then groups. The **log**
//!   is its segments in the order of their numbers; each states the *base* that it continues from.
//!
//! # Layout
//!
//! Integers are little-endian. A sector has 512 bytes. Every byte that is marked zero is checked to
//! be zero.
//!
//! A segment:
//!
//! ```text
//!         0          512                                                    sector boundary
//!         +----------+--------------------------+------------------+--------+---
//!         | segment  | group header | records   | zeros to the     | group  | ...
//!         | header   | 128 bytes    |           | sector boundary  | header |
//!         +----------+--------------------------+------------------+--------+---
//! ```
//!
//! Segment header, 512 bytes. Magic, version and checksum stand where they stand in every version
//! of the format.
//!
//! | offset | length | field |
//! | ---: | ---: | --- |
//! | 0 | 8 | magic, `ROTORWAL` |
//! | 8 | 2 | format version, 2 |
//! | 10 | 2 | zero |
//! | 12 | 4 | CRC-32C of bytes 0..12 and 16..512 |
//! | 16 | 16 | tree id |
//! | 32 | 8 | salt |
//! | 40 | 8 | segment number |
//! | 48 | 8 | base: sequence |
//! | 56 | 8 | base: size in leaves |
//! | 64 | 32 | base: root; zeros if the size is 0 |
//! | 96 | 8 | attested |
//! | 104 | 4 | arity N |
//! | 108 | 4 | zero |
//! | 112 | 32 | hasher fingerprint for N |
//! | 144 | 8 | copied: records that the segment was created with |
//! | 152 | 80 | the header of the segment before: number, salt, base (sequence, size, root), attested, copied (8, 8, 48, 8, 8); zeros if there is none |
//! | 232 | 8 | remains: up to this offset those of an earlier segment may stand |
//! | 240 | 272 | zero |
//!
//! Group header, 128 bytes, on a sector boundary:
//!
//! | offset | length | field |
//! | ---: | ---: | --- |
//! | 0 | 4 | magic, `ROTG` |
//! | 4 | 4 | CRC-32C of bytes 0..4 and 8..128 |
//! | 8 | 8 | length of the records in bytes, without this header and the padding to the sector |
//! | 16 | 8 | sequence of the first record; of an attest mark, of the next record there will be |
//! | 24 | 4 | number of records; 0 in an attest mark |
//! | 28 | 4 | zero |
//! | 32 | 8 | attested: a batch's end before the first record |
//! | 40 | 8 | size in leaves after the last batch that is complete by the end of the group |
//! | 48 | 32 | root of that size; zeros if it is 0 |
//! | 80 | 8 | salt of the segment |
//! | 88 | 40 | zero |
//!
//! Record, a multiple of 16 bytes, right behind the group header or the record before:
//!
//! | offset | length | field |
//! | ---: | ---: | --- |
//! | 0 | 4 | CRC-32C of the salt (8 bytes), the record's sequence (8 bytes), then all of the record from byte 4 on |
//! | 4 | 4 | number of leaves, `l` |
//! | 8 | 4 | length of the metadata in bytes, `m` |
//! | 12 | 1 | flags: 1, the batch goes on in the next record; 2, metadata follows the leaves, perhaps empty; 4, a run of chunks follows the header |
//! | 13 | 3 | number of chunks in the run, `c`; zero without flag 4 |
//! | 16 | `r` | the run of chunks, 80 + 4 `c` bytes and zeros up to a multiple of 16; nothing without flag 4 |
//! | 16 + `r` | 32 `l` | leaves |
//! | 16 + `r` + 32 `l` | `m` | metadata |
//! | | | zeros up to a multiple of 16 |
//!
//! A run of chunks, see [`ChunkRun`]: the first chunk (8), the leaves before it (1), the length of
//! the locator (1), zeros (6), the locator and zeros (64), then the checksums (4 each).
//!
//! The body of a record behind the run has at most [`MAX_RECORD_BYTES`], its metadata at most
//! [`MAX_METADATA_BYTES`]. A record has at least one chunk, one leaf or metadata. The metadata of a
//! batch stands in its last record; the others have leaves only.
//!
//! The zeros between the last record of a group and the sector boundary are the only bytes
//! of a group that no checksum covers: they carry nothing, are never read, and a file may
//! end before them.
//!
//! # Why there is a salt
//!
//! An adversary may choose leaves and metadata, and they can contain whole groups, copied from this
//! log or made up. After a damaged header the scanner looks for the next header on every sector
//! boundary, also within the bytes of a record. Therefore a group header holds the salt of its
//! segment, which is random and never leaves the store, and the checksums of records start from it:
//! a group made without the salt passes with a probability of 2^-64.
//!
//! A segment may be written over an earlier one, in the same file. The salt tells its groups from
//! those that remain. A checksum alone would let one of 2^32 of them pass.
//!
//! CRC-32C is no message authentication code: a reader of the log's files can forge groups.
//!
//! # Reading a log
//!
//! 1. [`SegmentStart::read`] of every segment, and [`caps`] over their bases.
//! 2. First pass: a [`Scanner`] over each segment, every [`Event`] given to [`LogRules`], which
//!    gives an [`Assessment`].
//! 3. Second pass: the same scan. The records to apply are, in order, those with the next sequence
//!    up to the assessment's end and the segment's cap. The caller compares its tree with the size
//!    and root that each group states, and with the base of each segment.

mod buffer;
mod checksum;
mod chunk_run;
mod group;
mod header_copy;
mod invalid;
mod layout;
mod position;
mod record;
mod record_error;
mod rules;
mod scanner;
mod segment;
mod source;

pub use buffer::GroupBuffer;
pub use chunk_run::{CHUNK_LEAVES, ChunkRun, MAX_LOCATOR_BYTES, MAX_RUN_CHUNKS};
pub use group::GroupHeader;
pub use header_copy::HeaderCopy;
pub use invalid::InvalidReason;
pub use layout::{MAX_METADATA_BYTES, MAX_RECORD_BYTES, MAX_SEQUENCE, SECTOR};
pub use position::Position;
pub use record::RecordView;
pub use record_error::RecordError;
#[doc(hidden)]
pub use rules::caps;
pub use rules::{Assessment, Break, BreakCause, LogOffset, LogRules, Verdict};
pub use scanner::{Event, Scanner};
pub use segment::{SegmentError, SegmentHeader, SegmentStart};
pub use source::SegmentBytes;
#[doc(hidden)]
pub use source::{OutOfBounds, Window};
