//! [`Storage`]: the trait of a backend, which keeps a tree durably.
//!
//! A backend has three roles (log, chunks, manifest) and ownership. An object store can play them
//! as well as a directory: in steady state nothing is renamed, overwritten, appended to or listed.
//! A backend stores bytes under names; the layers above give the bytes their meaning.

// tidy: long file because most of it is the documentation of one trait's promises.

mod address;
mod ahead;
mod locator;
mod segment;
mod units;

use std::{fmt, io, io::Read, sync::Arc, time::Duration};

pub use address::{Part, Shard, Stream};
pub use ahead::{ReadAhead, UnitRange};
pub use locator::Locator;
pub use rotortree_wal::SegmentBytes;
pub use segment::{MAX_ROOM_BYTES, SegmentReader, SegmentWriter};
pub use units::{Reads, Region, UnitWriter};

use crate::{StorageError, chunk::SHARD_CHUNKS, file_layer::FileId};

/// The number of a store's first log segment. A place without a manifest is vacant if its log is
/// this segment without records.
pub const FIRST_SEGMENT: u64 = 1;
/// A segment of at most this many bytes holds its header alone.
pub const MAX_HEADER_BYTES: u64 = 512;
/// No manifest is longer than this; a longer one is damage, found before it is read into memory.
pub const MAX_MANIFEST_BYTES: u64 = 16 << 20;

/// The content of a backend's place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Nothing: missing, empty, or only the remains of a crashed creation.
    Vacant,
    /// A manifest of ours (valid or not: the caller decodes it).
    Occupied,
    /// Log segments of ours that hold more than a header, and no manifest: part of a
    /// store is missing.
    ManifestMissing {
        /// The actual content, for the error message.
        found: String,
    },
    /// Something that is not ours.
    Foreign {
        /// The content, for the error message.
        found: String,
    },
}

/// The directories of a place, so that one place can be kept out of another. Empty for places
/// outside of directories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The directories that belong to the place.
    pub own: Vec<FileId>,
    /// Those that enclose it.
    pub above: Vec<FileId>,
}

impl Location {
    /// Whether this place is the other one, or lies within it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let mut mine = self.own.iter().chain(&self.above);
        mine.any(|mine| other.own.iter().any(|other| other.is_same(mine)))
    }
}

/// Exclusive ownership of a place; given up when dropped.
pub trait Ownership: fmt::Debug + Send + Sync {}

/// The state after a failed write of the log or the manifest.
///
/// The variant decides whether a tree goes on: after [`NotWritten`](Self::NotWritten) it keeps the
/// pending bytes and tries again; after the other two it fails for good.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Nothing is in doubt: the state before the call is still in force, now and after a crash. The
    /// call may be repeated.
    #[error(transparent)]
    NotWritten(io::Error),
    /// The place does not have the state that this owner left: another owner wrote, files were
    /// changed past the backend, or the place is gone. Nothing of this call is in force.
    #[error(transparent)]
    Fenced(io::Error),
    /// Some or all of it may be there, now or after a crash. Only opening the place again tells.
    #[error(transparent)]
    InDoubt(io::Error),
}

impl WriteError {
    /// The backend's error.
    #[must_use]
    pub fn into_io(self) -> io::Error {
        match self {
            Self::NotWritten(error) | Self::Fenced(error) | Self::InDoubt(error) => error,
        }
    }

    /// The backend's error.
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

/// A place where one tree lives. All methods may be called from several threads.
///
/// # Contract
///
/// *Durable* means: survives a crash of the machine. Every error names the file or object and the
/// operation. Segment numbers grow; a number is used again only for a segment that was removed
/// before any manifest named it.
///
/// A handle is cheap and remembers nothing that matters: any number of them, in any process, see
/// one place. One of them owns it at a time, and only that one writes; the reading methods work for
/// all, beside the owner too.
///
/// Each role has one type of error. The *place* ([`inspect`](Self::inspect),
/// [`acquire`](Self::acquire), [`sweep`](Self::sweep)) has [`StorageError`], since it may have an
/// owner. A *write of the log or the manifest* has [`WriteError`], since the tree must know
/// whether it is in doubt. *Everything else* has [`io::Error`]: reading fails, and a checkpoint
/// is tried again.
///
/// The conformance suite, `test_util::conformance`, checks the clauses that one process can
/// observe, and lists every clause that does not hold; durability takes a crash to observe.
/// `docs/write-a-backend.md` leads from this trait to a backend that passes.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// A description of the place for error messages (a path, a URL).
    fn describe(&self) -> String;

    /// The name of a part of the store in error messages: its file or object.
    fn name(&self, part: Part) -> String {
        format!("{}, {part}", self.describe())
    }

    /// Classifies the content of the place without changing it and without ownership.
    fn inspect(&self) -> Result<Place, StorageError>;

