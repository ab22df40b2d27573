//! [`ReadError`] and [`FollowError`]: why a client does not believe a file or a checkpoint.

use std::sync::Arc;

use rotortree_lean_imt::{TreeError, TreeHead};

use crate::{CheckpointError, QuorumError, SignedCheckpoint, TargetError, Tile};

/// Why a file of the log was not believed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A tile or a bundle that the head needs is not there.
    #[error("the log has no {tile}")]
    Missing {
        /// The tile.
        tile: Tile,
    },
    /// A tile has another length than its width says.
    #[error("{tile} has {len} bytes; it should have {} hashes of 32", tile.width)]
    Length {
        /// The tile.
        tile: Tile,
        /// Its bytes.
        len: usize,
    },
    /// The partial tiles of a head do not lead to its root: one of them was changed, or is another
    /// log's.
    #[error("the partial tiles for the head {head} do not lead to its root")]
    Edge {
        /// The head.
        head: TreeHead,
    },
    /// A full tile does not belong to the head: it was changed, swapped, or is another log's.
    #[error("{tile} does not belong to the head {head}")]
    Tile {
        /// The tile.
        tile: Tile,
        /// The head.
        head: TreeHead,
    },
    /// An entry bundle is cut, or one of its entries does not hash to its leaf.
    #[error("{tile} is not the bundle of its leaves: {}", match entry {
        Some(entry) => format!("entry {entry} does not hash to its leaf"),
        None => "it is cut, or has a rest".to_owned(),
    })]
    Bundle {
        /// The bundle.
        tile: Tile,
        /// The first entry that does not hash to its leaf; `None` if the bundle is cut.
        entry: Option<u64>,
    },
    /// The tree refuses what was asked for.
    #[error(transparent)]
    Tree(TreeError),
    /// The source failed.
    #[error(transparent)]
    Source(Arc<TargetError>),
}

/// A node that could not be read says which tile is to blame.
impl From<TreeError> for ReadError {
    fn from(error: TreeError) -> Self {
        let cause = match &error {
            TreeError::NodeUnavailable { source, .. } => source.downcast_ref::<Self>(),
            _ => None,
        };
        cause.cloned().unwrap_or(Self::Tree(error))
    }
}

impl From<TargetError> for ReadError {
    fn from(error: TargetError) -> Self {
        Self::Source(Arc::new(error))
    }
}

/// Why a checkpoint was not believed. The client keeps the one that it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The log has no checkpoint.
    #[error("the log has no checkpoint")]
    NoCheckpoint,
    /// The checkpoint is not one of this log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Too few witnesses have cosigned the checkpoint.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// The checkpoint is older than the one that the client has, and the newer one continues it.
    #[error("the log went back from {} to {}", old.head(), new.head())]
    RolledBack {
        /// The checkpoint that the client has.
        old: Box<SignedCheckpoint>,
        /// The one that was read.
        new: Box<SignedCheckpoint>,
    },
    /// The log has signed two checkpoints of which neither continues the other. The two notes are
    /// the evidence.
    #[error("the log forked: neither of {} and {} continues the other", old.head(), new.head())]
    Fork {
        /// The checkpoint that the client has.
        old: Box<SignedCheckpoint>,
        /// The one that was read.
        new: Box<SignedCheckpoint>,
    },
    /// A file that is needed to compare the two was not believed.
    #[error(transparent)]
    Read(#[from] ReadError),
}
