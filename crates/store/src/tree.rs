//! [`RotorTree`]: the handle. Its methods are grouped by purpose: [`insert`], [`read`],
//! [`durability`], [`observe`].

mod durability;
mod insert;
mod observe;
mod open;
mod read;

use std::{fmt, sync::Arc};

use rotortree_hasher::Hasher;

use crate::{
    Completion, ReadOnly, RotorTreeBuilder, RotorTreeConfig, RotorTreeError, StorageError,
    engine::Parts, isolated::isolated, runtime::Lane, storage::Storage,
};

/// A Lean Incremental Merkle Tree that outlives the process: inserts are buffered in memory and
/// written to a write-ahead log; checkpoints move the tree to chunk files, drop the log that they
/// cover, and let cold levels be read through memory maps.
///
/// * `H`: the hash function. Its outputs are part of the tree's identity on disk.
/// * `N`: the branching factor, 2 to `H::MAX_ARITY`, checked when the program is compiled. Part of
///   the identity too.
/// * `MAX_DEPTH`: the most hash layers above the leaves, 1 to 64. The tree keeps the ceiling that
///   it was made with; a type with at least as much opens it.
///
/// A cheap handle, `Send` and `Sync`: clones share one tree, and [`close`](Self::close) on any of
/// them closes it for all. Dropping the last handle closes the tree too, but errors are then lost.
/// Snapshots and tokens outlive the tree.
///
/// Each method says whether it may block and on what; a method that says nothing never blocks. The
/// [guide to async code] lists the methods that an executor's thread may call, and the forms to
/// await.
///
/// [guide to async code]: https://github.com/rotortree/rotortree/blob/main/docs/guide/src/async.md
///
/// # Recovery Example
///
/// ```
/// # use {rotortree_lean_imt::*, rotortree_store::*};
/// # use std::path::PathBuf;
/// # let dir = tempfile::tempdir()?;
/// let config = RotorTreeConfig {
///     path: PathBuf::from("/tmp/rotortree"),
///     flush_policy: FlushPolicy::Manual,
///     checkpoint_policy: CheckpointPolicy::Manual,
///     tiering: TieringConfig { pin_above_level: 2 },
///     verify_checkpoint: true,
/// };
/// # // Examples run side by side: each in a directory of its own.
/// # let config = RotorTreeConfig { path: dir.path().join("rotortree"), ..config };
///
/// // First session
/// {
///     let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config.clone())?;
///     for i in 0..1000 {
///         tree.insert([i as u8; 32])?;
///     }
///     tree.flush()?;
///     tree.checkpoint()?;
///     tree.close()?;
/// }
///
/// // Second session - recovers from checkpoint
/// {
///     let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config)?;
///     assert_eq!(tree.size(), 1000);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A branching factor that no tree can have does not compile:
///
/// ```compile_fail
/// # use {rotortree_lean_imt::*, rotortree_store::*};
/// let tree = RotorTree::<Blake3Hasher, 1, 32>::open(Blake3Hasher, RotorTreeConfig::new("tree"));
/// ```
pub struct RotorTree<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    handle: Arc<Handle<H, N, MAX_DEPTH>>,
}

