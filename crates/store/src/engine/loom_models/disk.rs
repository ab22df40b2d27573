//! [`Disk`]: a storage in memory that remembers its acknowledged writes, and fails on request.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use loom::sync::atomic::AtomicUsize;

use crate::{
    forward_storage,
    manifest::Manifest,
    memory::MemoryStorage,
    recovery::load_manifest,
    storage::{SegmentWriter, Storage, WriteError},
    sync::{Mutex, lock},
};

/// The message of a planned panic.
pub(super) const PLANNED_PANIC: &str = "a planned panic";

/// The end of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Fails,
    Panics,
}

#[derive(Debug)]
pub(super) struct Disk {
    memory: MemoryStorage,
    /// Threads within a write of the log. Threads may switch at its changes: writing takes time.
    writing: AtomicUsize,
    /// loom's mutex, so that a thread's view of the disk counts as a reason to run another thread
    /// first.
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// The bytes of all groups whose sync has returned.
    acknowledged: Vec<u8>,
    /// Groups and marks, in their order.
    log: Vec<Written>,
    /// The sync that fails, counted from 0, and its end.
    fault: Option<(usize, Ending)>,
    syncs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Group,
    Mark,
    Segment,
}

impl Disk {
    pub(super) fn new() -> Arc<Self> {
        Self::with(None)
    }

    /// A disk on which sync number `sync`, counted from 0, and every later one end with `ending`.
    pub(super) fn whose(sync: usize, ending: Ending) -> Arc<Self> {
        Self::with(Some((sync, ending)))
    }

    fn with(fault: Option<(usize, Ending)>) -> Arc<Self> {
        Arc::new(Self {
            memory: MemoryStorage::new(),
            writing: AtomicUsize::new(0),
            told: Mutex::new(Told {
                fault,
                ..Told::default()
            }),
        })
    }

    /// Whether these bytes are in a group whose sync has returned.
    pub(super) fn has(&self, bytes: &[u8]) -> bool {
        lock(&self.told)
            .acknowledged
            .windows(bytes.len())
            .any(|window| window == bytes)
    }

    /// Whether the disk holds an attestation of the last group.
    pub(super) fn attests_everything(&self) -> bool {
        lock(&self.told).log.last() != Some(&Written::Group)
    }

    /// The manifest in force.
    pub(super) fn manifest(&self) -> Manifest {
        load_manifest(&self.memory).expect("there is a manifest")
    }

    pub(super) fn syncs(&self) -> usize {
        lock(&self.told).syncs
    }

    fn begin(&self) {
        let others = self.writing.fetch_add(1, Ordering::SeqCst);
        assert_eq!(others, 0, "two leaders at once");
    }

    fn end(&self) {
        self.writing.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Storage for Disk {
    fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> Result<(), WriteError> {
        self.begin();
        let ending = {
            let mut told = lock(&self.told);
            told.syncs += 1;
            told.fault
                .filter(|(sync, _)| told.syncs > *sync)
                .map(|(_, ending)| ending)
        };
        match ending {
            Some(Ending::Fails) => {
                self.end();
                return Err(WriteError::InDoubt(io::Error::other("a planned failure")));
            }
            Some(Ending::Panics) => {
                self.end();
                std::panic::panic_any(PLANNED_PANIC);
            }
            None => {}
        }
        self.memory.commit_group(segment, offset, group)?;
        self.end();
        let mut told = lock(&self.told);
        told.acknowledged.extend_from_slice(group);
        told.log.push(Written::Group);
        Ok(())
    }

    fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> Result<bool, WriteError> {
        self.begin();
        let outcome = self.memory.commit_mark(segment, offset, mark);
        self.end();
        lock(&self.told).log.push(Written::Mark);
        outcome
    }

    fn start_segment(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        lock(&self.told).log.push(Written::Segment);
        self.memory.start_segment(number)
    }

    forward_storage!(|disk| disk.memory => describe inspect acquire sweep list_segments
        read_segment remove_segment start_units region load_manifest commit_manifest
        quarantine);
}
