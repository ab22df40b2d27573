//! [`Storage`]: what durability needs of the place where a tree lives.
//!
//! Three roles - log, chunks, manifest - and ownership, stated so that an object store can play them as
//! well as a directory can: nothing here renames, overwrites, appends to or lists in steady state.
//! A backend stores bytes under names; what the bytes mean is decided above it.

use std::{fmt, io, io::Read, sync::Arc};

use crate::{
    StorageError,
    chunk::{CHUNK_BYTES, SHARD_CHUNKS, SUM_SECTOR_BYTES, SUMS_PER_SECTOR},
};

/// The number of a store's first log segment. A place without a manifest is vacant if its log is this segment without records.
pub const FIRST_SEGMENT: u64 = 1;
/// A segment of at most this many bytes holds its header alone.
pub const MAX_HEADER_BYTES: u64 = 512;
/// No manifest is longer than this; a longer one is damage, found before it is read into memory.
pub const MAX_MANIFEST_BYTES: u64 = 16 << 20;

/// What stands at the place a backend was given, told without changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Nothing: missing, empty, or only what a creation that crashed leaves behind.
    Vacant,
    /// A manifest of ours (valid or not: the caller decodes it).
    Occupied,
    /// Log segments of ours that hold more than a header, and no manifest: part of a store is missing.
    ManifestMissing {
        /// What stands there instead, for the error message.
        found: String,
    },
    /// Something that is not ours.
    Foreign {
        /// What stands there, for the error message.
        found: String,
    },
}

/// A part of a store, as errors and reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The manifest in force.
    Manifest,
    /// The log as a whole.
    Log,
    /// The log segment of this number.
    Segment(u64),
    /// A level as a whole.
    Level(u8),
    /// A shard of a level's stream.
    Shard {
        /// Which stream.
        stream: Stream,
        /// Which level, 0 for the leaves.
        level: u8,
        /// Which shard of the level, from 0.
        index: u64,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("manifest"),
            Self::Log => f.write_str("log"),
            Self::Segment(number) => write!(f, "log segment {number}"),
            Self::Level(level) => write!(f, "level {level}"),
            Self::Shard {
                stream,
                level,
                index,
            } => write!(f, "{stream} of level {level}, shard {index}"),
        }
    }
}

/// Exclusive ownership of a place; given up when dropped.
pub trait Ownership: fmt::Debug + Send + Sync {}

/// What a failed write of the log or the manifest leaves behind.
///
/// The variant decides whether a tree goes on: after [`NotWritten`](Self::NotWritten) it keeps what it wanted to write and
/// tries again, after the other two it fails for good.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Nothing is in doubt: what was in force before still is, now and after a crash. The call may be repeated.
    #[error(transparent)]
    NotWritten(io::Error),
    /// The place belongs to another owner by now, who may have written there. Nothing of this call is in force.
    #[error(transparent)]
    Fenced(io::Error),
    /// Some or all of it may be there, now or after a crash. Only opening the place again tells.
    #[error(transparent)]
    InDoubt(io::Error),
}

impl WriteError {
    /// What the backend said.
    #[must_use]
    pub fn into_io(self) -> io::Error {
        match self {
            Self::NotWritten(error) | Self::Fenced(error) | Self::InDoubt(error) => error,
        }
    }

    /// What the backend said.
    #[must_use]
    pub fn as_io(&self) -> &io::Error {
        match self {
            Self::NotWritten(error) | Self::Fenced(error) | Self::InDoubt(error) => error,
        }
    }
}

/// A write that was not made is [`StorageError::Unavailable`], any other failure is for good.
impl From<WriteError> for StorageError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotWritten(error) => Self::Unavailable(Arc::new(error)),
            WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                Self::FlushFailed(Arc::new(error))
            }
        }
    }
}

/// Which of a level's two streams of immutable bytes is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Chunks of nodes: units of [`CHUNK_BYTES`](crate::chunk::CHUNK_BYTES).
    Chunks,
    /// Sectors of chunk checksums: units of [`SUM_SECTOR_BYTES`](crate::chunk::SUM_SECTOR_BYTES).
    Sums,
}

impl Stream {
    /// Bytes in a unit.
    #[must_use]
    pub const fn unit_bytes(self) -> usize {
        match self {
            Self::Chunks => CHUNK_BYTES,
            Self::Sums => SUM_SECTOR_BYTES,
        }
    }

    /// Units in a full shard of so many chunks, a multiple of 128.
    #[must_use]
    pub const fn shard_units(self, shard_chunks: u64) -> u64 {
        match self {
            Self::Chunks => shard_chunks,
            Self::Sums => shard_chunks / SUMS_PER_SECTOR,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunks => "chunks",
            Self::Sums => "checksums",
        })
    }
}

/// The bytes of a log segment, read by position.
#[expect(
    clippy::len_without_is_empty,
    reason = "a segment has at least its header"
)]
pub trait SegmentRead: Send {
    /// Length in bytes at the time of opening. Never zero: a segment has at least its header.
    fn len(&self) -> u64;

    /// Fills `buf` from `offset`; a range beyond [`len`](Self::len) or a short read is an error.
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// The first offset at or behind `offset` that may hold anything but zeros; the length if there is none. A backend that
    /// knows holes spares recovery the reading of them; the default knows none.
    fn next_data(&mut self, offset: u64) -> io::Result<u64> {
        Ok(offset)
    }
}

