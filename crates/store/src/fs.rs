//! [`FsStorage`]: a tree in a directory.
//!
//! ```text
//! LOCK                        the lock of the one owner; empty
//! MANIFEST                    the manifest in force, reached only by rename (MANIFEST.tmp before)
//! log/0000000000000001.wal    a log segment, reached only by rename (.wal.tmp before)
//! log/spare.wal.tmp           the file of a covered segment, for the next one
//! levels/03/000000.chunks     shard 0 of level 3: chunks of nodes
//! levels/03/000000.sums       and their checksums
//! aside/<label>.bytes         bytes that recovery cut from the log
//! ```
//!
//! One module per role (`log`, `levels`, `manifest`, `quarantine`, `place`). All of them reach
//! files through `disk`, which stays with the locked directory, adds names to errors and tracks
//! durable directory entries. The layers above decide the meaning of the bytes, when to sync levels
//! and when to commit. Unknown files beside a manifest are left alone.

mod disk;
mod error;
mod layout;
mod levels;
mod log;
mod manifest;
mod place;
mod quarantine;
mod region;

use std::{
    fmt, io,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    StorageError,
    chunk::SHARD_CHUNKS,
    file_layer::{FileLayer, OsFiles},
    storage::{
        Location, Locator, Ownership, Part, Place, Reads, Region, SegmentReader, SegmentWriter,
        Shard, Storage, UnitWriter, WriteError,
    },
};
pub(crate) use error::raw_os_error;

use disk::Disk;
#[cfg(all(test, not(loom)))]
pub(crate) use error::named_for_tests;
use layout::Layout;
use levels::Levels;
use log::Log;
use manifest::Manifest;

/// A tree's place in a directory, over the files of a [`FileLayer`].
///
/// Keeps only the newest log segment's file open, and only between a commit and
/// [`Storage::release_idle`]. The reading methods write nothing and work on a read-only mount,
/// beside a live owner.
///
/// # The directory
///
/// A handle that owns the place works in the directory that it locked. A moved directory keeps
/// working, a removed one fails with that reason, and a new directory at the old path is left
/// alone. Without ownership each call follows the path. Files that replace the store's own are
/// found and refused, and no symbolic link below the directory is followed. A file with further
/// hard links is replaced by a copy before a write to it.
///
/// ```
/// use rotortree_store::{
///     fs::FsStorage,
///     storage::{Place, Storage},
/// };
///
/// let dir = tempfile::tempdir()?;
/// let storage = FsStorage::new(dir.path().join("tree"));
/// assert_eq!(storage.inspect()?, Place::Vacant);
/// let owner = storage.acquire()?;
/// assert!(storage.acquire().is_err());
///
/// storage.create_segment(1, b"a header")?;
/// storage.commit_group(1, 8, b"a group")?;
/// assert_eq!(storage.list_segments()?, [1]);
/// let segment = storage.read_segment(1)?;
/// assert!(segment.len() >= 15, "the file has room ahead");
/// # drop(owner);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FsStorage<L: FileLayer = OsFiles> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    log: Log<L>,
    levels: Levels<L>,
    manifest: Arc<Manifest<L>>,
}

impl FsStorage {
    /// The tree at `path`, which need not exist yet. This call touches no file.
    ///
    /// A relative path is resolved now, so that a later change of the working directory
    /// changes nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_files(OsFiles, path)
    }
}

impl<L: FileLayer> FsStorage<L> {
    /// The tree at `path` over another file layer.
    pub fn with_files(files: L, path: impl Into<PathBuf>) -> Self {
        Self::with_shard_chunks(files, path, SHARD_CHUNKS)
    }

    /// As [`with_files`](Self::with_files) with shards of `shard_chunks` chunks, a multiple of 128.
    /// The store does not record the shard size: always open it with the size of its creation. For
    /// tests, which cannot fill shards of 1 GiB.
    ///
    /// # Panics
    ///
    /// If `shard_chunks` is 0 or not a multiple of 128: a shard of checksums would not consist of
    /// whole sectors.
    #[doc(hidden)]
    pub fn with_shard_chunks(files: L, path: impl Into<PathBuf>, shard_chunks: u64) -> Self {
        let path = path.into();
        // Fails for an empty path, which `acquire` and `inspect` then refuse by name.
        let path = std::path::absolute(&path).unwrap_or(path);
        Self::over(
            Disk::new(files, path.clone()),
            &Arc::new(Layout::new(path)),
            shard_chunks,
        )
    }

