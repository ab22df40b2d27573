//! [`LeaderGuard`]: the one right to the write end of the log.

use std::{
    io, mem,
    ops::{Deref, DerefMut},
};

use super::{
    group_commit::{Commit, GroupCommit},
    locks::Bell,
    log::{LogWriter, WriteEnd},
};
use crate::StorageError;

/// Held by the leader. [`release`](Self::release) gives up the lead, and [`retire`](Self::retire)
/// ends leading for good. A guard that a failure or a panic drops loses the write end for good, and
/// every waiter is notified.
pub(super) struct LeaderGuard<'a> {
    group: &'a GroupCommit,
    log: Option<LogWriter>,
}

impl GroupCommit {
    /// Takes the lead if no thread has it.
    pub(super) fn try_lead(&self) -> Option<LeaderGuard<'_>> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.log, WriteEnd::Led) {
            WriteEnd::Free(log) => Some(LeaderGuard {
                group: self,
                log: Some(log),
            }),
            other => {
                state.log = other;
                None
            }
        }
    }

    /// Waits for the lead, beside the threads that wait for their records: whenever it is free,
    /// this thread may be faster than the one of them that is woken.
    pub(super) fn take_lead(&self) -> Result<LeaderGuard<'_>, StorageError> {
        self.ensure_own_process()?;
        let lead = self.state.wait(|state| self.settle(state, u64::MAX));
        lead?.ok_or(StorageError::Closed)
    }

    /// Waits for the lead. Returns `None` if `sequence` becomes durable first.
    ///
    /// Of the threads that a sync does not serve, the one of the lowest sequence is woken: it
    /// leads, and the others would find that it does.
    pub(super) fn lead_for(&self, sequence: u64) -> Result<Option<LeaderGuard<'_>>, StorageError> {
        self.ensure_own_process()?;
        let settled = self.settle(&mut self.state.lock(), sequence);
        if let Some(settled) = settled {
            return settled;
        }
        let bell = Bell::new();
        let mut slot = None;
        self.state.wait_for_bell(&bell, |state| {
            let settled = self.settle(state, sequence);
            let threads = &mut state.waiters.threads;
            match (slot, &settled) {
                (_, None) => drop(threads.register(&mut slot, sequence, bell.clone())),
                (Some(slot), Some(_)) => drop(threads.forget(slot)),
                (None, Some(_)) => {}
            }
            settled
        })
    }

    /// In a forked child the leader may be a thread of the parent, which does not run here.
    fn ensure_own_process(&self) -> Result<(), StorageError> {
        if self.status.is_own_process() {
            Ok(())
        } else {
            Err(StorageError::Closed)
        }
    }

    /// The lead if no thread has it, or what else ends the wait for it.
    fn settle(
        &self,
        state: &mut Commit,
        sequence: u64,
    ) -> Option<Result<Option<LeaderGuard<'_>>, StorageError>> {
        if state.durable >= sequence {
            return Some(Ok(None));
        }
        if let Err(failed) = self.status.check_failure() {
            return Some(Err(failed));
        }
        match mem::replace(&mut state.log, WriteEnd::Led) {
            WriteEnd::Free(log) => Some(Ok(Some(LeaderGuard {
                group: self,
                log: Some(log),
            }))),
            WriteEnd::Led => None,
            WriteEnd::Gone => {
                state.log = WriteEnd::Gone;
                Some(Err(StorageError::Closed))
            }
        }
    }
}

impl LeaderGuard<'_> {
    /// Gives up the lead, and reports the durable position to the waiters. Returns whether a tick
    /// is wanted, which attests the log and makes the backend close idle files unless more records
    /// arrive.
    #[must_use]
    pub(super) fn release(mut self) -> bool {
        let Some(log) = self.log.take() else {
            return false;
        };
        let wants_tick = (log.wants_mark || !log.is_resting) && !log.within_batch;
        let durable = log.durable;
        self.group.acknowledge(&durable, Some(log));
        wants_tick
    }

    /// Gives up the lead for good: the tree is closed.
    pub(super) fn retire(mut self) {
        self.log = None;
        self.group.lose_log();
        self.group.tell_all();
    }
}

impl Deref for LeaderGuard<'_> {
    type Target = LogWriter;

    fn deref(&self) -> &LogWriter {
        self.log
            .as_ref()
            .expect("only giving the lead back takes the log, and consumes the guard")
    }
}

impl DerefMut for LeaderGuard<'_> {
    fn deref_mut(&mut self) -> &mut LogWriter {
        self.log
            .as_mut()
            .expect("only giving the lead back takes the log, and consumes the guard")
    }
}

impl Drop for LeaderGuard<'_> {
    fn drop(&mut self) {
        if self.log.is_none() {
            return;
        }
        if std::thread::panicking() {
            let panicked = io::Error::other("a panic while writing the log");
            self.group.status.record_failure(panicked);
        }
        self.group.lose_log();
        self.group.tell_all();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
