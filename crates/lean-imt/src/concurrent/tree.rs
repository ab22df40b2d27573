//! [`ConcurrentLeanIMT`].

use core::fmt;
use rotortree_hasher::{Hash, Hasher};
use std::sync::{Arc, PoisonError};

use super::cell::PublishCell;
use crate::{
    LeanIMT, SpareSnapshot, TreeError, TreeHead, TreeSnapshot,
    sync::{Mutex, MutexGuard},
};

/// A [`LeanIMT`] that threads share. Inserts take turns; reads never wait for an insert.
///
/// Every insert publishes a snapshot before it returns, so a thread that learns of a root finds
/// this root or a later one. [`snapshot`](Self::snapshot), [`root`](Self::root) and
/// [`size`](Self::size) read the last published snapshot and do not block, however long an insert
/// takes. A root and a size that belong together come from one [`head`](Self::head).
///
/// Batches are hashed on the calling thread, also with the feature `parallel`: a thread that waits
/// for rayon may run another closure, which may want the writer lock. For the same reason the tree
/// can be used inside `par_iter`.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, ConcurrentLeanIMT};
/// use std::thread;
///
/// let tree = ConcurrentLeanIMT::<_, 4, 20>::new(Blake3Hasher);
/// thread::scope(|scope| {
///     for k in 0..4 {
///         let tree = &tree;
///         scope.spawn(move || tree.insert_many(&[[k; 32]; 10]));
///     }
/// });
/// let snapshot = tree.snapshot();
/// assert_eq!(snapshot.size(), 40);
/// let head = tree.head().expect("the tree is not empty");
/// snapshot.generate_proof(7)?.verify_against(&Blake3Hasher, head)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ConcurrentLeanIMT<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    writer: Mutex<Writer<H, N, MAX_DEPTH>>,
    published: PublishCell<TreeSnapshot<N, MAX_DEPTH>>,
}

struct Writer<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    tree: LeanIMT<H, N, MAX_DEPTH>,
    spare: SpareSnapshot<N, MAX_DEPTH>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ConcurrentLeanIMT<H, N, MAX_DEPTH> {
    /// An empty tree in memory.
    #[must_use]
    pub fn new(hasher: H) -> Self {
        Self::from_tree(LeanIMT::new(hasher))
    }

    /// Shares a tree.
    #[must_use]
    pub fn from_tree(tree: LeanIMT<H, N, MAX_DEPTH>) -> Self {
        Self {
            published: PublishCell::new(tree.snapshot()),
            writer: Mutex::new(Writer {
                tree,
                spare: SpareSnapshot::default(),
            }),
        }
    }

    /// The tree, no longer shared.
    #[must_use]
    pub fn into_tree(self) -> LeanIMT<H, N, MAX_DEPTH> {
        self.writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .tree
    }

    /// Locks the writer. A hasher that panics leaves the tree as it was, so a poisoned lock is
    /// taken all the same.
    fn writer(&self) -> MutexGuard<'_, Writer<H, N, MAX_DEPTH>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(
        &self,
        change: impl FnOnce(&mut LeanIMT<H, N, MAX_DEPTH>) -> Result<R, TreeError>,
    ) -> Result<R, TreeError> {
        let mut writer = self.writer();
        let Writer { tree, spare } = &mut *writer;
        let result = change(tree)?;
        let snapshot = spare.snapshot(tree);
        let replaced = self.published.publish(Arc::clone(&snapshot));
        spare.keep(replaced, &snapshot);
        Ok(result)
    }

    /// Appends one leaf and returns the root after it. `depth` hashes.
    ///
    /// # Errors
    /// As [`LeanIMT::insert`].
    pub fn insert(&self, leaf: Hash) -> Result<Hash, TreeError> {
        self.change(|tree| tree.insert(leaf))
    }

    /// Appends a batch of adjacent leaves and returns the root after its last leaf.
    ///
    /// # Errors
    /// As [`LeanIMT::insert_many`].
    pub fn insert_many(&self, leaves: &[Hash]) -> Result<Hash, TreeError> {
        self.change(|tree| tree.insert_many_sequential(leaves))
    }

    /// [`insert_many`](Self::insert_many), if the tree has `expected_size` leaves.
    ///
    /// # Errors
    /// As [`LeanIMT::append_at`].
    pub fn append_at(&self, expected_size: u64, leaves: &[Hash]) -> Result<Hash, TreeError> {
        self.change(|tree| {
            tree.check_expected_size(expected_size)?;
            tree.insert_many_sequential(leaves)
        })
    }

    /// [`insert_many`](Self::insert_many) together with the application's metadata: one snapshot
    /// carries both.
    ///
    /// # Errors
    /// As [`LeanIMT::insert_many`]. The metadata is unchanged after an error.
    pub fn insert_many_with_metadata(
        &self,
        leaves: &[Hash],
        metadata: Option<Arc<[u8]>>,
    ) -> Result<Hash, TreeError> {
        self.change(|tree| {
            let root = tree.insert_many_sequential(leaves)?;
            tree.set_metadata(metadata);
            Ok(root)
        })
    }

    /// The tree as of the last insert that returned, or a later one.
    #[must_use]
    pub fn snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.published.load()
    }

    /// The root, or `None` while the tree is empty.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.published.peek(TreeSnapshot::root)
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.published.peek(TreeSnapshot::size)
    }

    /// The number of hash layers above the leaves.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.published.peek(TreeSnapshot::depth)
    }

    /// Size and root that belong together, or `None` while the tree is empty.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.published.peek(TreeSnapshot::head)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> fmt::Debug
    for ConcurrentLeanIMT<H, N, MAX_DEPTH>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrentLeanIMT")
            .field("n", &N)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
