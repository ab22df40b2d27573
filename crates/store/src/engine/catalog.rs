//! [`Catalog`]: the manifest in force, and the one way to commit the next.

use std::sync::Arc;

use super::{
    locks::{Monitor, Rank},
    shortage::with_reserve,
};
use crate::{
    Runtime, StorageError,
    manifest::Manifest,
    recovery,
    storage::{Storage, WriteError},
    sync::ArcSwap,
};

/// See the module. Readers wait for no commit.
pub(crate) struct Catalog {
    storage: Arc<dyn Storage>,
    runtime: Runtime,
    in_force: ArcSwap<Manifest>,
    /// Held over the commit of the next manifest.
    commits: Monitor<()>,
}

impl Catalog {
    pub(super) fn new(storage: Arc<dyn Storage>, runtime: Runtime, manifest: Manifest) -> Self {
        Self {
            storage,
            runtime,
            in_force: ArcSwap::new(Arc::new(manifest)),
            commits: Monitor::new(Rank::Catalog, ()),
        }
    }

    /// The manifest in force.
    pub(crate) fn manifest(&self) -> Arc<Manifest> {
        self.in_force.load_full()
    }

    /// Commits the manifest in force as `change` leaves it, with the next generation; the
    /// outcome of `change`.
    ///
    /// # Errors
    /// That of the backend; the manifest before stays the one in force here.
    pub(super) fn update<R>(
        &self,
        change: impl FnOnce(&mut Manifest) -> R,
    ) -> Result<R, WriteError> {
        let _commits = self.commits.lock();
        let mut next = Manifest::clone(&self.manifest());
        next.generation += 1;
        let outcome = change(&mut next);
        let bytes = next.encode();
        with_reserve(&self.runtime.reserve(), || {
            self.storage.commit_manifest(next.generation, &bytes)
        })?;
        self.in_force.store(Arc::new(next));
        Ok(outcome)
    }

    /// Reads the stored manifest, which must be one of this tree's, and none before the last.
    pub(super) fn check_stored(&self) -> Result<(), StorageError> {
        let committed = self.manifest();
        let found = recovery::load_manifest(&*self.storage)?;
        // A later one is a commit of this tree that came in between.
        if found.tree_id == committed.tree_id && found.generation >= committed.generation {
            return Ok(());
        }
        Err(StorageError::DataCorruption {
            file: format!("{}, manifest", self.storage.describe()),
            offset: 0,
            reason: format!(
                "it is another one than this tree committed (generation {} in place of {})",
                found.generation, committed.generation
            ),
        })
    }
}
