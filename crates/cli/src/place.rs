//! [`Place`]: the table of places that a tree can be in. Every command takes one from here, and
//! only this file knows which kinds there are.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::builder::{OsStringValueParser, TypedValueParser};
use rotortree::store::{fs::FsStorage, storage::Storage};

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

    /// The directories of a copy within the file system, where both places are one.
    pub(crate) fn directories<'a>(&'a self, target: &'a Self) -> Option<(&'a Path, &'a Path)> {
        let (Self::Directory(from), Self::Directory(to)) = (self, target);
        Some((from, to))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}
