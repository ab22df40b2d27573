//! [`Place`]: the table of places that a tree can be in. Every command takes one from here, and
//! only this file knows which kinds there are.

mod bucket;

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::builder::{OsStringValueParser, TryMapValueParser, TypedValueParser, ValueParserFactory};
use rotortree::store::{fs::FsStorage, storage::Storage};

use crate::failure::Failure;

/// Where a tree is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A directory.
    Directory(PathBuf),
    /// A URL: a prefix in a bucket.
    Bucket(String),
}

impl Place {
    fn parse(text: OsString) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty word is no place".to_owned());
        }
        Ok(match text.to_str() {
            Some(url) if url.contains("://") => Self::Bucket(url.to_owned()),
            _ => Self::Directory(text.into()),
        })
    }

    /// The backend of the place. Touches nothing.
    pub(crate) fn storage(&self) -> Result<Arc<dyn Storage>, Failure> {
        match self {
            Self::Directory(path) => Ok(Arc::new(FsStorage::new(path.clone()))),
            Self::Bucket(url) => bucket::storage(url),
        }
    }

    /// The directory, where the place is one.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory(path) => Some(path),
            Self::Bucket(_) => None,
        }
    }

    /// The directories of a copy within the file system, where both places are one.
    pub(crate) fn directories<'a>(&'a self, target: &'a Self) -> Option<(&'a Path, &'a Path)> {
        match (self, target) {
            (Self::Directory(from), Self::Directory(to)) => Some((from, to)),
            _ => None,
        }
    }
}

type Parse = fn(OsString) -> Result<Place, String>;

impl ValueParserFactory for Place {
    type Parser = TryMapValueParser<OsStringValueParser, Parse>;

    fn value_parser() -> Self::Parser {
        OsStringValueParser::new().try_map(Self::parse)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            // The part before `@` may be a credential.
            Self::Bucket(url) => match (url.split_once("://"), url.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, behind))) => write!(f, "{scheme}://{behind}"),
                _ => f.write_str(url),
            },
        }
    }
}
