//! [`RotorTreeBuilder`]: opening a tree with settings beyond [`RotorTreeConfig`].

use std::{fmt, marker::PhantomData, sync::Arc};

use rotortree_store::{Engine, storage::Storage};

use crate::{
    Hasher, ReadOnly, RotorTree, RotorTreeConfig, RotorTreeError,
    settings::{Settings, setters},
};
#[cfg(doc)]
use crate::{RecoveryMode, StorageError};

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
    settings: Settings,
    tree: PhantomData<fn(H) -> RotorTree<H, N, MAX_DEPTH>>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTreeBuilder<H, N, MAX_DEPTH> {
    pub(crate) fn new(config: RotorTreeConfig) -> Self {
        Self {
            settings: Settings::new(config),
            tree: PhantomData,
        }
    }

    pub(crate) fn on(storage: Arc<dyn Storage>) -> Self {
        Self {
            settings: Settings::on(storage),
            tree: PhantomData,
        }
    }

    setters!();

    /// Raises the stored ceiling on depth to this type's `MAX_DEPTH`, durably. Without it a tree
    /// keeps the ceiling that it was made with. Once raised, a type with a smaller `MAX_DEPTH`
    /// no longer opens it.
    pub fn raise_max_depth(mut self) -> Self {
        self.settings.engine.raise_max_depth = true;
        self
    }

    /// Opens or creates the tree, as [`RotorTree::open`] does.
    ///
    /// # Errors
    /// Those of [`RotorTree::open`]; [`StorageError::UnexpectedHead`] after
    /// [`expect_head`](Self::expect_head); [`StorageError::WalCorrupted`] under
    /// [`RecoveryMode::Strict`].
    pub fn open(self, hasher: H) -> Result<RotorTree<H, N, MAX_DEPTH>, RotorTreeError> {
        let (storage, config) = self.settings.place()?;
        let engine = Engine::open(hasher.clone(), storage, config)?;
        Ok(RotorTree::over(engine, hasher))
    }

    /// Opens the tree for reading alone, as [`RotorTree::open_read_only`] does.
    ///
    /// # Errors
    /// Those of [`RotorTree::open_read_only`], and [`StorageError::UnexpectedHead`] after
    /// [`expect_head`](Self::expect_head).
    pub fn open_read_only(self, hasher: H) -> Result<ReadOnly<H, N, MAX_DEPTH>, RotorTreeError> {
        let (storage, config) = self.settings.place()?;
        Engine::open_read_only(hasher, storage, config)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> fmt::Debug
    for RotorTreeBuilder<H, N, MAX_DEPTH>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotorTreeBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
