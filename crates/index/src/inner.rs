//! [`Inner`]: what the handles of an index share, before and after it has its tree.

use std::{
    fmt,
    ops::ControlFlow,
    sync::{Arc, Mutex, OnceLock},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{AnySnapshot, TreeError};
use rotortree_store::Published;

use crate::{
    IndexError, IndexOptions, IndexReport, IndexStats, opening,
    saving::{Moment, Saving},
    staging::Staging,
    table::Table,
    threads::lock,
};

/// What the handles share.
pub(crate) struct Inner {
    options: IndexOptions,
    open: OnceLock<Open>,
}

/// An index that has its tree.
pub(crate) struct Open {
    pub(crate) table: Arc<Table>,
    /// Taken by the inserts of the tree, one at a time, and by what counts entries.
    pub(crate) staging: Mutex<Staging>,
    pub(crate) tree: Published,
    pub(crate) report: IndexReport,
    pub(crate) saving: Mutex<Saving>,
}

impl Inner {
    /// An index without a tree.
    pub(crate) fn new(options: IndexOptions) -> Self {
        Self {
            options,
            open: OnceLock::new(),
        }
    }

    pub(crate) fn options(&self) -> &IndexOptions {
        &self.options
    }

    /// The index with its tree, in the process that opened it: a lock may stay held in others.
    pub(crate) fn open(&self) -> Result<&Open, IndexError> {
        let open = self.open.get().ok_or(IndexError::NotOpen)?;
        if open.tree.is_in_forked_child() {
            return Err(IndexError::Forked);
        }
        Ok(open)
    }

    /// Gives the index its tree.
    pub(crate) fn open_with(&self, tree: Published) -> Result<(), IndexError> {
        if self.open.get().is_some() {
            return Err(IndexError::InUse);
        }
        let opened = opening::open(&self.options, &*tree.snapshot(), &mut |_| {
            ControlFlow::Continue(())
        })?;
        let open = Open {
            table: opened.table,
            staging: Mutex::new(opened.staging),
            tree,
            saving: Mutex::new(Saving::new(opened.report.loaded)),
            report: opened.report,
        };
        self.open.set(open).map_err(|_| IndexError::InUse)
    }

    /// Replaces the file; see [`Saving::save`].
    pub(crate) fn save(&self) -> Result<u64, IndexError> {
        let open = self.open()?;
        lock(&open.saving).save(&self.options, &open.table, &open.tree)
    }

    /// Replaces the file if the options ask for it at this moment.
    pub(crate) fn save_at(&self, moment: Moment) {
        if let Ok(open) = self.open()
            && moment.is_of(self.options.save)
        {
            lock(&open.saving).save_at(moment, &self.options, &open.table, &open.tree);
        }
    }
}

impl Open {
    /// The least index of a leaf of the snapshot.
    pub(crate) fn find(
        &self,
        snapshot: &dyn AnySnapshot,
        leaf: &Hash,
    ) -> Result<Option<u64>, TreeError> {
        let read = |index| snapshot.get_leaf(index);
        self.table.find(leaf, snapshot.size(), read)
    }

    pub(crate) fn stats(&self) -> IndexStats {
        let staging = lock(&self.staging);
        IndexStats {
            leaves: staging.covered(),
            distinct: staging.distinct(),
            memory_bytes: self.table.memory_bytes(),
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("options", &self.options)
            .field("stats", &self.open().map(Open::stats))
            .finish_non_exhaustive()
    }
}
