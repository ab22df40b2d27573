//! [`IndexView`]: an index for readers.

use std::{
    fmt,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{AnySnapshot, TreeError};

use crate::{
    FileFault, IndexError, IndexOptions,
    file::{FileShards, IndexFile, Unused},
    key::Key,
    opening::{add, check_size},
    staging::Staging,
    table::Table,
    threads::lock,
};

/// An index for a reader of a tree that another process may write: the file that its writer
/// [saved](crate::LeafIndex::save), and the leaves behind it.
///
/// It writes nothing and takes no lock of others. It answers for the state of the tree that it
/// [shows](Self::snapshot), and for no other one: a leaf that is found was compared with the tree,
/// and one that is not found is in no leaf of that state. Where the file covers less than that
/// state, a leaf that it does not have is [`IndexError::Behind`]. So a reader that looks once
/// searches the rest itself, and one that stays calls [`advance`](Self::advance) after each refresh
/// of its tree.
///
/// Opening reads a few kilobytes. The first lookup in each of the 256 shards of the file reads that
/// shard and compares its checksum; [`load`](Self::load) reads all of them. Memory: 8 bytes for
/// each leaf of the shards that were read, and for each leaf behind the file. A file that the
/// writer replaces meanwhile stays readable here as it was.
///
/// A cheap handle; clones share one view. Lookups take no lock that an `advance` holds for long.
///
/// ```
/// use rotortree_index::{IndexError, IndexOptions, IndexView, LeafIndex};
/// # use {rotortree_hasher::Blake3Hasher, rotortree_store::*};
///
/// # let dir = tempfile::tempdir()?;
/// # let directory = dir.path().join("members");
/// let options = IndexOptions::beside(&directory);
/// let index = LeafIndex::new(options.clone());
/// let config = RotorTreeConfig::new(&directory);
/// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(config.clone())
///     .insert_hook(index.hook())
///     .open(Blake3Hasher)?;
/// tree.insert_many_durable(&[[1; 32], [2; 32]])?;
/// index.save()?;
/// tree.insert_durable([3; 32])?;
/// tree.checkpoint()?;
///
/// // In another process:
/// let reader = RotorTree::<Blake3Hasher, 2, 32>::open_read_only(Blake3Hasher, config)?;
/// let view = IndexView::open(&options, reader.snapshot())?;
/// assert_eq!(view.find(&[2; 32])?, Some(1));
/// let behind = view.find(&[3; 32]);
/// assert!(matches!(behind, Err(IndexError::Behind { covered: 2, size: 3 })));
/// assert_eq!(view.advance(reader.snapshot())?, 1, "one leaf was added");
/// assert_eq!(view.find(&[3; 32])?, Some(2));
/// assert!(!view.contains(&[4; 32])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct IndexView(Arc<Parts>);

/// What the handles share.
struct Parts {
    /// `None` where it was not used.
    file: Option<FileShards>,
    fault: Option<FileFault>,
    /// The leaves behind the file.
    behind: Arc<Table>,
    shown: RwLock<Shown>,
    advance: Mutex<Advance>,
}

/// What lookups answer for.
#[derive(Clone)]
struct Shown {
    tree: Arc<dyn AnySnapshot>,
    /// The leaves of it that have entries.
    covered: u64,
}

/// One advance at a time.
struct Advance {
    staging: Staging,
    /// The largest state of which leaves were added, if only in part.
    toward: Arc<dyn AnySnapshot>,
}

impl IndexView {
    /// A view of a state of a tree, with the file that the options name. What they refuse does not
    /// matter here. A file that is missing or cannot be used, and options without one, give a view
    /// that covers nothing: [`fault`](Self::fault) tells why, and `advance` builds the index from
    /// the leaves, in memory.
    ///
    /// # Errors
    /// [`IndexError::File`] for such a file where the options do not allow to
    /// [build it anew](IndexOptions::rebuild); [`IndexError::TooManyLeaves`], [`IndexError::Tree`],
    /// [`IndexError::Random`].
    pub fn open(options: &IndexOptions, tree: Arc<dyn AnySnapshot>) -> Result<Self, IndexError> {
        check_size(tree.size())?;
        let file = options.file.as_deref();
        let (file, fault) = match file.map(|path| IndexFile::open(path, &*tree)) {
            None => (None, None),
            Some(Ok(file)) => (Some(file), None),
            Some(Err(Unused::Tree(error))) => return Err(error),
            Some(Err(Unused::Fault(fault))) if options.rebuild => (None, Some(fault)),
            Some(Err(Unused::Fault(fault))) => {
                let path = options.file.clone().unwrap_or_default();
                return Err(IndexError::File { path, fault });
            }
        };
        let (key, covered) = match &file {
            Some(file) => (file.key(), file.size()),
            None => (Key::random().map_err(IndexError::Random)?, 0),
        };
        Ok(Self(Arc::new(Parts {
            file: file.map(FileShards::new),
            fault,
            behind: Arc::new(Table::new(key)),
            advance: Mutex::new(Advance {
                staging: Staging::new(covered, 0),
                toward: Arc::clone(&tree),
            }),
            shown: RwLock::new(Shown { tree, covered }),
        })))
    }

    /// Why the file was not used. `None` if it is, or the options name none.
    #[must_use]
    pub fn fault(&self) -> Option<&FileFault> {
        self.0.fault.as_ref()
    }

    /// The state of the tree that lookups answer for.
    #[must_use]
    pub fn snapshot(&self) -> Arc<dyn AnySnapshot> {
        self.shown().tree
    }

    /// The leaves of that state that the index covers: all of them after an
    /// [`advance`](Self::advance).
    #[must_use]
    pub fn covered(&self) -> u64 {
        self.shown().covered
    }

    /// The least index of `leaf` in the state that the view shows, or `None` if that does not have
    /// it.
    ///
    /// O(1) but for the first lookup in a shard of the file, which reads it: a hash, one or two
    /// buckets, and the leaf itself where the answer is an index.
    ///
    /// # Errors
    /// [`IndexError::Behind`]; [`IndexError::File`] if the shard that this lookup reads is damaged;
    /// [`IndexError::Tree`] if the leaf that may be this one cannot be read.
    pub fn find(&self, leaf: &Hash) -> Result<Option<u64>, IndexError> {
        let Shown { tree, covered } = self.shown();
        let in_file = match &self.0.file {
            Some(file) => file.find(leaf, &*tree)?,
            None => None,
        };
        if in_file.is_some() {
            return Ok(in_file);
        }
        let size = tree.size();
        let read = |index| tree.get_leaf(index);
        match self.0.behind.find(leaf, size, read)? {
            None if covered < size => Err(IndexError::Behind { covered, size }),
            found => Ok(found),
        }
    }

    /// Whether the state that the view shows has `leaf`; as [`find`](Self::find).
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn contains(&self, leaf: &Hash) -> Result<bool, IndexError> {
        Ok(self.find(leaf)?.is_some())
    }

    /// Adds the leaves that the index does not cover, shows this state of the tree from then on,
    /// and returns their number. A state that is not larger than the shown one, of the same tree,
    /// stays unshown. Lookups go on meanwhile.
    ///
    /// O(new leaves), read on up to four threads, and two roots of the tree at smaller sizes.
    ///
    /// # Errors
    /// [`IndexError::OtherTree`]: open another view then. [`IndexError::TooManyLeaves`],
    /// [`IndexError::Tree`] if a leaf cannot be read. The view answers as before, and the next
    /// call goes on.
    pub fn advance(&self, tree: Arc<dyn AnySnapshot>) -> Result<u64, IndexError> {
        check_size(tree.size())?;
        let mut advance = lock(&self.0.advance);
        let Advance { staging, toward } = &mut *advance;
        let size = tree.size().min(toward.size());
        if root_at(&*tree, size)? != root_at(&**toward, size)? {
            return Err(IndexError::OtherTree { size });
        }
        if tree.size() > toward.size() {
            *toward = Arc::clone(&tree);
        }
        // What a call has left that failed.
        staging.take_out(&self.0.behind);
        let before = staging.covered();
        add(&self.0.behind, staging, &*tree, &mut |_| {
            ControlFlow::Continue(())
        })?;
        let mut shown = self.0.shown.write().unwrap_or_else(PoisonError::into_inner);
        if tree.size() > shown.tree.size() {
            shown.tree = tree;
        }
        shown.covered = staging.covered().min(shown.tree.size());
        Ok(staging.covered() - before)
    }

    /// Reads every shard of the file that no lookup has read yet, on up to four threads: later
    /// lookups read none, and find none damaged.
    ///
    /// # Errors
    /// [`IndexError::File`].
    pub fn load(&self) -> Result<(), IndexError> {
        self.0.file.as_ref().map_or(Ok(()), FileShards::load)
    }

    fn shown(&self) -> Shown {
        let shown = self.0.shown.read();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The root of the tree when it had so many leaves.
fn root_at(tree: &dyn AnySnapshot, size: u64) -> Result<Option<Hash>, TreeError> {
    if size == tree.size() {
        return Ok(tree.root());
    }
    Ok(tree.snapshot_at(size)?.root())
}

impl fmt::Debug for IndexView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { tree, covered } = self.shown();
        f.debug_struct("IndexView")
            .field("size", &tree.size())
            .field("covered", &covered)
            .field("fault", &self.0.fault)
            .finish_non_exhaustive()
    }
}
