//! [`FileLayer`]: the operating system as the filesystem backend sees it.
//!
//! A store's directory is opened once, and every file below it is named relative to that handle, so
//! renaming the directory changes nothing. Programs use [`OsFiles`]; the simulation that crashes,
//! fails and replays implements the same trait.

mod os;

use std::{
    fmt, io,
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use os::{DirLock, FileMap, OsDir, OsFiles};

/// The file in a store's directory that carries the lock.
pub const LOCK_NAME: &str = "LOCK";

/// The identity of a file or directory. Two that exist at the same time have different identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
    /// The creation time, if the system reports it: the inode number of a removed file is reused.
    pub born: Option<Duration>,
}

impl FileId {
    /// Whether both mean the same file, as far as both tell.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let born = self.born.zip(other.born);
        (self.device, self.inode) == (other.device, other.inode)
            && born.is_none_or(|(mine, theirs)| mine == theirs)
    }
}

/// The system's status of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Length in bytes.
    pub len: u64,
    /// Names that lead to it: 0 once the last one was removed. 1 where the system does not tell.
    pub links: u64,
    /// Its identity; `None` if the system does not report it.
    pub id: Option<FileId>,
}

/// File operations, as few as the filesystem backend needs. Errors are the system's own; the
/// backend adds names.
///
/// # Paths
///
/// A [`Dir`](Self::Dir) is the directory itself, whatever becomes of its name. `path` beside a
/// `dir` is relative to it and has normal components alone; empty, it means the directory. No
/// symbolic link below the directory is followed: where one stands, the call fails.
pub trait FileLayer: fmt::Debug + Clone + Send + Sync + 'static {
    /// An open directory.
    type Dir: fmt::Debug + Send + Sync;
    /// An open file.
    type File: fmt::Debug + Send + Sync;
    /// A read-only mapping of the first bytes of a file.
    type Map: Deref<Target = [u8]> + fmt::Debug + Send + Sync;
    /// A held lock; released when dropped.
    type Lock: fmt::Debug + Send + Sync;

    /// Opens the directory to which a path leads, links followed.
    fn open_dir(&self, path: &Path) -> io::Result<Self::Dir>;
    /// Opens the directory at a path, for [`rename`](Self::rename) within it and
    /// [`sync_dir`](Self::sync_dir) of it: once it is open, neither needs anything more of the
    /// system.
    fn open_dir_at(&self, dir: &Self::Dir, path: &Path) -> io::Result<Self::Dir>;
    /// The directory that holds `dir`; `None` for the topmost one. It serves
    /// [`status_at`](Self::status_at) and `parent` alone.
    fn parent(&self, dir: &Self::Dir) -> io::Result<Option<Self::Dir>>;
    /// The status of a path; a link is not followed.
    fn status_at(&self, dir: &Self::Dir, path: &Path) -> io::Result<FileStatus>;
    /// Creates a file that must not exist, for reading and writing.
    fn create_new(&self, dir: &Self::Dir, path: &Path) -> io::Result<Self::File>;
    /// Opens an existing file for reading.
    fn open(&self, dir: &Self::Dir, path: &Path) -> io::Result<Self::File>;
    /// Opens an existing file for reading and writing.
    fn open_write(&self, dir: &Self::Dir, path: &Path) -> io::Result<Self::File>;
    /// Reads at a position; may be short; 0 only at the end of the file (or for an empty buffer).
    fn read_at(&self, file: &Self::File, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at a position; may be short.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// The system's status of an open file.
    fn status(&self, file: &Self::File) -> io::Result<FileStatus>;
    /// The first position at or behind `offset` that lies in no hole, where the system tells holes;
    /// the file's length if there is none. The default tells no hole.
    fn next_data(&self, _file: &Self::File, offset: u64) -> io::Result<u64> {
        Ok(offset)
    }
    /// Cuts or extends with zeros.
    fn truncate(&self, file: &Self::File, len: u64) -> io::Result<()>;
    /// Reserves space up to `len` without changing length and contents, if the system can: an error
    /// about space says that a write up to there would meet it too. [`truncate`](Self::truncate)
    /// releases the space behind the new length.
    fn allocate(&self, file: &Self::File, len: u64) -> io::Result<()>;
    /// Refuses a length that the process may write no file to, with `FileTooLarge`. The default
    /// knows no limit.
    fn ensure_permitted(&self, _len: u64) -> io::Result<()> {
        Ok(())
    }
    /// Asks the system to begin writing these bytes to the device, and does not wait. It is a hint
    /// without a result: [`sync`](Self::sync) reports errors. The default does nothing.
    fn begin_writing(&self, _file: &Self::File, _offset: u64, _len: u64) {}
    /// Makes the file's bytes and length durable.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// Makes several files durable, at the same time where that is faster. On failure the index of
    /// a file that failed, after every sync has ended.
    fn sync_all(&self, files: &[&Self::File]) -> Result<(), (usize, io::Error)> {
        let failures = files.iter().map(|file| self.sync(file)).enumerate();
        let failures: Vec<_> = failures
            .filter_map(|(index, result)| result.err().map(|error| (index, error)))
            .collect();
        failures.into_iter().next().map_or(Ok(()), Err)
    }
    /// Renames within one directory, replacing the target.
    fn rename(&self, dir: &Self::Dir, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, dir: &Self::Dir, path: &Path) -> io::Result<()>;
    /// Creates one directory.
    fn create_dir(&self, dir: &Self::Dir, path: &Path) -> io::Result<()>;
    /// Makes a directory's entries durable; `Unsupported` where the file system has no
    /// such operation.
    fn sync_dir(&self, dir: &Self::Dir, path: &Path) -> io::Result<()>;
    /// Names in a directory, unsorted, with whether each is a directory.
    fn list(&self, dir: &Self::Dir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>>;
    /// Maps the first `len` bytes of a file, which must have them and keep them unchanged while the
    /// mapping lives.
    fn map(&self, file: &Self::File, len: u64) -> io::Result<Self::Map>;
    /// Takes the exclusive lock of a directory; `WouldBlock` if it is taken.
    fn lock_dir(&self, dir: &Arc<Self::Dir>) -> io::Result<Self::Lock>;
}
