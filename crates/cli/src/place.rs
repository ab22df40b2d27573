//! [`Place`]: the table of places that a tree can be in. Every command takes one from here, and
//! only this file knows which kinds there are.

mod directory;

use std::{ffi::OsString, fmt, path::PathBuf, sync::Arc};

use clap::builder::{OsStringValueParser, TypedValueParser};
use rotortree::{
    StorageError,
    store::{fs::FsStorage, storage::Storage},
};

use crate::failure::Failure;

/// Where a tree is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A directory.
    Directory(PathBuf),
}

impl Place {
    /// Reads a place on the command line.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        OsStringValueParser::new().try_map(Self::parse)
    }

    fn parse(text: OsString) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty word is no place".to_owned());
        }
        match text.to_str().and_then(|text| text.split_once("://")) {
            Some((scheme, _)) => Err(format!(
                "this build has no places of the kind `{scheme}`; name a directory"
            )),
            None => Ok(Self::Directory(text.into())),
        }
    }

    /// The backend of the place. Touches nothing.
    pub(crate) fn storage(&self) -> Result<Arc<dyn Storage>, Failure> {
        match self {
            Self::Directory(path) => Ok(Arc::new(FsStorage::new(path.clone()))),
        }
    }

    /// Copies the tree of this place, byte for byte, to an empty one.
    pub(crate) fn copy_to(&self, target: &Self) -> Result<(), Failure> {
        let (Self::Directory(from), Self::Directory(to)) = (self, target);
        let _owned = match self.storage()?.acquire() {
            Err(StorageError::FileLocked) => return Err(StorageError::FileLocked.into()),
            // A place that cannot be owned, as on a read-only medium, has no writer. The copy is
            // checked in any case.
            other => other.ok(),
        };
        directory::copy(from, to)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}
