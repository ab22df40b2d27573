//! Putting a tree's node store together when a store is opened.

use std::sync::Arc;

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{MemoryNodes, NodeSource};

use super::{ColdNodes, storage_error};
use crate::{StorageError, manifest::Manifest};

/// Nodes read at once, 256 KiB.
const PIECE_NODES: u64 = 8192;

/// The complete nodes at a checkpoint. Levels below `pin_above_level` are read from `cold`; the
/// other levels, and nodes that neither a chunk holds nor a whole block gives, are in memory.
///
/// O(levels) and the reading of the pinned levels. Where a block does not fill chunks evenly (N = 3
/// or 5), at most one chunk of each stored level is read besides. `cold` is that of this
/// `manifest`.
///
/// # Errors
///
/// [`StorageError::CrcMismatch`] and [`StorageError::Io`] for a chunk that cannot be read; an I/O
/// error of the kind `OutOfMemory` where memory cannot be had.
pub fn load_nodes(
    cold: Arc<ColdNodes>,
    manifest: &Manifest,
    pin_above_level: usize,
) -> Result<MemoryNodes, StorageError> {
    let base_lens = cold.base_lens(pin_above_level);
    let mut loading = Loading {
        nodes: MemoryNodes::over(Arc::clone(&cold) as _, &base_lens),
        cold: &cold,
        piece: Vec::new(),
    };
    let stride = manifest.shape().stride();
    for (stored, tail) in manifest.shape().stored_levels().zip(&manifest.levels) {
        let levels = stored..base_lens.len().min(stored + stride.levels());
        // The nodes behind whole blocks, level by level.
        let mut behind = loading.behind_blocks(stored, &tail.nodes)?;
        for level in levels {
            if level > stored {
                let mut parents = vec![[0; 32]; behind.len() / cold.between.arity];
                let children = &behind[..parents.len() * cold.between.arity];
                let hasher = &cold.between.hasher;
                hasher.hash_groups(cold.between.arity, children, &mut parents);
                behind = parents;
            }
            loading.append_pinned(level)?;
            let own = if level > stored { &behind } else { &tail.nodes };
            loading.nodes.append(level, own).map_err(storage_error)?;
        }
    }
    loading.nodes.commit();
    Ok(loading.nodes)
}

struct Loading<'a> {
    nodes: MemoryNodes,
    cold: &'a ColdNodes,
    piece: Vec<Hash>,
}

impl Loading<'_> {
    /// The nodes of a stored level that are in no whole block of whole chunks, its `tail` included.
    fn behind_blocks(&self, level: usize, tail: &[Hash]) -> Result<Vec<Hash>, StorageError> {
        let in_chunks = self.cold.stored.len(level);
        let behind = match self.cold.stored.stride.levels() {
            // No level follows from blocks.
            1 => 0,
            _ => in_chunks % self.cold.stored.stride.block_nodes(),
        };
        // Less than a block.
        let mut nodes = vec![[0; 32]; behind as usize];
        let read = self.cold.read(level, in_chunks - behind, &mut nodes);
        read.map_err(storage_error)?;
        nodes.extend(tail);
        Ok(nodes)
    }

    /// Appends the nodes of a level that `cold` has and that are to be in memory.
    fn append_pinned(&mut self, level: usize) -> Result<(), StorageError> {
        let (mut at, end) = (self.nodes.base_len(level), self.cold.stored.len(level));
        while at < end {
            let count = (end - at).min(PIECE_NODES);
            self.piece.resize(count as usize, [0; 32]);
            let read = self.cold.read(level, at, &mut self.piece);
            read.map_err(storage_error)?;
            let appended = self.nodes.append(level, &self.piece);
            appended.map_err(storage_error)?;
            at += count;
        }
        Ok(())
    }
}
