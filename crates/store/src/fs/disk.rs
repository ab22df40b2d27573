//! [`Disk`]: the store's directory and the files below it. Names files in errors, completes short
//! reads and writes, and makes directory entries durable before anything relies on them.
//!
//! Paths are whole, as in messages. The file layer gets them relative to a directory: the locked
//! one while the store is owned, even if it was moved or another directory has its name, and
//! otherwise the one that each call finds by name.

mod directories;
mod draft;
mod identity;
mod root;

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwapOption;
pub(super) use draft::Draft;
pub(super) use identity::not_written;

use super::error::{At, fault, gone, named};
use crate::{
    file_layer::{FileLayer, FileStatus},
    lock::lock,
};

/// Bytes written before the device is asked to begin: milliseconds of its work, and few enough
/// calls.
pub(super) const AHEAD_BYTES: u64 = 4 << 20;

/// The file layer as the backend uses it.
#[derive(Debug)]
pub(super) struct Disk<L: FileLayer> {
    files: L,
    root: PathBuf,
    /// The directory that this handle stays with. Read without a lock, by proofs too.
    held: ArcSwapOption<L::Dir>,
    /// Whether to accept a file system that cannot sync directories.
    allow_unsynced_directories: bool,
    /// Directories whose entry in their parent this process has made durable. Any other entry may
    /// exist only in the cache, left by a killed process.
    anchored: Mutex<HashSet<PathBuf>>,
}

/// An open file and its name.
#[derive(Debug)]
pub(super) struct NamedFile<F> {
    file: F,
    path: PathBuf,
}

/// A whole, synced file under its temporary name, and the open directory in which it gets its own
/// name.
#[derive(Debug)]
pub(super) struct Prepared<L: FileLayer> {
    file: NamedFile<L::File>,
    len: u64,
    dir: Arc<L::Dir>,
}

impl<L: FileLayer> Prepared<L> {
    pub(super) fn file(&self) -> &NamedFile<L::File> {
        &self.file
    }
}

impl<F> NamedFile<F> {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl<L: FileLayer> Disk<L> {
    pub(super) fn new(files: L, root: PathBuf) -> Self {
        Self {
            files,
            root,
            held: ArcSwapOption::empty(),
            allow_unsynced_directories: false,
            anchored: Mutex::default(),
        }
    }

    /// Calls the file layer with the directory and the relative form of `path`.
    fn call<T>(
        &self,
        operation: &'static str,
        path: &Path,
        call: impl FnOnce(&L::Dir, &Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let dir = self.root()?;
        call(&dir, self.below(path))
            .map_err(|error| self.tell_removed(&dir, error))
            .at(operation, path)
    }

    fn below<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Names a removed directory as the cause of an error: its files cannot be found.
    fn tell_removed(&self, dir: &L::Dir, error: io::Error) -> io::Error {
        let is_removed = || {
            let status = self.files.status_at(dir, Path::new(""));
            status.is_ok_and(|status| status.links == 0)
        };
        if error.kind() == io::ErrorKind::NotFound && is_removed() {
            return gone("the store's directory was removed while it was open");
        }
        error
    }

    /// The status of a path of the store.
    pub(super) fn status_at(&self, path: &Path) -> io::Result<FileStatus> {
        self.call("look at", path, |dir, below| {
            self.files.status_at(dir, below)
        })
    }

    /// Forgets the durable directory entries.
    pub(super) fn forget(&self) {
        lock(&self.anchored).clear();
    }

    // --- files ---

    pub(super) fn create_new(&self, path: &Path) -> io::Result<NamedFile<L::File>> {
        let file = self.call("create", path, |dir, below| {
            self.files.create_new(dir, below)
        });
        self.named(path, file?)
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<NamedFile<L::File>> {
        let file = self.call("open", path, |dir, below| self.files.open(dir, below));
        self.named(path, file?)
    }

    pub(super) fn open_write(&self, path: &Path) -> io::Result<NamedFile<L::File>> {
        let file = self.call("open for writing", path, |dir, below| {
            self.files.open_write(dir, below)
        });
        self.named(path, file?)
    }

    fn named(&self, path: &Path, file: L::File) -> io::Result<NamedFile<L::File>> {
        Ok(NamedFile {
            file,
            path: path.to_owned(),
        })
    }

    /// Whether a file exists at `path`.
    pub(super) fn exists(&self, path: &Path) -> io::Result<bool> {
        match self.open(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn status(&self, file: &NamedFile<L::File>) -> io::Result<FileStatus> {
        self.files.status(&file.file).at("look at", &file.path)
    }

    pub(super) fn len(&self, file: &NamedFile<L::File>) -> io::Result<u64> {
        Ok(self.status(file)?.len)
    }

    pub(super) fn next_data(&self, file: &NamedFile<L::File>, offset: u64) -> io::Result<u64> {
        self.files
            .next_data(&file.file, offset)
            .at("look for data in", &file.path)
    }

    pub(super) fn sync(&self, file: &NamedFile<L::File>) -> io::Result<()> {
        self.files.sync(&file.file).at("sync", &file.path)
    }

    /// Syncs several files.
    pub(super) fn sync_all<'a>(
        &self,
        files: impl Iterator<Item = &'a NamedFile<L::File>>,
    ) -> io::Result<()> {
        let files: Vec<_> = files.collect();
        let bare: Vec<_> = files.iter().map(|file| &file.file).collect();
        let synced = self.files.sync_all(&bare);
        synced.map_err(|(index, error)| named("sync", files[index].path(), error))
    }

    /// Reserves room up to `len`. An error concerns room; writing reports any other obstacle.
    pub(super) fn reserve(&self, file: &NamedFile<L::File>, len: u64) -> io::Result<()> {
        use io::ErrorKind::{FileTooLarge, Interrupted, QuotaExceeded, StorageFull};
        loop {
            match self.files.allocate(&file.file, len) {
                Err(error) if error.kind() == Interrupted => {}
                Err(error)
                    if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) =>
                {
                    return Err(named("reserve room in", &file.path, error));
                }
                Ok(()) | Err(_) => return Ok(()),
            }
        }
    }

    /// Refuses a length that the process may write no file to.
    pub(super) fn ensure_permitted(&self, file: &NamedFile<L::File>, len: u64) -> io::Result<()> {
        self.files.ensure_permitted(len).at("lengthen", &file.path)
    }

    /// Cuts a file to `len`.
    pub(super) fn truncate(&self, file: &NamedFile<L::File>, len: u64) -> io::Result<()> {
        self.files.truncate(&file.file, len).at("cut", &file.path)
    }

    pub(super) fn map(&self, file: &NamedFile<L::File>, len: u64) -> io::Result<L::Map> {
        self.files.map(&file.file, len).at("map", &file.path)
    }

    /// Writes all of `bytes`, in as many calls as the layer needs.
    pub(super) fn write(
        &self,
        file: &NamedFile<L::File>,
        mut bytes: &[u8],
        mut offset: u64,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = match self.files.write_at(&file.file, bytes, offset) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
                other => other,
            };
            let written = written.at("write", &file.path)?;
            bytes = &bytes[written..];
            offset += written as u64;
        }
        Ok(())
    }

