//! Opens a tree of a type from a [`RotorTreeBuilder`].

use std::sync::Arc;

use rotortree_hasher::Hasher;

use super::{Handle, RotorTree};
use crate::{
    Published, ReadOnly, RotorTreeBuilder, RotorTreeError, engine::Parts, settings::Settings,
    spans, storage::Storage,
};
#[cfg(doc)]
use crate::{RecoveryMode, StorageError};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    pub(crate) fn open_with(
        hasher: H,
        storage: Arc<dyn Storage>,
        settings: Settings,
    ) -> Result<Self, RotorTreeError> {
        let span = spans::open(&*storage);
        let hook = settings.hook.clone();
        let parts = span.run(|| Parts::open(hasher.clone(), storage, settings))?;
        let tree = Self {
            handle: Arc::new(Handle { parts, hasher }),
        };
        // Whatever the hook does, the handle is dropped and closes the tree.
        if let Some(hook) = hook {
            let publication = Arc::clone(&tree.parts().publication);
            hook.opened(Published::new(publication))?;
        }
        Ok(tree)
    }
}

/// Opening a tree of a type.
impl<H: Hasher, const N: usize, const MAX_DEPTH: usize>
    RotorTreeBuilder<RotorTree<H, N, MAX_DEPTH>>
{
    /// Opens or creates the tree, as [`RotorTree::open`] does.
    ///
    /// # Errors
    /// Those of [`RotorTree::open`]; [`StorageError::UnexpectedHead`] after
    /// [`expect_head`](Self::expect_head); [`StorageError::WalCorrupted`] under
    /// [`RecoveryMode::Strict`].
    pub fn open(self, hasher: H) -> Result<RotorTree<H, N, MAX_DEPTH>, RotorTreeError> {
        RotorTree::open_with(hasher, self.backend.storage()?, self.settings)
    }

    /// Opens the tree for reading alone, as [`RotorTree::open_read_only`] does.
    ///
    /// # Errors
    /// Those of [`RotorTree::open_read_only`], and [`StorageError::UnexpectedHead`] after
    /// [`expect_head`](Self::expect_head).
    pub fn open_read_only(self, hasher: H) -> Result<ReadOnly<H, N, MAX_DEPTH>, RotorTreeError> {
        ReadOnly::open(hasher, self.backend.storage()?, self.settings)
    }
}
