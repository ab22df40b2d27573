//! [`TestPlace`]: the chunk role in memory, which records its calls, can be damaged, and can fail.

use std::{
    collections::BTreeMap,
    io,
    io::Read,
    sync::{Arc, Mutex, MutexGuard},
};

use rotortree_store::{
    StorageError,
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES, SUMS_PER_SECTOR},
    manifest::Manifest,
    storage::{
        Locator, Ownership, Place, Reads, Region, SegmentReader, SegmentWriter, Shard, Storage,
        Stream, UnitWriter, WriteError,
    },
};

/// A recorded put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) stream: Stream,
    pub(crate) level: u8,
    pub(crate) first: u64,
    pub(crate) units: u64,
}

/// A region that was asked for.
pub(crate) type Asked = (Stream, u8, u64, u64);

#[derive(Debug, Default)]
struct State {
    streams: BTreeMap<(Stream, u8), Vec<u8>>,
    /// Units that a committed manifest names: writing them again fails the test.
    named: BTreeMap<(Stream, u8), u64>,
    puts: Vec<Put>,
    syncs: usize,
    unsynced: bool,
    asked: Vec<Asked>,
    /// The number of bytes by which a mapped view is shorter than asked for.
    views_lack: usize,
    /// The number of look-ups of checksums through a mapping.
    sum_views: usize,
    /// Chunks that were read by position.
    chunk_reads: usize,
    /// Operations (put, sync, region, positioned read) until one fails.
    fails_in: Option<(usize, io::ErrorKind)>,
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        match &mut self.fails_in {
            Some((0, kind)) => {
                let kind = *kind;
                self.fails_in = None;
                Err(io::Error::new(kind, "the test wants it to fail"))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct TestPlace {
    state: Arc<Mutex<State>>,
    shard_chunks: u64,
}

pub(crate) fn unit(stream: Stream) -> usize {
    match stream {
        Stream::Chunks => CHUNK_BYTES,
        Stream::Sums => SUM_SECTOR_BYTES,
    }
}

impl TestPlace {
    pub(crate) fn new(shard_chunks: u64) -> Self {
        Self {
            state: Arc::default(),
            shard_chunks,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The units that `manifest` names must exist and be synced, and are not written from now on.
    pub(crate) fn commit(&self, manifest: &Manifest) {
        let mut state = self.state();
        assert!(!state.unsynced, "a manifest names what is not durable");
        let shape = manifest.shape();
        for level in shape.stored_levels() {
            let chunks = shape.chunks(level);
            for (stream, units) in [
                (Stream::Chunks, chunks),
                (Stream::Sums, chunks / SUMS_PER_SECTOR),
            ] {
                let key = (stream, level as u8);
                let there = state.streams.get(&key).map_or(0, Vec::len) / unit(stream);
                assert!(units <= there as u64, "{key:?}: {there} of {units} units");
                let named = state.named.insert(key, units).unwrap_or(0);
                assert!(named <= units, "{key:?} shrinks");
            }
        }
    }

    /// Changes a stream's bytes as damage does, whatever is named.
    pub(crate) fn damage(&self, stream: Stream, level: u8, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        damage(
            state
                .streams
                .get_mut(&(stream, level))
                .expect("a stream to damage"),
        );
    }

    /// A copy of a stream's bytes.
    pub(crate) fn stream(&self, stream: Stream, level: u8) -> Vec<u8> {
        self.state()
            .streams
            .get(&(stream, level))
            .cloned()
            .unwrap_or_default()
    }

    /// The streams that have bytes.
    pub(crate) fn streams(&self) -> Vec<(Stream, u8)> {
        self.state().streams.keys().copied().collect()
    }

    pub(crate) fn remove(&self, stream: Stream, level: u8) {
        self.state().streams.remove(&(stream, level));
    }

    /// From now on mapped views end early, as a storage's that does not keep to the contract.
    pub(crate) fn cut_views(&self, by: usize) {
        self.state().views_lack = by;
    }

    pub(crate) fn fail_in(&self, operations: usize, kind: io::ErrorKind) {
        self.state().fails_in = Some((operations, kind));
    }

    /// Whether the failure asked for did not come yet.
    pub(crate) fn take_failure(&self) -> bool {
        self.state().fails_in.take().is_some()
    }

    pub(crate) fn take_puts(&self) -> Vec<Put> {
        std::mem::take(&mut self.state().puts)
    }

    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().asked)
    }

    pub(crate) fn take_syncs(&self) -> usize {
        std::mem::take(&mut self.state().syncs)
    }

    /// Chunks that were read by position.
    pub(crate) fn take_chunk_reads(&self) -> usize {
        std::mem::take(&mut self.state().chunk_reads)
    }

    pub(crate) fn take_sum_views(&self) -> usize {
        std::mem::take(&mut self.state().sum_views)
    }
}

/// A view of one shard.
#[derive(Debug)]
struct View {
    place: TestPlace,
    stream: Stream,
    level: u8,
    /// Offset of the shard in the stream.
    start: usize,
    len: usize,
    /// The bytes of a mapping at its creation. Covered bytes may not change, so a mapping never
    /// sees others.
    mapped: Option<Box<[u8]>>,
}

impl Region for View {
    fn bytes(&self) -> Option<&[u8]> {
        if self.stream == Stream::Sums && self.mapped.is_some() {
            self.place.state().sum_views += 1;
        }
        self.mapped.as_deref()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        assert!(offset + buf.len() <= self.len, "read beyond the view");
        let mut state = self.place.state();
        state.step()?;
        if self.stream == Stream::Chunks {
            state.chunk_reads += buf.len() / unit(Stream::Chunks);
        }
        let bytes = &state.streams[&(self.stream, self.level)];
        let bytes = bytes.get(self.start + offset..self.start + offset + buf.len());
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

fn not_here<T>() -> io::Result<T> {
    Err(io::Error::other("the test place has no log"))
}

/// Units that are being put.
struct Units<'a>(&'a TestPlace);

impl UnitWriter for Units<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        shard.check_put(first, bytes.len(), self.0.shard_chunks)?;
        let Shard {
            stream,
            level,
            index,
        } = shard;
        let first = index * stream.shard_units(self.0.shard_chunks) + first;
        let mut state = self.0.state();
        let unit = unit(stream);
        assert!(
            bytes.len().is_multiple_of(unit) && !bytes.is_empty(),
            "whole units"
        );
        assert!(bytes.len() <= 256 << 10, "pieces of at most 256 KiB");
        let named = state.named.get(&(stream, level)).copied().unwrap_or(0);
        assert!(
            first >= named,
            "{stream:?} of level {level}: unit {first} is named by a manifest"
        );
        state.unsynced = true;
        state.puts.push(Put {
            stream,
            level,
            first,
            units: (bytes.len() / unit) as u64,
        });
        // A put that fails may have written.
        let outcome = state.step();
        let start = first as usize * unit;
        let stored = state.streams.entry((stream, level)).or_default();
        assert!(start <= stored.len(), "no gaps");
        stored.resize(stored.len().max(start + bytes.len()), 0);
        let written = if outcome.is_ok() {
            bytes.len()
        } else {
            bytes.len() / 2
        };
        stored[start..start + written].copy_from_slice(&bytes[..written]);
        outcome
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        let mut state = self.0.state();
        state.syncs += 1;
        state.step()?;
        state.unsynced = false;
        Ok(Locator::default())
    }
}

impl Storage for TestPlace {
    fn describe(&self) -> String {
        "test place".into()
    }

    fn start_units(&self, _with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        Ok(Box::new(Units(self)))
    }

    fn region(
        &self,
        _placement: &Locator,
        shard: Shard,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        let Shard {
            stream,
            level,
            index: shard,
        } = shard;
        let mut state = self.state();
        state.step()?;
        state.asked.push((stream, level, shard, units));
        let per_shard = match stream {
            Stream::Chunks => self.shard_chunks,
            Stream::Sums => self.shard_chunks / SUMS_PER_SECTOR,
        };
        assert!(0 < units && units <= per_shard);
        let bytes = state
            .streams
            .get(&(stream, level))
            .ok_or(io::ErrorKind::NotFound)?;
        let start = (shard * per_shard) as usize * unit(stream);
        let len = units as usize * unit(stream);
        let there = bytes
            .get(start..start + len)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Arc::new(View {
            place: self.clone(),
            stream,
            level,
            start,
            len,
            mapped: (reads == Reads::Mapped).then(|| there[..len - state.views_lack].into()),
        }))
    }

    fn shard_chunks(&self) -> u64 {
        self.shard_chunks
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        Ok(Place::Vacant)
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        Err(StorageError::FileLocked)
    }

    fn sweep(&self) -> Result<(), StorageError> {
        Ok(())
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        Ok(Vec::new())
    }

    fn start_segment(&self, _: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        not_here().map_err(WriteError::NotWritten)
    }

    fn commit_group(&self, _: u64, _: u64, _: &[u8]) -> Result<(), WriteError> {
        not_here().map_err(WriteError::NotWritten)
    }

    fn commit_mark(&self, _: u64, _: u64, _: &[u8]) -> Result<bool, WriteError> {
        not_here().map_err(WriteError::NotWritten)
    }

    fn read_segment(&self, _: u64) -> io::Result<SegmentReader> {
        not_here()
    }

    fn remove_segment(&self, _: u64) -> io::Result<()> {
        not_here()
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn commit_manifest(&self, _: u64, _: &[u8]) -> Result<(), WriteError> {
        not_here().map_err(WriteError::NotWritten)
    }

    fn quarantine(&self, _: &str, _: &mut dyn Read) -> io::Result<String> {
        not_here()
    }
}
