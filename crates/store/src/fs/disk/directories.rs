//! The directories of a store: creates, lists and syncs them.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Disk, parent};
use crate::{file_layer::FileLayer, fs::error::fault, lock::lock};

impl<L: FileLayer> Disk<L> {
    pub(in crate::fs) fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let synced = self.call("sync the directory", path, |dir, below| {
            self.files.sync_dir(dir, below)
        });
        self.judge_sync(synced)
    }

    /// Judges the outcome of a directory's sync. A directory that cannot be synced loses names in a
    /// power failure, and so promises 1 and 2.
    pub(super) fn judge_sync(&self, synced: io::Result<()>) -> io::Result<()> {
        match synced {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                if self.allow_unsynced_directories {
                    return Ok(());
                }
                let told = format!(
                    "{error}; this file system cannot make names in a directory durable, so that a loss of power could take back \
                     files that were acknowledged: use another one, or give that promise up with `allow_unsynced_directories`"
                );
                Err(fault(io::ErrorKind::Unsupported, told))
            }
            other => other,
        }
    }

    /// The names in a directory, sorted, each with whether it is a directory. `None` if the
    /// directory is missing.
    pub(in crate::fs) fn list(&self, path: &Path) -> io::Result<Option<Vec<(PathBuf, bool)>>> {
        let listed = self.call("list the directory", path, |dir, below| {
            self.files.list(dir, below)
        });
        match listed {
            Ok(mut entries) => {
                entries.sort();
                Ok(Some(entries))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a directory of the store if it is missing, durably.
    pub(in crate::fs) fn ensure_dir(&self, path: &Path) -> io::Result<()> {
        if self.is_anchored(path) {
            return Ok(());
        }
        self.create_dir_if_missing(path)?;
        self.sync_dir(parent(path))?;
        self.anchored([path.to_owned()]);
        Ok(())
    }

    /// Whether this process has made the directory's entry in its parent durable.
    pub(in crate::fs) fn is_anchored(&self, path: &Path) -> bool {
        lock(&self.anchored).contains(path)
    }

    /// Records that the parents of these directories were synced.
    pub(in crate::fs) fn anchored(&self, paths: impl IntoIterator<Item = PathBuf>) {
        lock(&self.anchored).extend(paths);
    }

    /// Creates a directory. Its name is still to be synced.
    pub(in crate::fs) fn create_dir_if_missing(&self, path: &Path) -> io::Result<()> {
        let created = self.call("create the directory", path, |dir, below| {
            self.files.create_dir(dir, below)
        });
        match created {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}