    /// A reading handle that stays with the store that is here now, also after another one
    /// takes the place's name. `None`, the default, if this handle does so itself or if
    /// there is no store.
    fn pinned(&self) -> Result<Option<Arc<dyn Storage>>, StorageError> {
        Ok(None)
    }

    /// The location of the place, whether or not it exists yet. The default has no location.
    fn location(&self) -> Result<Location, StorageError> {
        Ok(Location::default())
    }

    /// Becomes the one owner, creating the place itself (durably) if it is missing.
    /// Ownership outlives this handle and ends when it is dropped. No manifest of an earlier owner
    /// comes into force once this returns.
    ///
    /// # Errors
    ///
    /// [`StorageError::FileLocked`] if there is an owner already, be it through this very handle:
    /// at once, or within the time after which the backend takes an owner for gone.
    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError>;

    /// Removes the remains of earlier crashes: temporary files and, in a vacant place, the segment
    /// of a crashed creation. Then makes the manifest durable that an earlier process may have left
    /// in a cache, its name and the place's included. What the manifest names was durable before.
    /// Called by the owner before it writes anything else: while opening or, after an orderly
    /// close, before its first write.
    fn sweep(&self) -> Result<(), StorageError>;

    // --- log role ---

    /// The numbers of all segments, ascending as numbers, whatever their names sort like. Called
    /// only while opening.
    fn list_segments(&self) -> io::Result<Vec<u64>>;

    /// Begins segment `number`, whose content (a header and possibly groups) comes in pieces of any
    /// size and may be as long as a log. One segment is begun at a time.
    ///
    /// Any number from 1 to `u64::MAX`, of which the ones before need not exist: checkpoints remove
    /// them.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`], here or when it is finished, if there is a segment of that
    /// number.
    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError>;

    /// Creates segment `number` with this content; see [`start_segment`](Self::start_segment).
    ///
    /// # Errors
    ///
    /// As [`start_segment`](Self::start_segment) and [`SegmentWriter::finish`].
    fn create_segment(&self, number: u64, content: &[u8]) -> Result<u64, WriteError> {
        let mut segment = self.start_segment(number)?;
        segment.write(content)?;
        segment.finish()
    }

    /// Adds one sync group, whole sectors, at `offset`, where the last one ends. Durable when it
    /// returns. Called for the newest segment only, one call at a time, offsets in order.
    /// Creates no segment.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`] if no byte was handed over: for want of a descriptor or of room,
    /// or because `offset` is not the segment's end. The same call may follow.
    /// [`WriteError::InDoubt`] after a write that failed or fell short and after any sync that
    /// failed; the segment then takes nothing more through this handle.
    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError>;

    /// Like [`commit_group`](Self::commit_group) without waiting for durability, for marks whose
    /// loss costs nothing. `Ok(false)` where the backend has no such thing: nothing was written
    /// and the offset stays.
    ///
    /// # Errors
    ///
    /// As [`commit_group`](Self::commit_group).
    fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> Result<bool, WriteError>;

    /// Whether the readable part of a segment is durable. If so, readers show it as they find it,
    /// and a writer that falls idle leaves no mark; the next owner keeps the segments as they are
    /// and copies none of their records into its own. Otherwise a reader shows the part that marks
    /// and later groups attest; a backend without marks then gets one empty group, durably,
    /// whenever the writer falls idle; and the next owner writes again what nothing attests, or a
    /// small log as a whole. A constant of the place.
    ///
    /// Such a backend fences: once there is another owner, an earlier one can add nothing to a
    /// segment, however long its request was under way. What was read is then all there will be.
    fn readable_is_durable(&self) -> bool {
        false
    }

    /// The longest time that a leader may wait before it commits a group, so that the threads which
    /// the last group served come back with their next records: a small part of the time that a
    /// group takes. None where a group takes no longer than waking a few threads.
    fn gather_time(&self) -> Duration {
        Duration::ZERO
    }

    /// Opens a segment for reading, also beside an owner who appends to it. The reader keeps the
    /// length of this moment; bytes that are being appended then may show in part.
    ///
    /// # Errors
    ///
    /// `NotFound` for a segment that is not there, with its number in the text.
    fn read_segment(&self, number: u64) -> io::Result<SegmentReader>;

    /// Removes a segment, the newest one too; one that is gone already or was never there is fine.
    fn remove_segment(&self, number: u64) -> io::Result<()>;

    /// Removes a segment that the manifest in force does not name any more, because a checkpoint
    /// covers it. Unlike [`remove_segment`](Self::remove_segment) it may keep the space for a
    /// segment that this owner starts later, which then [says so](SegmentWriter::remains). Only
    /// space of segments that this owner started is kept, until it falls idle or ends.
    ///
    /// A reader that has the segment open may see it change: it looks whether the manifest still
    /// names the segment before it believes what it read.
    fn retire_segment(&self, number: u64) -> io::Result<()> {
        self.remove_segment(number)
    }

