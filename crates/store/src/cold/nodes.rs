//! [`ColdNodes`]: all levels of a checkpoint.

use std::{fmt, sync::Arc};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{NodeSource, TreeError};

use super::{failure::Unreadable, level::Level, site::Opening};
use crate::{
    StorageError,
    chunk::{CHUNK_NODES, SHARD_CHUNKS, SUMS_PER_SECTOR},
    manifest::Manifest,
    storage::{Part, Reads, Storage},
};

/// The nodes in the whole chunks of a checkpoint, read from storage on demand.
///
/// Opening costs one [`region`](Storage::region) per shard and stream and 32 KiB of memory per full
/// shard; no chunk is looked at. A chunk is compared with its checksum before any node of it is
/// handed out: once where storage is mapped, at every reading where it is read by position. A chunk
/// that fails is [`TreeError::NodeUnavailable`], whose source is a [`StorageError`].
///
/// Readable nodes stay readable: [`extend`](Self::extend) makes a new value and does not
/// change this one.
///
/// ```
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_store::storage::{Locator, Reads, Storage};
/// use rotortree_store::{
///     checkpoint::write_nodes,
///     cold::{ColdNodes, load_nodes},
///     fs::FsStorage,
///     manifest::Manifest,
/// };
/// use rotortree_wal::{HeaderCopy, Position};
/// use std::ops::ControlFlow;
/// use std::sync::Arc;
///
/// let dir = tempfile::tempdir()?;
/// let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(dir.path()));
/// let owner = storage.acquire()?;
/// let mut manifest = Manifest {
///     generation: 0,
///     tree_id: [7; 16],
///     arity: 2,
///     max_depth: 32,
///     fingerprint: [0; 32],
///     base_size: 0,
///     sequence: 0,
///     size: 0,
///     root: [0; 32],
///     metadata: None,
///     locator: Locator::default(),
///     levels: Manifest::empty_levels(),
///     first_segment: 1,
///     newest: HeaderCopy {
///         number: 1,
///         salt: 0x5eed,
///         base: Position::START,
///         attested: 0,
///         copied: 0,
///     },
///     durable: Position::START,
///     clean_close: None,
///     backup_of: None,
///     cuts: Vec::new(),
/// };
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// manifest.root = tree.insert_many(&vec![[1; 32]; 1000])?;
/// let written = write_nodes(&*storage, &manifest, &tree.snapshot(), &mut |_| {
///     ControlFlow::Continue(())
/// })?;
/// (manifest.locator, manifest.levels) = (written.locator, written.tails);
/// manifest.size = 1000;
/// manifest.durable = manifest.position();
///
/// let cold = ColdNodes::open(&storage, &manifest, Reads::Mapped)?;
/// assert_eq!(
///     cold.base_lens(2),
///     [896, 384, 0, 0, 0, 0, 0, 0, 0, 0, 0],
///     "whole chunks of the two lowest levels"
/// );
/// let nodes = load_nodes(cold, &manifest, 2)?;
/// let reopened = LeanIMT::<_, 2, 32>::from_nodes(Blake3Hasher, nodes, 1000, None)?;
/// assert_eq!(reopened.root(), tree.root());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ColdNodes {
    place: Arc<str>,
    tree_id: [u8; 16],
    arity: u32,
    size: u64,
    reads: Reads,
    /// Nodes in a full shard.
    shard_nodes: u64,
    levels: Vec<Level>,
}

impl ColdNodes {
    /// The chunks that `manifest` names. O(levels + shards).
    ///
    /// # Errors
    ///
    /// [`StorageError::DataCorruption`] with the name of a missing or short file,
    /// [`StorageError::Io`]; [`StorageError::InvalidConfig`] for a storage whose shards do not hold
    /// whole sectors of checksums.
    pub fn open(
        storage: &Arc<dyn Storage>,
        manifest: &Manifest,
        reads: Reads,
    ) -> Result<Arc<Self>, StorageError> {
        check_shards(storage.shard_chunks())?;
        let empty = Self {
            place: storage.describe().into(),
            tree_id: manifest.tree_id,
            arity: manifest.arity,
            size: 0,
            reads,
            shard_nodes: storage.shard_chunks() * CHUNK_NODES,
            levels: Vec::new(),
        };
        empty.extend(storage, manifest)
    }

