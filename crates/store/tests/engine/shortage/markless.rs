//! [`Markless`]: a backend that has no marks.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rotortree_store::{
    forward_storage,
    memory::MemoryStorage,
    storage::{Storage, WriteError},
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

    forward_storage!(|place| place.memory => describe inspect acquire sweep list_segments
        start_segment read_segment remove_segment start_units region load_manifest
        commit_manifest quarantine);
}
