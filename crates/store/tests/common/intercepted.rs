//! [`Intercepted`]: simulated files that ask a test before some of their calls.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rotortree_store::{
    file_layer::{FileLayer, FileStatus},
    test_util::sim_files::{SimDir, SimFile, SimFiles, SimLock, SimMap},
};

/// A call that a test is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A sync of one file.
    Sync,
    /// A sync of several files together, which only a checkpoint makes.
    SyncAll,
    /// A sync of a directory.
    SyncDir,
    /// A look into a directory.
    List,
    /// The opening of a file, for reading or writing.
    Open,
    /// A read of so many bytes.
    Read(usize),
    /// A write of so many bytes.
    Write(usize),
    /// A rename of a file, and whether it gets the manifest's name.
    Rename { manifest: bool },
    /// The creation of a file or a directory, the removal of a file, or a change of its length.
    Change,
}

/// Simulated files, and a function that each [`Step`] calls first. A sync for which the function
/// returns `false` reports success and does nothing.
#[derive(Clone)]
pub(crate) struct Intercepted {
    files: SimFiles,
    before: Arc<dyn Fn(Step) -> bool + Send + Sync>,
}

impl Intercepted {
    pub(crate) fn new(
        files: &SimFiles,
        before: impl Fn(Step) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            files: files.clone(),
            before: Arc::new(before),
        }
    }

    fn unless_skipped<E>(&self, step: Step, call: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if (self.before)(step) { call() } else { Ok(()) }
    }
}

impl fmt::Debug for Intercepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepted").finish_non_exhaustive()
    }
}

impl FileLayer for Intercepted {
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
        (self.before)(Step::Change);
        self.files.create_new(dir, path)
    }
    fn open(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        (self.before)(Step::Open);
        self.files.open(dir, path)
    }
    fn open_write(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        (self.before)(Step::Open);
        self.files.open_write(dir, path)
    }
    fn read_at(&self, file: &SimFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (self.before)(Step::Read(buf.len()));
        self.files.read_at(file, buf, offset)
    }
    fn write_at(&self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        (self.before)(Step::Write(bytes.len()));
        self.files.write_at(file, bytes, offset)
    }
    fn status(&self, file: &SimFile) -> io::Result<FileStatus> {
        self.files.status(file)
    }
    fn truncate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        (self.before)(Step::Change);
        self.files.truncate(file, len)
    }
    fn allocate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.files.allocate(file, len)
    }
    fn sync(&self, file: &SimFile) -> io::Result<()> {
        self.unless_skipped(Step::Sync, || self.files.sync(file))
    }
    fn sync_all(&self, files: &[&SimFile]) -> Result<(), (usize, io::Error)> {
        self.unless_skipped(Step::SyncAll, || self.files.sync_all(files))
    }
    fn rename(&self, dir: &SimDir, from: &Path, to: &Path) -> io::Result<()> {
        (self.before)(Step::Rename {
            manifest: to.ends_with("MANIFEST"),
        });
        self.files.rename(dir, from, to)
    }
    fn remove(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        (self.before)(Step::Change);
        self.files.remove(dir, path)
    }
    fn create_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        (self.before)(Step::Change);
        self.files.create_dir(dir, path)
    }
    fn sync_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.unless_skipped(Step::SyncDir, || self.files.sync_dir(dir, path))
    }
    fn list(&self, dir: &SimDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        (self.before)(Step::List);
        self.files.list(dir, path)
    }
    fn map(&self, file: &SimFile, len: u64) -> io::Result<SimMap> {
        self.files.map(file, len)
    }
    fn lock_dir(&self, dir: &Arc<SimDir>) -> io::Result<SimLock> {
        self.files.lock_dir(dir)
    }
}
