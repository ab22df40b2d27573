//! [`PublishError`]: why a tree was not published.

use std::{error::Error, fmt};

use rotortree_hasher::{Hash, Hex};
use rotortree_lean_imt::{TreeError, TreeHead};

use crate::{CheckpointError, SignError, TargetError};

/// The error of an application's callback.
pub type EntryError = Box<dyn Error + Send + Sync>;

/// A place that says what may have been signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardPlace {
    /// The checkpoint at the target.
    Checkpoint,
    /// The guard at the target.
    Target,
    /// The guard at the second place.
    Second,
}

impl fmt::Display for GuardPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checkpoint => "the checkpoint at the target",
            Self::Target => "the guard at the target",
            Self::Second => "the second guard",
        })
    }
}

/// Why a tree was not published. The last checkpoint is in force and whole after each of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The tree is smaller than one that may have been signed: it was restored from an old copy, or
    /// it is not this log's.
    #[error(
        "the tree has {size} leaves, and {place} says that {} may have been signed; publish when \
         the tree has all of them again", signed.size
    )]
    Shrunk {
        /// Where the head stands.
        place: GuardPlace,
        /// Size of the tree.
        size: u64,
        /// The head that may have been signed.
        signed: TreeHead,
    },
    /// The tree has another root at a size that may have been signed. To publish it would fork the
    /// log.
    #[error(
        "the tree has the root {} at size {}, and {place} says that {} may have been signed; the \
         log would fork", Hex(*root), signed.size, Hex(signed.root)
    )]
    Forked {
        /// Where the head stands.
        place: GuardPlace,
        /// The head that may have been signed.
        signed: TreeHead,
        /// The root of the tree at its size.
        root: Hash,
    },
    /// The tree has another node hash.
    #[error("the tree does not have the node hash of RFC 6962; make it with `Rfc6962Hasher`")]
    OtherHash,
    /// The guard is of another log.
    #[error("{place} is of the log {origin:?}")]
    OtherLog {
        /// The guard.
        place: GuardPlace,
        /// Origin of that log.
        origin: String,
    },
    /// The guard is there and cannot be read. What was signed is not known.
    #[error("{place} is damaged; restore it, or write one for the newest head that was signed")]
    DamagedGuard {
        /// The guard.
        place: GuardPlace,
    },
    /// Another publisher has changed the guard meanwhile.
    #[error("{place} was changed meanwhile; a log has one publisher")]
    Rival {
        /// The guard.
        place: GuardPlace,
    },
    /// The checkpoint at the target is not one of this log.
    #[error("the checkpoint at the target is not this log's: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// Another checkpoint is in force than the one that was cosigned.
    #[error("the checkpoint that was cosigned is not the one in force")]
    Superseded,
    /// The application could not return an entry.
    #[error("entry {index} cannot be had: {source}")]
    Entry {
        /// Index of the entry.
        index: u64,
        /// The application's error.
        source: EntryError,
    },
    /// An entry does not hash to its leaf.
    #[error("entry {index} does not hash to leaf {index} of the tree")]
    Mismatch {
        /// Index of the entry.
        index: u64,
    },
    /// An entry is too long for a bundle.
    #[error("entry {index} has {len} bytes; a bundle has entries of at most 65,535")]
    TooLong {
        /// Index of the entry.
        index: u64,
        /// Its length.
        len: usize,
    },
    /// The tree could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The checkpoint was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The target failed.
    #[error(transparent)]
    Target(#[from] TargetError),
}
