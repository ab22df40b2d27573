//! [`Lying`]: simulated files that may report success for one kind of call without doing it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rotortree_store::{
    file_layer::{FileLayer, FileStatus},
    test_util::sim_files::{Call, SimDir, SimFile, SimFiles, SimLock, SimMap},
};

/// The layer, and the call that it skips: `Call::Sync` or `Call::SyncDir`.
#[derive(Debug, Clone)]
pub(crate) struct Lying {
    files: SimFiles,
    lie: Call,
}

impl Lying {
    pub(crate) fn new(files: SimFiles, lie: Call) -> Self {
        Self { files, lie }
    }

    fn honestly(&self, call: Call, deed: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.lie == call { Ok(()) } else { deed() }
    }
}

impl FileLayer for Lying {
    type Dir = SimDir;
    type File = SimFile;
    type Map = SimMap;
    type Lock = SimLock;

    fn open_dir(&self, path: &Path) -> io::Result<SimDir> {
        self.files.open_dir(path)
    }
    fn open_dir_at(&self, dir: &SimDir, path: &Path) -> io::Result<SimDir> {
        self.files.open_dir_at(dir, path)
    }
    fn parent(&self, dir: &SimDir) -> io::Result<Option<SimDir>> {
        self.files.parent(dir)
    }
    fn status_at(&self, dir: &SimDir, path: &Path) -> io::Result<FileStatus> {
        self.files.status_at(dir, path)
    }
    fn create_new(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.files.create_new(dir, path)
    }
    fn open(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.files.open(dir, path)
    }
    fn open_write(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.files.open_write(dir, path)
    }
    fn read_at(&self, file: &SimFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.files.read_at(file, buf, offset)
    }
    fn write_at(&self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.files.write_at(file, bytes, offset)
    }
    fn status(&self, file: &SimFile) -> io::Result<FileStatus> {
        self.files.status(file)
    }
    fn truncate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.files.truncate(file, len)
    }
    fn allocate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.files.allocate(file, len)
    }
    fn sync(&self, file: &SimFile) -> io::Result<()> {
        self.honestly(Call::Sync, || self.files.sync(file))
    }
    fn rename(&self, dir: &SimDir, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(dir, from, to)
    }
    fn remove(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.files.remove(dir, path)
    }
    fn create_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.files.create_dir(dir, path)
    }
    fn sync_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.honestly(Call::SyncDir, || self.files.sync_dir(dir, path))
    }
    fn list(&self, dir: &SimDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        self.files.list(dir, path)
    }
    fn map(&self, file: &SimFile, len: u64) -> io::Result<SimMap> {
        self.files.map(file, len)
    }
    fn lock_dir(&self, dir: &Arc<SimDir>) -> io::Result<SimLock> {
        self.files.lock_dir(dir)
    }
}
