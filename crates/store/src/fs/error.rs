//! Errors with the operation, the file, the cause and the remedy.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The error inside the [`io::Error`] that the backend returns. Its text contains the system's own
/// error, which is therefore not its source.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {cause}{}", path.display(), remedy(cause.kind()))]
struct FileError {
    operation: &'static str,
    path: PathBuf,
    cause: io::Error,
}

/// The remedy, for kinds of errors that have one.
fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => "; give this process access to it",
        io::ErrorKind::StorageFull => "; free space on its device",
        io::ErrorKind::QuotaExceeded => "; raise the quota of its owner",
        io::ErrorKind::ReadOnlyFilesystem => "; mount it for writing, or open read-only",
        _ => "",
    }
}

/// Wraps `cause`, keeping its kind.
pub(super) fn named(operation: &'static str, path: &Path, cause: io::Error) -> io::Error {
    io::Error::new(
        cause.kind(),
        FileError {
            operation,
            path: path.to_owned(),
            cause,
        },
    )
}

/// The system's number of an error, also of one that [`named`] wrapped.
pub(crate) fn raw_os_error(error: &io::Error) -> Option<i32> {
    let named = error.get_ref().and_then(|inner| inner.downcast_ref());
    match named {
        Some(FileError { cause, .. }) => raw_os_error(cause),
        None => error.raw_os_error(),
    }
}

/// The error of a refused lock of a store in `/tree`, for tests of errors that wrap it.
#[cfg(all(test, not(loom)))]
pub(crate) fn named_for_tests(cause: io::Error) -> io::Error {
    named("lock", Path::new("/tree/LOCK"), cause)
}

/// Adds operation and path to the error of a result.
pub(super) trait At<T> {
    fn at(self, operation: &'static str, path: &Path) -> io::Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, operation: &'static str, path: &Path) -> io::Result<T> {
        self.map_err(|source| named(operation, path, source))
    }
}

/// An error about a file or directory that was replaced or removed since it was opened. Its kind is
/// not `NotFound`, which would mean that the file never existed.
pub(super) fn gone(reason: &str) -> io::Error {
    fault(io::ErrorKind::StaleNetworkFileHandle, reason)
}

/// An error of the store's own checks, for [`named`] to complete.
pub(super) fn fault(kind: io::ErrorKind, reason: impl Into<String>) -> io::Error {
    io::Error::new(kind, reason.into())
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn the_kind_the_path_and_the_system_s_own_error_survive() {
        let system = io::Error::from_raw_os_error(2);
        let (kind, told) = (system.kind(), system.to_string());
        let error = named("sync", Path::new("/tree/MANIFEST"), system);
        assert_eq!(error.kind(), kind);
        assert_eq!(
            error.to_string(),
            format!("cannot sync /tree/MANIFEST: {told}")
        );
        assert!(error.source().is_none(), "the text holds the cause");
        assert_eq!(raw_os_error(&error), Some(2));
    }

    #[test]
    fn what_the_user_can_mend_says_how() {
        for (kind, remedy) in [
            (io::ErrorKind::PermissionDenied, "access"),
            (io::ErrorKind::StorageFull, "free space"),
            (io::ErrorKind::QuotaExceeded, "quota"),
            (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
        ] {
            let told = named("write", Path::new("/tree/x"), kind.into()).to_string();
            assert!(told.contains(remedy), "{told}");
        }
    }
}
