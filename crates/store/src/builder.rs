//! [`RotorTreeBuilder`]: the place and the settings of a tree before it is opened.

use std::{fmt, marker::PhantomData, path::PathBuf, sync::Arc};

use rotortree_lean_imt::TreeHead;

use crate::{
    CheckpointPolicy, FlushPolicy, InsertHook, OpenProgress, RecoveryMode, RotorTreeConfig,
    Runtime, StorageError, TieringConfig,
    fs::FsStorage,
    settings::{ProgressCallback, Settings},
    storage::{Reads, Storage},
};

/// Opens a tree with all settings. [`RotorTree::builder`](crate::RotorTree::builder) and
/// [`RotorTree::on`](crate::RotorTree::on) make one.
///
/// `T` is the type of the opened tree: a [`RotorTree`](crate::RotorTree), or a `dyn`
/// [`AnyTree`](crate::AnyTree), whose builder is [`AnyTreeBuilder`](crate::AnyTreeBuilder).
///
/// ```
/// # use {rotortree_lean_imt::*, rotortree_store::*};
/// # let dir = tempfile::tempdir()?;
/// # let directory = dir.path().join("tree");
/// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(directory))
///     .recovery(RecoveryMode::Strict)
///     .max_unflushed_bytes(8 << 20)
///     .reads(storage::Reads::Positioned)
///     .open(Blake3Hasher)?;
/// assert!(tree.recovery_report().created);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `open` is called"]
pub struct RotorTreeBuilder<T: ?Sized> {
    pub(crate) backend: Backend,
    pub(crate) settings: Settings,
    /// N, if the type does not state it.
    pub(crate) arity: Option<usize>,
    tree: PhantomData<fn(&T)>,
}

/// The place of a tree.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Directory { path: PathBuf, allow_unsynced: bool },
    Storage(Arc<dyn Storage>),
}

impl Backend {
    pub(crate) fn storage(self) -> Result<Arc<dyn Storage>, StorageError> {
        match self {
            Self::Storage(storage) => Ok(storage),
            Self::Directory { path, .. } if path.as_os_str().is_empty() => Err(
                StorageError::InvalidConfig("the path is empty; name the tree's directory".into()),
            ),
            Self::Directory {
                path,
                allow_unsynced: true,
            } => Ok(Arc::new(FsStorage::new(path).allow_unsynced_directories())),
            Self::Directory { path, .. } => Ok(Arc::new(FsStorage::new(path))),
        }
    }
}

impl<T: ?Sized> RotorTreeBuilder<T> {
    /// Starts opening the tree in the directory `config.path`.
    pub fn new(config: RotorTreeConfig) -> Self {
        let backend = Backend::Directory {
            path: config.path,
            allow_unsynced: false,
        };
        let settings = Settings {
            flush_policy: config.flush_policy,
            checkpoint_policy: config.checkpoint_policy,
            tiering: config.tiering,
            verify_checkpoint: Some(config.verify_checkpoint),
            ..Settings::default()
        };
        Self::at(backend, settings)
    }

    /// Starts opening the tree on a storage, with the defaults of
    /// [`RotorTreeConfig::new`] and no path.
    pub fn on(storage: Arc<dyn Storage>) -> Self {
        Self::at(Backend::Storage(storage), Settings::default())
    }

    fn at(backend: Backend, settings: Settings) -> Self {
        Self {
            backend,
            settings,
            arity: None,
            tree: PhantomData,
        }
    }

