//! [`Stats`]: the observable state of an engine.

use std::{io, sync::Arc, time::Duration};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

use super::{committer::Committer, log::WriteEnd, parts::Parts};
use crate::checkpoint::CheckpointFailure;

/// The state of a tree and its storage at a moment. Counters start when the tree is opened. Names
/// are stable; fields are added.
///
/// As text ([`Display`](std::fmt::Display)) the state is one line of `name=value` pairs. With the
/// feature `serde` it serializes as a map of its fields, durations as seconds and errors as texts.
///
/// In a forked child, a field that a thread of the parent was changing during the fork is 0 or
/// `None`. Within the tree's hasher, the fields that the hashing insert is changing are 0 or
/// `None`.
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
    /// Bytes of log on disk that no checkpoint covers yet. Opening would read them.
    pub log_bytes: u64,
    /// Bytes of memory that are allocated for nodes: for pinned levels, for nodes that no
    /// checkpoint covers, and for fewer than 128 nodes a level that no chunk holds yet. Memory is
    /// allocated ahead, at most as much again, and released in segments of at most 2 MiB, of which
    /// each level can keep one for a few nodes. Nodes that only a snapshot from before the last
    /// checkpoint keeps are not counted.
    pub resident_node_bytes: u64,
    /// Segments of the log in force.
    pub log_segments: u64,
    /// Bytes in the newest segment; 0 during a write to it.
    pub log_segment_bytes: u64,
    /// Syncs of the log.
    pub syncs: u64,
    /// Leaves that these syncs made durable.
    pub synced_leaves: u64,
    /// Duration of the last sync, writing included.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_sync: Option<Duration>,
    /// Time since the last sync.
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
    /// Duration of the last completed checkpoint.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_checkpoint: Option<Duration>,
    /// Time since the last completed checkpoint.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_seconds")
    )]
    pub last_checkpoint_age: Option<Duration>,
    /// The error of the last checkpoint, if none has completed since.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_text")
    )]
    pub checkpoint_error: Option<Arc<CheckpointFailure>>,
    /// Number of times that an insert had to wait for room or for a checkpoint.
    pub stalls: u64,
    /// Total duration of these waits.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::seconds")
    )]
    pub stalled: Duration,
    /// Number of times that the system had no thread for the background. The calling thread did the
    /// work instead, or, if it must not wait (`try_submit`), left it to the next call.
    pub unserved: u64,
    /// Number of times that the backend did not remove a covered segment. The next opening of the
    /// store removes it.
    pub removal_failures: u64,
    /// Number of times that the backend gave no view of checkpointed chunks. Their nodes stay in
    /// memory until a later checkpoint.
    pub view_failures: u64,
    /// Writes of the log or the manifest that failed with nothing in doubt, for example for want of
    /// descriptors or room. Their records stay pending, and the writes are repeated.
    pub unavailable: u64,
    /// The error of the last of these writes, if none has succeeded since.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_text")
    )]
    pub unavailable_error: Option<Arc<io::Error>>,
    /// Cuts of durable entries that recovery made, now or earlier, and that are not acknowledged.
    pub unacknowledged_cuts: u64,
    /// The failure that ended the tree, if any.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialized::optional_text")
    )]
    pub failure: Option<Arc<io::Error>>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Parts<H, N, MAX_DEPTH> {
    /// 0 while a thread leads.
    fn log_segment_bytes(&self) -> u64 {
        match self.group().look().as_ref().map(|state| &state.log) {
            Some(WriteEnd::Free(log)) => log.newest.offset,
            Some(WriteEnd::Led | WriteEnd::Gone) | None => 0,
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let Committer {
            catalog,
            group,
            policy,
            figures,
            ..
        } = &*self.committer;
        let status = &group.status;
        let in_memory = self.writer.look().map(|state| {
            let resident = state.tree.nodes().resident_bytes();
            (state.pending_bytes() as u64, resident)
        });
        let (pending_bytes, resident_node_bytes) = in_memory.unwrap_or_default();
        let size = self.publication.with(TreeSnapshot::size);
        let manifest = catalog.manifest();
        let (last_sync, last_sync_age) = figures.last_sync.last(status);
        let queue = &self.checkpointer.queue;
        let (last_checkpoint, last_checkpoint_age) = queue.last.last(status);
        let (checkpoints, checkpoint_error) = queue.outcomes();
        let (stalls, stalled) = self.inserter.stalls();
        Stats {
            size,
            durable_size: self.publication.durable_snapshot().size(),
            checkpointed_size: manifest.size,
            pending_bytes,
            uncheckpointed_bytes: policy.uncovered_bytes(size),
            log_bytes: policy.uncovered_log(),
            resident_node_bytes,
            log_segments: manifest.last_segment() - manifest.first_segment + 1,
            log_segment_bytes: self.log_segment_bytes(),
            syncs: figures.syncs.get(),
            synced_leaves: figures.synced_leaves.get(),
            last_sync,
            last_sync_age,
            rotations: figures.rotations.get(),
            checkpoints,
            checkpoint_failures: queue.failures.get(),
            last_checkpoint,
            last_checkpoint_age,
            checkpoint_error,
            stalls,
            stalled,
            unserved: group.unserved.get(),
            removal_failures: queue.removal_failures.get(),
            view_failures: self.checkpointer.view_failures.get(),
            unavailable: figures.shortage.count(),
            unavailable_error: figures.shortage.last(),
            unacknowledged_cuts: manifest.cuts.iter().map(|cut| u64::from(cut.cuts)).sum(),
            failure: status.failure().map(Arc::clone),
        }
    }
}
