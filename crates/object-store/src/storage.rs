//! [`ObjectStorage`]: the place of a tree below a prefix of an object store.

use std::{
    fmt, io,
    io::Read,
    sync::{Arc, OnceLock},
    time::Duration,
};

use object_store::{ObjectStore, path::Path};
use rotortree_store::{
    StorageError,
    storage::{
        FIRST_SEGMENT, Locator, MAX_HEADER_BYTES, Ownership, Part, Place, ReadAhead, Reads, Region,
        SegmentBytes, SegmentReader, SegmentWriter, Shard, Storage, UnitWriter, WriteError,
    },
};

use crate::{
    bucket::Bucket,
    cache::PackCache,
    claim,
    client::Client,
    collector::{self, Collected},
    counters::Counters,
    location::Location,
    log::{Log, beginning::Beginning, reader::Reader},
    memory::Memory,
    names,
    packs::{Ahead, PackWriter, Packs, Source, View},
    requests::{Created, Requests},
    settings::Settings,
};

/// Objects that are looked at to tell what a place holds.
const LOOKED_AT: usize = 1000;

/// A tree's place below a prefix of an object store, for [`RotorTree::on`] and
/// [`RotorTreeBuilder::storage`].
///
/// One handle at a time owns the place; any number read it, on other machines too. Requests run on
/// a thread that the handle owns, so it can be used from within any runtime, thread pool or
/// destructor.
///
/// ```
/// use std::sync::Arc;
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_object_store::ObjectStorage;
/// use rotortree_store::RotorTree;
///
/// let bucket = Arc::new(object_store::memory::InMemory::new());
/// let place = || ObjectStorage::new(bucket.clone(), "trees/one");
/// let tree = RotorTree::<_, 4, 20>::on(Arc::new(place())).open(Blake3Hasher)?;
/// tree.insert_durable([7; 32])?;
///
/// let replica = RotorTree::<_, 4, 20>::on(Arc::new(place())).open_read_only(Blake3Hasher)?;
/// assert_eq!(replica.root(), tree.root());
/// tree.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`RotorTree::on`]: rotortree_store::RotorTree::on
/// [`RotorTreeBuilder::storage`]: rotortree_store::RotorTreeBuilder::storage
pub struct ObjectStorage {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The URL without credentials, with a slash at its end.
    shown: Arc<str>,
    settings: Settings,
    counters: Arc<Counters>,
    /// Made with the first call.
    bucket: OnceLock<Arc<Bucket>>,
}

