//! [`MemoryStorage`]: a tree's place in memory, for tests and for trees that need not outlive the
//! process.
//!
//! The state lives as long as any handle, so that a tree can be dropped and opened again. Every
//! write counts as durable when its call returns; the simulation models crashes.

mod blocks;

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    fmt, io,
    io::Read,
    mem,
    sync::{Arc, Mutex, MutexGuard},
};

use crate::{
    StorageError,
    chunk::{SHARD_CHUNKS, SUMS_PER_SECTOR},
    lock::lock,
    storage::{
        FIRST_SEGMENT, Locator, MAX_HEADER_BYTES, Ownership, Part, Place, Reads, Region,
        SegmentBytes, SegmentReader, SegmentWriter, Shard, Storage, UnitWriter, WriteError,
    },
};
use blocks::Blocks;

/// A tree's place in memory. Clones share it.
///
/// ```
/// use rotortree_store::{memory::MemoryStorage, storage::{Place, Storage}};
///
/// let storage = MemoryStorage::new();
/// let owner = storage.acquire()?;
/// storage.create_segment(1, b"a header")?;
/// storage.commit_manifest(0, b"a manifest").expect("no other owner commits");
/// drop(owner);
///
/// let again = storage.clone();
/// assert_eq!(again.inspect()?, Place::Occupied);
/// assert_eq!(again.load_manifest()?.as_deref(), Some(&b"a manifest"[..]));
/// # Ok::<(), rotortree_store::StorageError>(())
/// ```
#[derive(Clone)]
pub struct MemoryStorage {
    shared: Arc<Shared>,
}

struct Shared {
    shard_chunks: u64,
    contents: Mutex<Contents>,
}

/// The content of the place, role by role.
#[derive(Default)]
struct Contents {
    is_owned: bool,
    log: BTreeMap<u64, Vec<u8>>,
    levels: HashMap<Shard, Blocks>,
    manifest: Option<(u64, Vec<u8>)>,
    quarantine: BTreeMap<String, Vec<u8>>,
}

impl MemoryStorage {
    /// An empty place.
    pub fn new() -> Self {
        Self::with_shard_chunks(SHARD_CHUNKS)
    }

    /// An empty place with shards of `shard_chunks` chunks, for tests that cross shards.
    ///
    /// # Panics
    ///
    /// If `shard_chunks` is 0 or not a multiple of 128: a shard of checksums would not consist of
    /// whole sectors.
    #[doc(hidden)]
    pub fn with_shard_chunks(shard_chunks: u64) -> Self {
        assert!(
            shard_chunks > 0 && shard_chunks.is_multiple_of(SUMS_PER_SECTOR),
            "a shard holds whole sectors of checksums"
        );
        Self {
            shared: Arc::new(Shared {
                shard_chunks,
                contents: Mutex::default(),
            }),
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        lock(&self.shared.contents)
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage")
            .field("segments", &self.contents().log.keys())
            .finish_non_exhaustive()
    }
}

/// The place, owned.
#[derive(Debug)]
struct Owner(MemoryStorage);

impl Ownership for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.contents().is_owned = false;
    }
}

/// A segment as it was when opened.
struct Reader {
    number: u64,
    bytes: Vec<u8>,
}

impl SegmentBytes for Reader {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let range = usize::try_from(offset)
            .ok()
            .and_then(|start| Some(start..start.checked_add(buf.len())?));
        match range.and_then(|range| self.bytes.get(range)) {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(refused(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "cannot read {} bytes at byte {offset} of memory:log/{}: it has {}",
                    buf.len(),
                    self.number,
                    self.bytes.len()
                ),
            )),
        }
    }
}

/// A segment that is being created.
struct Beginning<'a> {
    place: &'a MemoryStorage,
    number: u64,
    bytes: Vec<u8>,
}

impl SegmentWriter for Beginning<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, WriteError> {
        let len = self.bytes.len() as u64;
        match self.place.contents().log.entry(self.number) {
            Entry::Vacant(entry) => entry.insert(self.bytes),
            Entry::Occupied(_) => return Err(there_already(self.number)),
        };
        Ok(len)
    }
}

/// Units that are being put.
struct Units<'a>(&'a MemoryStorage);

impl UnitWriter for Units<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        let Shared {
            shard_chunks,
            contents,
        } = &*self.0.shared;
        shard.check_put(first, bytes.len(), *shard_chunks)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let unit = shard.stream.unit_bytes();
        let mut contents = lock(contents);
        let blocks = contents
            .levels
            .entry(shard)
            .or_insert_with(|| Blocks::new(unit));
        for (index, bytes) in (first..).zip(bytes.chunks_exact(unit)) {
            blocks.put(index, bytes);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        Ok(Locator::default())
    }
}

