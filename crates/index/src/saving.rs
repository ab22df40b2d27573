//! [`Saving`]: what the file of an index covers, and when it is replaced.

use std::sync::Arc;

use rotortree_store::Published;

use crate::{
    IndexError, IndexOptions, SavePolicy,
    file::{check_outside, save},
    table::Table,
};

/// A checkpoint saves once the leaves behind the file are this part of it. So the bytes that are
/// written stay in proportion to the leaves: at most nine times the bytes of the last file.
const BEHIND: u64 = 8;

/// The last file, as far as this index knows. Its lock lets one thread at a time write the file.
#[derive(Debug)]
pub(crate) struct Saving {
    /// The leaves that it covers.
    leaves: u64,
    /// Why it is not newer.
    failure: Option<Arc<IndexError>>,
}

/// The moments at which an index saves by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Checkpoint,
    Close,
}

impl Moment {
    pub(crate) fn is_of(self, policy: SavePolicy) -> bool {
        match policy {
            SavePolicy::Manual => false,
            SavePolicy::OnClose => self == Self::Close,
            SavePolicy::OnCheckpoint => true,
        }
    }
}

impl Saving {
    /// The file as it was opened.
    pub(crate) fn new(leaves: u64) -> Self {
        Self {
            leaves,
            failure: None,
        }
    }

    /// Replaces the file by one that covers every durable leaf, and returns their number.
    pub(crate) fn save(
        &mut self,
        options: &IndexOptions,
        table: &Table,
        tree: &Published,
    ) -> Result<u64, IndexError> {
        let file = options.file.as_deref().ok_or(IndexError::NoFile)?;
        check_outside(file)?;
        let head = tree.durable_snapshot().head();
        save(file, table, head)?;
        *self = Self::new(head.map_or(0, |head| head.size));
        Ok(self.leaves)
    }

    /// Saves if enough is new at this moment.
    pub(crate) fn save_at(
        &mut self,
        moment: Moment,
        options: &IndexOptions,
        table: &Table,
        tree: &Published,
    ) {
        let behind = tree.durable_snapshot().size().abs_diff(self.leaves);
        let least = match moment {
            Moment::Checkpoint => self.leaves / BEHIND,
            Moment::Close => 0,
        };
        if behind > least
            && let Err(error) = self.save(options, table, tree)
        {
            self.failure = Some(Arc::new(error));
        }
    }

    /// The leaves that the last file covers, or why there is no newer one.
    pub(crate) fn last(&self) -> Result<u64, Arc<IndexError>> {
        self.failure.clone().map_or(Ok(self.leaves), Err)
    }
}
