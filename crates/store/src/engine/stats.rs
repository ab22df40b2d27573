//! [`Stats`]: the observable state of an engine.

use std::{io, sync::Arc, time::Duration};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

#[cfg(feature = "metrics")]
use super::stat::metric;
use super::{
    committer::Committer,
    log::WriteEnd,
    parts::Parts,
    stat::{Stat, stats},
};
use crate::checkpoint::CheckpointFailure;
#[cfg(feature = "metrics")]
use crate::metering::{Description, Kind, Reading};

stats! {
    /// The state of a tree and its storage at a moment. Counters start when the tree is opened.
    /// Names are stable; fields are added.
    ///
    /// With the feature `metrics`, a call of `stats()` records the state as metrics too;
    /// `docs/observability.md` has the metric of each field.
    ///
    /// As text ([`Display`](std::fmt::Display)) the state is one line of `name=value` pairs in the
    /// order of the fields, without those that are `None`: durations as `1.5ms`, errors in quotes.
    /// With the feature `serde` it serializes as a map of its fields, durations as seconds and
    /// errors as texts.
    ///
    /// In a forked child, a field that a thread of the parent was changing during the fork is 0 or
    /// `None`. Within the tree's hasher, the fields that the hashing insert is changing are 0 or
    /// `None`.
    pub struct Stats {
        /// Leaves.
        size: u64 => Gauge "rotortree_leaves",
        /// Leaves that are durable.
        durable_size: u64 => Gauge "rotortree_durable_leaves",
        /// Leaves that the last committed checkpoint covers.
        checkpointed_size: u64 => Gauge "rotortree_checkpointed_leaves",
        /// Bytes of records that no sync has taken yet.
        pending_bytes: u64 => Gauge "rotortree_pending_bytes",
        /// Bytes of nodes that no checkpoint covers yet.
        uncheckpointed_bytes: u64 => Gauge "rotortree_uncheckpointed_bytes",
        /// Bytes of log on disk that no checkpoint covers yet. Opening would read them.
        log_bytes: u64 => Gauge "rotortree_log_bytes",
        /// Bytes of memory that are allocated for nodes: for pinned levels, for nodes that no
        /// checkpoint covers, and for fewer than 128 nodes a level that no chunk holds yet. Memory
        /// is allocated ahead, at most as much again, and released in segments of at most 2 MiB, of
        /// which each level can keep one for a few nodes. Nodes that only a snapshot from before
        /// the last checkpoint keeps are not counted.
        resident_node_bytes: u64 => Gauge "rotortree_resident_node_bytes",
        /// Bytes of memory that the block cache takes: nodes of levels that are not stored.
        block_cache_bytes: u64 => Gauge "rotortree_block_cache_bytes",
        /// Number of times that nodes of levels that are not stored were hashed from a block or a
        /// part of one, because the block cache did not have them.
        recomputed_blocks: u64 => Counter "rotortree_recomputed_blocks_total",
        /// Segments of the log in force.
        log_segments: u64 => Gauge "rotortree_log_segments",
        /// Bytes in the newest segment; 0 during a write to it.
        log_segment_bytes: u64,
        /// Bytes of records that this run has written to the log.
        written_log_bytes: u64 => Counter "rotortree_written_log_bytes_total",
        /// Bytes of chunks that this run has written: by checkpoints, and for large batches.
        written_chunk_bytes: u64 => Counter "rotortree_written_chunk_bytes_total",
        /// Entries inserted: batches of leaves, single leaves, metadata alone.
        entries: u64 => Counter "rotortree_entries_total",
        /// Entries that were refused, for whatever reason the caller was given.
        refused: u64 => Counter "rotortree_refused_entries_total",
        /// Syncs of the log.
        syncs: u64,
        /// Leaves that these syncs made durable.
        synced_leaves: u64,
        /// Duration of the last sync, writing included.
        last_sync: Option<Duration>,
        /// Time since the last sync.
        last_sync_age: Option<Duration> => Time "rotortree_last_sync_timestamp_seconds",
        /// New segments started.
        rotations: u64 => Counter "rotortree_rotations_total",
        /// Checkpoints completed.
        checkpoints: u64,
        /// Checkpoints failed.
        checkpoint_failures: u64 => Counter "rotortree_checkpoint_failures_total",
        /// Duration of the last completed checkpoint.
        last_checkpoint: Option<Duration>,
        /// Time since the last completed checkpoint.
        last_checkpoint_age: Option<Duration> => Time "rotortree_last_checkpoint_timestamp_seconds",
        /// The error of the last checkpoint, if none has completed since.
        checkpoint_error: Option<Arc<CheckpointFailure>> => Flag "rotortree_checkpoint_failing",
        /// Number of times that an insert had to wait for room or for a checkpoint.
        stalls: u64,
        /// Total duration of these waits.
        stalled: Duration,
        /// Number of times that the system had no thread for the background. The calling thread did
        /// the work instead, or, if it must not wait (`try_submit`), left it to the next call.
        unserved: u64 => Counter "rotortree_unserved_jobs_total",
        /// Number of times that the backend did not remove a covered segment. The next opening of
        /// the store removes it.
        removal_failures: u64 => Counter "rotortree_removal_failures_total",
        /// Number of times that the backend gave no view of checkpointed chunks. Their nodes stay
        /// in memory until a later checkpoint.
        view_failures: u64 => Counter "rotortree_view_failures_total",
        /// Writes of the log or the manifest that failed with nothing in doubt, for example for
        /// want of descriptors or room. Their records stay pending, and the writes are repeated.
        unavailable: u64 => Counter "rotortree_shortages_total",
        /// The error of the last of these writes, if none has succeeded since.
        unavailable_error: Option<Arc<io::Error>> => Flag "rotortree_shortage",
        /// Cuts of durable entries that recovery made, now or earlier, and that are not
        /// acknowledged.
        unacknowledged_cuts: u64 => Gauge "rotortree_unacknowledged_cuts",
        /// The backend's own counters by name, as [its docs](crate::storage::Storage::counters)
        /// have them; as text `name:value,name:value`. A directory has none.
        backend: Vec<(&'static str, u64)>,
        /// The failure that ended the tree, if any.
        failure: Option<Arc<io::Error>> => Flag "rotortree_failed",
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Parts<H, N, MAX_DEPTH> {
    /// 0 while a thread leads.
    fn log_segment_bytes(&self) -> u64 {
        match self.group().lock_briefly().as_ref().map(|state| &state.log) {
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
        let in_memory = self.writer.lock_briefly().map(|state| {
            let resident = state.tree.nodes().resident_bytes();
            (state.pending_bytes() as u64, resident, state.entries())
        });
        let (pending_bytes, resident_node_bytes, entries) = in_memory.unwrap_or_default();
        let size = self.publication.with(TreeSnapshot::size);
        let manifest = catalog.manifest();
        let (last_sync, last_sync_age) = figures.last_sync.last(status);
        let queue = &self.checkpointer.queue;
        let (last_checkpoint, last_checkpoint_age) = queue.last.last(status);
        let (checkpoints, checkpoint_error) = queue.outcomes();
        let (stalls, stalled) = self.inserter.figures.stalls();
        let cold = self.checkpointer.cold.load_full();
        let cache = cold.cache();
        let mut backend = Vec::new();
        let storage = &self.committer.storage;
        storage.counters(&mut |name, value| backend.push((name, value)));
        let stats = Stats {
            size,
            durable_size: self.publication.durable_snapshot().size(),
            checkpointed_size: manifest.size,
            pending_bytes,
            uncheckpointed_bytes: policy.uncovered_bytes(size),
            log_bytes: policy.uncovered_log(),
            resident_node_bytes,
            block_cache_bytes: cache.bytes(),
            recomputed_blocks: cache.recomputed(),
            log_segments: manifest.last_segment() - manifest.first_segment + 1,
            log_segment_bytes: self.log_segment_bytes(),
            written_log_bytes: figures.log_bytes.get(),
            written_chunk_bytes: figures.chunk_bytes.get(),
            entries,
            refused: self.inserter.figures.refused.get(),
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
            backend,
            failure: status.failure().map(Arc::clone),
        };
        // In a forked child, and under the lock that the hasher runs under, no recorder is called.
        if status.check_process().is_ok() && status.check_reentry().is_ok() {
            figures.meter.record(&stats, status.check().is_ok());
        }
        stats
    }
}
