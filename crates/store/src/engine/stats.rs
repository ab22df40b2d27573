//! [`Stats`]: what can be observed of an engine.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rotortree_hasher::Hasher;

use super::{core::Core, log::WriteEnd, policy::Due, shortage::Shortage};
use crate::{
    checkpoint::CheckpointFailure,
    sync::{Mutex, lock},
};

/// A look at a tree and its storage. Counters count since the tree was opened. Names are stable;
/// fields are added.
///
/// As text ([`Display`](std::fmt::Display)) it is one line of `name=value` pairs; with the feature
/// `serde` it serializes as a map of its fields, durations as seconds and errors as texts.
///
/// In a forked child, what a thread of the parent was changing when the child was forked is 0 or
/// `None`; so is, within the tree's hasher, what the insert that hashes is changing.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Stats {
    /// Leaves.
    pub size: u64,
    /// Leaves that are durable.
    pub durable_size: u64,
    /// Leaves that the last committed checkpoint covers.
    pub checkpointed_size: u64,
    /// Bytes of records that no sync has taken yet.
    pub pending_bytes: u64,
    /// Bytes of nodes that no checkpoint covers yet.
    pub uncheckpointed_bytes: u64,
    /// Bytes of log on disk that no checkpoint covers yet: what opening would read.
    pub log_bytes: u64,
    /// Bytes of memory that are allocated for nodes: for pinned levels, for what no checkpoint
    /// covers, and for fewer than 128 nodes a level that no chunk holds yet. It is allocated
    /// ahead, at most as much again, and given back in segments of at most 2 MiB, of
    /// which each level can keep one for a few nodes. What only a snapshot from before the last
    /// checkpoint keeps is not counted.
    pub resident_node_bytes: u64,
    /// Segments of the log in force.
    pub log_segments: u64,
    /// Bytes in the newest segment; 0 while something is being written to it.
    pub log_segment_bytes: u64,
    /// Syncs of the log.
    pub syncs: u64,
    /// Leaves that these syncs made durable.
    pub synced_leaves: u64,
    /// How long the last sync took, writing included.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_sync: Option<Duration>,
    /// Since the last sync.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_sync_age: Option<Duration>,
    /// New segments started.
    pub rotations: u64,
    /// Checkpoints completed.
    pub checkpoints: u64,
    /// Checkpoints failed.
    pub checkpoint_failures: u64,
    /// How long the last completed checkpoint took.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_checkpoint: Option<Duration>,
    /// Since the last completed checkpoint.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_checkpoint_age: Option<Duration>,
    /// What the last checkpoint failed with, if none completed since.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_text")
    )]
    pub checkpoint_error: Option<Arc<CheckpointFailure>>,
    /// Times that an insert had to wait for room or for a checkpoint.
    pub stalls: u64,
    /// How long inserts waited in all.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::seconds")
    )]
    pub stalled: Duration,
    /// Times that the system had no thread for the background. What it would have done was done by
    /// the thread that asked, or, where that must not wait (`try_submit`), is left to the next
    /// call.
    pub unserved: u64,
    /// Times that the backend did not remove a covered segment; it goes when the store is opened
    /// next.
    pub removal_failures: u64,
    /// Times that the backend gave no view of checkpointed chunks; their nodes stay in memory
    /// until a later checkpoint.
    pub view_failures: u64,
    /// Writes of the log or the manifest that failed with nothing in doubt, for want of
    /// descriptors or room for example. What waited to be written waits on, and is tried
    /// again.
    pub unavailable: u64,
    /// What the last of these failed with, if nothing was written since.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_text")
    )]
    pub unavailable_error: Option<Arc<io::Error>>,
    /// Cuts of durable entries that recovery took, now or earlier, and that were not acknowledged.
    pub unacknowledged_cuts: u64,
    /// Why the tree failed for good, if it did.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_text")
    )]
    pub failure: Option<Arc<io::Error>>,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) due: Due,
    pub(super) shortage: Shortage,
    pub(super) stalls: AtomicU64,
    pub(super) unserved: AtomicU64,
    pub(super) rotations: AtomicU64,
    pub(super) checkpoint_failures: AtomicU64,
    pub(super) removal_failures: AtomicU64,
    pub(super) view_failures: AtomicU64,
    stalled_nanos: AtomicU64,
    syncs: AtomicU64,
    synced_leaves: AtomicU64,
    last_sync: Event,
    last_checkpoint: Event,
}

