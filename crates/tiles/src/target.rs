//! [`Target`]: the place where a log is published, and the places that the crate has.

mod directory;
mod memory;
#[cfg(feature = "object-store")]
mod objects;

use std::{error::Error, fmt};

#[cfg(feature = "object-store")]
pub use self::objects::ObjectTarget;
pub use self::{directory::Directory, memory::MemoryTarget};

/// A place that holds files under slash-separated paths.
///
/// A [`Publisher`](crate::Publisher) is the one writer of its target. The contract:
///
/// - [`put`](Self::put) is atomic: at any time, and after a crash, a reader finds the whole file of
///   before or the whole new one.
/// - After [`sync`](Self::sync) all that was put and removed before it survives a loss of power.
///   Without it any part of it may be lost.
/// - [`exchange`](Self::exchange) is atomic against every other writer of the path, and durable
///   when it returns.
pub trait Target: Send + Sync {
    /// The file at `path`, or `None` if there is none.
    ///
    /// # Errors
    /// [`TargetError`].
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError>;

    /// Puts a file at `path`, in the place of one that is there.
    ///
    /// # Errors
    /// [`TargetError`].
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), TargetError>;

    /// Makes all durable that was put and removed.
    ///
    /// # Errors
    /// [`TargetError`]. What was put since the last sync is then in doubt.
    fn sync(&self) -> Result<(), TargetError>;

    /// Puts a file at `path`, durably, if the file that is there is `expected`. `false` if there is
    /// another one.
    ///
    /// # Errors
    /// [`TargetError`].
    fn exchange(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<bool, TargetError>;

    /// Removes all files below the folder `path`. There may be none.
    ///
    /// # Errors
    /// [`TargetError`].
    fn remove_folder(&self, path: &str) -> Result<(), TargetError>;
}

/// An operation that a target or a source could not do.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be {operation}: {source}")]
pub struct TargetError {
    /// The path.
    pub path: String,
    /// What was to be done with the path.
    pub operation: Operation,
    /// The error of the place.
    pub source: Box<dyn Error + Send + Sync>,
}

/// An operation on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making durable.
    Sync,
    /// Removing.
    Remove,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "written",
            Self::Sync => "synced",
            Self::Remove => "removed",
        })
    }
}

impl TargetError {
    /// The error of an operation.
    pub fn new(
        path: impl Into<String>,
        operation: Operation,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            path: path.into(),
            operation,
            source: source.into(),
        }
    }
}

/// The type and the caching of the files of a log, for a server of the directory.
///
/// ```
/// use rotortree_tiles::HttpHeaders;
///
/// let tile = HttpHeaders::of("tile/0/001").ok_or("a tile")?;
/// assert_eq!(tile.content_type, "application/octet-stream");
/// assert_eq!(tile.cache_control, "public, max-age=31536000, immutable");
/// assert!(HttpHeaders::of("guard").is_none(), "no client asks for it");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpHeaders {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache_control: &'static str,
}

impl HttpHeaders {
    /// The headers for a path, or `None` if a log has no such path for its clients.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        if path == crate::CHECKPOINT_PATH {
            return Some(Self {
                content_type: "text/plain; charset=utf-8",
                cache_control: "no-cache",
            });
        }
        crate::Tile::parse(path).map(|_| Self {
            content_type: "application/octet-stream",
            cache_control: "public, max-age=31536000, immutable",
        })
    }
}
