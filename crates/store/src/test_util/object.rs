//! [`ObjectStorage`]: the storage contract over object-store semantics, for tests.
//!
//! It shows that nothing above the backends needs files: groups of the log are objects named by
//! segment and offset, units of the levels travel in packs under names that are used once,
//! manifests are numbered objects of which the newest is in force, and ownership is a numbered
//! claim. Every object is created once. A
//! name that our own bytes have is a success, because the answer to an earlier try may have been
//! lost. A name that other bytes have means that there is another owner. The bucket is listed while
//! opening and never after, which [`ObjectStore::requests`] lets tests assert.

mod ahead;
mod client;
mod lease;
mod names;
mod packs;
mod pieces;
mod source;
mod store;

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::{Arc, Mutex},
};

pub use store::{Loss, ObjectStore, Requests};

use crate::{
    StorageError,
    chunk::{SHARD_CHUNKS, SUMS_PER_SECTOR},
    lock::lock,
    storage::{
        FIRST_SEGMENT, Locator, MAX_HEADER_BYTES, Ownership, Place, ReadAhead, Reads, Region,
        SegmentBytes, SegmentReader, SegmentWriter, Shard, Storage, UnitWriter, WriteError,
    },
};
use ahead::Ahead;
use client::{Client, Created};
use lease::Lease;
use packs::{Pack, Packs, View};
use pieces::{Beginning, Piece, Reader};

/// A tree's place in a simulated bucket.
///
/// ```
/// use rotortree_store::{storage::Storage, test_util::object::{ObjectStorage, ObjectStore}};
///
/// let bucket = ObjectStore::new();
/// let storage = ObjectStorage::new(bucket.clone());
/// let owner = storage.acquire()?;
/// storage.create_segment(1, b"a header")?;
/// storage.commit_group(1, 8, b"a group")?;
/// assert_eq!(bucket.list("log/")?.len(), 2);
/// # drop(owner);
/// # Ok::<(), rotortree_store::StorageError>(())
/// ```
#[derive(Debug)]
pub struct ObjectStorage {
    client: Client,
    shard_chunks: u64,
    /// The pieces of every segment, known from the listing at opening and from the writes since.
    segments: Mutex<BTreeMap<u64, Vec<Piece>>>,
    /// The newest manifest known, from which newer ones are looked for.
    newest: Mutex<Option<u64>>,
    packs: Packs,
}

impl ObjectStorage {
    /// The place that is the whole bucket.
    pub fn new(bucket: ObjectStore) -> Self {
        Self::with_shard_chunks(bucket, SHARD_CHUNKS)
    }

    /// As [`new`](Self::new) with shards of `shard_chunks` chunks.
    ///
    /// # Panics
    ///
    /// If `shard_chunks` is 0 or not a multiple of 128: a shard of checksums would not consist of
    /// whole sectors.
    pub fn with_shard_chunks(bucket: ObjectStore, shard_chunks: u64) -> Self {
        assert!(
            shard_chunks > 0 && shard_chunks.is_multiple_of(SUMS_PER_SECTOR),
            "a shard holds whole sectors of checksums"
        );
        let client = Client::new(bucket);
        Self {
            packs: Packs::new(client.clone()),
            client,
            shard_chunks,
            segments: Mutex::default(),
            newest: Mutex::default(),
        }
    }

    /// Pieces by segment, those without a beginning included.
    fn list_pieces(&self) -> io::Result<BTreeMap<u64, Vec<u64>>> {
        let mut pieces = BTreeMap::<_, Vec<_>>::new();
        for name in self.client.list(names::LOG)? {
            if let Some((segment, offset)) = names::piece_place(&name) {
                pieces.entry(segment).or_default().push(offset);
            }
        }
        Ok(pieces)
    }

    fn visible_segments(&self) -> io::Result<Vec<u64>> {
        let pieces = self.list_pieces()?;
        let visible = pieces
            .iter()
            .filter(|(_, offsets)| offsets.first() == Some(&0));
        Ok(visible.map(|(segment, _)| *segment).collect())
    }