    /// As [`write`](Self::write), for bytes before a sync of the file: the device begins with the
    /// first of many bytes while the last are still being copied into the cache.
    pub(super) fn write_ahead_of_sync(
        &self,
        file: &NamedFile<L::File>,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<()> {
        let pieces = bytes.chunks(AHEAD_BYTES as usize);
        pieces
            .zip((offset..).step_by(AHEAD_BYTES as usize))
            .try_for_each(|(piece, at)| {
                self.write(file, piece, at)?;
                if piece.len() as u64 == AHEAD_BYTES {
                    self.begin_writing(file, at, AHEAD_BYTES);
                }
                Ok(())
            })
    }

    /// Asks the system to begin writing to the device. The sync reports errors.
    pub(super) fn begin_writing(&self, file: &NamedFile<L::File>, offset: u64, len: u64) {
        self.files.begin_writing(&file.file, offset, len);
    }

    /// Fills all of `buf`. `UnexpectedEof` if the file ends before.
    pub(super) fn read(
        &self,
        file: &NamedFile<L::File>,
        mut buf: &mut [u8],
        mut offset: u64,
    ) -> io::Result<()> {
        while !buf.is_empty() {
            let read = match self.files.read_at(&file.file, buf, offset) {
                Ok(0) => Err(fault(
                    io::ErrorKind::UnexpectedEof,
                    format!("it ends at byte {offset}"),
                )),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
                other => other,
            };
            let read = read.at("read", &file.path)?;
            buf = &mut buf[read..];
            offset += read as u64;
        }
        Ok(())
    }

    /// Gives a prepared file the name `path`, durably, in place of any file of that name. Returns
    /// the open file and its length. After an error either file may have the name once the system
    /// has crashed.
    pub(super) fn publish(
        &self,
        prepared: Prepared<L>,
        path: &Path,
    ) -> io::Result<(NamedFile<L::File>, u64)> {
        let Prepared { mut file, len, dir } = prepared;
        let (from, to) = (name(&file.path)?, name(path)?);
        self.call("rename", &file.path, |_, _| {
            self.files.rename(&dir, from, to)
        })?;
        let synced = self.call("sync the directory", parent(path), |_, _| {
            self.files.sync_dir(&dir, Path::new(""))
        });
        self.judge_sync(synced)?;
        file.path = path.to_owned();
        Ok((file, len))
    }

    /// Renames a file within its directory. The new name is durable with the next sync of the
    /// directory.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename", from, |dir, below| {
            self.files.rename(dir, below, self.below(to))
        })
    }

    /// The open directory that holds a path of the store.
    fn open_parent(&self, path: &Path) -> io::Result<Arc<L::Dir>> {
        if self.below(parent(path)).as_os_str().is_empty() {
            return self.root();
        }
        let opened = self.call("open the directory", parent(path), |dir, below| {
            self.files.open_dir_at(dir, below)
        });
        opened.map(Arc::new)
    }

    /// Removes a file. Returns whether it existed.
    pub(super) fn remove_if_there(&self, path: &Path) -> io::Result<bool> {
        match self.call("remove", path, |dir, below| self.files.remove(dir, below)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The directory that holds `path`.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The last name of a path.
fn name(path: &Path) -> io::Result<&Path> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(Path::new(name))
}
