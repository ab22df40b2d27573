//! [`IndexOptions`]: what an index refuses, and where it is kept.

use std::path::{Path, PathBuf};

/// The settings of an index.
///
/// ```
/// use rotortree_index::{IndexOptions, LeafIndex};
///
/// // In the file `trees/nullifiers.index`.
/// let options = IndexOptions::beside("trees/nullifiers")
///     .refuse_duplicates(true)
///     .refuse_zero(true);
/// let index = LeafIndex::new(options);
/// # drop(index);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until an index is made with them"]
pub struct IndexOptions {
    pub(crate) file: Option<PathBuf>,
    pub(crate) refuse_duplicates: bool,
    pub(crate) refuse_zero: bool,
    pub(crate) rebuild: bool,
    pub(crate) save: SavePolicy,
}

/// When an index saves its file by itself. A save writes the whole file, 6 bytes a leaf, while
/// inserts and lookups go on. A kill in between loses nothing: the next opening adds the leaves
/// behind the earlier file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavePolicy {
    /// Never: [`LeafIndex::save`](crate::LeafIndex::save) alone does.
    #[default]
    Manual,
    /// When the tree is closed, if it has grown. Closing waits for it.
    OnClose,
    /// At each checkpoint of the tree at which more than an eighth of the leaves in the file came
    /// after it, and when the tree is closed. The checkpoint ends when the file is there.
    OnCheckpoint,
}

impl IndexOptions {
    /// An index without a file: built from the leaves at each opening of its tree.
    pub fn in_memory() -> Self {
        Self {
            file: None,
            refuse_duplicates: false,
            refuse_zero: false,
            rebuild: true,
            save: SavePolicy::Manual,
        }
    }

    /// An index that is kept in this file, which is local even if the tree is not. The file may
    /// not be inside of the tree's directory.
    pub fn in_file(file: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(file.into()),
            ..Self::in_memory()
        }
    }

    /// An index that is kept beside the directory of its tree: in `tree.index` for `tree`. A
    /// directory that is named by `.` or `..` is looked up once, here.
    pub fn beside(directory: impl AsRef<Path>) -> Self {
        let directory = directory.as_ref();
        // `.` and `..` have names elsewhere.
        let named = match directory.file_name() {
            Some(_) => None,
            None => directory.canonicalize().ok(),
        };
        let directory = named.as_deref().unwrap_or(directory);
        let mut name = directory.components().as_path().as_os_str().to_owned();
        name.push(".index");
        Self::in_file(name)
    }

    /// Refuses an insert with a leaf that the tree has, or that the batch has twice. Leaves that
    /// are in the tree twice stay there; [`IndexReport::duplicates`](crate::IndexReport) counts
    /// them at each opening. The default takes every leaf.
    pub fn refuse_duplicates(mut self, refuse: bool) -> Self {
        self.refuse_duplicates = refuse;
        self
    }

    /// Refuses an insert with a leaf of which all bytes are zero. The default takes it.
    pub fn refuse_zero(mut self, refuse: bool) -> Self {
        self.refuse_zero = refuse;
        self
    }

    /// Whether an index whose file is missing or cannot be used is built from the leaves of the
    /// tree; `true` by default. With `false` such an opening fails with
    /// [`IndexError::File`](crate::IndexError::File), for trees whose leaves are costly to read. An
    /// empty tree needs no file.
    pub fn rebuild(mut self, rebuild: bool) -> Self {
        self.rebuild = rebuild;
        self
    }

    /// When the index saves its file by itself; never by default. A save that fails ends neither
    /// the checkpoint nor the closing: [`LeafIndex::last_save`](crate::LeafIndex::last_save) tells
    /// it.
    pub fn save(mut self, policy: SavePolicy) -> Self {
        self.save = policy;
        self
    }
}
