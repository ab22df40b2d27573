//! [`Polled`]: a future's wait for a sequence.

use std::{
    sync::Arc,
    task::{Poll, Waker},
};

use super::{group_commit::GroupCommit, waiters::Slot};
use crate::StorageError;

/// The state of a future between two polls.
#[derive(Debug, Default)]
pub(super) struct Polled {
    slot: Option<Slot>,
    /// The number of refusals at the first poll.
    refusals: Option<u64>,
}

impl GroupCommit {
    /// Whether `sequence` is durable. While that is open, registers `waker` and asks the background
    /// for a sync.
    pub(super) fn poll(
        self: &Arc<Self>,
        polled: &mut Polled,
        sequence: u64,
        waker: &Waker,
    ) -> Poll<Result<(), StorageError>> {
        if self.is_durable(sequence) {
            return Poll::Ready(Ok(()));
        }
        if !self.status.is_own_process() {
            return Poll::Ready(Err(StorageError::Closed));
        }
        let polled_once = self.check_or_register(polled, sequence, waker);
        if polled_once.is_pending() {
            self.ask_flusher();
        }
        polled_once
    }

    /// As [`poll`](Self::poll), without asking the background. A lead that ended without a write
    /// since the first poll is an error.
    pub(super) fn check_or_register(
        &self,
        polled: &mut Polled,
        sequence: u64,
        waker: &Waker,
    ) -> Poll<Result<(), StorageError>> {
        // The waker is cloned before the lock is taken, and the replaced waker is dropped after it:
        // both are foreign code.
        let waker = waker.clone();
        let replaced = {
            let mut state = self.state.lock();
            let refusals = *polled.refusals.get_or_insert(state.refusals);
            if let Some(outcome) = state.outcome(sequence, refusals, &self.status) {
                return Poll::Ready(outcome);
            }
            state
                .waiters
                .futures
                .register(&mut polled.slot, sequence, waker)
        };
        drop(replaced);
        Poll::Pending
    }

    /// Frees the slot of a dropped future.
    pub(super) fn forget(&self, polled: &Polled) {
        if let Some(slot) = polled.slot {
            self.forget_slot(slot);
        }
    }
}
