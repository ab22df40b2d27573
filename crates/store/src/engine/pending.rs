//! [`PendingSource`]: the leader's source of records. It connects the log, which does not know the
//! tree, with the tree.

use rotortree_wal::{GroupBuffer, Position};

use crate::StorageError;

/// Records that no leader has taken, and the state of the tree behind them.
pub(super) trait PendingSource: Send + Sync {
    /// Exchanges the pending records for the empty buffer `group`. Returns `None` if there are
    /// none.
    ///
    /// # Errors
    /// Fails once the tree has failed: the records stay here.
    fn take(&self, group: &mut GroupBuffer) -> Result<Option<Taken<'_>>, StorageError>;

    /// Puts records that were not written in front of newer ones.
    fn put_back(&self, group: &mut GroupBuffer);

    /// Whether any records are pending.
    fn has_pending(&self) -> bool;

    /// The last record of the last batch that was inserted.
    fn last_batch_end(&self) -> u64;

    /// Releases the memory that an idle tree keeps for speed.
    fn release_idle(&self);
}

/// A group of records for the leader.
pub(super) struct Taken<'a> {
    /// The state of the tree behind the group.
    pub(super) after: Position,
    /// Shows readers that state as durable.
    pub(super) make_durable: Box<dyn FnOnce() + Send + 'a>,
}
