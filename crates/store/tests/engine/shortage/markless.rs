//! [`Markless`]: a backend that has no marks.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rotortree_store::{
    StorageError,
    memory::MemoryStorage,
    storage::{
        Locator, Ownership, Place, Reads, Region, SegmentReader, SegmentWriter, Shard, Storage,
        UnitWriter, WriteError,
    },
};

/// A place in memory whose log takes nothing that is not synced, and counts its syncs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markless {
    memory: MemoryStorage,
    syncs: Arc<AtomicUsize>,
}

impl Markless {
    pub(crate) fn syncs(&self) -> usize {
        self.syncs.load(Ordering::SeqCst)
    }
}

impl Storage for Markless {
    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        self.memory.commit_group(segment, offset, group)?;
        self.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn commit_mark(&self, _: u64, _: u64, _: &[u8]) -> Result<bool, WriteError> {
        Ok(false)
    }

    fn describe(&self) -> String {
        self.memory.describe()
    }

    fn inspect(&self) -> Result<Place, StorageError> {
        self.memory.inspect()
    }

    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        self.memory.acquire()
    }

    fn sweep(&self) -> Result<(), StorageError> {
        self.memory.sweep()
    }

    fn list_segments(&self) -> io::Result<Vec<u64>> {
        self.memory.list_segments()
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        self.memory.start_segment(number)
    }

    fn read_segment(&self, number: u64) -> io::Result<SegmentReader> {
        self.memory.read_segment(number)
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        self.memory.remove_segment(number)
    }

    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        self.memory.start_units(with)
    }

    fn region(
        &self,
        locator: &Locator,
        shard: Shard,
        units: u64,
        reads: Reads,
    ) -> io::Result<Arc<dyn Region>> {
        self.memory.region(locator, shard, units, reads)
    }

    fn load_manifest(&self) -> io::Result<Option<Vec<u8>>> {
        self.memory.load_manifest()
    }

    fn commit_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        self.memory.commit_manifest(generation, bytes)
    }

    fn quarantine(&self, label: &str, content: &mut dyn Read) -> io::Result<String> {
        self.memory.quarantine(label, content)
    }
}
