//! [`OsFiles`]: the operating system's files.
//!
//! This module has only the code that differs between systems. The filesystem backend adds names to
//! errors, loops over short results, and orders the operations.

mod lock;
mod map;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub use lock::DirLock;
pub use map::FileMap;
pub use system::OsDir;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use super::{FileLayer, FileStatus};
use crate::{fork::is_child, lock::lock};

/// Threads that sync at the same time, at most: they only wait for the device.
const SYNCS_AT_ONCE: usize = 8;

/// The files of the operating system.
///
/// ```
/// use rotortree_store::file_layer::{FileLayer, OsFiles};
///
/// let folder = tempfile::tempdir()?;
/// let dir = OsFiles.open_dir(folder.path())?;
/// let file = OsFiles.create_new(&dir, "greeting".as_ref())?;
/// assert_eq!(OsFiles.write_at(&file, b"hello", 0)?, 5);
/// OsFiles.sync(&file)?;
/// OsFiles.sync_dir(&dir, "".as_ref())?;
/// assert_eq!(OsFiles.status(&file)?.len, 5);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OsFiles;

impl FileLayer for OsFiles {
    type Dir = OsDir;
    type File = File;
    type Map = FileMap;
    type Lock = DirLock;

    fn open_dir(&self, path: &Path) -> io::Result<OsDir> {
        system::open_dir(path)
    }

    fn open_dir_at(&self, dir: &OsDir, path: &Path) -> io::Result<OsDir> {
        system::open_dir_at(dir, path)
    }

    fn parent(&self, dir: &OsDir) -> io::Result<Option<OsDir>> {
        system::parent(dir)
    }

    fn status_at(&self, dir: &OsDir, path: &Path) -> io::Result<FileStatus> {
        system::status_at(dir, path)
    }

    fn create_new(&self, dir: &OsDir, path: &Path) -> io::Result<File> {
        system::create_new(dir, path)
    }

    fn open(&self, dir: &OsDir, path: &Path) -> io::Result<File> {
        system::open(dir, path)
    }

    fn open_write(&self, dir: &OsDir, path: &Path) -> io::Result<File> {
        system::open_write(dir, path)
    }

    fn read_at(&self, file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        system::read_at(file, buf, offset)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        system::write_at(file, bytes, offset)
    }

    fn status(&self, file: &File) -> io::Result<FileStatus> {
        system::status(file)
    }

