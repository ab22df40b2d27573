//! [`OsFiles`]: the operating system's files, through `std::fs`.
//!
//! Only what differs between systems lives here and below. Names in errors, loops over short results and
//! the order of operations belong to the filesystem backend.

mod lock;
mod map;

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub use lock::DirLock;
pub use map::FileMap;

use super::FileLayer;
use crate::{fork::is_child, lock::lock};

/// Threads that sync at the same time, at most: they only wait for the device.
const SYNCS_AT_ONCE: usize = 8;

/// The files of the operating system.
///
/// ```
/// use rotortree_store::file_layer::{FileLayer, OsFiles};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("greeting");
/// let file = OsFiles.create_new(&path)?;
/// assert_eq!(OsFiles.write_at(&file, b"hello", 0)?, 5);
/// OsFiles.sync(&file)?;
/// OsFiles.sync_dir(dir.path())?;
/// assert_eq!(OsFiles.len(&file)?, 5);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OsFiles;

impl FileLayer for OsFiles {
    type File = File;
    type Map = FileMap;
    type Lock = DirLock;

    fn create_new(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn open_write(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    fn read_at(&self, file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        system::read_at(file, buf, offset)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        system::write_at(file, bytes, offset)
    }

    fn len(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn next_data(&self, file: &File, offset: u64) -> io::Result<u64> {
        system::next_data(file, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn allocate(&self, file: &File, len: u64) -> io::Result<()> {
        system::allocate(file, len)
    }

    fn begin_writing(&self, file: &File, offset: u64, len: u64) {
        system::begin_writing(file, offset, len);
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        // `fdatasync` also makes a changed length durable, since the data could not be read without it;
        // on Apple systems std asks for F_FULLFSYNC, which passes the drive's cache as well.
        file.sync_data()
    }

    fn sync_all(&self, files: &[&File]) -> Result<(), (usize, io::Error)> {
        let next = AtomicUsize::new(0);
        let failure = Mutex::new(None);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(index) else { break };
                if let Err(error) = self.sync(file) {
                    lock(&failure).get_or_insert((index, error));
                }
            }
        };
        let threads = if is_child() { 1 } else { SYNCS_AT_ONCE };
        // File systems join syncs that come together into one commit of their journal.
        thread::scope(|scope| {
            for _ in 1..files.len().min(threads) {
                // Where there is no thread to be had, the others do its work.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let failure = failure.into_inner();
        failure
            .unwrap_or_else(PoisonError::into_inner)
            .map_or(Ok(()), Err)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        system::sync_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        loop {
            match list(path) {
                // Of the calls that a signal may interrupt, those for directories are the ones that std does not make again.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn map(&self, file: &File, len: u64) -> io::Result<FileMap> {
        FileMap::new(file, len)
    }

    fn lock_dir(&self, path: &Path) -> io::Result<DirLock> {
        DirLock::take(path)
    }
}

fn list(path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    fs::read_dir(path)?
        .map(|entry| {
            let entry = entry?;
            let kind = entry.file_type()?;
            // A link to a directory serves as one.
            let is_dir = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
            Ok((PathBuf::from(entry.file_name()), is_dir))
        })
        .collect()
}

#[cfg(unix)]
mod system {
    //! Unix: positioned I/O and directory syncs as the system has them.

    use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

    pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(buf, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn allocate(file: &File, len: u64) -> io::Result<()> {
        use rustix::{
            fs::{FallocateFlags, fallocate},
            io::Errno,
        };
        if len == 0 {
            return Ok(());
        }
        match fallocate(file, FallocateFlags::KEEP_SIZE, 0, len) {
            // Not every file system can; the call is a hint.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn allocate(_file: &File, _len: u64) -> io::Result<()> {
        // No call here reserves space without also changing the length.
        Ok(())
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn begin_writing(file: &File, offset: u64, len: u64) {
        use std::num::NonZeroU64;

        use rustix::fs::{Advice, fadvise};
        // Linux begins to write what is dirty in the range, without waiting, and only then lets go of what is clean; what is on its way
        // to the device stays in the cache. An error of that writing is told by the file's next sync.
        if let Some(len) = NonZeroU64::new(len) {
            let (Ok(()) | Err(_)) = fadvise(file, offset, Some(len), Advice::DontNeed);
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn begin_writing(_file: &File, _offset: u64, _len: u64) {}

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn next_data(file: &File, offset: u64) -> io::Result<u64> {
        use rustix::{
            fs::{SeekFrom, seek},
            io::Errno,
        };
        // It moves the file's cursor, which nothing here relies on.
        match seek(file, SeekFrom::Data(offset)) {
            Ok(data) => Ok(data.max(offset)),
            Err(Errno::NXIO) => Ok(file.metadata()?.len().max(offset)),
            // Not every file system can tell.
            Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(offset),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn next_data(_file: &File, offset: u64) -> io::Result<u64> {
        Ok(offset)
    }
}

#[cfg(windows)]
mod system {
    //! Windows: positioned I/O moves the file's cursor, which nothing here relies on.

    use std::{fs::File, io, os::windows::fs::FileExt, path::Path};

    pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        file.seek_read(buf, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.seek_write(bytes, offset)
    }

    pub(super) fn sync_dir(_path: &Path) -> io::Result<()> {
        // Windows has no call that flushes a directory; NTFS journals names in the order of the operations.
        Ok(())
    }

    pub(super) fn allocate(_file: &File, _len: u64) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn begin_writing(_file: &File, _offset: u64, _len: u64) {}

    pub(super) fn next_data(_file: &File, offset: u64) -> io::Result<u64> {
        Ok(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_are_synced_together_and_a_failure_is_told_by_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = |number: usize| OsFiles.create_new(&dir.path().join(number.to_string()));
        let mut files: Vec<File> = (0..20).map(|number| file(number).unwrap()).collect();
        let all = |files: &[File]| OsFiles.sync_all(&files.iter().collect::<Vec<_>>());
        all(&files).unwrap();
        all(&[]).unwrap();
        if cfg!(target_os = "linux") {
            // A pipe cannot be synced.
            let (reader, _writer) = io::pipe().unwrap();
            files[13] = into_file(reader);
            assert_eq!(all(&files).unwrap_err().0, 13);
        }
    }

    #[cfg(unix)]
    fn into_file(pipe: io::PipeReader) -> File {
        File::from(std::os::fd::OwnedFd::from(pipe))
    }

    #[cfg(windows)]
    fn into_file(pipe: io::PipeReader) -> File {
        File::from(std::os::windows::io::OwnedHandle::from(pipe))
    }

    #[test]
    fn a_hole_is_told_or_taken_for_data_and_data_is_never_taken_for_a_hole() {
        let dir = tempfile::tempdir().unwrap();
        let file = OsFiles.create_new(&dir.path().join("f")).unwrap();
        let data = 64 << 20;
        OsFiles.write_at(&file, b"bytes", data).unwrap();
        OsFiles.truncate(&file, 2 * data).unwrap();
        for offset in [0, 1, data - 1, data, data + 4] {
            let next = OsFiles.next_data(&file, offset).unwrap();
            assert!(
                (offset..=data.max(offset)).contains(&next),
                "{offset}: {next}"
            );
        }
        for offset in [data + 5, 2 * data - 1, 2 * data] {
            let next = OsFiles.next_data(&file, offset).unwrap();
            assert!((offset..=2 * data).contains(&next), "{offset}: {next}");
        }
    }

    #[test]
    fn hints_keep_length_and_contents() {
        let dir = tempfile::tempdir().unwrap();
        let file = OsFiles.create_new(&dir.path().join("f")).unwrap();
        OsFiles.write_at(&file, b"bytes", 0).unwrap();
        OsFiles.allocate(&file, 1 << 20).unwrap();
        OsFiles.allocate(&file, 0).unwrap();
        OsFiles.begin_writing(&file, 0, 1 << 20);
        OsFiles.begin_writing(&file, 7, 0);
        assert_eq!(OsFiles.len(&file).unwrap(), 5);
        let mut bytes = [0; 9];
        assert_eq!(OsFiles.read_at(&file, &mut bytes, 0).unwrap(), 5);
        assert_eq!(&bytes[..5], b"bytes");
    }
}
