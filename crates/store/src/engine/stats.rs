//! [`Stats`]: the observable state of an engine, and the metric of each field.

use std::{io, sync::Arc, time::Duration};

#[cfg(feature = "metrics")]
use super::stat::metric;
use super::stat::{Stat, stats};
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