    fn next_data(&self, file: &File, offset: u64) -> io::Result<u64> {
        system::next_data(file, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn allocate(&self, file: &File, len: u64) -> io::Result<()> {
        system::ensure_permitted(len)?;
        system::allocate(file, len)
    }

    fn ensure_permitted(&self, len: u64) -> io::Result<()> {
        system::ensure_permitted(len)
    }

    fn begin_writing(&self, file: &File, offset: u64, len: u64) {
        system::begin_writing(file, offset, len);
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        // `fdatasync` also makes a changed length durable, since the data could not be read without
        // it; on Apple systems std asks for F_FULLFSYNC, which passes the drive's cache as well.
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
                // If the system has no further thread, the others do its work.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let failure = failure.into_inner();
        failure
            .unwrap_or_else(PoisonError::into_inner)
            .map_or(Ok(()), Err)
    }

    fn rename(&self, dir: &OsDir, from: &Path, to: &Path) -> io::Result<()> {
        if from.parent() != to.parent() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        system::rename(dir, from, to)
    }

    fn remove(&self, dir: &OsDir, path: &Path) -> io::Result<()> {
        system::remove(dir, path)
    }

    fn create_dir(&self, dir: &OsDir, path: &Path) -> io::Result<()> {
        system::create_dir(dir, path)
    }

    fn sync_dir(&self, dir: &OsDir, path: &Path) -> io::Result<()> {
        system::sync_dir(dir, path)
    }

    fn list(&self, dir: &OsDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        loop {
            match system::list(dir, path) {
                // A signal may interrupt the reading of a directory, which no library makes again.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn map(&self, file: &File, len: u64) -> io::Result<FileMap> {
        FileMap::new(file, len)
    }

    fn lock_dir(&self, dir: &Arc<OsDir>) -> io::Result<DirLock> {
        DirLock::take(dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, OsDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = OsFiles.open_dir(folder.path()).unwrap();
        (folder, dir)
    }

    #[test]
    fn many_files_are_synced_together_and_a_failure_is_told_by_its_file() {
        let (_folder, dir) = folder();
        let file = |number: usize| OsFiles.create_new(&dir, number.to_string().as_ref());
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
        let (_folder, dir) = folder();
        let file = OsFiles.create_new(&dir, "f".as_ref()).unwrap();
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
        let (_folder, dir) = folder();
        let file = OsFiles.create_new(&dir, "f".as_ref()).unwrap();
        OsFiles.write_at(&file, b"bytes", 0).unwrap();
        OsFiles.allocate(&file, 1 << 20).unwrap();
        OsFiles.allocate(&file, 0).unwrap();
        OsFiles.begin_writing(&file, 0, 1 << 20);
        OsFiles.begin_writing(&file, 7, 0);
        assert_eq!(OsFiles.status(&file).unwrap().len, 5);
        let mut bytes = [0; 9];
        assert_eq!(OsFiles.read_at(&file, &mut bytes, 0).unwrap(), 5);
        assert_eq!(&bytes[..5], b"bytes");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_that_cannot_be_synced_is_told_from_one_that_fails_to() {
        let proc = OsFiles.open_dir("/proc/self".as_ref()).unwrap();
        for path in ["", "fd"] {
            let error = OsFiles.sync_dir(&proc, path.as_ref()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        }
    }

    #[test]
    fn a_path_below_a_directory_leaves_it_by_no_spelling() {
        let (folder, _) = folder();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("outside"), "x").unwrap();
        let inner = OsFiles.open_dir(&folder.path().join("inner")).unwrap();
        let whole = folder.path().join("outside");
        for path in [
            Path::new("../outside"),
            &whole,
            Path::new("a/../../outside"),
            Path::new(""),
        ] {
            assert!(OsFiles.open(&inner, path).is_err(), "{}", path.display());
            assert!(OsFiles.open_write(&inner, path).is_err());
            assert!(OsFiles.create_new(&inner, path).is_err());
            assert!(OsFiles.remove(&inner, path).is_err());
        }
        assert_eq!(std::fs::read(whole).unwrap(), b"x");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_below_a_directory_is_followed() {
        use std::os::unix::fs::symlink;

        let (folder, _) = folder();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("away/deep")).unwrap();
        std::fs::write(at("away/deep/file"), "x").unwrap();
        std::fs::create_dir(at("store")).unwrap();
        symlink("../away", at("store/first")).unwrap();
        std::fs::create_dir(at("store/second")).unwrap();
        symlink("../../away/deep", at("store/second/deep")).unwrap();
        symlink("../away/deep/file", at("store/file")).unwrap();
        let store = OsFiles.open_dir(&at("store")).unwrap();
        for path in ["first/deep/file", "second/deep/file", "file"] {
            let error = OsFiles.open(&store, path.as_ref()).unwrap_err();
            assert!(
                error.to_string().contains("symbolic link"),
                "{path}: {error}"
            );
            OsFiles.open_write(&store, path.as_ref()).unwrap_err();
        }
        for path in ["first", "second/deep"] {
            OsFiles.list(&store, path.as_ref()).unwrap_err();
            OsFiles.sync_dir(&store, path.as_ref()).unwrap_err();
            let new = Path::new(path).join("new");
            OsFiles.create_new(&store, &new).unwrap_err();
            OsFiles.create_dir(&store, &new).unwrap_err();
            let file = Path::new(path).join("deep/file");
            OsFiles.remove(&store, &file).unwrap_err();
            OsFiles
                .rename(&store, &file, &new.with_file_name("deep/new"))
                .unwrap_err();
        }
        // A link itself is told and removed like a file.
        assert!(
            OsFiles
                .list(&store, "".as_ref())
                .unwrap()
                .contains(&("first".into(), false))
        );
        OsFiles.remove(&store, "file".as_ref()).unwrap();
        assert_eq!(std::fs::read(at("away/deep/file")).unwrap(), b"x");
    }

    #[test]
    fn a_file_is_known_by_name_and_by_handle_and_not_taken_for_its_successor() {
        let (_folder, dir) = folder();
        let name = Path::new("f");
        let first = OsFiles.create_new(&dir, name).unwrap();
        let id = OsFiles.status(&first).unwrap().id;
        let same = |other: Option<crate::file_layer::FileId>| {
            id.zip(other).is_none_or(|(id, other)| id.is_same(&other))
        };
        assert!(same(OsFiles.status_at(&dir, name).unwrap().id));
        OsFiles.remove(&dir, name).unwrap();
        if cfg!(unix) {
            assert_eq!(OsFiles.status(&first).unwrap().links, 0);
        }
        let second = OsFiles.create_new(&dir, name).unwrap();
        if cfg!(unix) {
            assert!(!same(OsFiles.status(&second).unwrap().id));
            assert!(!same(OsFiles.status_at(&dir, name).unwrap().id));
        }
    }
}
