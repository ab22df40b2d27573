//! Loads the checkpoint of a manifest: checks its identity, opens its chunks and tails, and
//! compares the root.

use std::{io, sync::Arc};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, SharedHasher};

use super::RecoveryReport;
use crate::{
    RotorTreeError, StorageError,
    cold::{BlockCache, ColdNodes, load_nodes, storage_error},
    config::OpenProgress,
    manifest::Manifest,
    settings::Settings,
    storage::{MAX_MANIFEST_BYTES, Part, Storage},
    verify::verify_nodes,
};

/// The state of a checkpoint.
pub(crate) struct Checkpointed<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(crate) tree: LeanIMT<H, N, MAX_DEPTH>,
    pub(crate) cold: Arc<ColdNodes>,
}

pub(crate) fn load_manifest(storage: &dyn Storage) -> Result<Manifest, StorageError> {
    let name = storage.name(Part::Manifest);
    let bytes = storage
        .load_manifest()
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => StorageError::DataCorruption {
                file: name.clone(),
                offset: MAX_MANIFEST_BYTES,
                reason: error.to_string(),
            },
            _ => error.into(),
        })?
        .ok_or_else(|| StorageError::DataCorruption {
            file: name.clone(),
            offset: 0,
            reason: "the manifest is missing".into(),
        })?;
    Manifest::decode(&name, &bytes)
}

/// Checks N and the hasher, which identify a store. Its MAX_DEPTH is a ceiling, which must not
/// exceed that of the type or of the setting.
pub(crate) fn check_identity<H: Hasher, const N: usize>(
    hasher: &H,
    manifest: &Manifest,
    ceiling: usize,
) -> Result<(), StorageError> {
    if manifest.arity as usize != N || manifest.max_depth as usize > ceiling {
        return Err(StorageError::ConfigMismatch {
            expected_n: N,
            actual_n: manifest.arity as usize,
            expected_max_depth: ceiling,
            actual_max_depth: manifest.max_depth as usize,
        });
    }
    let fingerprint: Hash = hasher.fingerprint(N);
    if manifest.fingerprint != fingerprint {
        return Err(StorageError::HasherMismatch {
            expected: fingerprint,
            actual: manifest.fingerprint,
        });
    }
    Ok(())
}

/// The tree of the manifest: its chunks, its tails, and a root that agrees with them.
pub(crate) fn load_checkpoint<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    hasher: &H,
    storage: &Arc<dyn Storage>,
    manifest: &Manifest,
    config: &Settings,
    report: &mut RecoveryReport,
) -> Result<Checkpointed<H, N, MAX_DEPTH>, RotorTreeError> {
    let cold = ColdNodes::open(
        storage,
        manifest,
        config.reads,
        SharedHasher::new(hasher.clone()),
        BlockCache::new(config.block_cache_bytes, Some(config.runtime.clone())),
    )?;
    let nodes = load_nodes(Arc::clone(&cold), manifest, config.tiering.pin_above_level)?;
    let metadata = manifest.metadata.as_deref().map(Arc::from);
    let mut tree = LeanIMT::from_nodes(hasher.clone(), nodes, manifest.size, metadata)
        .map_err(storage_error)?;
    tree.limit_depth(manifest.max_depth as usize)?;
    if tree.root().unwrap_or_default() != manifest.root {
        return Err(StorageError::DataCorruption {
            file: storage.name(Part::Manifest),
            offset: 0,
            reason: format!(
                "the stored nodes of {} leaves lead to another root than the manifest states",
                manifest.size
            ),
        }
        .into());
    }
    let verify = config.verify_checkpoint;
    if verify.unwrap_or_else(|| storage.verifies_on_open()) && manifest.size > 0 {
        verify_nodes(hasher, &tree.snapshot(), &mut |progress| {
            if let Some(callback) = &config.progress {
                callback.report(OpenProgress::Verified {
                    done: progress.done,
                    total: progress.total,
                });
            }
        })?;
        report.verified = true;
    }
    report.checkpoint_size = manifest.size;
    Ok(Checkpointed { tree, cold })
}
