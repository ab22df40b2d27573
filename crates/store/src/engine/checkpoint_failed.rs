//! [`Failed`]: a failed checkpoint, for its caller and the statistics.

use std::sync::Arc;

use crate::{StorageError, checkpoint::CheckpointFailure};

/// A failed checkpoint: the error for its caller, and the cause if the tree tries again.
pub(super) struct Failed {
    pub(super) error: StorageError,
    pub(super) cause: Option<Arc<CheckpointFailure>>,
}

impl From<CheckpointFailure> for Failed {
    fn from(cause: CheckpointFailure) -> Self {
        Self {
            error: StorageError::CheckpointFailed(cause.to_string()),
            cause: Some(Arc::new(cause)),
        }
    }
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        match error {
            // The tree stops here: it failed for good, or is closed.
            StorageError::FlushFailed(_) | StorageError::Closed => Self { error, cause: None },
            _ => CheckpointFailure::Storage(error).into(),
        }
    }
}