fn there_already(number: u64) -> WriteError {
    let reason = format!("cannot create memory:log/{number}: there is one already");
    WriteError::NotWritten(refused(io::ErrorKind::AlreadyExists, reason))
}

fn refused(kind: io::ErrorKind, reason: String) -> io::Error {
    io::Error::new(kind, reason)
}

fn missing(name: &str) -> io::Error {
    refused(io::ErrorKind::NotFound, format!("{name} is not there"))
}

impl Storage for MemoryStorage {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        let contents = self.contents();
        if contents.manifest.is_some() {
            return Ok(Place::Occupied);
        }
        let created = contents.log.iter().all(|(number, bytes)| {
            *number == FIRST_SEGMENT && bytes.len() as u64 <= MAX_HEADER_BYTES
        });
        if created && contents.levels.is_empty() {
            return Ok(Place::Vacant);
        }
        Ok(Place::ManifestMissing {
            found: format!("{} log segments and no manifest", contents.log.len()),
        })
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        if mem::replace(&mut self.contents().is_owned, true) {
            return Err(StorageError::FileLocked);
        }
        Ok(Box::new(Owner(self.clone())))
    }

    fn sweep(&self) -> Result<(), StorageError> {
        if self.inspect()? == Place::Vacant {
            self.contents().log.clear();
        }
        Ok(())
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        Ok(self.contents().log.keys().copied().collect())
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        if self.contents().log.contains_key(&number) {
            return Err(there_already(number));
        }
        Ok(Box::new(Beginning {
            place: self,
            number,
            bytes: Vec::new(),
        }))
    }

    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        let mut contents = self.contents();
        let name = || format!("memory:log/{segment}");
        let bytes = contents.log.get_mut(&segment);
        let bytes = bytes.ok_or_else(|| WriteError::NotWritten(missing(&name())))?;
        if bytes.len() as u64 != offset {
            let reason = format!(
                "cannot append to {}: it is {} bytes long, and the group is for byte {offset}",
                name(),
                bytes.len()
            );
            let misplaced = refused(io::ErrorKind::InvalidInput, reason);
            return Err(WriteError::NotWritten(misplaced));
        }
        bytes.extend_from_slice(group);
        Ok(())
    }

    fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> Result<bool, WriteError> {
        self.commit_group(segment, offset, mark)?;
        Ok(true)
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        let bytes = self.contents().log.get(&number).cloned();
        let bytes = bytes.ok_or_else(|| missing(&format!("memory:log/{number}")))?;
        Ok(Box::new(Reader { number, bytes }))
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        self.contents().log.remove(&number);
        Ok(())
    }

    fn start_units(&self, _with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        Ok(Box::new(Units(self)))
    }

    fn region(
        &self,
        _placement: &Locator,
        shard: Shard,
        units: u64,
        _reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        shard.check_view(units, self.shared.shard_chunks)?;
        match self.contents().levels.get(&shard) {
            Some(blocks) => blocks.view(units),
            None if units == 0 => Blocks::new(shard.stream.unit_bytes()).view(0),
            None => Err(missing(&self.name(Part::Shard(shard)))),
        }
    }

    fn shard_chunks(&self) -> u64 {
        self.shared.shard_chunks
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        let contents = self.contents();
        Ok(contents.manifest.as_ref().map(|(_, bytes)| bytes.clone()))
    }

    fn is_in_force(&self, generation: u64, head: &[u8]) -> io::Result<bool> {
        let contents = self.contents();
        let is_same =
            |(found, bytes): &(u64, Vec<u8>)| *found == generation && bytes.starts_with(head);
        Ok(contents.manifest.as_ref().is_some_and(is_same))
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let manifest = &mut self.contents().manifest;
        let last = manifest.as_ref().map(|(generation, _)| *generation);
        if last == generation.checked_sub(1) {
            *manifest = Some((generation, bytes.to_vec()));
            return Ok(());
        }
        let last = last.map_or("none".to_owned(), |last| format!("generation {last}"));
        let error = refused(
            io::ErrorKind::InvalidInput,
            format!("cannot commit manifest {generation} to memory: {last} is in force"),
        );
        Err(match manifest.as_ref() {
            Some((there, _)) if *there >= generation => WriteError::Fenced(error),
            _ => WriteError::NotWritten(error),
        })
    }

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let mut contents = self.contents();
        let name = format!("memory:aside/{label}");
        let kept = contents
            .quarantine
            .entry(name.clone())
            .or_insert_with(|| bytes.clone());
        if *kept == bytes {
            Ok(name)
        } else {
            let other = format!("{name} holds other bytes");
            Err(io::Error::new(io::ErrorKind::AlreadyExists, other))
        }
    }
}
