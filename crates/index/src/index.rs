//! [`LeafIndex`]: the handle.

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::Hash;
use rotortree_lean_imt::AnySnapshot;
use rotortree_store::InsertHook;

use crate::{
    Duplicates, IndexError, IndexOptions, IndexReport, IndexStats, file, inner::Inner, opening,
    threads::lock,
};

/// An index of the leaves of one tree: from a leaf to its index.
///
/// [`hook`](Self::hook) makes it a part of the inserts of a tree. From the opening of the tree on
/// it covers every leaf that readers of the tree see, and refuses what its
/// [`IndexOptions`] say as a part of the insert: of two inserts of one leaf, however they meet, one
/// is refused. A cheap handle; clones share one index. It keeps the tree's nodes in memory, as a
/// snapshot does, and not the tree open.
///
/// It takes 8 bytes of memory a leaf: at most 8.5 from a million leaves on. Leaves are read through
/// the tree, to compare them: one for a leaf that is found, and none for nearly every other one.
/// That is one request on a storage without local files. Lookups take a lock for less than a
/// microsecond, or while a part of the index grows, and inserts of other leaves go on beside them.
/// In a forked child every call is [`IndexError::Forked`].
///
/// ```
/// use rotortree_index::{IndexOptions, LeafIndex};
/// use rotortree_store::{Refusal, RefusalReason, RotorTree, RotorTreeConfig, RotorTreeError};
/// # use rotortree_hasher::Blake3Hasher;
///
/// # let dir = tempfile::tempdir()?;
/// # let directory = dir.path().join("nullifiers");
/// let index = LeafIndex::new(IndexOptions::beside(&directory).refuse_duplicates(true));
/// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(&directory))
///     .insert_hook(index.hook())
///     .open(Blake3Hasher)?;
/// tree.insert_many_durable(&[[1; 32], [2; 32], [3; 32]])?;
///
/// assert_eq!(index.find(&[2; 32])?, Some(1));
/// assert!(!index.contains(&[4; 32])?);
/// let spent = tree.insert_many(&[[4; 32], [2; 32]]).unwrap_err();
/// let RotorTreeError::Refused(Refusal { position: 1, reason, .. }) = spent else {
///     return Err(spent.into());
/// };
/// assert!(matches!(reason, RefusalReason::Duplicate { index: 1 }));
/// assert_eq!(tree.size(), 3, "the whole batch was refused");
///
/// tree.close()?;
/// index.save()?; // The next opening loads the file instead of reading the leaves.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LeafIndex(Arc<Inner>);

impl LeafIndex {
    /// An index for one opening of one tree.
    #[must_use]
    pub fn new(options: IndexOptions) -> Self {
        Self(Arc::new(Inner::new(options)))
    }

    /// The part of this index in the inserts of its tree, for
    /// [`insert_hook`](rotortree_store::RotorTreeBuilder::insert_hook). Opening the tree loads the
    /// file of the index and adds the leaves behind it, or builds the index from all leaves:
    /// O(leaves behind the file) reads, on up to four threads. It fails with
    /// [`RotorTreeError::Hook`](rotortree_store::RotorTreeError::Hook), which holds an
    /// [`IndexError`].
    #[must_use]
    pub fn hook(&self) -> Arc<dyn InsertHook> {
        Arc::clone(&self.0) as _
    }

    /// The least index of `leaf` in the tree as its readers see it now, durable or not: snapshots
    /// that are taken later have it. `None` if the tree does not have the leaf.
    ///
    /// O(1): a hash, a bucket of six cache lines, and the leaf itself where the answer is an index.
    ///
    /// # Errors
    /// [`IndexError::NotOpen`]; [`IndexError::Tree`] if the leaf that may be this one cannot be
    /// read.
    pub fn find(&self, leaf: &Hash) -> Result<Option<u64>, IndexError> {
        let open = self.0.open()?;
        let snapshot = open.tree.snapshot();
        Ok(open.find(&*snapshot, leaf)?)
    }

    /// Whether the tree has `leaf`; as [`find`](Self::find).
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn contains(&self, leaf: &Hash) -> Result<bool, IndexError> {
        Ok(self.find(leaf)?.is_some())
    }

    /// Replaces the file by one that covers every durable leaf, and returns their number. Lookups
    /// and inserts go on meanwhile. After a crash at any moment the old file is there or the new
    /// one. Several processes may save to one file; the last one is in force.
    ///
    /// Call it after closing the tree or from time to time, or let a [`SavePolicy`](crate::SavePolicy) do it: an
    /// opening reads only the leaves that came after it. A file is never needed, and none that is
    /// damaged, old, or of another tree is believed. It holds the secret key of the index, so that
    /// other users cannot read it.
    ///
    /// # Errors
    /// [`IndexError::NotOpen`], [`IndexError::NoFile`], [`IndexError::Inside`];
    /// [`IndexError::Io`] if the system refuses an operation: the earlier file is then as it was.
    pub fn save(&self) -> Result<u64, IndexError> {
        self.0.save()
    }

