//! [`Lead`]: the one right to the write end of the log.

use std::{
    io,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use rotortree_hasher::Hasher;

use super::{core::Core, log::Log};
use crate::{StorageError, storage::WriteError, sync::lock};

/// Where the write end of the log is.
#[expect(
    clippy::large_enum_variant,
    reason = "one per tree, moved twice per sync; a box would be an allocation per sync"
)]
pub(super) enum WriteEnd {
    /// Here for whoever takes it.
    Free(Log),
    /// With a leader.
    Led,
    /// Nowhere: the log failed, or the tree is closed. Nobody leads any more.
    Gone,
}

/// Held by the leader. Given up by [`give_back`](Self::give_back); dropped otherwise - by a failure, a panic, or closing - the
/// write end is gone for good, and everybody is told.
pub(super) struct Lead<'a, H: Hasher, const N: usize, const D: usize> {
    core: &'a Core<H, N, D>,
    log: Option<Log>,
}

impl<H: Hasher, const N: usize, const D: usize> Core<H, N, D> {
    /// Takes the lead if nobody has it.
    pub(super) fn try_lead(&self) -> Option<Lead<'_, H, N, D>> {
        let mut commit = lock(&self.commit);
        match std::mem::replace(&mut commit.log, WriteEnd::Led) {
            WriteEnd::Free(log) => Some(Lead {
                core: self,
                log: Some(log),
            }),
            other => {
                commit.log = other;
                None
            }
        }
    }

    /// Waits for the lead.
    pub(super) fn take_lead(&self) -> Result<Lead<'_, H, N, D>, StorageError> {
        loop {
            self.status.check_failure()?;
            // In a forked child the leader may be a thread of the parent, which does not run here.
            if !self.is_own_process() {
                return Err(StorageError::Closed);
            }
            if let Some(lead) = self.try_lead() {
                return Ok(lead);
            }
            let commit = lock(&self.commit);
            match commit.log {
                WriteEnd::Free(_) => {}
                WriteEnd::Led => drop(self.wait_commit(commit, None)),
                WriteEnd::Gone => {
                    drop(commit);
                    self.status.check_failure()?;
                    return Err(StorageError::Closed);
                }
            }
        }
    }

    /// Waits until nobody leads, and lets nobody lead any more.
    pub(super) fn retire_log(&self) {
        let mut commit = lock(&self.commit);
        while matches!(commit.log, WriteEnd::Led) {
            commit = self.wait_commit(commit, None);
        }
        commit.log = WriteEnd::Gone;
    }
}

impl<H: Hasher, const N: usize, const D: usize> Lead<'_, H, N, D> {
    /// Gives up the lead. What is durable by now is told to whoever waits, and, unless more comes, attested by a tick.
    pub(super) fn give_back(mut self) {
        let Some(log) = self.log.take() else { return };
        let wants_mark = log.wants_mark && !log.within_batch;
        let wakers = {
            let mut commit = lock(&self.core.commit);
            commit.durable = commit.durable.max(log.durable.sequence);
            commit.log = WriteEnd::Free(log);
            std::mem::take(&mut commit.wakers)
        };
        self.core.commit_changed.notify_all();
        wakers.into_iter().for_each(std::task::Waker::wake);
        // Whoever led, also if that kept a tick from attesting.
        if wants_mark {
            self.core.schedule_tick(self.core.tick_delay());
        }
    }

    /// Gives up the lead after a write that failed. If nothing was written, whoever waits is told and the next leader tries again;
    /// otherwise the log failed, and nothing becomes durable any more.
    pub(super) fn give_up(self, error: WriteError) -> StorageError {
        match error {
            WriteError::NotWritten(error) => {
                let source = Arc::new(error);
                self.core.counters.shortage.met(&source);
                lock(&self.core.commit).refused += 1;
                self.give_back();
                StorageError::Unavailable(source)
            }
            WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                StorageError::FlushFailed(self.core.fail(error))
            }
        }
    }
}

impl<H: Hasher, const N: usize, const D: usize> Deref for Lead<'_, H, N, D> {
    type Target = Log;

    fn deref(&self) -> &Log {
        self.log
            .as_ref()
            .expect("only giving the lead back takes the log, and consumes the lead")
    }
}

impl<H: Hasher, const N: usize, const D: usize> DerefMut for Lead<'_, H, N, D> {
    fn deref_mut(&mut self) -> &mut Log {
        self.log
            .as_mut()
            .expect("only giving the lead back takes the log, and consumes the lead")
    }
}

impl<H: Hasher, const N: usize, const D: usize> Drop for Lead<'_, H, N, D> {
    fn drop(&mut self) {
        if self.log.is_none() {
            return;
        }
        if std::thread::panicking() {
            self.core
                .fail(io::Error::other("a panic while writing the log"));
        }
        lock(&self.core.commit).log = WriteEnd::Gone;
        self.core.wake_everybody();
    }
}
