//! How a running tree is closed.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::PoisonError,
    time::Duration,
};

use rotortree_hasher::Hasher;

use super::{
    closing::Closer,
    core::Core,
    log::Log,
    outbox,
    shortage::{patiently, with_reserve},
};
use crate::{
    CheckpointPolicy, StorageError, manifest::CleanClose, spans, storage::WriteError, sync::lock,
};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Closes the tree for all its handles. The first call does that; others wait for it.
    ///
    /// Wakers, events and destructors may call it, since none of them runs under a lock. Only a
    /// call that would wait for itself is refused and closes nothing: from within this tree's
    /// hasher, or from what closing itself drops.
    pub(crate) fn close(&self) -> Result<(), StorageError> {
        if !self.is_own_process() {
            // A forked child holds a copy of the parent's buffers and shares its files. They are
            // the parent's business.
            return Ok(());
        }
        self.check_reentry()?;
        if self.status.is_closed() {
            // The last handle of a tree that was closed: there is nothing to tell.
            return self.close_once();
        }
        spans::close(&*self.storage).run(|| self.close_once())
    }

    fn close_once(&self) -> Result<(), StorageError> {
        let _outbox = outbox::scope();
        let ending = match self.tenure.end()? {
            Closer::This(ending) => ending,
            Closer::Another => return self.status.check_failure(),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.close_steps()));
        // Whatever failed: ownership is given up only when nothing writes any more.
        self.await_checkpoints();
        self.commit.retire();
        self.tell_all();
        self.storage.rest();
        drop(ending);
        super::events::closed(&self.storage.describe());
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn close_steps(&self) -> Result<(), StorageError> {
        {
            let mut writer = lock(&self.writer);
            while writer.streaming && self.status.check_failure().is_ok() {
                let waited = self
                    .admission
                    .wait_timeout(writer, Duration::from_millis(20));
                writer = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            // Inserts look at the status under this lock: none comes after.
            self.status.close();
        }
        // Futures are told by the flush that serves them.
        self.tell_blocked();
        let is_short = |error: &_| matches!(error, StorageError::Unavailable(_));
        patiently(|| self.flush_all(), is_short).map_err(|error| match error {
            // There is no later: what waits to be written ends with this tree.
            StorageError::Unavailable(cause) => StorageError::FlushFailed(
                self.fail(io::Error::new(cause.kind(), cause.to_string())),
            ),
            error => error,
        })?;
        self.await_checkpoints();
        if self.config.checkpoint_policy == CheckpointPolicy::OnClose {
            // A checkpoint that fails takes nothing away from what is durable; it is told once
            // everything else is done.
            drop(self.run_checkpoint(true));
        }
        let lead = self.take_lead()?;
        let marked = self.mark_closed(&lead);
        lead.retire();
        marked?;
        match self.checkpoint_error() {
            Some(cause) => Err(StorageError::CheckpointFailed(cause.to_string())),
            None => Ok(()),
        }
    }

    /// Says in the manifest where the log ends.
    fn mark_closed(&self, log: &Log) -> Result<(), StorageError> {
        {
            let mut manifest = lock(&self.manifest);
            let mut next = manifest.clone();
            next.generation += 1;
            next.durable = log.durable;
            next.clean_close = Some(CleanClose {
                segment: log.header.number,
                length: log.durable_len,
                sequence: log.durable.sequence,
                size: log.durable.size,
                root: log.durable.root,
            });
            let reserve = self.config.runtime.reserve();
            let commit = || {
                self.storage
                    .commit_manifest(next.generation, &next.encode())
            };
            patiently(
                || with_reserve(&reserve, commit),
                |error| matches!(error, WriteError::NotWritten(_)),
            )
            .map_err(|error| match error {
                WriteError::NotWritten(error) => StorageError::Io(error),
                WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                    StorageError::FlushFailed(self.fail(error))
                }
            })?;
            *manifest = next;
        }
        Ok(())
    }
}