    /// [`save`](Self::save) for a tree that another process may write: brings the file of an index
    /// up to date with a state of the tree, loading what it covers and adding the leaves behind it.
    ///
    /// `tree` is durable: the snapshot of a [`ReadOnly`](rotortree_store::ReadOnly) is. `progress`
    /// is called with the number of leaves that are covered by now, and may end the work.
    ///
    /// O(leaves behind the file) reads, on up to four threads, and 8 bytes of memory a leaf.
    ///
    /// # Errors
    /// As [`save`](Self::save) and the opening of a tree with a [`hook`](Self::hook);
    /// [`IndexError::Stopped`] if `progress` ends the work.
    ///
    /// ```
    /// use rotortree_index::{IndexOptions, IndexView, LeafIndex};
    /// # use {rotortree_hasher::Blake3Hasher, rotortree_store::*, std::ops::ControlFlow};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let directory = dir.path().join("members");
    /// # let config = RotorTreeConfig::new(&directory);
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config.clone())?;
    /// # tree.insert_many_durable(&[[1; 32], [2; 32]])?;
    /// # tree.checkpoint()?;
    /// let reader = RotorTree::<Blake3Hasher, 2, 32>::open_read_only(Blake3Hasher, config)?;
    /// let options = IndexOptions::beside(&directory);
    /// let snapshot = reader.snapshot();
    /// let report = LeafIndex::update(&options, &*snapshot, |_| ControlFlow::Continue(()))?;
    /// assert_eq!((report.loaded, report.added), (0, 2));
    ///
    /// let view = IndexView::open(&options, reader.snapshot())?;
    /// assert_eq!(view.find(&[2; 32])?, Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(
        options: &IndexOptions,
        tree: &dyn AnySnapshot,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<IndexReport, IndexError> {
        let path = options.file.as_deref().ok_or(IndexError::NoFile)?;
        let opened = opening::open(options, tree, &mut progress)?;
        let report = &opened.report;
        if report.loaded == 0 || report.added > 0 {
            file::save(path, &opened.table, tree.head())?;
        }
        Ok(opened.report)
    }

    /// The leaves that the file covers, as this index loaded or last saved it; 0 without one.
    ///
    /// # Errors
    /// The error of the last save by the [`SavePolicy`](crate::SavePolicy), if no later one succeeded: the policy
    /// tries again at its next moment. [`IndexError::NotOpen`].
    pub fn last_save(&self) -> Result<u64, Arc<IndexError>> {
        lock(&self.0.open()?.saving).last()
    }

    /// How the index was opened.
    ///
    /// # Errors
    /// [`IndexError::NotOpen`].
    pub fn report(&self) -> Result<&IndexReport, IndexError> {
        Ok(&self.0.open()?.report)
    }

    /// Leaves, distinct leaves and memory. May block while another thread inserts a batch.
    ///
    /// # Errors
    /// [`IndexError::NotOpen`].
    pub fn stats(&self) -> Result<IndexStats, IndexError> {
        Ok(self.0.open()?.stats())
    }

    /// The leaves that are in the tree at a smaller index too, in order. Each step reads leaves of
    /// the tree as it is now until it finds the next one.
    ///
    /// ```
    /// use rotortree_index::{IndexOptions, LeafIndex};
    /// # use {rotortree_hasher::Blake3Hasher, rotortree_store::*};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let index = LeafIndex::new(IndexOptions::in_memory());
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(dir.path()))
    ///     .insert_hook(index.hook())
    ///     .open(Blake3Hasher)?;
    /// tree.insert_many(&[[1; 32], [2; 32], [1; 32]])?;
    /// let duplicates: Vec<_> = index.duplicates()?.collect::<Result<_, _>>()?;
    /// assert_eq!((duplicates[0].index, duplicates[0].first), (2, 0));
    /// assert_eq!(duplicates.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IndexError::NotOpen`]. Each item can be [`IndexError::Tree`].
    pub fn duplicates(&self) -> Result<Duplicates, IndexError> {
        Duplicates::new(Arc::clone(&self.0))
    }

    /// Compares the index with every leaf of the tree as it is now.
    ///
    /// # Errors
    /// [`IndexError::Disagrees`] with the first leaf that the index does not find;
    /// [`IndexError::NotOpen`], [`IndexError::Tree`].
    pub fn verify(&self) -> Result<(), IndexError> {
        let snapshot = self.0.open()?.tree.snapshot();
        for (index, leaf) in (0..).zip(snapshot.leaves(..)?) {
            let found = self.0.open()?.find(&*snapshot, &leaf?)?;
            if found.is_none_or(|found| found > index) {
                return Err(IndexError::Disagrees { index });
            }
        }
        Ok(())
    }
}