/// An immutable range of one shard of a [`Stream`].
pub trait Region: fmt::Debug + Send + Sync {
    /// The bytes, where they can be had without copying.
    fn bytes(&self) -> Option<&[u8]>;

    /// Fills `buf` from `offset` within the region; a short read is an error.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

/// How regions are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reads {
    /// Memory maps: fastest. A device error or an outside truncation raises `SIGBUS`.
    #[default]
    Mapped,
    /// One positioned read per access: slower, every failure is an error value.
    Positioned,
}

/// A place where one tree lives. All methods may be called from several threads.
///
/// # Contract
///
/// *Durable* means: survives a crash of the machine. Every error names the file or object and the operation.
/// Segment numbers grow; a number is used again only for a segment that was removed before any manifest named it.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// A description of the place for error messages (a path, a URL).
    fn describe(&self) -> String;

    /// What a part of the store is called in error messages: the file or object that a user would look for.
    fn name(&self, part: Part) -> String {
        format!("{}, {part}", self.describe())
    }

    /// Tells what stands here without changing anything, and without owning it.
    fn inspect(&self) -> Result<Place, StorageError>;

    /// Becomes the one owner, creating the place itself (durably) if it is missing.
    /// [`StorageError::FileLocked`] at once if somebody else is.
    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError>;

    /// Removes what earlier crashes left behind: temporary files and, in a vacant place, the segment of a creation that
    /// crashed. Then makes durable what an earlier process may have left in a cache, names included, so that recovery may
    /// rely on what it finds. Called by the owner while opening.
    fn sweep(&self) -> Result<(), StorageError>;

    // --- log role ---

    /// The numbers of all segments, ascending. Called only while opening.
    fn list_segments(&self) -> Result<Vec<u64>, StorageError>;

    /// Creates segment `number` with `content` (a header and possibly groups). It is visible only as a whole
    /// and durable when this returns. Returns its length.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`] if there is a segment of that number, if `content` fails, and for whatever goes wrong before the
    /// segment can become visible: the number is as free or as taken as before. [`WriteError::InDoubt`] from then on.
    fn create_segment(&self, number: u64, content: &mut dyn Read) -> Result<u64, WriteError>;

    /// Adds one sync group, whole sectors, at `offset`, which is the segment's length. Durable when it returns.
    /// Called for the newest segment only, one call at a time, offsets in order.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`] if no byte was handed over: for want of a descriptor or of room, or because `offset` is not the
    /// segment's end. The same call may follow. [`WriteError::InDoubt`] after a write that failed or fell short and after any sync that
    /// failed; the segment then takes nothing more through this handle.
    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError>;

    /// Like [`commit_group`](Self::commit_group) without waiting for durability, for marks whose loss costs nothing.
    /// `Ok(false)` where the backend has no such thing: nothing was written and the offset stays.
    ///
    /// # Errors
    ///
    /// As [`commit_group`](Self::commit_group).
    fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> Result<bool, WriteError>;

    /// Opens a segment for reading.
    fn read_segment(&self, number: u64) -> io::Result<Box<dyn SegmentRead>>;

    /// Removes a segment; one that is gone already is fine.
    fn remove_segment(&self, number: u64) -> io::Result<()>;

    // --- chunk role ---

    /// Writes whole units of a level's stream from unit `first` on. Positions that a committed manifest names are
    /// never written again; others may be. Durable after [`sync_levels`](Self::sync_levels).
    ///
    /// Equal bytes may always be put again. Different ones a backend of create-only objects refuses with `AlreadyExists`:
    /// a checkpoint covers durable leaves alone, so that within one history a unit has one content.
    fn put(&self, stream: Stream, level: u8, first: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes every [`put`](Self::put) since the last call durable, names included. After an error the bytes since then must be put again.
    fn sync_levels(&self) -> io::Result<()>;

    /// The first `units` units of shard `shard` of a level's stream. Fewer there is `UnexpectedEof`, no such shard
    /// `UnexpectedEof` or `NotFound`. What a committed manifest names keeps its bytes in the view for as long as it lives.
    fn region(
        &self,
        stream: Stream,
        level: u8,
        shard: u64,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>>;

    /// Chunks in a full shard, a multiple of 128; a full shard of checksum sectors belongs to as many chunks.
    /// A constant of the place; other than [`SHARD_CHUNKS`] only in tests, which cannot fill shards of 1 GiB.
    fn shard_chunks(&self) -> u64 {
        SHARD_CHUNKS
    }

    // --- manifest role ---

    /// The manifest in force, or `None` where none was ever committed.
    fn load_manifest(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// Puts a manifest in force in place of the one of generation `generation - 1` (of none for 0). Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`] if the one before is still in force for certain, [`WriteError::Fenced`] if another owner has committed
    /// a different manifest of this generation, [`WriteError::InDoubt`] if the new one may be in force.
    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError>;

    // --- keeping evidence ---

    /// Keeps bytes aside under a name made from `label`, durably, before recovery drops them from the log.
    /// Returns where they are. An existing file of that name is not overwritten.
    fn keep_aside(&self, label: &str, content: &mut dyn Read) -> io::Result<String>;

    // --- resources ---

    /// Lets go of what is kept only for speed, such as an open file; the next call that needs it gets it again.
    /// For a tree that goes idle.
    fn rest(&self) {}
}
