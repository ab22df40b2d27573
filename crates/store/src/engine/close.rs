//! Closing of a running tree.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use rotortree_hasher::Hasher;

use super::{
    events, group_commit::Worker, outbox, parts::Parts, shortage::patiently, tenure::Closer,
};
use crate::{CheckpointPolicy, StorageError, isolated::isolated, spans};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Parts<H, N, MAX_DEPTH> {
    /// Closes the tree for all its handles. The first call closes; others wait for it.
    ///
    /// Wakers, events and destructors may call this method, since none of them runs under a lock. A
    /// call that would wait for itself is refused and closes nothing: from within this tree's
    /// hasher, or from a destructor that closing runs.
    pub(crate) fn close(&self) -> Result<(), StorageError> {
        let status = self.status();
        if !status.is_own_process() {
            // A forked child holds a copy of the parent's buffers and shares its files. The parent
            // writes them.
            return Ok(());
        }
        status.check_reentry()?;
        if status.is_closed() {
            // The last handle of a closed tree has nothing to tell.
            return self.close_once();
        }
        spans::close(&*self.committer.storage).run(|| self.close_once())
    }

    fn close_once(&self) -> Result<(), StorageError> {
        let _outbox = outbox::scope();
        let ending = match self.tenure.end()? {
            Closer::This(ending) => ending,
            Closer::Another => return self.status().check_failure(),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.close_steps()));
        // Also after a failure: ownership is released only once no thread writes.
        self.checkpointer.queue.wait_until_idle();
        self.group().retire();
        if let Some(hook) = &self.config.hook {
            isolated(|| hook.closed());
        }
        self.group().tell_all();
        self.wake_all();
        self.committer.storage.release_idle();
        drop(ending);
        self.measure();
        events::closed(self.committer.storage.describe());
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn close_steps(&self) -> Result<(), StorageError> {
        // Inserts check the status under the writer lock, so none follows.
        self.writer.between_batches(|| self.status().close());
        // The last flush wakes its futures.
        self.wake_all();
        let is_short = |error: &_| matches!(error, StorageError::Unavailable(_));
        patiently(|| self.committer.flush_all(), is_short).map_err(|error| match error {
            // No later call can write the pending records: they end with this tree.
            StorageError::Unavailable(cause) => {
                let failure = io::Error::new(cause.kind(), cause.to_string());
                StorageError::FlushFailed(self.group().fail(failure))
            }
            error => error,
        })?;
        self.checkpointer.queue.wait_until_idle();
        if self.config.checkpoint_policy == CheckpointPolicy::OnClose {
            // A failed checkpoint loses nothing durable. Closing goes on and returns the error at
            // its end.
            drop(self.checkpointer.run(true));
        }
        self.committer.close_log()?;
        match self.checkpointer.queue.outcomes() {
            (_, Some(cause)) => Err(StorageError::CheckpointFailed(cause.to_string())),
            (_, None) => Ok(()),
        }
    }
}