/// The last time something happened and how long it took.
#[derive(Default)]
struct Event(Mutex<Option<(Instant, Duration)>>);

impl Event {
    fn happened(&self, took: Duration) {
        *lock(&self.0) = Some((Instant::now(), took));
    }
}

impl Counters {
    pub(super) fn new(due: Due) -> Self {
        Self {
            due,
            ..Self::default()
        }
    }

    pub(super) fn synced(&self, leaves: u64, took: Duration) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.synced_leaves.fetch_add(leaves, Ordering::Relaxed);
        self.last_sync.happened(took);
    }

    pub(super) fn checkpointed(&self, took: Duration) {
        self.last_checkpoint.happened(took);
    }

    pub(super) fn stalled(&self, waited: Duration) {
        let nanos = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.stalled_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// 0 while somebody leads.
    fn log_segment_bytes(&self) -> u64 {
        match self.commit.look().as_ref().map(|commit| &commit.log) {
            Some(WriteEnd::Free(log)) => log.offset,
            Some(WriteEnd::Led | WriteEnd::Gone) | None => 0,
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let (pending_bytes, resident_node_bytes) = self
            .look(&self.writer)
            .map(|writer| {
                let pending = if writer.pending.is_empty() {
                    0
                } else {
                    writer.pending.byte_len() as u64
                };
                (pending, writer.tree.nodes().resident_bytes())
            })
            .unwrap_or_default();
        let size = self.published.load().size();
        let (checkpointed_size, log_segments) = self
            .look(&self.manifest)
            .map(|manifest| {
                (
                    manifest.size,
                    manifest.last_segment() - manifest.first_segment + 1,
                )
            })
            .unwrap_or_default();
        let counters = &self.counters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let age = |event: &Event| {
            let last = self.look(&event.0).and_then(|last| *last);
            (last.map(|(_, took)| took), last.map(|(at, _)| at.elapsed()))
        };
        let (last_sync, last_sync_age) = age(&counters.last_sync);
        let (last_checkpoint, last_checkpoint_age) = age(&counters.last_checkpoint);
        Stats {
            size,
            durable_size: self.durable.load().size(),
            checkpointed_size,
            pending_bytes,
            uncheckpointed_bytes: self.uncheckpointed_bytes(size),
            log_bytes: self.counters.due.log_behind(),
            resident_node_bytes,
            log_segments,
            log_segment_bytes: self.log_segment_bytes(),
            syncs: load(&counters.syncs),
            synced_leaves: load(&counters.synced_leaves),
            last_sync,
            last_sync_age,
            rotations: load(&counters.rotations),
            checkpoints: self.checkpoints_completed(),
            checkpoint_failures: load(&counters.checkpoint_failures),
            last_checkpoint,
            last_checkpoint_age,
            checkpoint_error: self.checkpoint_error(),
            stalls: load(&counters.stalls),
            stalled: Duration::from_nanos(load(&counters.stalled_nanos)),
            unserved: load(&counters.unserved),
            removal_failures: load(&counters.removal_failures),
            view_failures: load(&counters.view_failures),
            unavailable: counters.shortage.count(),
            unavailable_error: counters.shortage.last(),
            unacknowledged_cuts: self.cuts().iter().map(|cut| u64::from(cut.cuts)).sum(),
            failure: self.failure(),
        }
    }
}
