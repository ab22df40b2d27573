//! The chunk role: one file per level, stream and shard, written by position and synced together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map::Entry},
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
    storage::{Locator, Reads, Region, Shard, UnitWriter, WriteError},
};

/// A file that is being written.
#[derive(Debug)]
struct Written<F> {
    file: NamedFile<F>,
    /// The written range that the device was not asked to write yet. Puts of a level come in order,
    /// so it is one range; otherwise a smaller request only costs time.
    asked: Range<u64>,
    shared: Arc<Shared>,
}

/// What the writers that have a shard open at the same time know of each other.
#[derive(Debug, Default)]
struct Shared {
    /// Whether a sync failed, which may have taken the bytes of all writers: a later sync of theirs
    /// may report success. Held during a sync.
    is_lost: Mutex<bool>,
}

/// The writing state of this owner.
#[derive(Debug, Default)]
struct Writing {
    /// Files whose directory entry this process has made durable.
    anchored: HashSet<Shard>,
    /// The file of each shard.
    known: HashMap<Shard, FileId>,
    /// Shards that writers have open.
    open: HashMap<Shard, Weak<Shared>>,
}

impl Writing {
    /// Marks a shard as open; for how long, the value tells by its life.
    fn opened(&mut self, shard: Shard) -> Arc<Shared> {
        self.open.retain(|_, open| open.strong_count() > 0);
        let open = self.open.get(&shard).and_then(Weak::upgrade);
        let open = open.unwrap_or_default();
        self.open.insert(shard, Arc::downgrade(&open));
        open
    }

    /// Lets writers that open these shards from now on start anew.
    fn lost<'a>(&mut self, shards: impl Iterator<Item = &'a Shard>) {
        shards.for_each(|shard| drop(self.open.remove(shard)));
    }

    fn is_open(&self, shard: Shard) -> bool {
        let open = self.open.get(&shard);
        open.is_some_and(|open| open.strong_count() > 0)
    }
}

/// The files of all levels.
#[derive(Debug)]
pub(super) struct Levels<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    manifest: Arc<Manifest<L>>,
    shard_chunks: u64,
    writing: Mutex<Writing>,
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

    pub(super) fn start(&self) -> Units<'_, L> {
        Units {
            levels: self,
            written: BTreeMap::new(),
        }
    }

    /// Opens the file of a shard for a writer, and creates it if it is missing.
    fn writer(&self, shard: Shard) -> io::Result<Written<L::File>> {
        // Held during the opening, so that two threads do not both create the file.
        let mut writing = lock(&self.writing);
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
        if status.links > 1 && writing.is_open(shard) {
            // A copy would miss the bytes that the other writer has still to write.
            let reason = "another name was given to it while it is being written";
            let busy = fault(io::ErrorKind::ResourceBusy, reason);
            return Err(named("write", &path, busy));
        }
        let unshared = self.disk.unshare(&file, status);
        let (file, status) = match unshared.map_err(WriteError::into_io)? {
            None => (file, status),
            // Existing views keep their file; new ones read the copy.
            Some(copy) => copy,
        };
        writing.known.extend(status.id.map(|id| (shard, id)));
        Ok(Written {
            file,
            asked: 0..0,
            shared: writing.opened(shard),
        })
    }

    /// Makes the names of these shards' files durable.
    fn anchor<'a>(&self, shards: impl Iterator<Item = &'a Shard>) -> io::Result<()> {
        // Also for files that existed already: a killed process may have left their names in the
        // cache.
        let unanchored: Vec<Shard> = {
            let anchored = &lock(&self.writing).anchored;
            shards
                .filter(|shard| !anchored.contains(shard))
                .copied()
                .collect()
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

    /// The file that the positioned regions of a shard share while one of them lives. No region
    /// waits for another, since proofs open regions.
    fn reader(&self, shard: Shard) -> io::Result<Arc<NamedFile<L::File>>> {
        let file = self.disk.open(&self.path(shard))?;
        let Ok(mut readers) = self.readers.try_lock() else {
            return Ok(Arc::new(file));
        };
        if let Some(shared) = readers.get(&shard).and_then(Weak::upgrade)
            && self.disk.are_same(&shared, &file)?
        {
            return Ok(shared);
        }
        let file = Arc::new(file);
        readers.retain(|_, reader| reader.strong_count() > 0);
        readers.insert(shard, Arc::downgrade(&file));
        Ok(file)
    }
}

/// One writer's files, through descriptors of its own: so that its sync sees every error that
/// became of its bytes, whatever syncs other writers make. A system may tell one descriptor alone,
/// so a writer whose sync fails tells the others too.
pub(super) struct Units<'a, L: FileLayer> {
    levels: &'a Levels<L>,
    written: BTreeMap<Shard, Written<L::File>>,
}

impl<L: FileLayer> UnitWriter for Units<'_, L> {
    /// Writes, and asks the device to begin once enough bytes are written.
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        let levels = self.levels;
        shard
            .check_put(first, bytes.len(), levels.shard_chunks)
            .at("write", &levels.path(shard))?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.written.is_empty() {
            // Finds an obstacle to the checkpoint before its first write, not only at its end.
            levels.manifest.ensure_ours().map_err(WriteError::into_io)?;
        }
        let Written { file, asked, .. } = match self.written.entry(shard) {
            Entry::Occupied(written) => written.into_mut(),
            Entry::Vacant(free) => free.insert(levels.writer(shard)?),
        };
        // Within a shard, whose length in bytes is a `u64`.
        let offset = first * shard.stream.unit_bytes() as u64;
        levels.disk.write(file, bytes, offset)?;
        if asked.end != offset {
            *asked = offset..offset;
        }
        asked.end = offset + bytes.len() as u64;
        if asked.end - asked.start >= AHEAD_BYTES {
            let range = mem::replace(asked, asked.end..asked.end);
            let len = range.end - range.start;
            levels.disk.begin_writing(file, range.start, len);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        self.sync()?;
        self.levels.anchor(self.written.keys())?;
        Ok(Locator::default())
    }
}

impl<L: FileLayer> Units<'_, L> {
    /// Syncs the files, unless the sync of another writer has failed meanwhile.
    fn sync(&self) -> io::Result<()> {
        // In the order of the shards, so that no two writers wait for each other.
        let shared = self.written.values().map(|written| {
            let is_lost = lock(&written.shared.is_lost);
            (written.file.path(), is_lost)
        });
        let mut shared: Vec<_> = shared.collect();
        if let Some((path, _)) = shared.iter().find(|(_, is_lost)| **is_lost) {
            let reason = "a sync of another writer failed, and may have taken these bytes too";
            return Err(named("sync", path, fault(io::ErrorKind::Other, reason)));
        }
        let files = self.written.values().map(|written| &written.file);
        let synced = self.levels.disk.sync_all(files);
        if synced.is_err() {
            shared.iter_mut().for_each(|(_, is_lost)| **is_lost = true);
            lock(&self.levels.writing).lost(self.written.keys());
        }
        synced
    }
}
