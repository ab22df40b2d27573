//! Putting a tree's node store together when a store is opened.

use std::sync::Arc;

use rotortree_lean_imt::MemoryNodes;

use super::{ColdNodes, storage_error};
use crate::{StorageError, manifest::Manifest};

/// Nodes read at once, 256 KiB.
const PIECE_NODES: u64 = 8192;

/// The complete nodes at a checkpoint. Levels below `pin_above_level` are read from `cold`; the
/// other levels, and nodes that no chunk holds yet, are in memory.
///
/// O(levels) and the reading of the pinned levels. `cold` is that of this `manifest`.
///
/// # Errors
///
/// [`StorageError::CrcMismatch`] and [`StorageError::Io`] for a chunk of a pinned level that cannot
/// be read; an I/O error of the kind `OutOfMemory` where memory cannot be had.
pub fn load_nodes(
    cold: Arc<ColdNodes>,
    manifest: &Manifest,
    pin_above_level: usize,
) -> Result<MemoryNodes, StorageError> {
    let base_lens = cold.base_lens(pin_above_level);
    let whole = cold.base_lens(usize::MAX);
    let mut nodes = MemoryNodes::over(Arc::clone(&cold) as _, &base_lens);
    let mut piece = Vec::new();
    for (level, tail) in manifest.levels.iter().enumerate() {
        let (mut at, end) = (base_lens[level], whole[level]);
        while at < end {
            let count = (end - at).min(PIECE_NODES);
            piece.resize(count as usize, [0; 32]);
            cold.read_stored(level, at, &mut piece)
                .map_err(|unreadable| unreadable.error)?;
            nodes.append(level, &piece).map_err(storage_error)?;
            at += count;
        }
        nodes.append(level, &tail.nodes).map_err(storage_error)?;
    }
    nodes.commit();
    Ok(nodes)
}