/// The state that the clones share. Dropped with the last clone.
struct Handle<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    parts: Arc<Parts<H, N, MAX_DEPTH>>,
    /// Verifies beside the one that inserts.
    hasher: H,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for Handle<H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        // A caller that wants the outcome of closing calls `close`. A destructor may run while a
        // panic unwinds, and a second panic that leaves it would end the process.
        isolated(|| drop(self.parts.close()));
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// Opens or creates the tree in the directory `config.path`.
    ///
    /// Takes the directory's lock, reads the manifest of the last checkpoint, maps the levels that
    /// it covers, replays the log behind it, and, with `verify_checkpoint`, compares every stored
    /// node with the hash of its children. Blocks meanwhile: O(levels + shards + log), and O(nodes)
    /// with verification. The recovered tree is durable when this call returns;
    /// [`recovery_report`](Self::recovery_report) lists the findings.
    ///
    /// # Errors
    /// * [`StorageError::FileLocked`] at once if another process or handle has the tree open;
    /// * [`StorageError::ForeignDirectory`] for a directory that holds anything but a tree of ours,
    ///   which is left untouched;
    /// * [`StorageError::ConfigMismatch`], [`StorageError::HasherMismatch`] for a tree of another
    ///   `N` or hasher, or one with a larger `MAX_DEPTH` than this type's;
    /// * [`StorageError::DataCorruption`], [`StorageError::CrcMismatch`],
    ///   [`StorageError::UnsupportedFormat`] for files that are damaged, missing, or of a
    ///   newer release;
    /// * [`StorageError::InvalidConfig`] for an empty path or a value outside its limits;
    /// * [`StorageError::Io`] if the operating system refuses an operation, naming the file;
    /// * [`RotorTreeError::Tree`] if the log has a leaf that this hasher refuses.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// use std::path::PathBuf;
    /// use std::time::Duration;
    ///
    /// let config = RotorTreeConfig {
    ///     path: PathBuf::from("/tmp/rotortree"),
    ///     flush_policy: FlushPolicy::Interval(Duration::from_millis(10)),
    ///     checkpoint_policy: CheckpointPolicy::EveryNEntries(10000),
    ///     tiering: TieringConfig { pin_above_level: 3 },
    ///     verify_checkpoint: true,
    /// };
    /// # // Examples run side by side: each in a directory of its own.
    /// # let dir = tempfile::tempdir()?;
    /// # let config = RotorTreeConfig { path: dir.path().join("rotortree"), ..config };
    ///
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(hasher: H, config: RotorTreeConfig) -> Result<Self, RotorTreeError> {
        Self::builder(config).open(hasher)
    }

    /// Starts opening a tree with settings beyond the config's. See [`RotorTreeBuilder`].
    pub fn builder(config: RotorTreeConfig) -> RotorTreeBuilder<Self> {
        RotorTreeBuilder::new(config)
    }

    /// Starts opening a tree on a storage, without a path and with the defaults of
    /// [`RotorTreeConfig::new`]: in memory, in a bucket, in a database. The builder has all other
    /// settings. `docs/write-a-backend.md` explains how to write a storage.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// use rotortree_store::memory::MemoryStorage;
    /// use std::sync::Arc;
    ///
    /// let storage = MemoryStorage::new();
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::on(Arc::new(storage.clone()))
    ///     .checkpoint_policy(CheckpointPolicy::OnClose)
    ///     .open(Blake3Hasher)?;
    /// tree.insert_durable([1; 32])?;
    /// tree.close()?;
    ///
    /// let view = RotorTree::<Blake3Hasher, 2, 32>::on(Arc::new(storage))
    ///     .open_read_only(Blake3Hasher)?;
    /// assert_eq!(view.size(), 1);
    /// # Ok::<(), RotorTreeError>(())
    /// ```
    pub fn on(storage: Arc<dyn Storage>) -> RotorTreeBuilder<Self> {
        RotorTreeBuilder::on(storage)
    }

    /// Opens an existing tree for reading alone: takes no lock and writes nothing, so that it works
    /// beside a live writer and on a read-only mount. Shows states that are known to be durable,
    /// and only those; [`refresh`](ReadOnly::refresh) moves forward. Blocks on reading.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), but never [`StorageError::FileLocked`]. Where there is no
    /// tree: [`StorageError::Io`] of the kind `NotFound`.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// let config = RotorTreeConfig::new(dir.path());
    /// let writer = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config.clone())?;
    /// writer.insert_durable([1; 32])?;
    /// writer.checkpoint()?;
    ///
    /// let reader = RotorTree::<Blake3Hasher, 2, 32>::open_read_only(Blake3Hasher, config)?;
    /// assert_eq!(reader.size(), 1);
    /// writer.insert_durable([2; 32])?;
    /// writer.checkpoint()?;
    /// assert!(reader.refresh()?);
    /// assert_eq!(reader.head(), writer.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_read_only(
        hasher: H,
        config: RotorTreeConfig,
    ) -> Result<ReadOnly<H, N, MAX_DEPTH>, RotorTreeError> {
        Self::builder(config).open_read_only(hasher)
    }

    pub(crate) fn parts(&self) -> &Arc<Parts<H, N, MAX_DEPTH>> {
        &self.handle.parts
    }

    /// Closes the tree for this handle and all its clones: flushes everything pending, makes a
    /// checkpoint under [`CheckpointPolicy::OnClose`](crate::CheckpointPolicy::OnClose), marks
    /// the directory as cleanly closed and gives its lock up. The lock is given up also when
    /// something of this fails, and on a tree that has failed.
    ///
    /// Snapshots stay valid; tokens of durable inserts stay durable. Inserts through clones fail
    /// with [`StorageError::Closed`]. Closing a tree that a clone has closed does nothing.
    ///
    /// Blocks on the disk, on inserts and checkpoints that are under way, and on another call that
    /// closes. On an executor: [`close_async`](Self::close_async).
    ///
    /// # Errors
    /// [`StorageError::FlushFailed`] if the log failed, now or earlier: entries that were not
    /// durable are lost; [`StorageError::CheckpointFailed`] if the last checkpoint failed, which
    /// costs no leaf; [`StorageError::Io`] if the mark could not be written.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.close()?;
    /// // All background threads stopped, data flushed
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Background threads belong to the runtime that trees share. When this returns no work of this
    /// tree is left on them, and they end once no tree has any.
    pub fn close(self) -> Result<(), StorageError> {
        self.parts().close()
    }

    /// [`close`](Self::close) on a thread of the runtime. It starts at once, and goes on if the
    /// future is dropped: the process must not end before the future does. Never blocks;
    /// dropping the last handle does.
    ///
    /// # Errors
    /// As [`close`](Self::close), when awaited.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # async fn shut_down(tree: RotorTree<Blake3Hasher, 2, 32>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// tree.close_async().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn close_async(self) -> Completion<()> {
        if !self.parts().status().is_own_process() {
            return Completion::ended(self.close());
        }
        let runtime = self.parts().config.runtime.clone();
        Completion::of(&runtime, Lane::Checkpoint, move || self.close())
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Clone for RotorTree<H, N, MAX_DEPTH> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> fmt::Debug for RotorTree<H, N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotorTree")
            .field("storage", &self.parts().committer.storage.describe())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
