//! The chunk role: one file per level, stream and shard, written by position and synced together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io, mem,
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, Weak},
};

use super::{
    disk::{AHEAD_BYTES, Disk, NamedFile, parent},
    error::{At, fault, named},
    layout::Layout,
    manifest::Manifest,
    region::{Empty, Mapped, Positioned},
};
use crate::{
    chunk::SUMS_PER_SECTOR,
    file_layer::{FileId, FileLayer},
    lock::lock,
    storage::{Reads, Region, Shard, WriteError},
};

/// A file that was written since the last sync.
#[derive(Debug)]
struct Written<F> {
    file: NamedFile<F>,
    /// The written range that the device was not asked to write yet. Puts of a level come in order,
    /// so it is one range; otherwise a smaller request only costs time.
    asked: Mutex<Range<u64>>,
}

/// The writing state of this owner.
#[derive(Debug)]
struct Writing<F> {
    /// Files written since the last sync, kept open so that the sync sees every error of their
    /// writing.
    unsynced: BTreeMap<Shard, Arc<Written<F>>>,
    /// Files whose directory entry this process has made durable.
    anchored: HashSet<Shard>,
    /// The file of each shard.
    known: HashMap<Shard, FileId>,
}

impl<F> Default for Writing<F> {
    fn default() -> Self {
        Self {
            unsynced: BTreeMap::new(),
            anchored: HashSet::new(),
            known: HashMap::new(),
        }
    }
}

/// The files of all levels.
#[derive(Debug)]
pub(super) struct Levels<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    manifest: Arc<Manifest<L>>,
    shard_chunks: u64,
    writing: Mutex<Writing<L::File>>,
    /// Files that positioned regions read and share.
    readers: Mutex<HashMap<Shard, Weak<NamedFile<L::File>>>>,
}

impl<L: FileLayer> Levels<L> {
    /// # Panics
    ///
    /// If `shard_chunks` is 0 or not a multiple of the checksums in a sector.
    pub(super) fn new(
        disk: Arc<Disk<L>>,
        layout: Arc<Layout>,
        manifest: Arc<Manifest<L>>,
        shard_chunks: u64,
    ) -> Self {
        assert!(
            shard_chunks > 0 && shard_chunks.is_multiple_of(SUMS_PER_SECTOR),
            "a shard holds whole sectors of checksums"
        );
        Self {
            disk,
            layout,
            manifest,
            shard_chunks,
            writing: Mutex::default(),
            readers: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.writing) = Writing::default();
    }

    pub(super) fn shard_chunks(&self) -> u64 {
        self.shard_chunks
    }

    fn path(&self, shard: Shard) -> PathBuf {
        self.layout.shard(shard)
    }

    pub(super) fn put(&self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        shard
            .check_put(first, bytes.len(), self.shard_chunks)
            .at("write", &self.path(shard))?;
        if bytes.is_empty() {
            return Ok(());
        }
        // Within a shard, whose length in bytes is a `u64`.
        let offset = first * shard.stream.unit_bytes() as u64;
        self.write(&*self.writer(shard)?, bytes, offset)
    }

    /// Writes, and asks the device to begin once enough bytes are written.
    fn write(&self, written: &Written<L::File>, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.write(&written.file, bytes, offset)?;
        let end = offset + bytes.len() as u64;
        let mut asked = lock(&written.asked);
        if asked.end != offset {
            *asked = offset..offset;
        }
        asked.end = end;
        if end - asked.start >= AHEAD_BYTES {
            let range = mem::replace(&mut *asked, end..end);
            self.disk
                .begin_writing(&written.file, range.start, range.end - range.start);
        }
        Ok(())
    }

