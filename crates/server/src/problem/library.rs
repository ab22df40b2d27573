//! The errors of the crates below as problems: which code each has, and what to do next.

use std::io::{self, ErrorKind};

use rotortree::{IndexError, RotorTreeError, StorageError, TreeError};
use rotortree_proof_forms::FormError;

use super::{Code, Problem};

impl From<TreeError> for Problem {
    fn from(error: TreeError) -> Self {
        use TreeError as E;

        let code = match &error {
            E::IndexOutOfRange { .. } | E::SizeOutOfRange { .. } => Code::OutOfRange,
            E::SizeMismatch { .. } => Code::SizeDiffers,
            E::RefusedHash { .. } | E::EmptyBatch | E::MaxDepthExceeded { .. } => Code::Refused,
            E::CapacityExceeded => Code::Overloaded,
            E::NodeUnavailable { .. } => Code::Internal,
            _ => Code::BadRequest,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        use StorageError as E;

        let message = error.to_string();
        match &error {
            E::MetadataTooLong { .. } => Self::new(Code::TooLarge, message),
            E::Closed => Self::new(Code::Stopping, message),
            E::FlushFailed(cause) => Self::new(off(cause), message).next(
                "read on; the operator starts the server again, which recovers what is durable",
            ),
            E::Unavailable(cause) => Self::new(off(cause), message).next(
                "send the same leaves with the same expected_size again once there is room: they \
                 are appended once",
            ),
            E::Io(cause) if is_full(cause) => Self::new(Code::StorageFull, message),
            _ => Self::new(Code::Internal, message),
        }
    }
}

/// The code of a failure to write.
fn off(cause: &io::Error) -> Code {
    match is_full(cause) {
        true => Code::StorageFull,
        false => Code::WritingOff,
    }
}

fn is_full(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

impl From<RotorTreeError> for Problem {
    fn from(error: RotorTreeError) -> Self {
        match error {
            RotorTreeError::Storage(error) => error.into(),
            RotorTreeError::Tree(error) => error.into(),
            RotorTreeError::Refused(refusal) => Self::new(Code::Refused, refusal.to_string()),
            other => Self::new(Code::Internal, other.to_string()),
        }
    }
}

impl From<IndexError> for Problem {
    fn from(error: IndexError) -> Self {
        Self::new(Code::Internal, error.to_string())
    }
}

impl From<FormError> for Problem {
    fn from(error: FormError) -> Self {
        let message = error.to_string();
        match error {
            FormError::Tree(error) => error.into(),
            FormError::NoSuchForm { .. } => {
                Self::new(Code::NoSuchForm, message).next("ask for json, bytes or abi")
            }
            FormError::Levels { needed, .. } => Self::new(Code::NoSuchForm, message)
                .next(format!("ask for levels from {} to 64", needed.max(1))),
            _ => Self::new(Code::Internal, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_the_store_takes_for_a_full_disk_is_told_as_one() {
        let code = |kind: ErrorKind| {
            let cause = Arc::new(io::Error::from(kind));
            Problem::from(StorageError::Unavailable(cause)).code
        };
        // A limit on the length of files is one too.
        for kind in [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
        ] {
            assert_eq!(code(kind), Code::StorageFull, "{kind}");
        }
        assert_eq!(code(ErrorKind::PermissionDenied), Code::WritingOff);
    }
}