    fn over(disk: Disk<L>, layout: &Arc<Layout>, shard_chunks: u64) -> Self {
        let disk = Arc::new(disk);
        let manifest = Arc::new(Manifest::new(Arc::clone(&disk), Arc::clone(layout)));
        let levels = Levels::new(
            Arc::clone(&disk),
            Arc::clone(layout),
            Arc::clone(&manifest),
            shard_chunks,
        );
        Self {
            log: Log::new(Arc::clone(&disk), Arc::clone(layout), Arc::clone(&manifest)),
            levels,
            manifest,
            disk,
            layout: Arc::clone(layout),
        }
    }

    /// Also works on a file system that cannot sync directories, like some network and user-space
    /// file systems. Such a file system alone decides when a name is durable: a loss of power may
    /// remove the newest segment or manifest, and with it leaves that were acknowledged. A crash of
    /// the process alone loses nothing. The default refuses with an error.
    #[must_use]
    pub fn allow_unsynced_directories(self) -> Self {
        let mut disk = self.disk.afresh();
        disk.allow_unsynced_directories();
        Self::over(disk, &self.layout, self.levels.shard_chunks())
    }

    /// Drops the state of an earlier ownership through this handle: another owner may have written
    /// since.
    fn forget(&self) {
        self.disk.forget();
        self.log.forget();
        self.levels.forget();
        self.manifest.forget();
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.layout.root()
    }
}

impl<L: FileLayer> fmt::Debug for FsStorage<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FsStorage")
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// The directory and its lock, both held.
#[derive(Debug)]
struct Owner<L: FileLayer> {
    disk: Arc<Disk<L>>,
    #[expect(dead_code, reason = "held for the lock that ends with it")]
    lock: L::Lock,
}

impl<L: FileLayer> Ownership for Owner<L> {}

impl<L: FileLayer> Drop for Owner<L> {
    fn drop(&mut self) {
        self.disk.release_root();
    }
}

impl<L: FileLayer> Storage for FsStorage<L> {
    fn describe(&self) -> String {
        self.path().display().to_string()
    }

    fn name(&self, part: Part) -> String {
        let path = match part {
            Part::Manifest => self.layout.manifest().to_owned(),
            Part::Log => self.layout.log().to_owned(),
            Part::Segment(number) => self.layout.segment(number),
            Part::Level(level) => self.layout.level(level),
            Part::Shard(shard) => self.layout.shard(shard),
        };
        path.display().to_string()
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        Ok(place::inspect(&self.disk, &self.layout)?)
    }

    fn pinned(&self) -> Result<Option<Arc<dyn Storage>>, StorageError> {
        let disk = self.disk.afresh();
        match self.disk.root() {
            Ok(dir) => disk.hold_root(dir),
            // Without a directory there is nothing to hold.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let pinned = Self::over(disk, &self.layout, self.levels.shard_chunks());
        Ok(Some(Arc::new(pinned)))
    }

    fn location(&self) -> Result<Location, StorageError> {
        Ok(place::location(&self.disk, &self.layout)?)
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        let dir = self.disk.create_root()?;
        match self.disk.lock_dir(&dir) {
            Ok(lock) => {
                self.forget();
                self.disk.hold_root(dir);
                let disk = Arc::clone(&self.disk);
                Ok(Box::new(Owner { disk, lock }))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(StorageError::FileLocked)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn sweep(&self) -> Result<(), StorageError> {
        Ok(place::sweep(&self.disk, &self.layout)?)
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        place::segments(&self.disk, &self.layout)
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        self.log.start(number)
    }

    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        self.log.commit_group(segment, offset, group)
    }

    fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> Result<bool, WriteError> {
        self.log.commit_mark(segment, offset, mark)
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        self.log.read(number)
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        self.log.remove(number)
    }

    fn retire_segment(&self, number: u64) -> io::Result<()> {
        self.log.retire(number)
    }

    fn start_units(&self, _with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        // The address of a unit says where it is.
        Ok(Box::new(self.levels.start()))
    }

    fn region(
        &self,
        _placement: &Locator,
        shard: Shard,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        self.levels.region(shard, units, reads)
    }

    fn shard_chunks(&self) -> u64 {
        self.levels.shard_chunks()
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        self.manifest.load()
    }

    fn is_in_force(&self, _generation: u64, head: &[u8]) -> io::Result<bool> {
        self.manifest.starts_with(head)
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        self.manifest.commit(generation, bytes)
    }

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        quarantine::keep(&self.disk, &self.layout, label, content)
    }

    fn release_idle(&self) {
        self.log.release_idle();
    }
}
