//! [`StorageError`]: failures between a tree and its storage.
//!
//! One rule for every error of these crates: a text is whole. It holds the text of its cause, so
//! that `{}` in a log line loses nothing, and `source()` returns nothing that the text holds
//! already, so that a reporter which prints a chain of sources prints each cause once. The typed
//! cause is the variant's field.

use std::{error::Error, io, sync::Arc};

use rotortree_hasher::{Hash, Hex};
use rotortree_lean_imt::{TreeError, TreeHead};

use crate::refusal::Refusal;

/// A failure of storage. Every message states the file or object, the place in it, the cause, and
/// the remedy.
///
/// A message holds its cause, once; [`source`](std::error::Error::source) returns nothing that the
/// message already says.
///
/// ```
/// use rotortree_store::StorageError;
/// use std::{error::Error, io, sync::Arc};
///
/// let full = Arc::new(io::Error::new(
///     io::ErrorKind::StorageFull,
///     "cannot write /tree/log/1.wal: no space left",
/// ));
/// let error = StorageError::FlushFailed(Arc::clone(&full));
/// assert_eq!(error.to_string().matches(&full.to_string()).count(), 1);
/// assert!(error.source().is_none());
/// let StorageError::FlushFailed(cause) = error else {
///     unreachable!()
/// };
/// assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The backend refused an operation; the message names the operation, the file or object, the
    /// reason, and where there is one the remedy.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The tree was closed, through this handle or a clone of it.
    #[error("the tree is closed; open it again to go on")]
    Closed,
    /// A call from within the tree's own hasher or insert hook, from a destructor that closing
    /// runs, or from a callback of a refresh, that would wait for its own caller. Nothing was
    /// changed. Make such a call on another thread, or after the outer call has returned.
    #[error(
        "the call comes from within the tree's own hasher or insert hook, or from within closing \
         or refreshing it, and would wait for itself; use another thread, or call when the outer \
         call has returned"
    )]
    Reentered,
    /// Another process or handle owns the store. The `tracing` event names it, and so
    /// does [`StoreIdentity::place`](crate::StoreIdentity::place).
    #[error("another process or handle has this store open; close it, or open read-only")]
    FileLocked,
    /// A log write or sync failed, now or earlier. Nothing became durable since; reopen to recover.
    #[error(
        "writing the log failed, and this handle no longer accepts writes: {0}; close and reopen \
         to recover what is durable"
    )]
    FlushFailed(Arc<io::Error>),
    /// The log or the manifest could not be written for now: no descriptor, no room, a file that
    /// could not be opened. Nothing was written, so nothing is in doubt. The tree goes on, pending
    /// entries keep their order, and the next flush tries again.
    #[error(
        "nothing could be written for now, and nothing is lost: {0}; flush or wait again once the \
         shortage is over"
    )]
    Unavailable(Arc<io::Error>),
    /// A checkpoint failed; the text has the reason. A running tree goes on and tries again. The
    /// typed cause is [`Stats::checkpoint_error`](crate::Stats::checkpoint_error).
    #[error(
        "the checkpoint failed: {0}; no durable leaf is affected, and the next checkpoint covers \
         what this one did not"
    )]
    CheckpointFailed(String),
    /// A size or sequence would leave the range of 64 bits.
    #[error(
        "a size or sequence number would leave the range of 64 bits, which no tree reaches by \
         inserts; restore the store from a backup"
    )]
    MathError,
    /// Stored bytes do not match their checksum.
    #[error(
        "{file}: checksum of the bytes at {offset} is {actual:#010x}, expected {expected:#010x}; \
         restore the file from a backup"
    )]
    CrcMismatch {
        /// The file or object.
        file: String,
        /// Byte offset in it.
        offset: u64,
        /// The checksum on record.
        expected: u32,
        /// The checksum of the bytes read.
        actual: u32,
    },
    /// The log is damaged at or below its known durable end.
    #[error(
        "{file}: the log is damaged at byte {offset}: {reason}; it is valid up to entry \
         {valid_sequence} ({valid_size} leaves) and was durable up to entry {durable_sequence} \
         ({}). Restore from a backup, or open with RecoveryMode::StopAtLastValid to keep what is \
         valid",
        Durable(lost.as_deref())
    )]
    WalCorrupted {
        /// The segment.
        file: String,
        /// Byte offset in it.
        offset: u64,
        /// The defect at this place.
        reason: String,
        /// The last valid record's sequence.
        valid_sequence: u64,
        /// Leaves up to there.
        valid_size: u64,
        /// The sequence known to have been durable.
        durable_sequence: u64,
        /// The largest durable head that is known to be lost.
        lost: Option<Box<TreeHead>>,
    },
    /// The log is damaged so that no leaf would be left of a tree with leaves.
    #[error(
        "{file}: the log is damaged at byte {offset}: {reason}; no leaf stands in front of the \
         damage, and {}. Restore from a backup, or open with RecoveryMode::AcceptLoss to move \
         the log's bytes to quarantine and go on from an empty tree",
        Had(*known_size, lost.as_deref())
    )]
    NothingLeft {
        /// The segment.
        file: String,
        /// Byte offset in it.
        offset: u64,
        /// The defect at this place.
        reason: String,
        /// The largest size of the tree that is on record; 0 if none is.
        known_size: u64,
        /// The largest durable head that is known to be lost.
        lost: Option<Box<TreeHead>>,
    },
    /// The store has another branching factor, or a larger depth than the type allows.
    #[error(
        "the store has N = {actual_n} and MAX_DEPTH = {actual_max_depth}, opened with N = \
         {expected_n} and MAX_DEPTH = {expected_max_depth}; open it with its own N and at least \
         its MAX_DEPTH"
    )]
    ConfigMismatch {
        /// N of the type.
        expected_n: usize,
        /// N of the store.
        actual_n: usize,
        /// MAX_DEPTH of the type.
        expected_max_depth: usize,
        /// MAX_DEPTH of the store.
        actual_max_depth: usize,
    },
    /// The store was made by a hasher that behaves differently.
    #[error(
        "the store was made with another hasher: its fingerprint is {}, this hasher's is {}; open \
         it with the hasher that made it",
        Hex(*actual),
        Hex(*expected)
    )]
    HasherMismatch {
        /// Fingerprint of the hasher given.
        expected: Hash,
        /// Fingerprint on record.
        actual: Hash,
    },
    /// The place holds something that is not a store of this format.
    #[error("{place} is not a place for this: it holds {found}; {remedy}")]
    ForeignDirectory {
        /// The place, as its backend describes it: of a directory the path.
        place: String,
        /// The content of the place.
        found: String,
        /// The remedy.
        remedy: String,
    },
    /// The store was written by a newer release.
    #[error(
        "{file} has format version {found}, this release reads version {supported}; open it with \
         another release"
    )]
    UnsupportedFormat {
        /// The file or object.
        file: String,
        /// Its version.
        found: u32,
        /// The version that this release reads.
        supported: u32,
    },
    /// Stored data contradicts itself or its checksums, or a file is missing.
    #[error("{file}: damaged at byte {offset}: {reason}; restore it from a backup")]
    DataCorruption {
        /// The file or object.
        file: String,
        /// Byte offset in it.
        offset: u64,
        /// The defect at this place.
        reason: String,
    },
    /// The insert would have to wait, and the caller asked not to: another thread inserts, the
    /// bound on unflushed bytes is reached, the batch is larger than it, or a checkpoint lags
    /// behind. Nothing changed.
    #[error(
        "the insert would have to wait for another insert, a sync or a checkpoint, and changed \
         nothing; use the waiting form, or try again later"
    )]
    WouldBlock,
    /// The recovered tree does not contain the head that the caller expects.
    #[error(
        "the store does not contain the expected head of size {size}: {reason}; it was rolled back \
         or belongs to another tree: put the newer store back, or expect a head that it contains"
    )]
    UnexpectedHead {
        /// Size of the expected head.
        size: u64,
        /// The difference.
        reason: String,
    },
    /// Metadata is longer than an entry takes.
    #[error(
        "the metadata has {len} bytes, and an entry takes at most {max}; keep a reference to it \
         instead"
    )]
    MetadataTooLong {
        /// Its bytes.
        len: usize,
        /// The most that are taken.
        max: usize,
    },
    /// A configuration value is outside its limits.
    #[error("the configuration is not usable: {0}")]
    InvalidConfig(String),
}

