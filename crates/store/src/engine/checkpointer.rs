//! [`Checkpointer`]: the steps of a checkpoint, and their schedule.
//!
//! Each step is safe to crash after (`docs/durability/protocol.md` lists the steps): lead a sync;
//! start a segment that continues from the durable position; write whole chunks of the new nodes;
//! sync the chunks; commit the manifest; read the covered nodes from the chunks; drop the covered
//! segments. No step overwrites anything that the manifest in force names.

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;

use super::{
    checkpoint_failed::Failed,
    checkpoint_queue::{CheckpointQueue, Covered},
    committer::Committer,
    figures::Count,
    outbox,
    policy::Extent,
    writer::Writer,
};
use crate::{
    InsertHook, StorageError,
    checkpoint::{CheckpointFailure, WHOLE_PIECE_BYTES, write_nodes_but},
    cold::ColdNodes,
    isolated::isolated,
    settings::Settings,
    spans,
    storage::WriteError,
    sync::ArcSwap,
};

/// Makes the checkpoints of one tree.
pub(crate) struct Checkpointer<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    writer: Arc<Writer<H, N, MAX_DEPTH>>,
    committer: Arc<Committer>,
    pub(crate) queue: CheckpointQueue,
    /// The nodes in chunks. Only the one running checkpoint exchanges them.
    pub(crate) cold: ArcSwap<ColdNodes>,
    pub(super) view_failures: Count,
    pin_above_level: usize,
    hook: Option<Arc<dyn InsertHook>>,
}

