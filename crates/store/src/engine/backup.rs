//! Copies a running tree to another storage; see [`crate::backup`].

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::TreeSnapshot;
use rotortree_wal::Position;

use super::{outbox, parts::Parts};
use crate::{
    RotorTreeError, StorageError,
    backup::{BackupReport, Original},
    storage::Storage,
};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Parts<H, N, MAX_DEPTH> {
    pub(crate) fn backup(&self, target: &Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError> {
        let _outbox = outbox::scope();
        self.status().check()?;
        self.status().check_reentry()?;
        let (position, snapshot) = self.durable_point()?;
        let original = Original {
            storage: &*self.committer.storage,
            manifest: &self.committer.catalog.manifest(),
            snapshot: &snapshot,
            position,
        };
        original.back_up_to(target, &mut |_| {
            if self.status().is_closed() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// Makes everything inserted so far durable, and returns its position in the log.
    pub(super) fn durable_point(
        &self,
    ) -> Result<(Position, Arc<TreeSnapshot<N, MAX_DEPTH>>), StorageError> {
        let lead = self.group().take_lead()?;
        self.committer.sync(lead, |log| {
            Ok((log.durable, self.publication.durable_snapshot()))
        })
    }
}