impl ObjectStorage {
    /// The place below `prefix` of a store; an empty prefix is the whole store.
    ///
    /// The store's own repetition of requests is best switched off
    /// (`RetryConfig { max_retries: 0, .. }`), as [`from_url`](Self::from_url) does: this crate
    /// repeats requests itself and settles each creation by reading back.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        let prefix = Path::from(prefix);
        let shown = match prefix.as_ref() {
            "" => "object store:/".to_owned(),
            prefix => format!("object store:/{prefix}/"),
        };
        Self::with(Location {
            store,
            prefix,
            shown,
        })
    }

    /// The place that a URL names: `s3://bucket/prefix` and what else `object_store` reads, with
    /// settings and credentials from the environment, as `object_store::parse_url_opts` takes them.
    /// Each provider has a feature of its name (`aws`, `azure`, `gcp`, `http`), and `file://` has
    /// `fs`. Every call for `memory://` makes a store of its own.
    ///
    /// No part of a URL that may be a credential is ever shown.
    ///
    /// # Errors
    /// `InvalidInput` for no such URL or settings that are not valid, `Unsupported` for a provider
    /// that was not compiled in.
    pub fn from_url(url: &str) -> io::Result<Self> {
        Location::parse(url).map(Self::with)
    }

    fn with(location: Location) -> Self {
        Self {
            store: location.store,
            prefix: location.prefix,
            shown: location.shown.into(),
            settings: Settings::default(),
            counters: Arc::default(),
            bucket: OnceLock::new(),
        }
    }

    /// Takes the place at once when it is opened for writing, whether or not its owner is alive.
    /// The owner's next write fails with `Fenced`, for good. Without this, an opener waits for two
    /// intervals of the heartbeat to see the owner gone.
    #[must_use]
    pub fn take_over(mut self, take_over: bool) -> Self {
        self.settings.take_over = take_over;
        self
    }

    /// The interval of the owner's signs of life, 10 seconds by default: an opener sees within one
    /// that there is an owner, and within two that it is gone. Each sign is a request. Nothing but
    /// this depends on it.
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.settings.heartbeat = interval;
        self
    }

    /// The longest that a request is waited for in all its tries, 60 seconds by default, and a sixth
    /// of it in one; a long transfer has more. A write whose outcome is not known by then fails the
    /// tree for good.
    #[must_use]
    pub fn deadline(mut self, total: Duration) -> Self {
        self.settings.patience.total = total;
        self.settings.patience.attempt = total / 6;
        self
    }

    /// The time for which readers may rely on what an earlier manifest named, an hour by default: a
    /// reader refreshes within it, and what has been merged away stays for as long.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// The most bytes of chunks and log that are kept in memory, 64 MiB by default.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: usize) -> Self {
        self.settings.memory_bytes = bytes;
        self
    }

    /// A cache of packs behind the one in memory, such as on a local disk.
    #[must_use]
    pub fn cache(mut self, cache: Arc<dyn PackCache>) -> Self {
        self.settings.cache = Some(cache);
        self
    }

    /// The number of chunks in a shard, for tests, which cannot fill shards of 1 GiB.
    ///
    /// A multiple of 128, and a constant of the place.
    #[doc(hidden)]
    #[must_use]
    pub fn shard_chunks(mut self, chunks: u64) -> Self {
        self.settings.shard_chunks = chunks;
        self
    }

    /// Removes what no manifest within the [grace](Self::grace) names: older manifests, covered
    /// segments, packs that were merged away, and what crashes left. The owner does so by itself
    /// from time to time; beside it, this may be called at any time from any handle that may
    /// delete, also on another machine. Nothing is removed before the owner of a claim has committed
    /// its first manifest.
    ///
    /// A listing of all objects, and a request for each object that goes.
    ///
    /// # Errors
    /// The first error of a request. What is left goes with the next call.
    pub fn collect_orphans(&self) -> io::Result<Collected> {
        collector::collect(self.bucket()?)
    }

    /// What the handle shares with all that it gives out.
    ///
    /// # Errors
    /// [`StorageError::Closed`] within the error in a forked child; the system's error if it has no
    /// random numbers.
    fn bucket(&self) -> io::Result<&Arc<Bucket>> {
        let bucket = match self.bucket.get() {
            Some(bucket) => bucket,
            None => {
                let made = Arc::new(self.make()?);
                self.bucket.get_or_init(|| made)
            }
        };
        bucket.ensure_own_process()?;
        Ok(bucket)
    }

    fn make(&self) -> io::Result<Bucket> {
        let settings = self.settings.clone();
        let requests = Requests::new(
            Arc::clone(&self.store),
            &self.prefix,
            settings.patience,
            Arc::clone(&self.counters),
        );
        let client = Arc::new(Client::new(requests, Arc::clone(&self.shown)));
        let memory = Arc::new(Memory::new(settings.memory_bytes));
        let log = Arc::new(Log::new(Arc::clone(&client), Arc::clone(&memory)));
        let cache = settings.cache.clone();
        let source = Source::new(Arc::clone(&client), memory, cache);
        let packs = Arc::new(Packs::new(Arc::clone(&client), source));
        Bucket::new(settings, client, log, packs)
    }

    fn owned(&self) -> Result<&Arc<Bucket>, WriteError> {
        self.bucket().map_err(WriteError::NotWritten)
    }

    /// What a place without a manifest holds.
    fn inspect_without_manifest(&self, bucket: &Bucket) -> Result<Place, StorageError> {
        let listed = bucket.client.list("", LOOKED_AT)?;
        let mut beyond = listed.iter().any(|object| {
            object.name.starts_with(names::PACKS) || object.name.starts_with(names::INDEXES)
        });
        let segments = bucket.log.find_beginnings()?;
        for (number, id) in &segments {
            let segment = bucket.log.with_id(*number, *id);
            let len = Reader::open(&bucket.log, segment)?.len();
            beyond |= *number != FIRST_SEGMENT || len > MAX_HEADER_BYTES;
        }
        let foreign = listed.iter().find(|object| !names::is_ours(&object.name));
        Ok(if beyond {
            Place::ManifestMissing {
                found: format!("{} log segments or packs, but no manifest", segments.len()),
            }
        } else if let Some(foreign) = foreign {
            Place::Foreign {
                found: format!("an object `{}`", foreign.name),
            }
        } else {
            Place::Vacant
        })
    }
}

impl fmt::Debug for ObjectStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A client's own form may show its settings.
        f.debug_struct("ObjectStorage")
            .field("place", &self.shown)
            .finish_non_exhaustive()
    }
}

impl Storage for ObjectStorage {
    fn describe(&self) -> String {
        self.shown.trim_end_matches('/').to_owned()
    }

    fn name(&self, part: Part) -> String {
        match self.bucket() {
            Ok(bucket) => bucket.name(part),
            Err(_) => format!("{}, {part}", self.describe()),
        }
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        let bucket = self.bucket()?;
        match bucket.manifests.newest() {
            Ok(Some(entry)) if entry.record.generation.is_some() => Ok(Place::Occupied),
            Ok(_) => self.inspect_without_manifest(bucket),
            // A damaged one is a manifest too, and reading it says what is wrong.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Place::Occupied),
            Err(error) => Err(error.into()),
        }
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        claim::acquire(self.bucket()?)
    }

