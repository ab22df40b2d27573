//! Converts errors of chunks into errors of nodes, and back.

use std::io;

use rotortree_lean_imt::{NodeFailure, TreeError};

use crate::StorageError;

/// The first requested node that cannot be read, by its index on the level.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) index: u64,
    pub(super) error: StorageError,
}

impl Unreadable {
    /// The same for a level above, each node of which stands on `span` nodes of this one.
    pub(super) fn above(self, span: u64) -> Self {
        Self {
            index: self.index / span,
            ..self
        }
    }

    pub(super) fn at_level(self, level: usize) -> TreeError {
        TreeError::NodeUnavailable {
            level,
            index: self.index,
            source: NodeFailure::new(self.error),
        }
    }
}

/// The storage error within an error of a tree. Any other error becomes an I/O error around it.
///
/// ```
/// use rotortree_lean_imt::{NodeFailure, TreeError};
/// use rotortree_store::{StorageError, cold::storage_error};
///
/// let refused = TreeError::NodeUnavailable {
///     level: 2,
///     index: 7,
///     source: NodeFailure::new(StorageError::Closed),
/// };
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

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn through_a_tree(error: StorageError) -> StorageError {
        storage_error(Unreadable { index: 9, error }.at_level(3))
    }

    #[test]
    fn damage_comes_out_as_it_went_in() {
        let file = || "levels/03/000000.chunks".to_owned();
        for damage in [
            StorageError::CrcMismatch {
                file: file(),
                offset: 4096,
                expected: 7,
                actual: 8,
            },
            StorageError::DataCorruption {
                file: file(),
                offset: 32,
                reason: "it is short".into(),
            },
            StorageError::Closed,
        ] {
            let told = damage.to_string();
            assert_eq!(through_a_tree(damage).to_string(), told);
        }
    }

    #[test]
    fn an_io_error_keeps_its_kind_and_says_which_node() {
        let system = io::Error::new(io::ErrorKind::TimedOut, "cannot read levels/03");
        let StorageError::Io(error) = through_a_tree(system.into()) else {
            panic!("not an I/O error");
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let told = error.to_string();
        assert!(
            told.contains("node 9 of level 3") && told.contains("levels/03"),
            "{told}"
        );
        assert!(error.source().is_none(), "the text holds the cause");
    }

    #[test]
    fn everything_else_becomes_an_io_error_around_it() {
        let kinds = [
            (TreeError::CapacityExceeded, io::ErrorKind::OutOfMemory),
            (TreeError::EmptyBatch, io::ErrorKind::Other),
            (
                Unreadable {
                    index: 0,
                    error: StorageError::MathError,
                }
                .at_level(0),
                io::ErrorKind::Other,
            ),
        ];
        for (error, kind) in kinds {
            let told = error.to_string();
            let StorageError::Io(around) = storage_error(error) else {
                panic!("{told}: not an I/O error");
            };
            assert_eq!((around.kind(), around.to_string()), (kind, told));
        }
    }
}
