//! [`Settings`]: where a tree lives and everything that can be set, whoever opens it, and the methods that set it.

use std::{path::PathBuf, sync::Arc};

use rotortree_store::{EngineConfig, fs::FsStorage, storage::Storage};

use crate::{RotorTreeConfig, StorageError};

/// What a builder gathers.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) path: PathBuf,
    pub(crate) storage: Option<Arc<dyn Storage>>,
    pub(crate) allow_unsynced_directories: bool,
    pub(crate) engine: EngineConfig,
}

impl Settings {
    pub(crate) fn new(config: RotorTreeConfig) -> Self {
        Self {
            path: config.path,
            storage: None,
            allow_unsynced_directories: false,
            engine: EngineConfig {
                flush_policy: config.flush_policy,
                checkpoint_policy: config.checkpoint_policy,
                tiering: config.tiering,
                verify_checkpoint: config.verify_checkpoint,
                ..EngineConfig::default()
            },
        }
    }

    /// The defaults, on a storage.
    pub(crate) fn on(storage: Arc<dyn Storage>) -> Self {
        Self {
            path: PathBuf::new(),
            storage: Some(storage),
            allow_unsynced_directories: false,
            engine: EngineConfig::default(),
        }
    }

    pub(crate) fn place(self) -> Result<(Arc<dyn Storage>, EngineConfig), StorageError> {
        let storage = match self.storage {
            Some(storage) => storage,
            None if self.path.as_os_str().is_empty() => {
                return Err(StorageError::InvalidConfig(
                    "the path is empty; name the tree's directory".into(),
                ));
            }
            None if self.allow_unsynced_directories => {
                Arc::new(FsStorage::new(self.path).allow_unsynced_directories())
            }
            None => Arc::new(FsStorage::new(self.path)),
        };
        Ok((storage, self.engine))
    }
}

/// The methods of a builder that set what does not depend on the tree's type. It has a field
/// `settings`.
macro_rules! setters {
    () => {
        /// Keeps the tree on another backend than the directory at the config's path, which is then
        /// not looked at. Without a config: [`RotorTree::on`](crate::RotorTree::on),
        /// [`AnyTreeBuilder::on`](crate::AnyTreeBuilder::on).
        pub fn storage(
            mut self,
            storage: std::sync::Arc<dyn crate::store::storage::Storage>,
        ) -> Self {
            self.settings.storage = Some(storage);
            self
        }

        /// When log entries are synced without anybody waiting for them; as the config's field.
        pub fn flush_policy(mut self, policy: crate::FlushPolicy) -> Self {
            self.settings.engine.flush_policy = policy;
            self
        }

        /// When checkpoints are made; as the config's field.
        pub fn checkpoint_policy(mut self, policy: crate::CheckpointPolicy) -> Self {
            self.settings.engine.checkpoint_policy = policy;
            self
        }

        /// Which levels stay in memory once a checkpoint covers them; as the config's field. The
        /// default, none, suits memory maps: on a storage that maps nothing each level of each
        /// proof is a request, and [`TieringConfig`](crate::TieringConfig) says how many.
        pub fn tiering(mut self, tiering: crate::TieringConfig) -> Self {
            self.settings.engine.tiering = tiering;
            self
        }

        /// Whether opening compares every stored node with the hash of its children; as the
        /// config's field.
        pub fn verify_checkpoint(mut self, verify: bool) -> Self {
            self.settings.engine.verify_checkpoint = verify;
            self
        }

        /// Opens a directory on a file system that cannot sync directories too, as some network and
        /// user-space ones cannot. There the promises about a loss of power fall: it may take back
        /// the names of the newest files, and with them leaves that were acknowledged as durable. A
        /// crash of the process alone takes nothing. The default refuses such a file system with an
        /// error that names it.
        pub fn allow_unsynced_directories(mut self) -> Self {
            self.settings.allow_unsynced_directories = true;
            self
        }

        /// What opening does about a damaged log. The default stops at the last valid entry, keeps
        /// what it cuts off aside and reports it;
        /// [`RecoveryMode::Strict`](crate::RecoveryMode::Strict) refuses to open when anything that
        /// had been durable is damaged.
        pub fn recovery(mut self, mode: crate::RecoveryMode) -> Self {
            self.settings.engine.recovery = mode;
            self
        }

        /// Refuses to open a tree that does not contain this head: one that was rolled back, or
        /// another one. Keep the head of the
        /// last [`durable_snapshot`](crate::RotorTree::durable_snapshot) outside of the directory.
        pub fn expect_head(mut self, head: crate::TreeHead) -> Self {
            self.settings.engine.expect_head = Some(head);
            self
        }

        /// Bounds the bytes of entries that wait to be written; 64 MiB by default. An insert that
        /// would exceed the bound flushes first, and a batch that is larger by itself is written
        /// piece by piece before it is there; the `try_` forms return
        /// [`StorageError::WouldBlock`](crate::StorageError::WouldBlock) instead.
        pub fn max_unflushed_bytes(mut self, bytes: usize) -> Self {
            self.settings.engine.max_unflushed_bytes = bytes;
            self
        }

        /// Starts a new segment of the log beyond so many bytes; 256 MiB by default.
        pub fn segment_bytes(mut self, bytes: u64) -> Self {
            self.settings.engine.segment_bytes = bytes;
            self
        }

        /// How many heads of recent appends [`find_head`](crate::RotorTree::find_head) knows: 1024
        /// by default, 0 for none. Each takes 40 bytes of memory, allocated as they come.
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
            self.settings.engine.recent_heads = heads;
            self
        }

        /// Runs background work on this runtime instead of the one that the process's trees share.
        pub fn runtime(mut self, runtime: &crate::Runtime) -> Self {
            self.settings.engine.runtime = runtime.clone();
            self
        }

        /// How checkpointed nodes are read: through memory maps (the default), or with positioned
        /// reads, which are slower and turn every device error into an error value.
        pub fn reads(mut self, reads: crate::Reads) -> Self {
            self.settings.engine.reads = reads;
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
        pub fn progress(
            mut self,
            callback: impl Fn(crate::OpenProgress) + Send + Sync + 'static,
        ) -> Self {
            self.settings.engine.progress = Some(crate::store::ProgressCallback::new(callback));
            self
        }

        /// Whether a tree is made where there is none, which is the default. With `false` opening
        /// then fails with [`StorageError::Io`](crate::StorageError::Io) of the kind `NotFound`,
        /// and makes nothing: for a tree that must be there.
        ///
        /// ```
        /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig, RotorTreeError, StorageError};
        /// # let dir = tempfile::tempdir()?;
        /// let misspelt = dir.path().join("tere");
        /// let opened = RotorTree::<Blake3Hasher, 2, 32>::builder(RotorTreeConfig::new(&misspelt))
        ///     .create_if_missing(false)
        ///     .open(Blake3Hasher);
        /// assert!(matches!(opened, Err(RotorTreeError::Storage(StorageError::Io(_)))));
        /// assert!(!misspelt.exists());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn create_if_missing(mut self, create: bool) -> Self {
            self.settings.engine.create_if_missing = create;
            self
        }
    };
}
pub(crate) use setters;
