//! [`Tenure`]: the ownership through a handle, and the names that it makes.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rotortree_store::storage::WriteError;

use crate::id::{Id, Ids};

/// Whether a handle owns its place.
#[derive(Debug)]
pub(crate) struct Tenure {
    ids: Ids,
    current: Mutex<Option<Current>>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    epoch: u64,
    /// Another owner was met, or what a write did is not known: nothing more is written.
    is_over: bool,
}

impl Tenure {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            ids: Ids::new()?,
            current: Mutex::default(),
        })
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, epoch: u64) {
        *self.current() = Some(Current {
            epoch,
            is_over: false,
        });
    }

    pub(crate) fn end(&self, epoch: u64) {
        self.current().take_if(|current| current.epoch == epoch);
    }

    /// The epoch of the ownership through this handle, as far as it knows.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.current().map(|current| current.epoch)
    }

    /// What tells the claims of this handle from those of others.
    pub(crate) fn session(&self) -> u64 {
        self.ids.session()
    }

    /// A name that is used once.
    pub(crate) fn new_id(&self, epoch: u64) -> Id {
        self.ids.next(epoch)
    }

    /// Runs a write of the owner. A write that is fenced or in doubt is the last one.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(u64) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let refused = |text: &str| io::Error::new(io::ErrorKind::PermissionDenied, text);
        let current = *self.current();
        let epoch = match current {
            None => {
                let text = "this handle does not own the place; open the tree for writing";
                return Err(WriteError::NotWritten(refused(text)));
            }
            Some(current) if current.is_over => {
                let text = "an earlier write met another owner, or its outcome is not known; \
                            close this tree, and open the store again";
                return Err(WriteError::Fenced(refused(text)));
            }
            Some(current) => current.epoch,
        };
        let written = write(epoch);
        if let Err(WriteError::Fenced(_) | WriteError::InDoubt(_)) = &written
            && let Some(current) = &mut *self.current()
            && current.epoch == epoch
        {
            current.is_over = true;
        }
        written
    }
}