    // --- chunk role ---

    /// Begins to put units. The locator that [`UnitWriter::finish`] returns names them, and the
    /// units that the locators `with` name.
    ///
    /// Several writers may be there at once, also for one shard, as long as they put different
    /// units; what one meets concerns no other.
    ///
    /// # Errors
    ///
    /// The error of the backend; nothing was put then.
    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>>;

    /// The first `units` units of a shard. Zero units are a view of nothing, also for a missing
    /// shard. Units that a committed manifest names keep their bytes in the view for as long as it
    /// lives, whatever is put meanwhile.
    /// Full shards are asked for when they are read first, by a locator that was in force earlier.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` for fewer units than asked for, `UnexpectedEof` or `NotFound` for no such
    /// shard: opening takes both for damage, any other kind for a mishap. More units than a
    /// shard has is an error ([`Shard::check_view`]).
    fn region(
        &self,
        locator: &Locator,
        shard: Shard,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>>;

    /// Fills `bytes` with whole units of a shard, from unit `first` on. The units before may be
    /// missing, and these may be put again meanwhile: the caller compares them with their
    /// checksums.
    ///
    /// # Errors
    ///
    /// As [`region`](Self::region).
    fn read_units(
        &self,
        locator: &Locator,
        shard: Shard,
        first: u64,
        bytes: &mut [u8],
    ) -> io::Result<()> {
        let unit = shard.stream.unit_bytes();
        let units = first.saturating_add((bytes.len() / unit) as u64);
        let region = self.region(locator, shard, units, Reads::Positioned)?;
        // Within a shard, whose length in bytes is a `u64`.
        region.read_at(first * unit as u64, bytes)
    }

    /// What is told of reads before they are made, for the units that `locator` names. `None`, the
    /// default, where a hint is of no use, as in a directory: then no list of units is made.
    fn read_ahead(&self, locator: &Locator) -> Option<Arc<dyn ReadAhead>> {
        let _ = locator;
        None
    }

    /// Whether opening compares every stored node with the hash of its children where neither the
    /// configuration nor the builder says so: yes, by default. A backend answers no if that reads
    /// more than an opening may cost, as over a network. A constant of the place.
    fn verifies_on_open(&self) -> bool {
        true
    }

    /// Chunks in a full shard, a multiple of 128; a full shard of checksum sectors belongs to as
    /// many chunks. A constant of the place; other than [`SHARD_CHUNKS`] only in tests, which
    /// cannot fill shards of 1 GiB.
    fn shard_chunks(&self) -> u64 {
        SHARD_CHUNKS
    }

    // --- manifest role ---

    /// The manifest in force, or `None` where none was ever committed. Always a whole one, also
    /// while another is being committed, and never an older one than before.
    ///
    /// # Errors
    ///
    /// `InvalidData` for one of more than [`MAX_MANIFEST_BYTES`], which is damage: told without
    /// reading it into memory.
    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>>;

    /// Whether the manifest of `generation`, which begins with the bytes `head`, is still in force:
    /// one request that reads nothing but these bytes, for readers that have the manifest already.
    /// The generation and these bytes together are those of no other manifest.
    ///
    /// `false` is always right: the caller then loads the manifest. The default loads it here.
    fn is_in_force(&self, generation: u64, head: &[u8]) -> io::Result<bool> {
        let _ = generation;
        let manifest = self.load_manifest()?;
        Ok(manifest.is_some_and(|manifest| manifest.starts_with(head)))
    }

    /// Puts a manifest in force in place of the one of generation `generation - 1` (of none for
    /// 0). Durable when it returns. The backend does not interpret the bytes; it gets the
    /// generation beside them.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`] if the one before is still in force for certain, also if that is
    /// not of generation `generation - 1` or there is none; [`WriteError::Fenced`] if another
    /// owner has committed a different manifest of this generation, [`WriteError::InDoubt`] if the
    /// new one may be in force.
    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError>;

    // --- keeping evidence ---

    /// Keeps bytes in quarantine under a name made from `label`, durably, before recovery drops
    /// them from the log. `label` is any text, slashes and `..` included: the name stays within the
    /// place. Returns where they are. If these bytes are there under that name already, the call
    /// keeps them, so it can be repeated; if other bytes are there, it fails with `AlreadyExists`
    /// and does not change them.
    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String>;

    // --- resources ---

    /// Tells `each` the name and the value of every counter of the backend's own: requests,
    /// retries, bytes, hits of a cache. [`Stats::backend`](crate::Stats::backend) shows them. Names are of
    /// small letters, digits and `_`, and stay what they are. A counter grows while the handle
    /// lives. Blocks for nothing that takes long. The default has none.
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let _ = each;
    }

    /// Releases resources that are kept for speed, such as an open file; the next call that needs
    /// them gets them again. For a tree that goes idle.
    fn release_idle(&self) {}
}
