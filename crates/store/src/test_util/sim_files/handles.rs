//! The handles of programs: open directories, open files, mappings, locks.

use std::{
    fmt,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use super::{dir::NodeId, file::MapToken, files::Shared};
use crate::lock::lock;

/// An open simulated directory. It stays itself when its name changes or goes.
#[derive(Debug)]
pub struct SimDir {
    pub(super) node: NodeId,
    /// The path by which it was opened.
    pub(super) path: PathBuf,
}

impl SimDir {
    /// The path of something in it, for faults and the journal to know it by.
    pub(super) fn whole(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() {
            self.path.clone()
        } else {
            self.path.join(path)
        }
    }
}

/// An open simulated file. It stays itself when its name changes or goes.
#[derive(Debug)]
pub struct SimFile {
    pub(super) node: NodeId,
    pub(super) path: PathBuf,
    pub(super) writable: bool,
}

/// A simulated mapping.
pub struct SimMap {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) len: usize,
    /// While it lives, the file refuses to change the bytes.
    #[expect(dead_code, reason = "its being there is what counts")]
    pub(super) token: MapToken,
}

impl Deref for SimMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for SimMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimMap").field("len", &self.len).finish()
    }
}

/// A held lock of a simulated directory.
pub struct SimLock {
    pub(super) dir: NodeId,
    pub(super) shared: Weak<Shared>,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            lock(&shared.state).locked.remove(&self.dir);
        }
    }
}

impl fmt::Debug for SimLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimLock").finish_non_exhaustive()
    }
}
