//! Manifests that the leader commits, besides those of rotations: the mark of an orderly close, and
//! the acknowledgement of cuts.

use super::{committer::Committer, log::LogWriter, shortage::patiently};
use crate::{
    StorageError,
    manifest::{CleanClose, CutNotice},
    storage::WriteError,
};

impl Committer {
    /// Records the end of the log in the manifest, and ends leading for good.
    pub(super) fn close_log(&self) -> Result<(), StorageError> {
        let lead = self.group.take_lead()?;
        // A log that was not written to is still closed.
        let marked = if lead.has_begun() {
            self.mark_closed(&lead)
        } else {
            Ok(())
        };
        lead.retire();
        marked
    }

    fn mark_closed(&self, log: &LogWriter) -> Result<(), StorageError> {
        let commit = || {
            self.catalog.update(|next| {
                next.durable = log.durable;
                next.clean_close = Some(CleanClose {
                    segment: log.newest.header.number,
                    length: log.newest.durable_len,
                    sequence: log.durable.sequence,
                    size: log.durable.size,
                    root: log.durable.root,
                });
            })
        };
        let is_short = |error: &_| matches!(error, WriteError::NotWritten(_));
        patiently(commit, is_short).map_err(|error| self.manifest_error(error))
    }

    /// Removes the notices of cuts from the manifest, durably, and returns them.
    pub(crate) fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError> {
        self.group.status.check()?;
        // Closing takes the lead for good before it commits its manifest, so no commit follows once
        // the ownership is given up.
        let mut lead = self.group.take_lead()?;
        let acknowledged = if self.catalog.manifest().cuts.is_empty() {
            Ok(Vec::new())
        } else {
            self.begin(&mut lead)
                .and_then(|()| self.catalog.update(|next| std::mem::take(&mut next.cuts)))
        };
        let acknowledged = acknowledged.map_err(|error| self.manifest_error(error));
        self.give_back(lead);
        acknowledged
    }

    /// The error of a manifest that was not committed. If the manifest may be in force
    /// nevertheless, the tree fails.
    fn manifest_error(&self, error: WriteError) -> StorageError {
        match error {
            WriteError::NotWritten(error) => StorageError::Io(error),
            WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                StorageError::FlushFailed(self.group.fail(error))
            }
        }
    }
}
