//! Ending the telling of cuts: what recovery cut off stays on record until the user says that this
//! is known.

use rotortree_hasher::Hasher;

use super::core::Core;
use crate::{
    StorageError,
    manifest::{CutNotice, Manifest},
    storage::WriteError,
    sync::lock,
};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Takes the notices of cuts off the manifest, durably; the notices that there were.
    pub(crate) fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError> {
        self.status.check()?;
        // Closing takes the lead for good before it commits its manifest, so that nothing is
        // committed after the ownership is given up.
        let lead = self.take_lead()?;
        let acknowledged = self.commit_without_cuts();
        lead.give_back();
        acknowledged
    }

    fn commit_without_cuts(&self) -> Result<Vec<CutNotice>, StorageError> {
        let mut manifest = lock(&self.manifest);
        if manifest.cuts.is_empty() {
            return Ok(Vec::new());
        }
        let next = Manifest {
            generation: manifest.generation + 1,
            cuts: Vec::new(),
            ..manifest.clone()
        };
        let committed = self
            .storage
            .commit_manifest(next.generation, &next.encode());
        match committed {
            Ok(()) => Ok(std::mem::replace(&mut *manifest, next).cuts),
            Err(WriteError::NotWritten(error)) => Err(StorageError::Io(error)),
            Err(WriteError::Fenced(error) | WriteError::InDoubt(error)) => {
                drop(manifest);
                Err(StorageError::FlushFailed(self.fail(error)))
            }
        }
    }

    /// The cuts that are not acknowledged. In a forked child those of the opening, where the
    /// manifest cannot be looked at.
    pub(crate) fn cuts(&self) -> Vec<CutNotice> {
        match self.look(&self.manifest) {
            Some(manifest) => manifest.cuts.clone(),
            None => self.report.cuts.clone(),
        }
    }
}
