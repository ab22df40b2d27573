//! [`ObjectStorage`]: a handle on the place of a tree below a prefix of an object store.

use std::{
    fmt, io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use object_store::{ObjectStore, path::Path};

use crate::{
    bucket::Bucket,
    cache::PackCache,
    client::Client,
    collector::{self, Collected},
    counters::Counters,
    location::Location,
    log::Log,
    memory::Memory,
    packs::{Packs, Source},
    requests::Requests,
    settings::Settings,
};

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
    pub(crate) shown: Arc<str>,
    pub(crate) settings: Settings,
    pub(crate) counters: Arc<Counters>,
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
            "" => "object store/".to_owned(),
            prefix => format!("object store/{prefix}/"),
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

    /// Another handle on the same place with the same settings, and with counters of its own.
    ///
    /// Of `memory://` this is the only way to another handle.
    #[must_use]
    pub fn new_handle(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            prefix: self.prefix.clone(),
            shown: Arc::clone(&self.shown),
            settings: self.settings.clone(),
            counters: Arc::default(),
            bucket: OnceLock::new(),
        }
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

    /// The longest that a request is waited for in all its tries, 60 seconds by default, and a
    /// sixth of it in one; a long transfer has more. A write whose outcome is not known by then
    /// fails the tree for good.
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

    /// The wait before the second try of a request, for tests, whose stores need no rest.
    #[doc(hidden)]
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.settings.patience.first_wait = wait;
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
    /// delete, also on another machine. Nothing is removed before the owner of a claim has
    /// committed its first manifest.
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
    pub(crate) fn bucket(&self) -> io::Result<&Arc<Bucket>> {
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
}

impl fmt::Debug for ObjectStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A client's own form may show its settings.
        f.debug_struct("ObjectStorage")
            .field("place", &self.shown)
            .finish_non_exhaustive()
    }
}