    /// The newest manifest's generation: listed once, then looked for from there on.
    fn newest_manifest(&self) -> io::Result<Option<u64>> {
        let known = *lock(&self.newest);
        let mut newest = match known {
            Some(known) => known,
            None => {
                let names = self.client.list(names::MANIFESTS)?;
                let generations = names.iter().filter_map(|name| names::generation(name));
                match generations.max() {
                    Some(newest) => newest,
                    None => return Ok(None),
                }
            }
        };
        while let Some(next) = newest.checked_add(1)
            && self.client.len(&names::manifest(next))?.is_some()
        {
            newest = next;
        }
        *lock(&self.newest) = Some(newest);
        Ok(Some(newest))
    }

    fn delete_pieces(&self, segment: u64, offsets: &[u64]) -> io::Result<()> {
        // The first one first: without it the others are no segment.
        for offset in offsets {
            self.client.delete(&names::piece(segment, *offset))?;
        }
        Ok(())
    }
}

impl Storage for ObjectStorage {
    fn describe(&self) -> String {
        "bucket".to_owned()
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        let names = self.client.list("")?;
        let is_ours = |name: &&String| names::PREFIXES.iter().any(|p| name.starts_with(p));
        if names.iter().any(|name| names::generation(name).is_some()) {
            return Ok(Place::Occupied);
        }
        let mut beyond = names.iter().any(|name| name.starts_with(names::LEVELS));
        let segments = self.visible_segments()?;
        for segment in &segments {
            let len = Reader::open(&self.client, *segment)?.len();
            beyond |= *segment != FIRST_SEGMENT || len > MAX_HEADER_BYTES;
        }
        Ok(if beyond {
            Place::ManifestMissing {
                found: format!("{} log segments, but no manifest", segments.len()),
            }
        } else if let Some(foreign) = names.iter().find(|name| !is_ours(name)) {
            Place::Foreign {
                found: format!("an object `{foreign}`"),
            }
        } else {
            Place::Vacant
        })
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        let lease = Lease::claim(&self.client)?;
        let mut segments = BTreeMap::new();
        let visible = self.visible_segments()?;
        for segment in &visible {
            let pieces = if visible.last() == Some(segment) {
                pieces::fence(&self.client, *segment, lease.epoch())?
            } else {
                pieces::follow(&self.client, *segment)?.unwrap_or_default()
            };
            segments.insert(*segment, pieces);
        }
        *lock(&self.segments) = segments;
        *lock(&self.newest) = None;
        Ok(Box::new(lease))
    }