    /// The open file of a shard, created if it is missing.
    fn writer(&self, shard: Shard) -> io::Result<Arc<Written<L::File>>> {
        // Held during the opening, so that two threads do not both create the file; puts rarely run
        // in parallel.
        let mut writing = lock(&self.writing);
        if let Some(file) = writing.unsynced.get(&shard) {
            return Ok(Arc::clone(file));
        }
        if writing.unsynced.is_empty() {
            // Finds an obstacle to the checkpoint before its first write, not only at its end.
            self.manifest.ensure_ours().map_err(WriteError::into_io)?;
        }
        // Their names are synced together with the files': nothing relies on either before.
        for directory in [self.layout.levels(), &self.layout.level(shard.level)] {
            if !self.disk.is_anchored(directory) {
                self.disk.create_dir_if_missing(directory)?;
            }
        }
        let path = self.path(shard);
        let file = match self.disk.open_write(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.disk.create_new(&path)?,
            other => other?,
        };
        let status = self.disk.status(&file)?;
        let known = writing.known.get(&shard).copied();
        self.disk.ensure_same(&path, known, status.id)?;
        let (file, status) = match self
            .disk
            .unshare(&file, status)
            .map_err(WriteError::into_io)?
        {
            None => (file, status),
            Some(copy) => {
                // Existing views keep their file; new ones read the copy.
                lock(&self.readers).remove(&shard);
                copy
            }
        };
        writing.known.extend(status.id.map(|id| (shard, id)));
        let file = Arc::new(Written {
            file,
            asked: Mutex::default(),
        });
        writing.unsynced.insert(shard, Arc::clone(&file));
        Ok(file)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        // Taken in any case: after a failed sync the caller puts everything again, through newly
        // opened files.
        let written = mem::take(&mut lock(&self.writing).unsynced);
        self.disk
            .sync_all(written.values().map(|written| &written.file))?;
        // Also for files that existed already: a killed process may have left their names in the
        // cache.
        let unanchored: Vec<Shard> = {
            let anchored = &lock(&self.writing).anchored;
            let unanchored = written.keys().filter(|shard| !anchored.contains(shard));
            unanchored.copied().collect()
        };
        let mut made = BTreeSet::new();
        let mut directories = BTreeSet::new();
        for shard in &unanchored {
            let level = self.layout.level(shard.level);
            made.extend([self.layout.levels().to_owned(), level.clone()]);
            directories.insert(level);
        }
        made.retain(|directory| !self.disk.is_anchored(directory));
        directories.extend(made.iter().map(|directory| parent(directory).to_owned()));
        for directory in &directories {
            self.disk.sync_dir(directory)?;
        }
        self.disk.anchored(made);
        lock(&self.writing).anchored.extend(unanchored);
        Ok(())
    }

    pub(super) fn region(
        &self,
        shard: Shard,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        if units == 0 {
            return Ok(Arc::new(Empty));
        }
        shard
            .check_view(units, self.shard_chunks)
            .at("view", &self.path(shard))?;
        let file = match reads {
            Reads::Mapped => Arc::new(self.disk.open(&self.path(shard))?),
            Reads::Positioned => self.reader(shard)?,
        };
        // Within a shard, whose length in bytes is a `u64`.
        let len = units * shard.stream.unit_bytes() as u64;
        let there = self.disk.len(&file)?;
        if there < len {
            let reason = format!("it ends at byte {there}, and {len} bytes belong to it");
            let short = fault(io::ErrorKind::UnexpectedEof, reason);
            return Err(named("view", file.path(), short));
        }
        Ok(match reads {
            Reads::Mapped => Arc::new(Mapped::new(self.disk.map(&file, len)?, file.path())),
            Reads::Positioned => Arc::new(Positioned::new(Arc::clone(&self.disk), file, len)),
        })
    }

    /// The file that the positioned regions of a shard share while one of them lives.
    fn reader(&self, shard: Shard) -> io::Result<Arc<NamedFile<L::File>>> {
        let mut readers = lock(&self.readers);
        if let Some(file) = readers.get(&shard).and_then(Weak::upgrade) {
            return Ok(file);
        }
        let file = Arc::new(self.disk.open(&self.path(shard))?);
        readers.retain(|_, reader| reader.strong_count() > 0);
        readers.insert(shard, Arc::downgrade(&file));
        Ok(file)
    }
}
