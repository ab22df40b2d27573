//! [`Lying`]: simulated files that may claim one kind of call to have gone well and not do it.

use std::{
    io,
    path::{Path, PathBuf},
};

use rotortree_store::{
    file_layer::FileLayer,
    test_util::sim_files::{Call, SimFile, SimFiles, SimLock, SimMap},
};

/// The layer, and what it lies about: `Call::Sync` or `Call::SyncDir`.
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
    type File = SimFile;
    type Map = SimMap;
    type Lock = SimLock;

    fn create_new(&self, path: &Path) -> io::Result<SimFile> {
        self.files.create_new(path)
    }
    fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.files.open(path)
    }
    fn open_write(&self, path: &Path) -> io::Result<SimFile> {
        self.files.open_write(path)
    }
    fn read_at(&self, file: &SimFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.files.read_at(file, buf, offset)
    }
    fn write_at(&self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.files.write_at(file, bytes, offset)
    }
    fn len(&self, file: &SimFile) -> io::Result<u64> {
        self.files.len(file)
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
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.files.create_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.honestly(Call::SyncDir, || self.files.sync_dir(path))
    }
    fn list(&self, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        self.files.list(path)
    }
    fn map(&self, file: &SimFile, len: u64) -> io::Result<SimMap> {
        self.files.map(file, len)
    }
    fn lock_dir(&self, path: &Path) -> io::Result<SimLock> {
        self.files.lock_dir(path)
    }
}