    fn sweep(&self) -> Result<(), StorageError> {
        let vacant = self.inspect()? == Place::Vacant;
        for (segment, offsets) in self.list_pieces()? {
            if vacant || offsets.first() != Some(&0) {
                self.delete_pieces(segment, &offsets)?;
                lock(&self.segments).remove(&segment);
            }
        }
        Ok(())
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        self.visible_segments()
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        let beginning = Beginning::new(&self.client, &self.segments, number)?;
        Ok(Box::new(beginning))
    }

    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        let end = lock(&self.segments)
            .get(&segment)
            .map(|pieces| pieces.last().map_or(0, Piece::end));
        if end != Some(offset) {
            let text = format!(
                "cannot append to segment {segment}: it ends at {end:?}, and the group is for byte \
                 {offset}"
            );
            let misplaced = io::Error::new(io::ErrorKind::InvalidInput, text);
            return Err(WriteError::NotWritten(misplaced));
        }
        pieces::append(&self.client, segment, offset, group)?;
        let len = group.len() as u64;
        if let Some(pieces) = lock(&self.segments).get_mut(&segment) {
            pieces.push(Piece { offset, len });
        }
        Ok(())
    }

    fn commit_mark(&self, _segment: u64, _offset: u64, _mark: &[u8]) -> Result<bool, WriteError> {
        // A write that is not waited for would be a whole request here.
        Ok(false)
    }

    fn readable_is_durable(&self) -> bool {
        // An object is there once it is stored.
        true
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        Ok(Box::new(Reader::open(&self.client, number)?))
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        let pieces = lock(&self.segments).remove(&number).unwrap_or_default();
        let mut offsets: Vec<u64> = pieces.iter().map(|piece| piece.offset).collect();
        // Perhaps a fence stands at its end.
        offsets.extend(pieces.last().map(Piece::end));
        self.delete_pieces(number, &offsets)
    }

    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        let pack = Pack::start(&self.client, self.shard_chunks, with)?;
        Ok(Box::new(pack))
    }

    fn region(
        &self,
        locator: &Locator,
        shard: Shard,
        units: u64,
        _reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        shard.check_view(units, self.shard_chunks)?;
        let index = self.packs.index(locator)?;
        if !index.has(shard, units) {
            return Err(packs::missing(shard, units - 1));
        }
        Ok(Arc::new(View {
            source: self.packs.source.clone(),
            index,
            shard,
            units,
        }))
    }

    fn read_units(
        &self,
        locator: &Locator,
        shard: Shard,
        first: u64,
        bytes: &mut [u8],
    ) -> io::Result<()> {
        shard.check_put(first, bytes.len(), self.shard_chunks)?;
        let offset = first * shard.stream.unit_bytes() as u64;
        self.packs
            .index(locator)?
            .read(&self.packs.source, shard, offset, bytes)
    }

    fn read_ahead(&self, locator: &Locator) -> Option<Arc<dyn ReadAhead>> {
        // Without an index every read tells why.
        let index = self.packs.index(locator).ok()?;
        let source = self.packs.source.clone();
        Some(Arc::new(Ahead { source, index }))
    }

    fn verifies_on_open(&self) -> bool {
        // It would read the whole bucket.
        false
    }

    fn shard_chunks(&self) -> u64 {
        self.shard_chunks
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(newest) = self.newest_manifest()? else {
            return Ok(None);
        };
        Ok(Some(self.client.get(&names::manifest(newest))?.to_vec()))
    }

    fn is_in_force(&self, generation: u64, _head: &[u8]) -> io::Result<bool> {
        // A manifest stays as it is until its successor is there.
        let next = names::manifest(generation.saturating_add(1));
        Ok(self.client.len(&next)?.is_none())
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let name = names::manifest(generation);
        if let Some(before) = generation.checked_sub(1) {
            let there = self.client.len(&names::manifest(before));
            if there.map_err(WriteError::NotWritten)?.is_none() {
                let text = format!("cannot create the object {name}: the one before is missing");
                let error = io::Error::new(io::ErrorKind::InvalidInput, text);
                return Err(WriteError::NotWritten(error));
            }
        }
        match self.client.create(&name, bytes) {
            Ok(Created::Ours) => {
                *lock(&self.newest) = Some(generation);
                Ok(())
            }
            Ok(Created::Taken(_)) => {
                let text = format!("cannot create the object {name}: another owner has");
                let error = io::Error::new(io::ErrorKind::AlreadyExists, text);
                Err(WriteError::Fenced(error))
            }
            Err(error) => Err(WriteError::InDoubt(error)),
        }
    }

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let name = names::quarantined(label);
        match self.client.create(&name, &bytes)? {
            Created::Ours => Ok(name),
            Created::Taken(_) => {
                let other = format!("{name} holds other bytes");
                Err(io::Error::new(io::ErrorKind::AlreadyExists, other))
            }
        }
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let requests = self.client.bucket().requests();
        let requests = [
            ("puts", requests.puts),
            ("gets", requests.gets),
            ("deletes", requests.deletes),
            ("lists", requests.lists),
        ];
        for (name, count) in requests.into_iter().chain(self.packs.source.counters()) {
            each(name, count);
        }
    }
}
