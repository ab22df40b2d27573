//! [`Source`]: where a client gets the files of a log.

use crate::{Target, TargetError};

/// Where a client gets the files of a log: over HTTP, or from a copy. Every [`Target`] is one.
pub trait Source: Send + Sync {
    /// The file at `path`, or `None` if there is none.
    ///
    /// # Errors
    /// [`TargetError`].
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError>;
}

impl<T: Target> Source for T {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        Target::get(self, path)
    }
}
