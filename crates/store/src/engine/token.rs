//! [`DurabilityToken`]: what an insert returns for whoever wants to know when it is on disk.

use std::{
    fmt,
    future::{Future, IntoFuture},
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeHead;

use super::{append::Placement, core::Core};
use crate::StorageError;

/// Waiting for durability, whatever the tree's type.
trait Commits: Send + Sync {
    fn wait(&self, sequence: u64) -> Result<(), StorageError>;
    fn wait_timeout(&self, sequence: u64, timeout: Duration) -> Result<bool, StorageError>;
    fn is_durable(&self, sequence: u64) -> bool;
    fn poll(
        &self,
        sequence: u64,
        refused: &mut Option<u64>,
        context: &Context<'_>,
    ) -> Poll<Result<(), StorageError>>;
}

impl<H: Hasher, const N: usize, const D: usize> Commits for Core<H, N, D> {
    fn wait(&self, sequence: u64) -> Result<(), StorageError> {
        self.wait_durable(sequence)
    }

    fn wait_timeout(&self, sequence: u64, timeout: Duration) -> Result<bool, StorageError> {
        self.wait_durable_timeout(sequence, timeout)
    }

    fn is_durable(&self, sequence: u64) -> bool {
        Core::is_durable(self, sequence)
    }

    fn poll(
        &self,
        sequence: u64,
        refused: &mut Option<u64>,
        context: &Context<'_>,
    ) -> Poll<Result<(), StorageError>> {
        self.poll_durable(sequence, refused, context)
    }
}

/// Knows one insert: its leaves, the head after it, and when it is durable.
///
/// Making and cloning it allocates nothing. It does not keep the tree open: once the tree is closed, waiting returns at
/// once. It can be awaited on any executor.
#[derive(Clone)]
pub struct DurabilityToken {
    commits: Arc<dyn Commits>,
    pub(super) sequence: u64,
    first_leaf: u64,
    head: Option<TreeHead>,
}

impl DurabilityToken {
    pub(super) fn new<H: Hasher, const N: usize, const D: usize>(
        core: Arc<Core<H, N, D>>,
        sequence: u64,
        first_leaf: u64,
        head: Option<TreeHead>,
    ) -> Self {
        Self {
            commits: core,
            sequence,
            first_leaf,
            head,
        }
    }

    /// Blocks until the insert is durable, leading or joining a sync under every flush policy.
    ///
    /// # Errors
    /// [`StorageError::FlushFailed`] if the log failed before; [`StorageError::Closed`] in a forked child.
    pub fn wait(&self) -> Result<(), StorageError> {
        self.commits.wait(self.sequence)
    }

    /// Asks the background for a sync and waits at most `timeout`; whether the insert is durable.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, StorageError> {
        self.commits.wait_timeout(self.sequence, timeout)
    }

    /// Whether the insert is durable. Never blocks on I/O.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.commits.is_durable(self.sequence)
    }

    /// Where the insert stands in the tree: the range and the head below as one value, which does not refer to the tree.
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

    /// The tree's head right after this insert, whatever came since; `None` while the tree is empty. Publish it only once
    /// the insert is durable.
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
        Durable {
            token: self,
            refused: None,
        }
    }
}

/// Resolves when an insert is durable; see [`DurabilityToken`].
#[derive(Debug)]
pub struct Durable {
    token: DurabilityToken,
    /// The leads that had ended without a write when this was polled first.
    refused: Option<u64>,
}

impl Future for Durable {
    type Output = Result<(), StorageError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { token, refused } = &mut *self;
        token.commits.poll(token.sequence, refused, context)
    }
}