    fn sweep(&self) -> Result<(), StorageError> {
        let bucket = self.bucket()?;
        // Beside a manifest, what a crash left is in the way of nothing until it is collected.
        if self.inspect()? == Place::Vacant {
            for (number, _) in bucket.log.live() {
                bucket.log.delete(number)?;
                bucket.log.forget(number);
            }
        }
        Ok(())
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        self.bucket()?.segments()
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        let bucket = self.owned()?;
        match bucket
            .segment(number)
            .and_then(|segment| Reader::open(&bucket.log, segment))
        {
            Ok(_) => {
                let name = bucket.client.full_name(&names::segment(number));
                let text = format!("cannot create the segment {name}: there is one already");
                let taken = io::Error::new(io::ErrorKind::AlreadyExists, text);
                return Err(WriteError::NotWritten(taken));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(WriteError::NotWritten(error)),
        }
        let id = bucket.write(|epoch| Ok(bucket.ids.next(epoch)))?;
        Ok(Box::new(Beginning::new(&bucket.log, number, id)))
    }

    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        let bucket = self.owned()?;
        bucket.write(|_| bucket.log.commit(segment, offset, group))
    }

    fn commit_mark(&self, _segment: u64, _offset: u64, _mark: &[u8]) -> Result<bool, WriteError> {
        // A write that is not waited for would be a whole request here.
        Ok(false)
    }

    fn readable_is_durable(&self) -> bool {
        // An object is there once it is stored, and a fence keeps earlier owners out.
        true
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        let bucket = self.bucket()?;
        let segment = bucket.segment(number)?;
        Ok(Box::new(Reader::open(&bucket.log, segment)?))
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        let bucket = self.bucket()?;
        // Beside a manifest its objects stay for readers until they are collected.
        let is_named = bucket.manifests.known();
        let is_named = is_named.is_some_and(|entry| entry.record.generation.is_some());
        if bucket.log.forget(number).is_some() && !is_named {
            bucket.log.delete(number)?;
        }
        Ok(())
    }

    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        Ok(Box::new(PackWriter::new(self.bucket()?, with)))
    }

    fn region(
        &self,
        locator: &Locator,
        shard: Shard,
        units: u64,
        _reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        shard.check_view(units, self.settings.shard_chunks)?;
        let bucket = self.bucket()?;
        let index = if units == 0 {
            Arc::default()
        } else {
            bucket.packs.index(locator)?
        };
        if !index.has(shard, units) {
            let text = format!("no pack has all of the first {units} units of {shard}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(Arc::new(View {
            bucket: Arc::clone(bucket),
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
        shard.check_put(first, bytes.len(), self.settings.shard_chunks)?;
        let packs = &self.bucket()?.packs;
        let offset = first * shard.stream.unit_bytes() as u64;
        packs
            .source
            .read(&*packs.index(locator)?, shard, offset, bytes)
    }

    fn read_ahead(&self, locator: &Locator) -> Option<Arc<dyn ReadAhead>> {
        // Without an index every read tells why.
        let bucket = self.bucket().ok()?;
        let index = bucket.packs.index(locator).ok()?;
        Some(Arc::new(Ahead {
            bucket: Arc::clone(bucket),
            index,
        }))
    }

    fn verifies_on_open(&self) -> bool {
        // It would read the whole place.
        false
    }

    fn shard_chunks(&self) -> u64 {
        self.settings.shard_chunks
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        let entry = self.bucket()?.manifests.newest()?;
        let record = entry.as_ref().map(|entry| &entry.record);
        let record = record.filter(|record| record.generation.is_some());
        Ok(record.map(|record| record.content.to_vec()))
    }

    fn is_in_force(&self, generation: u64, head: &[u8]) -> io::Result<bool> {
        self.bucket()?.is_in_force(generation, head)
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let bucket = self.owned()?;
        bucket.commit(generation, bytes)?;
        collector::run_if_due(bucket);
        Ok(())
    }

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        let client = &self.bucket()?.client;
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let name = names::quarantined(label);
        let full_name = client.full_name(&name);
        match client
            .create(&name, bytes.into())
            .map_err(WriteError::into_io)?
        {
            Created::Ours => Ok(full_name),
            Created::Taken => {
                let other = format!("{full_name} holds other bytes");
                Err(io::Error::new(io::ErrorKind::AlreadyExists, other))
            }
        }
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.counters.tell(each);
    }

    fn release_idle(&self) {
        if let Ok(bucket) = self.bucket() {
            bucket.packs.source.release();
        }
    }
}
