//! Errors on their way from a chunk to whoever asked for a node, and back.

use std::{io, sync::Arc};

use rotortree_lean_imt::TreeError;

use crate::StorageError;

/// A node that cannot be read: the first of those asked for, by its index on the level.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) index: u64,
    pub(super) error: StorageError,
}

impl Unreadable {
    pub(super) fn at_level(self, level: usize) -> TreeError {
        TreeError::NodeUnavailable {
            level,
            index: self.index,
            source: Arc::new(self.error),
        }
    }
}

/// What storage said, out of the error of a tree that stands on it. Any other refusal becomes an I/O error around it.
///
/// ```
/// use rotortree_lean_imt::TreeError;
/// use rotortree_store::{StorageError, cold::storage_error};
///
/// let refused = TreeError::NodeUnavailable { level: 2, index: 7, source: std::sync::Arc::new(StorageError::Closed) };
/// assert!(matches!(storage_error(refused), StorageError::Closed));
/// ```
#[must_use]
pub fn storage_error(error: TreeError) -> StorageError {
    let said = match &error {
        TreeError::NodeUnavailable { source, .. } => source.downcast_ref::<StorageError>(),
        _ => None,
    };
    match said {
        Some(StorageError::CrcMismatch {
            file,
            offset,
            expected,
            actual,
        }) => StorageError::CrcMismatch {
            file: file.clone(),
            offset: *offset,
            expected: *expected,
            actual: *actual,
        },
        Some(StorageError::DataCorruption {
            file,
            offset,
            reason,
        }) => StorageError::DataCorruption {
            file: file.clone(),
            offset: *offset,
            reason: reason.clone(),
        },
        Some(StorageError::Io(system)) => io::Error::new(system.kind(), error).into(),
        Some(StorageError::Closed) => StorageError::Closed,
        Some(_) => io::Error::other(error).into(),
        None => match error {
            TreeError::CapacityExceeded => io::Error::new(io::ErrorKind::OutOfMemory, error).into(),
            _ => io::Error::other(error).into(),
        },
    }
}
