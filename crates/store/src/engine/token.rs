//! [`DurabilityToken`]: the handle on the durability of an insert.

use std::{
    fmt,
    future::{Future, IntoFuture},
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rotortree_lean_imt::TreeHead;

use super::{group_commit::GroupCommit, outbox, placement::Placement, polling::Polled};
use crate::StorageError;

/// The place of one insert, the head after it, and its durability.
///
/// Making and cloning a token allocates nothing. A token keeps the tree neither open nor in memory:
/// once the tree is closed, waiting returns at once.
///
/// A token can be awaited on any executor. The insert is then durable soon under every flush
/// policy: at the first poll a thread of the runtime leads a sync, under `Manual` too, and without
/// waiting for the tick of an `Interval`.
#[derive(Clone)]
pub struct DurabilityToken {
    commit: Arc<GroupCommit>,
    pub(super) sequence: u64,
    first_leaf: u64,
    head: Option<TreeHead>,
}

impl DurabilityToken {
    pub(super) fn new(
        commit: Arc<GroupCommit>,
        sequence: u64,
        first_leaf: u64,
        head: Option<TreeHead>,
    ) -> Self {
        Self {
            commit,
            sequence,
            first_leaf,
            head,
        }
    }

    /// Blocks until the insert is durable. Leads or joins a sync under every flush policy. On an
    /// executor, await the token.
    ///
    /// # Errors
    /// [`StorageError::FlushFailed`] if the log failed before; [`StorageError::Unavailable`] if
    /// nothing could be written for now, after which the insert waits for the next flush and this
    /// method can be called again; [`StorageError::Closed`] in a forked child.
    pub fn wait(&self) -> Result<(), StorageError> {
        self.commit.wait(self.sequence)
    }

    /// Asks the background for a sync and waits at most `timeout`. Returns whether the insert is
    /// durable.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, StorageError> {
        let _outbox = outbox::scope();
        self.commit.wait_timeout(self.sequence, timeout)
    }

    /// Whether the insert is durable. Never blocks on I/O.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.commit.is_durable(self.sequence)
    }

    /// The place of the insert in the tree: its range and head as one value, which does not refer
    /// to the tree.
    #[must_use]
    pub fn placement(&self) -> Placement {
        Placement {
            leaf_range: self.leaf_range(),
            head: self.head,
        }
    }

    /// Indices of the leaves of this insert; empty for metadata alone.
    #[must_use]
    pub fn leaf_range(&self) -> Range<u64> {
        self.first_leaf..self.head.map_or(0, |head| head.size)
    }

    /// The tree's head right after this insert, which later inserts do not change; `None` while the
    /// tree is empty. Publish it only once the insert is durable.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.head
    }
}

impl fmt::Debug for DurabilityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurabilityToken")
            .field("leaf_range", &self.leaf_range())
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for DurabilityToken {
    type Output = Result<(), StorageError>;
    type IntoFuture = Durable;

    fn into_future(self) -> Durable {
        Durable::new(self.commit, self.sequence)
    }
}

/// Resolves when an insert, for the future of its [`DurabilityToken`], or every insert before a
/// call of `flush_async` is durable.
///
/// The background does the sync and calls the wakers on its threads. If the background has no
/// thread, polling syncs. However often it is polled, a future has one registered waker, and none
/// once it is dropped. O(log n) for one of n futures.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Durable {
    commit: Arc<GroupCommit>,
    sequence: u64,
    polled: Polled,
    /// The error of a refused call.
    refused: Option<StorageError>,
}

impl Durable {
    pub(super) fn new(commit: Arc<GroupCommit>, sequence: u64) -> Self {
        Self {
            commit,
            sequence,
            polled: Polled::default(),
            refused: None,
        }
    }

    pub(super) fn refused(mut self, error: StorageError) -> Self {
        self.refused = Some(error);
        self
    }
}

impl Future for Durable {
    type Output = Result<(), StorageError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let _outbox = outbox::scope();
        let this = self.get_mut();
        if let Some(error) = this.refused.take() {
            return Poll::Ready(Err(error));
        }
        this.commit
            .poll(&mut this.polled, this.sequence, context.waker())
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.commit.forget(&self.polled);
    }
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable")
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}
