//! [`DurableHeads`]: a stream of durable heads.

use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use rotortree_lean_imt::TreeHead;

use super::{group_commit::GroupCommit, log::WriteEnd, outbox, waiters::Slot};
use crate::StorageError;

/// Follows the durable head of a tree, which an application may sign and publish.
///
/// [`next`](Self::next) returns the newest durable head once it differs from the head returned
/// last. The first call returns the head that is durable then, unless the tree is empty. A slow
/// follower misses the heads in between: each head is a prefix of the next one. When the tree is
/// closed or fails, `next` returns the last durable head and then `None`, and
/// [`outcome`](Self::outcome) tells a closed tree from a failed one.
///
/// The stream makes nothing durable, and keeps the tree neither open nor in memory. With the traits
/// of `futures`, `futures::stream::poll_fn(move |context| heads.poll_next(context))` is a stream.
///
/// ```
/// use std::{future::Future, pin::pin, sync::Arc, task::{Context, Poll, Waker}};
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_store::{RotorTree, memory::MemoryStorage};
///
/// let storage = Arc::new(MemoryStorage::new());
/// let tree = RotorTree::<_, 2, 32>::on(storage).open(Blake3Hasher)?;
/// let mut heads = tree.durable_heads();
/// let placement = tree.append(&[[1; 32], [2; 32]]).durable()?;
///
/// // An executor does this.
/// let mut context = Context::from_waker(Waker::noop());
/// assert_eq!(heads.poll_next(&mut context), Poll::Ready(placement.head));
/// assert!(heads.poll_next(&mut context).is_pending(), "until the next sync");
/// tree.close()?;
/// assert_eq!(pin!(heads.next()).poll(&mut context), Poll::Ready(None));
/// heads.outcome()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a follower gives heads only when it is asked"]
pub struct DurableHeads {
    commit: Arc<GroupCommit>,
    /// The durable sequence at the last poll.
    seen: Option<u64>,
    /// The head returned last.
    given: Option<TreeHead>,
    slot: Option<Slot>,
}

impl DurableHeads {
    pub(super) fn new(commit: Arc<GroupCommit>) -> Self {
        Self {
            commit,
            seen: None,
            given: None,
            slot: None,
        }
    }

    /// Waits for the next head. Returns `None` when no further head becomes durable. Cancel-safe:
    /// dropping the future before it is ready loses no head.
    pub async fn next(&mut self) -> Option<TreeHead> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// [`next`](Self::next) as a poll, for streams and executors. Never blocks.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<TreeHead>> {
        let _outbox = outbox::scope();
        loop {
            let polled = self
                .commit
                .poll_newer(&mut self.slot, self.seen, context.waker());
            let Poll::Ready(newer) = polled else {
                return Poll::Pending;
            };
            self.forget();
            let Some((sequence, head)) = newer else {
                return Poll::Ready(None);
            };
            self.seen = Some(sequence);
            // An entry of metadata alone leaves the head unchanged.
            if head.is_some() && head != self.given {
                self.given = head;
                return Poll::Ready(head);
            }
        }
    }

    /// The reason for the end of the stream: `Ok` for a tree that was closed or is still open.
    ///
    /// # Errors
    /// [`StorageError::FlushFailed`] if the tree failed.
    pub fn outcome(&self) -> Result<(), StorageError> {
        self.commit.status.check_failure()
    }

    fn forget(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.commit.forget_slot(slot);
        }
    }
}

impl GroupCommit {
    /// The durable sequence and head, if they are newer than `seen`; `None` if no newer one
    /// follows. Otherwise registers `waker` for the next change.
    fn poll_newer(
        &self,
        slot: &mut Option<Slot>,
        seen: Option<u64>,
        waker: &Waker,
    ) -> Poll<Option<(u64, Option<TreeHead>)>> {
        // The waker is cloned before the lock is taken, and the replaced waker is dropped after it:
        // both are foreign code.
        let waker = waker.clone();
        // Checked before the lock: a forked child does not run the thread that may hold it.
        if !self.status.is_own_process() {
            return Poll::Ready(None);
        }
        let replaced = {
            let mut state = self.state.lock();
            if seen.is_none_or(|seen| seen < state.durable) {
                return Poll::Ready(Some((state.durable, state.head)));
            }
            if self.status.failure().is_some() || matches!(state.log, WriteEnd::Gone) {
                return Poll::Ready(None);
            }
            let next = state.durable + 1;
            state.waiters.futures.register(slot, next, waker)
        };
        drop(replaced);
        Poll::Pending
    }

    /// Frees a slot.
    pub(super) fn forget_slot(&self, slot: Slot) {
        let waker = self
            .lock_briefly()
            .and_then(|mut state| state.waiters.futures.forget(slot));
        drop(waker);
    }
}

impl Drop for DurableHeads {
    fn drop(&mut self) {
        self.forget();
    }
}

impl fmt::Debug for DurableHeads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableHeads")
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}