/// The scope of a checkpoint.
struct Scope<const N: usize, const MAX_DEPTH: usize> {
    snapshot: Arc<TreeSnapshot<N, MAX_DEPTH>>,
    sequence: u64,
    /// The segment that continues behind the checkpoint.
    segment: u64,
    extent: Extent,
    /// Whether the manifest in force covers less.
    is_new: bool,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Checkpointer<H, N, MAX_DEPTH> {
    pub(super) fn new(
        writer: Arc<Writer<H, N, MAX_DEPTH>>,
        committer: Arc<Committer>,
        cold: Arc<ColdNodes>,
        config: &Settings,
    ) -> Self {
        Self {
            writer,
            queue: CheckpointQueue::new(Arc::clone(&committer)),
            committer,
            cold: ArcSwap::new(cold),
            view_failures: Count::default(),
            pin_above_level: config.tiering.pin_above_level,
            hook: config.hook.clone(),
        }
    }

    /// Makes a checkpoint now; see [`CheckpointQueue::run`].
    pub(crate) fn run(&self, closing: bool) -> Result<(), StorageError> {
        let mut steps = || self.steps().inspect_err(|_| self.writer.stays_due());
        spans::checkpoint(&*self.committer.storage).run(|| self.queue.run(closing, &mut steps))
    }

    fn steps(&self) -> Result<Option<Covered>, Failed> {
        let Scope {
            snapshot,
            sequence,
            segment,
            extent,
            is_new,
        } = self.begin()?;
        if !is_new {
            return Ok(None);
        }
        let Committer {
            storage,
            catalog,
            group,
            figures,
            ..
        } = &*self.committer;
        let previous = catalog.manifest();
        let pace = &mut |bytes| {
            figures.chunk_bytes.add(bytes as u64);
            if bytes >= WHOLE_PIECE_BYTES {
                // Copying takes no turn of the processor to its end: a thread that waits for one,
                // of a server for example, has it now.
                std::thread::yield_now();
            }
            match group.status.failure() {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        };
        let ahead = self.writer.ahead_up_to(snapshot.size());
        let written = write_nodes_but(&ahead, &**storage, &previous, &snapshot, pace)?;
        // A log that failed meanwhile may have lost records that this snapshot takes for durable.
        group.status.check_failure()?;
        let committed = catalog.update(|next| {
            next.sequence = sequence;
            next.size = snapshot.size();
            next.root = snapshot.root().unwrap_or_default();
            if next.durable.sequence < sequence {
                next.durable = next.position();
            }
            next.metadata = snapshot.metadata().map(<[u8]>::to_vec);
            next.locator = written.locator;
            next.levels = written.tails;
            next.first_segment = segment;
        });
        committed.map_err(|error| match error {
            WriteError::NotWritten(error) => CheckpointFailure::Io(error).into(),
            WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                Failed::from(StorageError::FlushFailed(group.fail(error)))
            }
        })?;
        self.writer.adopted(snapshot.size());
        self.serve_from_chunks(extent);
        if let Some(hook) = &self.hook {
            isolated(|| hook.checkpointed());
        }
        Ok(Some(Covered {
            segments: previous.first_segment..segment,
            leaves: snapshot.size() - previous.size,
        }))
    }

    /// Leads a sync, and starts a segment behind the durable position.
    fn begin(&self) -> Result<Scope<N, MAX_DEPTH>, StorageError> {
        loop {
            let entries = self.writer.entries();
            let lead = self.committer.group.take_lead()?;
            let covered = self.committer.catalog.manifest().sequence;
            let scope = self.committer.sync(lead, |log| {
                if log.within_batch {
                    return Ok(None);
                }
                let is_new = log.durable.sequence > covered;
                if is_new {
                    self.committer.begin(log)?;
                }
                // An empty newest segment already continues from here.
                if is_new && log.newest.header.base.sequence != log.durable.sequence {
                    self.committer.rotate(log)?;
                }
                // Only a leader moves the durable position, and this thread leads.
                let snapshot = self.writer.publication.durable_snapshot();
                let extent = self
                    .committer
                    .policy
                    .extent(snapshot.size(), entries, log.bytes());
                Ok(Some(Scope {
                    sequence: log.durable.sequence,
                    segment: log.newest.header.number,
                    extent,
                    snapshot,
                    is_new,
                }))
            });
            if let Some(scope) = scope? {
                self.committer.policy.began(scope.extent);
                return Ok(scope);
            }
            // A batch larger than the bound is being streamed. A segment ends where a batch ends.
            self.writer.between_batches(|| ());
        }
    }

    /// Serves the covered nodes from chunks, and releases their memory.
    fn serve_from_chunks(&self, extent: Extent) {
        let Committer {
            catalog,
            group,
            policy,
            ..
        } = &*self.committer;
        match self.cold.load_full().extend(&catalog.manifest()) {
            Ok(extended) => {
                let lens = extended.base_lens(self.pin_above_level);
                // The replaced values hold views of a backend. They are dropped once this thread
                // holds no lock.
                outbox::discard(self.cold.swap(Arc::clone(&extended)));
                let is_durable = |sequence| group.is_durable(sequence);
                self.writer.serve_from_chunks(extended, &lens, is_durable);
            }
            // The nodes stay in memory; the next checkpoint tries again.
            Err(_) => self.view_failures.add(1),
        }
        policy.covered(extent);
        self.writer.wake();
    }

    /// Asks the background for the checkpoint that is due. If the background has no thread, this
    /// thread makes the checkpoint if it may wait. Called without a lock.
    pub(super) fn ask(&self, may_wait: bool) {
        if self.committer.group.run(|worker| worker.checkpoint()) {
            return;
        }
        if may_wait {
            self.make_due();
        } else {
            self.committer.policy.not_asked();
        }
    }

    /// Makes the requested checkpoint, unless another thread has begun it.
    pub(super) fn make_due(&self) {
        let Committer { group, policy, .. } = &*self.committer;
        while policy.begin() {
            if group.status.check().is_ok()
                && group.status.is_own_process()
                && self.run(false).is_err()
                && group.status.check().is_ok()
            {
                // Tries again after a pause. If the timer has no thread, the first insert after the
                // pause asks.
                let at = policy.back_off();
                self.writer.wake();
                group.run_at(at, |worker| worker.retry_checkpoint());
                return;
            }
            policy.end();
            let is_due_again = self.writer.is_checkpoint_due_now();
            self.writer.wake();
            if !is_due_again || group.run(|worker| worker.checkpoint()) {
                return;
            }
        }
    }

    /// Tries a failed background checkpoint again.
    pub(super) fn retry(&self) {
        if self.committer.policy.is_retry_due() {
            self.make_due();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
