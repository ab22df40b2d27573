//! Windows: while a directory's handle is open, the directory cannot be renamed or removed; this
//! replaces the calls relative to a directory of Unix. Positioned I/O moves the file's cursor,
//! which no code here relies on.
//!
//! Written from the system's documentation; the tests have not run there.

use std::{
    fs::{self, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::windows::{
        fs::{FileExt, OpenOptionsExt},
        io::{AsHandle, BorrowedHandle},
    },
    path::{Component, Path, PathBuf},
};

use crate::file_layer::{FileId, FileStatus};

const FILE_SHARE_READ: u32 = 1;
const FILE_SHARE_WRITE: u32 = 2;
/// Without it a directory cannot be opened.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// An open directory: where it is, and the handle that keeps it there.
#[derive(Debug)]
pub struct OsDir {
    path: PathBuf,
    handle: File,
}

impl AsHandle for OsDir {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

pub(super) fn open_dir(path: &Path) -> io::Result<OsDir> {
    let path = fs::canonicalize(path)?;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    let handle = options.open(&path)?;
    if !handle.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(OsDir { path, handle })
}

pub(super) fn open_dir_at(dir: &OsDir, path: &Path) -> io::Result<OsDir> {
    open_dir(&beneath(dir, path)?)
}

pub(super) fn parent(dir: &OsDir) -> io::Result<Option<OsDir>> {
    dir.path.parent().map(open_dir).transpose()
}

/// Std reports neither the number of links nor the identity of a file; a file for which this
/// matters stays open instead.
pub(super) fn status(file: &File) -> io::Result<FileStatus> {
    Ok(FileStatus {
        len: file.metadata()?.len(),
        links: 1,
        id: None,
    })
}

pub(super) fn status_at(dir: &OsDir, path: &Path) -> io::Result<FileStatus> {
    let path = beneath(dir, path)?;
    let metadata = fs::symlink_metadata(&path)?;
    let id = metadata.is_dir().then(|| {
        // A directory that is held keeps its canonical path.
        let mut place = DefaultHasher::new();
        path.hash(&mut place);
        FileId {
            device: 0,
            inode: place.finish(),
            born: None,
        }
    });
    Ok(FileStatus {
        len: metadata.len(),
        links: 1,
        id,
    })
}

pub(super) fn create_new(dir: &OsDir, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options.open(beneath(dir, path)?)
}

pub(super) fn open(dir: &OsDir, path: &Path) -> io::Result<File> {
    File::open(beneath(dir, path)?)
}

pub(super) fn open_write(dir: &OsDir, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(beneath(dir, path)?)
}

/// Opens a file for reading and writing, made if it is missing, so that it can be neither renamed
/// nor removed.
pub(super) fn open_or_create(dir: &OsDir, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    options.open(beneath(dir, path)?)
}

pub(super) fn rename(dir: &OsDir, from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(beneath(dir, from)?, beneath(dir, to)?)
}

pub(super) fn remove(dir: &OsDir, path: &Path) -> io::Result<()> {
    fs::remove_file(beneath(dir, path)?)
}

pub(super) fn create_dir(dir: &OsDir, path: &Path) -> io::Result<()> {
    fs::create_dir(beneath(dir, path)?)
}

pub(super) fn sync_dir(_dir: &OsDir, _path: &Path) -> io::Result<()> {
    // Windows has no call that flushes a directory; NTFS journals names in the order of
    // the operations.
    Ok(())
}

pub(super) fn list(dir: &OsDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    fs::read_dir(beneath(dir, path)?)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name().into(), entry.file_type()?.is_dir()))
        })
        .collect()
}

/// The whole path, if no link stands on the way below the directory.
fn beneath(dir: &OsDir, path: &Path) -> io::Result<PathBuf> {
    let mut whole = dir.path.clone();
    for component in path.components() {
        let Component::Normal(name) = component else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        whole.push(name);
        if fs::symlink_metadata(&whole).is_ok_and(|found| found.is_symlink()) {
            let told = format!(
                "`{}` is a symbolic link, and none is followed inside of a store; put what it \
                 leads to in its place",
                Path::new(name).display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
    }
    Ok(whole)
}

pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buf, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}

pub(super) fn ensure_permitted(_len: u64) -> io::Result<()> {
    // No process has a limit of its own.
    Ok(())
}

pub(super) fn allocate(_file: &File, _len: u64) -> io::Result<()> {
    Ok(())
}

pub(super) fn begin_writing(_file: &File, _offset: u64, _len: u64) {}

pub(super) fn next_data(_file: &File, offset: u64) -> io::Result<u64> {
    Ok(offset)
}
