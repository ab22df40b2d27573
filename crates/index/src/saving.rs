//! [`Saving`]: what the file of an index covers, and when it is replaced.

use std::sync::Arc;

use crate::{
    IndexError, SavePolicy,
    file::{check_outside, save},
    inner::Inner,
    threads::lock,
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

impl Saving {
    /// The file as it was opened.
    pub(crate) fn new(leaves: u64) -> Self {
        Self {
            leaves,
            failure: None,
        }
    }
}

/// The moments at which an index saves by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Checkpoint,
    Close,
}

impl Inner {
    /// Replaces the file by one that covers every durable leaf, and returns their number.
    pub(crate) fn save(&self) -> Result<u64, IndexError> {
        let open = self.open()?;
        self.save_into(&mut lock(&open.saving))
    }

    fn save_into(&self, saving: &mut Saving) -> Result<u64, IndexError> {
        let open = self.open()?;
        let file = self.options().file.as_deref().ok_or(IndexError::NoFile)?;
        check_outside(file)?;
        let head = open.tree.durable_snapshot().head();
        save(file, &open.table, head)?;
        *saving = Saving::new(head.map_or(0, |head| head.size));
        Ok(saving.leaves)
    }

    /// Saves if the options ask for it at this moment, and if enough is new.
    pub(crate) fn save_at(&self, moment: Moment) {
        let is_asked = match self.options().save {
            SavePolicy::Manual => false,
            SavePolicy::OnClose => moment == Moment::Close,
            SavePolicy::OnCheckpoint => true,
        };
        let Ok(open) = self.open() else { return };
        if !is_asked {
            return;
        }
        let mut saving = lock(&open.saving);
        let behind = open.tree.durable_snapshot().size().abs_diff(saving.leaves);
        let least = match moment {
            Moment::Checkpoint => saving.leaves / BEHIND,
            Moment::Close => 0,
        };
        if behind > least
            && let Err(error) = self.save_into(&mut saving)
        {
            saving.failure = Some(Arc::new(error));
        }
    }

    /// The leaves that the last file covers, or why there is no newer one.
    pub(crate) fn last_save(&self) -> Result<u64, Arc<IndexError>> {
        let saving = lock(&self.open()?.saving);
        saving.failure.clone().map_or(Ok(saving.leaves), Err)
    }
}
