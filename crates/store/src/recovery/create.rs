//! Creates a store: the first segment, then the manifest. No record is accepted before both are
//! durable.

use rotortree_hasher::Hash;
use rotortree_wal::Position;

use crate::{
    StorageError,
    engine::log::{Identity, random_bytes, random_salt},
    manifest::{BackupOf, Manifest},
    storage::{FIRST_SEGMENT, Storage, WriteError},
};

pub(crate) fn create(
    storage: &dyn Storage,
    arity: u32,
    max_depth: u32,
    stride: u32,
    fingerprint: Hash,
    backup_of: Option<BackupOf>,
) -> Result<(), StorageError> {
    let identity = Identity {
        tree_id: random_bytes()?,
        arity,
        fingerprint,
    };
    let header = identity.header(FIRST_SEGMENT, random_salt()?, Position::START, 0);
    storage
        .create_segment(FIRST_SEGMENT, &header.encode())
        .map_err(WriteError::into_io)?;
    let manifest = Manifest {
        tree_id: identity.tree_id,
        arity,
        max_depth,
        stride,
        fingerprint,
        newest: header.copy(),
        backup_of,
        ..Manifest::empty()
    };
    storage
        .commit_manifest(0, &manifest.encode())
        .map_err(WriteError::into_io)?;
    Ok(())
}
