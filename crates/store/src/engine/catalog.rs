//! [`Catalog`]: the manifest in force, and the only way to commit the next one.

use std::sync::Arc;

use super::{
    locks::{Monitor, Rank},
    shortage::with_reserve,
};
use crate::{
    Runtime, StorageError,
    manifest::Manifest,
    recovery,
    storage::{Part, Storage, WriteError},
    sync::ArcSwap,
};

/// The manifest in force. Readers wait for no commit.
pub(crate) struct Catalog {
    storage: Arc<dyn Storage>,
    runtime: Runtime,
    in_force: ArcSwap<Manifest>,
    /// Held during the commit of the next manifest.
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

    /// Applies `change` to the manifest in force, commits the result as the next generation, and
    /// returns the outcome of `change`.
    ///
    /// # Errors
    /// The backend's error. The manifest in force stays the same.
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

    /// Checks that the stored manifest belongs to this tree and is no older than the manifest in
    /// force.
    pub(super) fn check_stored(&self) -> Result<(), StorageError> {
        let committed = self.manifest();
        let found = recovery::load_manifest(&*self.storage)?;
        // A later generation is a commit of this tree during the read.
        if found.tree_id == committed.tree_id && found.generation >= committed.generation {
            return Ok(());
        }
        Err(StorageError::DataCorruption {
            file: self.storage.name(Part::Manifest),
            offset: 0,
            reason: format!(
                "it is another one than this tree committed (generation {} in place of {})",
                found.generation, committed.generation
            ),
        })
    }
}
