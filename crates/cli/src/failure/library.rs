//! The errors of the crates below as failures: which code each has, and what to do next.

use std::io::ErrorKind;

use rotortree::{IndexError, RotorTreeError, StorageError, TreeError};
use rotortree_proof_forms::{FormError, Missing};

use super::{Code, Failure};

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        use StorageError as E;

        let code = match &error {
            E::Io(cause) if is_of_the_place(cause.kind()) => Code::Place,
            E::ForeignDirectory { .. }
            | E::UnsupportedFormat { .. }
            | E::HasherMismatch { .. }
            | E::ConfigMismatch { .. } => Code::Place,
            E::FileLocked => Code::InUse,
            E::CrcMismatch { .. }
            | E::WalCorrupted { .. }
            | E::NothingLeft { .. }
            | E::DataCorruption { .. } => Code::Damaged,
            E::UnexpectedHead { .. } => Code::Differs,
            E::InvalidConfig(_) | E::MetadataTooLong { .. } => Code::Usage,
            _ => Code::System,
        };
        let next = match &error {
            E::WalCorrupted { .. } => {
                "`rotortree recover PLACE` shows what a looser mode would keep, and changes nothing"
            }
            E::NothingLeft { .. } => {
                "restore a backup; `rotortree recover PLACE --accept-loss` goes on without the \
                 leaves, and keeps the bytes of the log"
            }
            _ => return Self::new(code, error),
        };
        Self::new(code, error).next(next)
    }
}

/// Whether the system says that the place is none, and not that it could not be used.
fn is_of_the_place(kind: ErrorKind) -> bool {
    use ErrorKind as K;

    matches!(
        kind,
        K::NotFound | K::NotADirectory | K::AlreadyExists | K::InvalidInput
    )
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        use TreeError as E;

        let code = match &error {
            E::IndexOutOfRange { .. }
            | E::SizeOutOfRange { .. }
            | E::SizeDecreased { .. }
            | E::UnsupportedArity { .. }
            | E::ArityExceedsHasher { .. }
            | E::NoSuchForm { .. }
            | E::IndicesNotIncreasing { .. }
            | E::MaxDepthExceeded { .. } => Code::Usage,
            E::RefusedHash { .. } => Code::Input,
            E::NodeUnavailable { .. } => Code::Damaged,
            E::RootMismatch { .. } | E::SizeMismatch { .. } => Code::Differs,
            E::CapacityExceeded => Code::System,
            _ => Code::Input,
        };
        Self::new(code, error)
    }
}

impl From<FormError> for Failure {
    fn from(error: FormError) -> Self {
        use FormError as E;

        let sentence = error.to_string();
        let refused = |code| Self::new(code, sentence);
        match error {
            E::Tree(error) => error.into(),
            E::NoSuchForm { .. } => refused(Code::Usage).next("use --format json, bytes or abi"),
            E::Levels { needed, .. } => {
                refused(Code::Usage).next(format!("give --levels from {} to 64", needed.max(1)))
            }
            E::Missing(missing) => refused(Code::Usage).next(match missing {
                Missing::OldHead => "give --old",
                Missing::Leaf => "give --leaf",
                _ => "give --index",
            }),
            E::NotCanonical(_) | E::NotOfHeads(_) => refused(Code::System),
            _ => refused(Code::Input),
        }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        use IndexError as E;

        let code = match error {
            E::Tree(error) => return error.into(),
            E::Inside(_) | E::TooManyLeaves { .. } => Code::Usage,
            E::File { .. } | E::Disagrees { .. } => Code::Damaged,
            _ => Code::System,
        };
        Self::new(code, error)
    }
}

impl From<RotorTreeError> for Failure {
    fn from(error: RotorTreeError) -> Self {
        match error {
            RotorTreeError::Storage(error) => error.into(),
            RotorTreeError::Tree(error) => error.into(),
            RotorTreeError::Hook(error) => match error.downcast::<IndexError>() {
                Ok(error) => (*error).into(),
                Err(error) => Self::new(Code::System, error),
            },
            other => Self::new(Code::System, other),
        }
    }
}
