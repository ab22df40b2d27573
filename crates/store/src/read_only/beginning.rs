//! Reads a view's state from the checkpoint on, beside a live writer.

use std::{io, sync::Arc};

use rotortree_hasher::Hasher;

use crate::{
    RotorTreeError, StorageError,
    manifest::Manifest,
    recovery::{self, Reading},
    settings::Settings,
    storage::Storage,
};

/// The number of tries when the writer changes the store during a read.
const ATTEMPTS: usize = 100;

/// Reads a state that a live writer may change meanwhile. Repeats a read that fails while the
/// manifest changes.
pub(super) fn read<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    hasher: &H,
    storage: &Arc<dyn Storage>,
    config: &Settings,
) -> Result<Reading<H, N, MAX_DEPTH>, RotorTreeError> {
    let generation = || -> Option<u64> {
        recovery::load_manifest(&**storage)
            .ok()
            .map(|manifest: Manifest| manifest.generation)
    };
    if storage.load_manifest().map_err(StorageError::Io)?.is_none() {
        // Damage and foreign files give the errors of opening for writing.
        recovery::refuse_foreign(&**storage)?;
        return Err(recovery::missing(&**storage).into());
    }
    let mut attempt = 1;
    loop {
        let before = generation();
        match Reading::begin(hasher, storage, config) {
            // The chunks that a record of a cut log refers to may have other bytes by now.
            Ok(reading) if reading.report.damage.is_some() && generation() != before => {
                if attempt == ATTEMPTS {
                    return Ok(reading);
                }
                attempt += 1;
            }
            Ok(reading) => return Ok(reading),
            Err(error) if generation() == before => return Err(error),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            // Nothing shows that the last state seen is more than a store in motion.
            Err(error) => {
                let busy = format!(
                    "{}: its writer made a checkpoint during each of {ATTEMPTS} attempts to read \
                     it (the last ended with: {error}); try again",
                    storage.describe()
                );
                return Err(
                    StorageError::Io(io::Error::new(io::ErrorKind::ResourceBusy, busy)).into(),
                );
            }
        }
    }
}

/// Whether the store shows something else than before, and not that it could not be read: then what
/// the storage keeps of it for speed may be of another one.
pub(super) fn contradicts(error: &RotorTreeError) -> bool {
    match error {
        RotorTreeError::Storage(StorageError::Io(error)) => error.kind() == io::ErrorKind::NotFound,
        RotorTreeError::Storage(error) => !matches!(error, StorageError::Unavailable(_)),
        _ => false,
    }
}
