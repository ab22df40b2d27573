//! [`ImportError`]: why a directory was not imported.

use std::{io, path::PathBuf};

use rotortree::{Hash, Hex, TreeHead};

use crate::Difference;

/// Why a directory was not imported. The old directory is as it was, and no new one is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// There is something already where the import writes.
    #[error("{} exists; name another place, or remove it", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The copy would be inside of the old directory, which stays as it is.
    #[error("{} is inside of the old directory; name another place", path.display())]
    Inside {
        /// Where the copy would be.
        path: PathBuf,
    },
    /// The old directory changed while it was copied.
    #[error("{} changed while it was copied; stop the program that uses it", path.display())]
    Changed {
        /// The old directory.
        path: PathBuf,
    },
    /// The old directory is of a tree with another N or MAX_DEPTH.
    #[error(
        "the old tree has N = {arity} and MAX_DEPTH = {max_depth}, and this is built for others; \
         the list is in `shapes.rs`"
    )]
    Shape {
        /// N of the old tree.
        arity: u32,
        /// MAX_DEPTH of the old tree.
        max_depth: u32,
    },
    /// The old tree has no leaves. An old crate also makes such a tree of any other directory.
    #[error("there are no leaves; is it a directory of rotortree 0.20?")]
    Empty,
    /// The old crate does not open the copy.
    #[error("rotortree 0.20 does not open the copy: {0}")]
    Open(old::RotorTreeError),
    /// The old crate panics when it opens the copy, as it does of some damage.
    #[error("rotortree 0.20 panics when it opens the copy; files of it are damaged or missing")]
    Panicked,
    /// The old crate does not read a node.
    #[error("rotortree 0.20 does not read node {index} of level {level}: {source}")]
    Read {
        /// The level, 0 for leaves.
        level: usize,
        /// The index on the level.
        index: u64,
        /// The old crate's error.
        source: old::TreeError,
    },
    /// A leaf of the old tree is no input of the new tree's hash function: for Poseidon, a number
    /// that is not below the order of the field.
    #[error(
        "leaf {index} of the old tree, {}, is not an input of the hash function; 0.20 did not ask",
        Hex(*leaf)
    )]
    Refused {
        /// The index of the leaf.
        index: u64,
        /// The leaf.
        leaf: Hash,
    },
    /// The old crate opens another tree than the one that was expected. It takes what it finds for
    /// the tree where a file of the directory is damaged or missing.
    #[error(
        "the old directory opens with {} leaves and the root {}, not with {}; files of it are \
         damaged or missing", found.size, Hex(found.root), Hex(*expected)
    )]
    Unexpected {
        /// Size and root that the old crate finds.
        found: TreeHead,
        /// The root that was expected.
        expected: Hash,
    },
    /// The new tree has another root than the old one.
    #[error("the roots differ: {0}")]
    Difference(Difference),
    /// The new tree could not be written or read.
    #[error("the new tree: {0}")]
    New(#[from] rotortree::RotorTreeError),
}

impl ImportError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}

impl From<rotortree::StorageError> for ImportError {
    fn from(error: rotortree::StorageError) -> Self {
        Self::New(error.into())
    }
}
