//! [`IndexError`]: why an index does not answer. [`FileFault`]: why its file was not used.
//!
//! As in the crates below, a text is whole: it holds the text of its cause.

use std::{io, path::PathBuf};

use rotortree_lean_imt::TreeError;
use rotortree_store::RotorTreeError;

/// Why an index could not answer, be opened with its tree, or be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// No tree was opened with the index yet.
    #[error("the index has no tree yet; open a tree with its hook")]
    NotOpen,
    /// The index belongs to a tree already, and was given to another one or to the same one again.
    #[error("the index belongs to a tree that was opened before; make one index for each opening")]
    InUse,
    /// This process is a forked child of the one that opened the tree. Nothing was read or written:
    /// open a tree of its own here, or a reader with an [`IndexView`](crate::IndexView).
    #[error(
        "the index belongs to the process that this one was forked from; open another one here"
    )]
    Forked,
    /// The options name no file.
    #[error("the index has no file; name one in its options")]
    NoFile,
    /// The file would be inside of a tree's directory.
    #[error("{}: the file of an index stands beside a tree's directory, not in it", .0.display())]
    Inside(PathBuf),
    /// The file was not used, and the options do not allow to build the index anew; or a part of
    /// it that a lookup of an [`IndexView`](crate::IndexView) asked for is damaged.
    /// [`LeafIndex::update`](crate::LeafIndex::update) saves one, and
    /// [`IndexOptions::rebuild`](crate::IndexOptions::rebuild) allows to build it.
    #[error("{}: {fault}; save the index anew, or allow this opening to build it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why it was not used.
        fault: FileFault,
    },
    /// The operating system refused an operation on the file. The earlier file, if there was one,
    /// is as it was.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        r#source: io::Error,
    },
    /// A leaf of the tree could not be read, or memory is short.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The caller stopped it. The earlier file, if there was one, is as it was.
    #[error("the index was not brought up to date: it was stopped")]
    Stopped,
    /// The system gave no random key.
    #[error("the system gave no random key: {0}")]
    Random(getrandom::Error),
    /// The tree has more leaves than an index tells apart.
    #[error("an index takes at most {max} leaves")]
    TooManyLeaves {
        /// The most leaves.
        max: u64,
    },
    /// A view's index does not have the leaf, and covers only a part of the tree that the view
    /// shows: search the leaves from `covered` on, or add them with
    /// [`IndexView::advance`](crate::IndexView::advance).
    #[error("the leaf is none of the first {covered}; the index does not cover {size} leaves yet")]
    Behind {
        /// The leaves that the index covers.
        covered: u64,
        /// The leaves of the tree.
        size: u64,
    },
    /// A view was given a tree that does not go on from the one that it shows: another tree, or
    /// one that was rolled back. The view is as it was.
    #[error("the tree is not a later state of the one that the index covers to leaf {size}")]
    OtherTree {
        /// The size up to which both were compared.
        size: u64,
    },
    /// The index and its tree do not agree, as [`verify`](crate::LeafIndex::verify) found, or
    /// inserts reached the index out of their order.
    #[error("the index disagrees with its tree at leaf {index}; remove its file and open it again")]
    Disagrees {
        /// The first such leaf.
        index: u64,
    },
}

impl From<IndexError> for RotorTreeError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Tree(error) => Self::Tree(error),
            error => Self::Hook(Box::new(error)),
        }
    }
}

/// Why the file of an index was not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// There is no file.
    #[error("there is no file")]
    Missing,
    /// The system did not let it be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::Error),
    /// The file is of something else.
    #[error("the file is not an index")]
    Foreign,
    /// Another release wrote it.
    #[error("the file has version {found}, and this release reads version {supported}")]
    Version {
        /// Its version.
        found: u32,
        /// The version that this release reads and writes.
        supported: u32,
    },
    /// It is cut, or its bytes do not match their checksums.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
    /// It covers more leaves than the tree has: the tree is an older state, or another tree.
    #[error("the file covers {size} leaves, and the tree has {tree_size}")]
    Ahead {
        /// The leaves that it covers.
        size: u64,
        /// The leaves of the tree.
        tree_size: u64,
    },
    /// The tree had another root at the size that the file covers: it is another tree, or was
    /// rolled back and went on with other leaves.
    #[error("the file is of a tree that had another root at {size} leaves")]
    OtherTree {
        /// The leaves that it covers.
        size: u64,
    },
}
