//! Checks that the counts of a store leave room.

use rotortree_wal::MAX_SEQUENCE;

use crate::{
    StorageError,
    manifest::Manifest,
    storage::{Part, Storage},
};

/// Counts above this are refused for writing: no run uses up the other half of the range of the
/// formats.
const MAX_COUNT_TO_WRITE: u64 = MAX_SEQUENCE / 2;

/// Refuses to write to a store whose counts leave no room. No real store comes near the limit, so
/// such a store is forged.
pub(crate) fn ensure_room(storage: &dyn Storage, manifest: &Manifest) -> Result<(), StorageError> {
    let counts = [
        ("generation", manifest.generation),
        ("log segment", manifest.last_segment()),
        ("entry", manifest.sequence),
    ];
    counts
        .into_iter()
        .try_for_each(|(what, count)| ensure_count(storage, Part::Manifest, what, count))
}

pub(super) fn ensure_count(
    storage: &dyn Storage,
    part: Part,
    what: &str,
    count: u64,
) -> Result<(), StorageError> {
    if count <= MAX_COUNT_TO_WRITE {
        return Ok(());
    }
    Err(StorageError::DataCorruption {
        file: storage.name(part),
        offset: 0,
        reason: format!(
            "{what} {count} leaves no room to count on; a store can be written up to {MAX_COUNT_TO_WRITE}"
        ),
    })
}
