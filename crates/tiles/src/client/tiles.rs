//! [`Tiles`]: the tiles of one tree head, each verified before it is believed.
//!
//! The partial tiles of a head have all hashes of its frontier, and so the root follows from them:
//! they are verified together, when the head is taken. A full tile is verified against the one hash
//! of the tile above that stands for it, which has been verified in the same way.

use std::sync::{Arc, Mutex, PoisonError};

use rotortree_hasher::{Hash, Hasher, Rfc6962Hasher};
use rotortree_lean_imt::{NodeFailure, NodeSource, TreeError, TreeHead};

use super::{cache::Cache, error::ReadError};
use crate::{
    Source, Tile, TileKind,
    tile::{LEVELS, TILE_HEIGHT, TILE_WIDTH},
};

/// The tiles of a log at one head.
pub(super) struct Tiles<S> {
    source: Arc<S>,
    head: TreeHead,
    /// The partial tile of each level; empty where the level has none.
    edge: Vec<Arc<[Hash]>>,
    /// Full tiles of this head or of an earlier one that it continues.
    cache: Mutex<Cache>,
}

impl<S: Source> Tiles<S> {
    /// Those of the empty log.
    pub(super) fn empty(source: Arc<S>, cache: Cache) -> Self {
        Self {
            source,
            head: TreeHead::EMPTY,
            edge: Vec::new(),
            cache: Mutex::new(cache),
        }
    }

    pub(super) fn head(&self) -> TreeHead {
        self.head
    }

    /// The tiles of a later head, with the full tiles that are known. Whether the head continues
    /// this one is not checked.
    pub(super) fn at(&self, head: TreeHead) -> Result<Arc<Self>, ReadError> {
        let mut edge = Vec::new();
        for level in 0..LEVELS {
            let kind = TileKind::Hashes { level };
            let partial = Tile::of_log(kind, kind.len(head.size) / TILE_WIDTH, head.size);
            edge.push(match partial {
                Some(tile) => hashes(&*self.source, tile)?,
                None => Arc::from([]),
            });
        }
        if root(head.size, &edge) != head.root {
            return Err(ReadError::Edge { head });
        }
        Ok(Arc::new(Self {
            source: self.source.clone(),
            head,
            edge,
            cache: Mutex::new(self.lock().clone()),
        }))
    }

    /// The hashes of a tile, verified. The caller has checked that the head has it.
    pub(super) fn tile(&self, level: u8, index: u64) -> Result<Arc<[Hash]>, ReadError> {
        let kind = TileKind::Hashes { level };
        if index >= kind.len(self.head.size) / TILE_WIDTH {
            return Ok(self.edge[usize::from(level)].clone());
        }
        if let Some(tile) = self.lock().get((level, index)) {
            return Ok(tile);
        }
        let above = self.tile(level + 1, index / TILE_WIDTH)?;
        let tile = Tile {
            kind,
            index,
            width: TILE_WIDTH as u16,
        };
        let hashes = hashes(&*self.source, tile)?;
        if subtree(&hashes) != above[(index % TILE_WIDTH) as usize] {
            return Err(ReadError::Tile {
                tile,
                head: self.head,
            });
        }
        self.lock().insert((level, index), hashes.clone());
        Ok(hashes)
    }

    /// The complete node `index` of a level of the tree.
    fn node(&self, level: usize, index: u64) -> Result<Hash, ReadError> {
        let height = level % TILE_HEIGHT;
        let first = index << height;
        let tile = self.tile((level / TILE_HEIGHT) as u8, first / TILE_WIDTH)?;
        let at = (first % TILE_WIDTH) as usize;
        Ok(subtree(&tile[at..at + (1 << height)]))
    }

    /// A map is whole after a panic of another thread: each change is one call.
    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Source> NodeSource for Tiles<S> {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        for (index, node) in (start..).zip(out) {
            *node = self
                .node(level, index)
                .map_err(|error| TreeError::NodeUnavailable {
                    level,
                    index,
                    source: NodeFailure::new(error),
                })?;
        }
        Ok(())
    }
}

/// The file of a tile. A log may remove a partial tile once the full one is there; then the full
/// one stands in.
pub(super) fn fetch(source: &dyn Source, tile: Tile) -> Result<(Tile, Vec<u8>), ReadError> {
    let mut found = tile;
    let mut bytes = source.get(&tile.to_string())?;
    if bytes.is_none() && !tile.is_full() {
        found = tile.full();
        bytes = source.get(&found.to_string())?;
    }
    match bytes {
        Some(bytes) => Ok((found, bytes)),
        None => Err(ReadError::Missing { tile }),
    }
}

/// The hashes of a tile, not verified.
fn hashes(source: &dyn Source, tile: Tile) -> Result<Arc<[Hash]>, ReadError> {
    let (found, bytes) = fetch(source, tile)?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != usize::from(found.width) || !rest.is_empty() {
        return Err(ReadError::Length {
            tile: found,
            len: bytes.len(),
        });
    }
    Ok(hashes[..usize::from(tile.width)].into())
}

/// The root of a complete subtree over these hashes, a power of two of them.
fn subtree(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let mut parents = vec![[0; 32]; level.len() / 2];
        Rfc6962Hasher.hash_groups(2, &level, &mut parents);
        level = parents;
    }
    level.first().copied().unwrap_or_default()
}

/// The root that follows from the partial tiles of a log of `size` leaves.
fn root(size: u64, edge: &[Arc<[Hash]>]) -> Hash {
    let mut root = None;
    for level in (0..u64::BITS as usize).filter(|level| size >> level & 1 == 1) {
        let (tile, height) = (&edge[level / TILE_HEIGHT], level % TILE_HEIGHT);
        // The complete subtrees of a tile stand from the left in falling sizes.
        let start = tile.len() >> (height + 1) << (height + 1);
        let peak = subtree(&tile[start..start + (1 << height)]);
        root = Some(match root {
            Some(right) => Rfc6962Hasher.hash_children(&[peak, right]),
            None => peak,
        });
    }
    root.unwrap_or(TreeHead::EMPTY.root)
}
