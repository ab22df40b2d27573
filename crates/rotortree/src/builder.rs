//! [`RotorTreeBuilder`]: opening a tree with settings beyond [`RotorTreeConfig`].

use std::{fmt, marker::PhantomData, path::PathBuf, sync::Arc};

use rotortree_store::{
    Engine, EngineConfig, OpenProgress, ProgressCallback, ReadOnly, RecoveryMode, Runtime,
    fs::FsStorage,
    storage::{Reads, Storage},
};

use crate::{Hasher, RotorTree, RotorTreeConfig, RotorTreeError, StorageError, TreeHead};

/// Opens a tree with everything that can be set; made by [`RotorTree::builder`].
///
/// ```
/// use rotortree::{Blake3Hasher, Reads, RecoveryMode, RotorTree, RotorTreeConfig};
///
/// # let dir = tempfile::tempdir()?;
/// # let directory = dir.path().join("tree");
/// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(directory))
///     .recovery(RecoveryMode::Strict)
///     .max_unflushed_bytes(8 << 20)
///     .reads(Reads::Positioned)
///     .open(Blake3Hasher)?;
/// assert!(tree.recovery_report().created);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `open` is called"]
pub struct RotorTreeBuilder<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    path: PathBuf,
    storage: Option<Arc<dyn Storage>>,
    engine: EngineConfig,
    tree: PhantomData<fn(H) -> RotorTree<H, N, MAX_DEPTH>>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTreeBuilder<H, N, MAX_DEPTH> {
    pub(crate) fn new(config: RotorTreeConfig) -> Self {
        Self {
            path: config.path,
            storage: None,
            engine: EngineConfig {
                flush_policy: config.flush_policy,
                checkpoint_policy: config.checkpoint_policy,
                tiering: config.tiering,
                verify_checkpoint: config.verify_checkpoint,
                ..EngineConfig::default()
            },
            tree: PhantomData,
        }
    }

    /// Keeps the tree on another backend than the directory at the config's path, which is then not looked at.
    ///
    /// ```
    /// use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig, store::memory::MemoryStorage};
    /// use std::sync::Arc;
    ///
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(""))
    ///     .storage(Arc::new(MemoryStorage::new()))
    ///     .open(Blake3Hasher)?;
    /// tree.insert_durable([1; 32])?;
    /// # Ok::<(), rotortree::RotorTreeError>(())
    /// ```
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = Some(storage);
        self
    }

    /// What opening does about a damaged log. The default stops at the last valid entry, keeps what it cuts off aside and
    /// reports it; [`RecoveryMode::Strict`] refuses to open when anything that had been durable is damaged.
    pub fn recovery(mut self, mode: RecoveryMode) -> Self {
        self.engine.recovery = mode;
        self
    }

    /// Refuses to open a tree that does not contain this head: one that was rolled back, or another one. Keep the head of the
    /// last [`durable_snapshot`](RotorTree::durable_snapshot) outside of the directory.
    pub fn expect_head(mut self, head: TreeHead) -> Self {
        self.engine.expect_head = Some(head);
        self
    }

    /// Bounds the bytes of entries that wait to be written; 64 MiB by default. An insert that would exceed the bound flushes
    /// first; the `try_` forms return [`StorageError::WouldBlock`] instead. A single batch may be larger.
    pub fn max_unflushed_bytes(mut self, bytes: usize) -> Self {
        self.engine.max_unflushed_bytes = bytes;
        self
    }

    /// Starts a new segment of the log beyond so many bytes; 256 MiB by default.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.engine.segment_bytes = bytes;
        self
    }

    /// How many heads of recent appends [`find_head`](RotorTree::find_head) knows: 1024 by default, 0 for none. Each takes 40 bytes
    /// of memory, allocated as they come.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(dir.path()))
    ///     .recent_heads(1)
    ///     .open(Blake3Hasher)?;
    /// let (first, _) = tree.insert([1; 32])?;
    /// let (second, _) = tree.insert([2; 32])?;
    /// assert_eq!(tree.find_head(&first), None);
    /// assert_eq!(tree.find_head(&second), tree.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recent_heads(mut self, heads: usize) -> Self {
        self.engine.recent_heads = heads;
        self
    }

    /// Runs background work on this runtime instead of the one that the process's trees share.
    pub fn runtime(mut self, runtime: &Runtime) -> Self {
        self.engine.runtime = runtime.clone();
        self
    }

    /// How checkpointed nodes are read: through memory maps (the default), or with positioned reads, which are slower and turn
    /// every device error into an error value.
    pub fn reads(mut self, reads: Reads) -> Self {
        self.engine.reads = reads;
        self
    }

    /// Told how far opening is, from the thread that opens.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// use rotortree::OpenProgress;
    ///
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(dir.path()))
    ///     .progress(|progress| match progress {
    ///         OpenProgress::Verified { done, total } => eprintln!("{done} of {total} nodes verified"),
    ///         OpenProgress::Replayed { done, total } => eprintln!("{done} of {total} bytes replayed"),
    ///         _ => {}
    ///     })
    ///     .open(Blake3Hasher)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn progress(mut self, callback: impl Fn(OpenProgress) + Send + Sync + 'static) -> Self {
        self.engine.progress = Some(ProgressCallback::new(callback));
        self
    }

    /// Raises the stored ceiling on depth to this type's `MAX_DEPTH`, durably. Without it a tree keeps the ceiling that it was
    /// made with. Once raised, a type with a smaller `MAX_DEPTH` no longer opens it.
    pub fn raise_max_depth(mut self) -> Self {
        self.engine.raise_max_depth = true;
        self
    }

    /// Opens or creates the tree, as [`RotorTree::open`] does.
    ///
    /// # Errors
    /// Those of [`RotorTree::open`]; [`StorageError::UnexpectedHead`] after [`expect_head`](Self::expect_head);
    /// [`StorageError::WalCorrupted`] under [`RecoveryMode::Strict`].
    pub fn open(self, hasher: H) -> Result<RotorTree<H, N, MAX_DEPTH>, RotorTreeError> {
        let (storage, config) = self.place()?;
        let engine = Engine::open(hasher.clone(), storage, config)?;
        Ok(RotorTree::over(engine, hasher))
    }

    /// Opens the tree for reading alone, as [`RotorTree::open_read_only`] does.
    ///
    /// # Errors
    /// Those of [`RotorTree::open_read_only`], and [`StorageError::UnexpectedHead`] after
    /// [`expect_head`](Self::expect_head).
    pub fn open_read_only(self, hasher: H) -> Result<ReadOnly<H, N, MAX_DEPTH>, RotorTreeError> {
        let (storage, config) = self.place()?;
        ReadOnly::open(hasher, storage, config)
    }

    fn place(self) -> Result<(Arc<dyn Storage>, EngineConfig), StorageError> {
        let storage = match self.storage {
            Some(storage) => storage,
            None if self.path.as_os_str().is_empty() => {
                return Err(StorageError::InvalidConfig(
                    "the path is empty; name the tree's directory".into(),
                ));
            }
            None => Arc::new(FsStorage::new(self.path)),
        };
        Ok((storage, self.engine))
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> fmt::Debug
    for RotorTreeBuilder<H, N, MAX_DEPTH>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotorTreeBuilder")
            .field("path", &self.path)
            .field("storage", &self.storage)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}