    /// The chunks that a later manifest of the same store names. This value shares the shards that
    /// did not grow, with the checks that they have passed.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`StorageError::DataCorruption`] if `manifest` is not a later
    /// one of the same tree.
    pub fn extend(
        &self,
        storage: &Arc<dyn Storage>,
        manifest: &Manifest,
    ) -> Result<Arc<Self>, StorageError> {
        self.check_successor(storage.name(Part::Manifest), manifest)?;
        let opening = Opening {
            storage: &**storage,
            locator: &manifest.locator,
            reads: self.reads,
            tree_id: self.tree_id,
            shard_chunks: self.shard_nodes / CHUNK_NODES,
        };
        let shape = manifest.shape();
        let levels = manifest.levels.iter().enumerate().map(|(level, tail)| {
            let before = self.levels.get(level);
            let chunks = shape.chunks(level);
            // A tree has at most 65 levels.
            Level::open(&opening, level as u8, chunks, &tail.sums, before)
        });
        Ok(Arc::new(Self {
            place: Arc::clone(&self.place),
            tree_id: self.tree_id,
            arity: self.arity,
            size: manifest.size,
            reads: self.reads,
            shard_nodes: self.shard_nodes,
            levels: levels.collect::<Result<_, _>>()?,
        }))
    }

    /// The manifest may be another process's, in a directory that was replaced meanwhile.
    fn check_successor(&self, file: String, manifest: &Manifest) -> Result<(), StorageError> {
        manifest.ensure_consistent(&file)?;
        let reason = if manifest.tree_id != self.tree_id || manifest.arity != self.arity {
            "it is the manifest of another tree".into()
        } else if manifest.size < self.size {
            format!(
                "it has {} leaves, and {} were there before",
                manifest.size, self.size
            )
        } else {
            return Ok(());
        };
        Err(StorageError::DataCorruption {
            file,
            offset: 0,
            reason,
        })
    }

    /// Leaves at the checkpoint, those that are not in a whole chunk included.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Per level, the nodes that this value serves for a tree that keeps levels from
    /// `pin_above_level` on in memory: all its nodes below that level, none from it on. The
    /// argument of [`MemoryNodes::over`](rotortree_lean_imt::MemoryNodes::over) and
    /// [`rebase`](rotortree_lean_imt::MemoryNodes::rebase).
    #[must_use]
    pub fn base_lens(&self, pin_above_level: usize) -> Vec<u64> {
        let levels = self.levels.iter().enumerate();
        levels
            .map(|(number, level)| {
                if number < pin_above_level {
                    level.len()
                } else {
                    0
                }
            })
            .collect()
    }

    /// Views of storage that are held: mappings, where reads are mapped.
    #[must_use]
    pub fn regions(&self) -> usize {
        let shards = self.levels.iter().flat_map(Level::shards);
        shards.map(|shard| shard.regions()).sum()
    }

    /// Chunks of all levels.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.levels.iter().map(Level::len).sum::<u64>() / CHUNK_NODES
    }

    /// Reads every chunk of every level, checked before or not, and compares it with its checksum.
    /// `step` is called with the number of chunks read since the call before.
    ///
    /// # Errors
    ///
    /// [`StorageError::CrcMismatch`] for the first that fails, [`StorageError::Io`].
    pub fn check_all(&self, step: &mut dyn FnMut(u64)) -> Result<(), StorageError> {
        let mut shards = self.levels.iter().flat_map(Level::shards);
        shards.try_for_each(|shard| shard.check_all(step))
    }

    /// Fills `out` with nodes of a level.
    pub(super) fn read_stored(
        &self,
        level: usize,
        start: u64,
        out: &mut [Hash],
    ) -> Result<(), Unreadable> {
        let there = self.levels.get(level).map_or(0, Level::len);
        let end = start.checked_add(out.len() as u64);
        match self.levels.get(level) {
            Some(nodes) if end.is_some_and(|end| end <= there) => {
                nodes.read(self.shard_nodes, start, out)
            }
            _ => Err(Unreadable {
                index: start.max(there),
                error: StorageError::DataCorruption {
                    file: format!("{}, {}", self.place, Part::Level(level as u8)),
                    offset: there * size_of::<Hash>() as u64,
                    reason: format!("it has {there} nodes"),
                },
            }),
        }
    }
}

/// Checks the shard size of a storage, which may be a third party's.
pub(crate) fn check_shards(shard_chunks: u64) -> Result<(), StorageError> {
    let whole_sectors = shard_chunks > 0 && shard_chunks.is_multiple_of(SUMS_PER_SECTOR);
    if whole_sectors && shard_chunks <= SHARD_CHUNKS {
        return Ok(());
    }
    Err(StorageError::InvalidConfig(format!(
        "the storage has shards of {shard_chunks} chunks; it must be a multiple of {SUMS_PER_SECTOR}, at most {SHARD_CHUNKS}"
    )))
}

impl NodeSource for ColdNodes {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        self.read_stored(level, start, out)
            .map_err(|unreadable| unreadable.at_level(level))
    }

    fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        let nodes = self.levels.get(level)?;
        let end = start.checked_add(len as u64)?;
        (end <= nodes.len())
            .then(|| nodes.view(self.shard_nodes, start, len))
            .flatten()
    }
}

impl fmt::Debug for ColdNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColdNodes")
            .field("place", &self.place)
            .field("size", &self.size)
            .field("regions", &self.regions())
            .finish_non_exhaustive()
    }
}