    /// Keeps the tree on this backend. The config's path is then ignored. Without a config:
    /// [`RotorTree::on`](crate::RotorTree::on), [`AnyTreeBuilder::on`](crate::AnyTreeBuilder::on).
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.backend = Backend::Storage(storage);
        self
    }

    /// When log entries are synced in the background; as the config's field.
    pub fn flush_policy(mut self, policy: FlushPolicy) -> Self {
        self.settings.flush_policy = policy;
        self
    }

    /// When checkpoints are made; as the config's field.
    pub fn checkpoint_policy(mut self, policy: CheckpointPolicy) -> Self {
        self.settings.checkpoint_policy = policy;
        self
    }

    /// Which levels stay in memory once a checkpoint covers them; as the config's field. The
    /// default, none, suits memory maps. On a storage without maps each stored level of each proof
    /// is a request; [`TieringConfig`] states the number.
    pub fn tiering(mut self, tiering: TieringConfig) -> Self {
        self.settings.tiering = tiering;
        self
    }

    /// Whether opening compares every stored node with the hash of its children; as the
    /// config's field. Without either the storage says so
    /// ([`Storage::verifies_on_open`]): a directory does.
    pub fn verify_checkpoint(mut self, verify: bool) -> Self {
        self.settings.verify_checkpoint = Some(verify);
        self
    }

    /// Also opens a directory on a file system that cannot sync directories, like some network and
    /// user-space file systems. On such a file system a loss of power may remove the names of the
    /// newest files, and with them leaves that were acknowledged as durable. A crash of the process
    /// alone loses nothing. The default refuses such a file system with an error that names it.
    pub fn allow_unsynced_directories(mut self) -> Self {
        if let Backend::Directory { allow_unsynced, .. } = &mut self.backend {
            *allow_unsynced = true;
        }
        self
    }

    /// The handling of a damaged log. The default stops at the last valid entry, moves the cut
    /// bytes to quarantine and reports the cut. [`RecoveryMode::Strict`] refuses to open if any
    /// durable entry is damaged.
    pub fn recovery(mut self, mode: RecoveryMode) -> Self {
        self.settings.recovery = mode;
        self
    }

    /// Refuses to open a tree that does not contain this head: a tree that was rolled back, or
    /// another tree. Keep the head of the last
    /// [`durable_snapshot`](crate::RotorTree::durable_snapshot) outside of the directory.
    pub fn expect_head(mut self, head: TreeHead) -> Self {
        self.settings.expect_head = Some(head);
        self
    }

    /// Bounds the bytes of entries that wait to be written; 64 MiB by default. An insert that would
    /// exceed the bound flushes first. A single batch above the bound is written piece by piece
    /// before readers see it. The `try_` forms return [`StorageError::WouldBlock`] instead.
    pub fn max_unflushed_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_unflushed_bytes = bytes;
        self
    }

    /// The least size of a large batch, in bytes of leaves that fill whole chunks of 4096 bytes; 4
    /// MiB by default, `usize::MAX` for none. The insert of a large batch writes these leaves to
    /// the place where a checkpoint would put them, and syncs them, before it returns; the log only
    /// refers to them. So each leaf is written once, at the cost of one more sync. The `try_` forms
    /// write every batch to the log.
    pub fn large_batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.large_batch_bytes = bytes;
        self
    }

    /// Starts a new segment of the log beyond `bytes` bytes; 256 MiB by default.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.settings.segment_bytes = bytes;
        self
    }

    /// The number of recent heads that [`find_head`](crate::RotorTree::find_head) knows: 1024 by
    /// default, 0 for none. Each takes 40 bytes of memory, allocated on demand.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
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
        self.settings.recent_heads = heads;
        self
    }

    /// Runs background work on this runtime instead of the one that the trees of the process share.
    pub fn runtime(mut self, runtime: &Runtime) -> Self {
        self.settings.runtime = runtime.clone();
        self
    }

    /// The way of reading checkpointed nodes: through memory maps (the default), or with positioned
    /// reads, which are slower and turn every device error into an error value.
    pub fn reads(mut self, reads: Reads) -> Self {
        self.settings.reads = reads;
        self
    }

    /// Which levels of a new tree are stored: 0, `levels`, twice that, and so on. The nodes of the
    /// levels between are hashed whenever they are read, from a block of `N^levels` stored nodes.
    /// 1 stores all levels. The most is the largest number with `N^levels` at most 128, or 1: 7 for
    /// N = 2, 3 for N = 4. The default follows from what the hasher declares
    /// ([`Hasher::MAX_BLOCK`](rotortree_hasher::Hasher::MAX_BLOCK)): the most for BLAKE3 and
    /// digests, 1 for a hasher that declares nothing. An existing tree keeps its own for life.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let directory = dir.path().join("tree");
    /// let config = || RotorTreeConfig::new(&directory);
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(config())
    ///     .level_stride(1)
    ///     .open(Blake3Hasher)?;
    /// tree.close()?;
    /// let found = inspect(&directory)?.ok_or("there is a tree")?;
    /// assert_eq!(found.level_stride, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn level_stride(mut self, levels: usize) -> Self {
        self.settings.level_stride = Some(levels);
        self
    }

    /// Bounds the memory for nodes of levels that are not stored; 64 MiB by default, allocated on
    /// use, and given back when no proof has used it for 5 to 10 seconds. Blocks of leaves take at
    /// most a quarter. With all blocks above in memory a proof of a random leaf hashes one block:
    /// at N = 2 they take a quarter of a byte a leaf. With 0 every proof hashes a block for each
    /// stored level.
    pub fn block_cache_bytes(mut self, bytes: usize) -> Self {
        self.settings.block_cache_bytes = bytes;
        self
    }

    /// Receives the progress of opening, on the thread that opens.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(dir.path()))
    ///     .progress(|progress| match progress {
    ///         OpenProgress::Verified { done, total } => {
    ///             eprintln!("{done} of {total} nodes verified")
    ///         }
    ///         OpenProgress::Replayed { done, total } => {
    ///             eprintln!("{done} of {total} bytes replayed")
    ///         }
    ///         _ => {}
    ///     })
    ///     .open(Blake3Hasher)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn progress(mut self, callback: impl Fn(OpenProgress) + Send + Sync + 'static) -> Self {
        self.settings.progress = Some(ProgressCallback::new(callback));
        self
    }

    /// Makes this hook a part of each insert: it may refuse leaves before anything is changed. The
    /// default, none, costs nothing. A tree that is opened for reading alone ignores the hook.
    pub fn insert_hook(mut self, hook: Arc<dyn InsertHook>) -> Self {
        self.settings.hook = Some(hook);
        self
    }

    /// Whether opening creates a missing tree; `true` by default. With `false`, opening a missing
    /// tree fails with [`StorageError::Io`] of the kind `NotFound` and creates nothing.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// let misspelt = dir.path().join("tere");
    /// let opened = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(&misspelt))
    ///     .create_if_missing(false)
    ///     .open(Blake3Hasher);
    /// assert!(matches!(
    ///     opened,
    ///     Err(RotorTreeError::Storage(StorageError::Io(_)))
    /// ));
    /// assert!(!misspelt.exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_if_missing(mut self, create: bool) -> Self {
        self.settings.create_if_missing = create;
        self
    }

    /// Raises the stored ceiling on depth, durably: to the type's `MAX_DEPTH`, or to
    /// [`max_depth`](Self::max_depth) if the type has none. Without this call a tree keeps its
    /// original ceiling. A type with a smaller `MAX_DEPTH` cannot open a raised tree.
    pub fn raise_max_depth(mut self) -> Self {
        self.settings.raise_max_depth = true;
        self
    }
}

impl<T: ?Sized> Clone for RotorTreeBuilder<T> {
    fn clone(&self) -> Self {
        Self {
            backend: self.backend.clone(),
            settings: self.settings.clone(),
            ..*self
        }
    }
}

impl<T: ?Sized> fmt::Debug for RotorTreeBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotorTreeBuilder")
            .field("backend", &self.backend)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