impl StorageError {
    /// The operating system's number of the failure, if the system reported it: it distinguishes
    /// errors of one kind.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self {
            Self::Io(error) => crate::fs::raw_os_error(error),
            Self::FlushFailed(error) | Self::Unavailable(error) => crate::fs::raw_os_error(error),
            _ => None,
        }
    }
}

/// Any failure of a durable tree: of its storage, or of the tree itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotorTreeError {
    /// Storage failed or refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The tree refused.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The [`InsertHook`](crate::InsertHook) refused a leaf. Nothing was inserted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The [`InsertHook`](crate::InsertHook) could not decide, or could not be opened with its tree.
    /// Nothing was inserted.
    #[error("the insert hook failed, and nothing was inserted: {0}")]
    Hook(Box<dyn Error + Send + Sync>),
}

/// The durable head that a damaged log has lost, in words.
struct Durable<'a>(Option<&'a TreeHead>);

impl std::fmt::Display for Durable<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(head) => write!(f, "{} leaves with root {}", head.size, Hex(head.root)),
            None => f.write_str("how many leaves that were is not on record"),
        }
    }
}

/// The largest size and the durable head on record of a tree of which nothing would be
/// left, in words.
struct Had<'a>(u64, Option<&'a TreeHead>);

impl std::fmt::Display for Had<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0, self.1) {
            (0, _) => f.write_str("how many the tree had is not on record"),
            (leaves, Some(head)) if leaves == head.size => {
                write!(
                    f,
                    "the tree had {leaves}, durable, with root {}",
                    Hex(head.root)
                )
            }
            (leaves, Some(head)) => write!(
                f,
                "the tree had {leaves}, of which {} were durable with root {}",
                head.size,
                Hex(head.root)
            ),
            (leaves, None) => write!(f, "the tree had {leaves}"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
