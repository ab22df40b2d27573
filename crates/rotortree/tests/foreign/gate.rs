//! [`Gate`]: a backend in memory whose syncs, chunk writes and manifests can be held, as a device
//! that stalls does, or fail.

use std::{
    fmt, io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree::{
    StorageError,
    store::{
        forward_storage,
        memory::MemoryStorage,
        storage::{Locator, Ownership, Reads, Region, Shard, Storage, UnitWriter, WriteError},
    },
};

/// A function that a destructor of the backend runs.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone, Default)]
struct Told {
    /// Syncs of the log, writes of chunks, and manifests wait while these hold.
    syncs_held: bool,
    chunks_held: bool,
    manifests_held: bool,
    /// So many syncs pass although they are held.
    passes: u64,
    /// Syncs fail, with a write in doubt; writes of chunks fail.
    syncs_fail: bool,
    chunks_fail: bool,
    /// Run when a view or the ownership is dropped.
    on_drop: Option<Hook>,
}

/// See the module. Clones are one backend.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    memory: MemoryStorage,
    told: Mutex<Told>,
    changed: Condvar,
    /// Calls that have been held so far.
    held: AtomicU64,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            memory: MemoryStorage::new(),
            told: Mutex::default(),
            changed: Condvar::new(),
            held: AtomicU64::new(0),
        }))
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.0.told.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.changed.notify_all();
    }

    pub(crate) fn hold_syncs(&self, held: bool) {
        self.tell(|told| told.syncs_held = held);
    }

    /// Lets one sync through that is held, or comes.
    pub(crate) fn pass_one_sync(&self) {
        self.tell(|told| told.passes += 1);
    }

    pub(crate) fn hold_chunks(&self, held: bool) {
        self.tell(|told| told.chunks_held = held);
    }

    pub(crate) fn hold_manifests(&self, held: bool) {
        self.tell(|told| told.manifests_held = held);
    }

    pub(crate) fn fail_syncs(&self) {
        self.tell(|told| told.syncs_fail = true);
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn fail_chunks(&self, fail: bool) {
        self.tell(|told| told.chunks_fail = fail);
    }

    pub(crate) fn on_drop(&self, hook: Option<Hook>) {
        self.tell(|told| told.on_drop = hook);
    }

    /// Whether no tree owns the place.
    pub(crate) fn storage_is_free(&self) -> bool {
        self.0.memory.acquire().is_ok()
    }

    /// The number of calls that were held.
    pub(crate) fn held(&self) -> u64 {
        self.0.held.load(Ordering::SeqCst)
    }

    /// Waits while the device stalls.
    fn pass(&self, is_held: impl Fn(&Told) -> bool) {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if is_held(&told) {
            self.0.held.fetch_add(1, Ordering::SeqCst);
        }
        while is_held(&told) {
            let waited = self.0.changed.wait(told);
            told = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn dropped(&self) {
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let hook = told.on_drop.clone();
        drop(told);
        if let Some(hook) = hook {
            hook();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// Something of the backend whose end is noticed.
struct Noticed<T: ?Sized>(Gate, Option<Box<Arc<T>>>);

impl<T: ?Sized> Noticed<T> {
    fn new(gate: &Gate, inner: Arc<T>) -> Self {
        Self(gate.clone(), Some(Box::new(inner)))
    }

    fn inner(&self) -> &T {
        self.1.as_ref().unwrap()
    }
}

impl<T: ?Sized> Drop for Noticed<T> {
    fn drop(&mut self) {
        self.1 = None;
        self.0.dropped();
    }
}

impl<T: ?Sized> fmt::Debug for Noticed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noticed")
    }
}

impl Region for Noticed<dyn Region> {
    fn bytes(&self) -> Option<&[u8]> {
        self.inner().bytes()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.inner().read_at(offset, buf)
    }
}

impl Ownership for Noticed<dyn Ownership> {}

/// Units that pass the gate one put at a time.
struct Units<'a> {
    gate: &'a Gate,
    units: Box<dyn UnitWriter + 'a>,
}

impl UnitWriter for Units<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        self.gate.pass(|told| told.chunks_held);
        if self.gate.0.told.lock().unwrap().chunks_fail {
            return Err(io::Error::other("a planned failure"));
        }
        self.units.put(shard, first, bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        self.units.finish()
    }
}

impl Storage for Gate {
    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        self.pass(|told| told.syncs_held && told.passes == 0);
        self.tell(|told| told.passes = told.passes.saturating_sub(1));
        let fails = self.0.told.lock().unwrap().syncs_fail;
        if fails {
            return Err(WriteError::InDoubt(io::Error::other("a planned failure")));
        }
        self.0.memory.commit_group(segment, offset, group)
    }

    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        let units = self.0.memory.start_units(with)?;
        Ok(Box::new(Units { gate: self, units }))
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        let owner: Arc<dyn Ownership> = Arc::from(self.0.memory.acquire()?);
        Ok(Box::new(Noticed::new(self, owner)))
    }

    fn region(
        &self,
        locator: &Locator,
        shard: Shard,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        let region = self.0.memory.region(locator, shard, units, reads)?;
        Ok(Arc::new(Noticed::new(self, region)))
    }

    fn describe(&self) -> String {
        "a gate".into()
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        self.pass(|told| told.manifests_held);
        self.0.memory.commit_manifest(generation, bytes)
    }

    forward_storage!(|gate| gate.0.memory => inspect sweep list_segments start_segment
        commit_mark read_segment remove_segment load_manifest quarantine);
}
