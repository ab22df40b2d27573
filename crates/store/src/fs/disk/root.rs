//! The store's directory: finds it by its path, creates it, holds it, and identifies it.

use std::{io, path::Path, sync::Arc};

use super::{Disk, parent};
use crate::{
    file_layer::{FileId, FileLayer, LOCK_NAME},
    fs::{
        error::{At, fault, named},
        layout::{LOG, MANIFEST},
    },
};

/// The names in a store's directory from its creation on.
const STORE_NAMES: [&str; 3] = [LOCK_NAME, MANIFEST, LOG];

impl<L: FileLayer> Disk<L> {
    /// The same place, with nothing held.
    pub(in crate::fs) fn afresh(&self) -> Self {
        let mut afresh = Self::new(self.files.clone(), self.root.clone());
        afresh.allow_unsynced_directories = self.allow_unsynced_directories;
        afresh
    }

    pub(in crate::fs) fn allow_unsynced_directories(&mut self) {
        self.allow_unsynced_directories = true;
    }

    /// Opens the directory at the store's path now.
    pub(in crate::fs) fn open_root(&self) -> io::Result<Arc<L::Dir>> {
        let opened = self.files.open_dir(&self.root);
        Ok(Arc::new(opened.at("open the directory", &self.root)?))
    }

    /// Holds a directory until [`release_root`](Self::release_root).
    pub(in crate::fs) fn hold_root(&self, dir: Arc<L::Dir>) {
        self.held.store(Some(dir));
    }

    pub(in crate::fs) fn release_root(&self) {
        self.held.store(None);
    }

    /// The held directory, or the one at the path.
    pub(in crate::fs) fn root(&self) -> io::Result<Arc<L::Dir>> {
        self.held().map_or_else(|| self.open_root(), Ok)
    }

    pub(in crate::fs) fn held(&self) -> Option<Arc<L::Dir>> {
        self.held.load_full()
    }

    /// The directories that contain this one, the nearest first, this one excluded.
    pub(in crate::fs) fn above(&self, dir: &L::Dir) -> io::Result<Vec<L::Dir>> {
        let mut above: Vec<L::Dir> = Vec::new();
        loop {
            let below = above.last().unwrap_or(dir);
            let next = self.files.parent(below);
            let next = next.map_err(|error| self.tell_removed(dir, error));
            match next.at("find the directory above", &self.root)? {
                Some(next) => above.push(next),
                None => return Ok(above),
            }
        }
    }

    /// The identity of a directory, if the system tells it.
    pub(in crate::fs) fn id(&self, dir: &L::Dir) -> io::Result<Option<FileId>> {
        let status = self.files.status_at(dir, Path::new(""));
        Ok(status.at("look at", &self.root)?.id)
    }

    /// Opens the store's own directory. Creates missing directories, durably.
    pub(in crate::fs) fn create_root(&self) -> io::Result<Arc<L::Dir>> {
        if self.root.as_os_str().is_empty() {
            return Err(fault(
                io::ErrorKind::InvalidInput,
                "the path of the store is empty",
            ));
        }
        let (there, dir) = self.nearest()?;
        if there == self.root {
            return Ok(Arc::new(dir));
        }
        self.refuse_within_store(&dir, there)?;
        let mut dir = dir;
        let mut missing: Vec<&Path> = self.root.ancestors().collect();
        missing.retain(|path| *path != there && path.starts_with(there));
        for path in missing.into_iter().rev() {
            let name = Path::new(path.file_name().unwrap_or_default());
            match self.files.create_dir(&dir, name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(named("create the directory", path, error));
                }
                _ => {}
            }
            let synced = self.files.sync_dir(&dir, Path::new(""));
            self.judge_sync(synced.at("sync the directory", parent(path)))?;
            dir = self.files.open_dir(path).at("open the directory", path)?;
        }
        Ok(Arc::new(dir))
    }

    /// The nearest existing directory among the store's own and those above it.
    pub(in crate::fs) fn nearest(&self) -> io::Result<(&Path, L::Dir)> {
        let mut there = self.root.as_path();
        loop {
            match self.files.open_dir(there) {
                Ok(dir) => return Ok((there, dir)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let missing = named("open the directory", there, error);
                    there = there.parent().ok_or(missing)?;
                }
                Err(error) => return Err(named("open the directory", there, error)),
            }
        }
    }

    /// Refuses a store within another one: it would take the other store's names.
    fn refuse_within_store(&self, dir: &L::Dir, there: &Path) -> io::Result<()> {
        let above = self.above(dir)?;
        let is_store = |dir: &L::Dir| {
            STORE_NAMES
                .iter()
                .all(|name| self.files.status_at(dir, Path::new(name)).is_ok())
        };
        if std::iter::once(dir).chain(&above).any(is_store) {
            let within = format!(
                "{} lies in another store, whose own files it could take the place of; give a path \
                 outside of it",
                there.display()
            );
            let within = fault(io::ErrorKind::InvalidInput, within);
            return Err(named("create the directory", &self.root, within));
        }
        Ok(())
    }

    /// Makes the entry of an existing directory durable: a process that was killed may have created
    /// it without syncing the parent. A parent that may not be opened or synced belongs to another
    /// user, who created this directory long before.
    pub(in crate::fs) fn anchor_existing(&self) -> io::Result<()> {
        if self.root.parent().is_none() {
            return Ok(());
        }
        let above = parent(&self.root);
        let synced = self
            .files
            .open_dir(above)
            .and_then(|dir| self.files.sync_dir(&dir, Path::new("")));
        match self.judge_sync(synced.at("sync the directory", above)) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    pub(in crate::fs) fn lock_dir(&self, dir: &Arc<L::Dir>) -> io::Result<L::Lock> {
        // The file that carries the lock: a lock is never refused because of the directory itself.
        self.files
            .lock_dir(dir)
            .at("lock", &self.root.join(LOCK_NAME))
    }
}
