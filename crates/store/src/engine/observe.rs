//! Reading the [`Stats`] of a running tree.

use std::sync::Arc;

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

use super::{Stats, committer::Committer, log::WriteEnd, parts::Parts};

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
