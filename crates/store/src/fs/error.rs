//! Errors that say what was being done to which file.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The error inside the [`io::Error`] that the backend returns. The system's own error is its source.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
struct FileError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Wraps `source`, keeping its kind.
pub(super) fn named(operation: &'static str, path: &Path, source: io::Error) -> io::Error {
    io::Error::new(
        source.kind(),
        FileError {
            operation,
            path: path.to_owned(),
            source,
        },
    )
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

/// An error of our own finding, for [`named`] to complete.
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
        let kind = system.kind();
        let error = named("sync", Path::new("/tree/MANIFEST"), system);
        assert_eq!(error.kind(), kind);
        assert!(
            error
                .to_string()
                .starts_with("cannot sync /tree/MANIFEST: ")
        );
        let source = error.source().and_then(|e| e.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), Some(2));
    }
}
