//! [`Lead`]: the one right to the write end of the log.

use std::{
    io,
    ops::{Deref, DerefMut},
    sync::{Arc, atomic::Ordering},
};

use rotortree_hasher::Hasher;

use super::{
    core::Core,
    group_commit::Tick,
    log::{Log, WriteEnd},
};
use crate::{StorageError, storage::WriteError};

/// Held by the leader. Given up by [`give_back`](Self::give_back) or, for good,
/// [`retire`](Self::retire); dropped otherwise - by a failure or a panic - the write end is gone
/// for good, and all who wait are told.
pub(super) struct Lead<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    core: &'a Core<H, N, MAX_DEPTH>,
    log: Option<Log>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Takes the lead if nobody has it.
    pub(super) fn try_lead(&self) -> Option<Lead<'_, H, N, MAX_DEPTH>> {
        let mut commit = self.commit.lock();
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
    pub(super) fn take_lead(&self) -> Result<Lead<'_, H, N, MAX_DEPTH>, StorageError> {
        loop {
            self.status.check_failure()?;
            // In a forked child the leader may be a thread of the parent, which does not run here.
            if !self.is_own_process() {
                return Err(StorageError::Closed);
            }
            if let Some(lead) = self.try_lead() {
                return Ok(lead);
            }
            let commit = self.commit.lock();
            match commit.log {
                WriteEnd::Free(_) => {}
                WriteEnd::Led => drop(self.commit.wait_changed(commit, None)),
                WriteEnd::Gone => {
                    drop(commit);
                    self.status.check_failure()?;
                    return Err(StorageError::Closed);
                }
            }
        }
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Lead<'_, H, N, MAX_DEPTH> {
    /// Gives up the lead. What is durable by now is told to whoever waits, and, unless more comes,
    /// attested by a tick, which also has the backend close what it keeps open.
    pub(super) fn give_back(mut self) {
        let Some(log) = self.log.take() else { return };
        let wants_tick = (log.wants_mark || !log.is_resting) && !log.within_batch;
        let durable = log.durable;
        self.core.commit.acknowledge(&durable, Some(log));
        // Whatever this thread led for, also if that kept a tick from attesting.
        let core = self.core;
        if wants_tick && !core.commit.schedule(Tick::Mark, core.mark_delay()) {
            core.counters.unserved.fetch_add(1, Ordering::Relaxed);
            core.mark();
        }
    }

    /// Gives up the lead for good: the tree is closed.
    pub(super) fn retire(mut self) {
        self.log = None;
        self.core.commit.lose_log();
        self.core.tell_all();
    }

    /// Gives up the lead after a write that failed. If nothing was written, whoever waits is told
    /// and the next leader tries again; otherwise the log failed, and nothing becomes durable
    /// any more.
    pub(super) fn give_up(self, error: WriteError) -> StorageError {
        match error {
            WriteError::NotWritten(error) => {
                let source = Arc::new(error);
                self.core.counters.shortage.met(&source);
                self.core.commit.refuse(Arc::clone(&source));
                self.give_back();
                StorageError::Unavailable(source)
            }
            WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                StorageError::FlushFailed(self.core.fail(error))
            }
        }
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Deref for Lead<'_, H, N, MAX_DEPTH> {
    type Target = Log;

    fn deref(&self) -> &Log {
        self.log
            .as_ref()
            .expect("only giving the lead back takes the log, and consumes the lead")
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> DerefMut for Lead<'_, H, N, MAX_DEPTH> {
    fn deref_mut(&mut self) -> &mut Log {
        self.log
            .as_mut()
            .expect("only giving the lead back takes the log, and consumes the lead")
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for Lead<'_, H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        if self.log.is_none() {
            return;
        }
        if std::thread::panicking() {
            self.core
                .fail(io::Error::other("a panic while writing the log"));
        }
        self.core.commit.lose_log();
        self.core.tell_all();
    }
}
