//! [`PendingSource`]: where a leader takes what it writes to the log. The seam between the log, which
//! knows no tree, and the tree.

use rotortree_wal::{GroupBuffer, Position};

use crate::StorageError;

/// Records that no leader has taken, and the tree that they lead to.
pub(super) trait PendingSource: Send + Sync {
    /// Exchanges the pending records for the empty buffer `group`; `None` if there are none.
    ///
    /// # Errors
    /// Once the tree failed: what was recorded up to then stays here.
    fn take(&self, group: &mut GroupBuffer) -> Result<Option<Taken<'_>>, StorageError>;

    /// Puts records that were not written in front of those that came since.
    fn put_back(&self, group: &mut GroupBuffer);

    /// Whether there are any.
    fn has_pending(&self) -> bool;

    /// The last record of the last batch that was inserted.
    fn last_batch_end(&self) -> u64;

    /// The tree has gone idle: releases memory that is kept for speed.
    fn release_idle(&self);
}

/// What a leader took.
pub(super) struct Taken<'a> {
    /// The state of the tree behind it.
    pub(super) after: Position,
    /// Shows readers that state as durable.
    pub(super) make_durable: Box<dyn FnOnce() + Send + 'a>,
}
