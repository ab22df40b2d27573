//! [`ColdNodes`]: all levels of a checkpoint.

use std::{fmt, slice, sync::Arc};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{NodeSource, NodeSpan, SharedHasher, TreeError};

use super::{
    ahead::Units, between::Between, cache::BlockCache, level::Level, portion::Portion,
    shard::Shard, site::Source, stored::StoredLevels,
};
use crate::{
    StorageError,
    chunk::{CHUNK_NODES, SHARD_CHUNKS, SUMS_PER_SECTOR},
    manifest::Manifest,
    storage::{Locator, Part, ReadAhead, Reads, Storage},
};

/// The nodes in the whole chunks of a checkpoint, read from storage on demand, and those that
/// follow from whole blocks in them, hashed on demand.
///
/// Opening costs one [`region`](Storage::region) for each stream of each level's last shard, and no
/// chunk is looked at. The other shards are opened when a node of theirs is read first, which costs
/// 32 KiB of memory where they are mapped. A chunk is compared with its checksum before any node of
/// it is handed out: once where storage is mapped, at every reading where it is read by position. A
/// chunk that fails is [`TreeError::NodeUnavailable`], whose source is a [`StorageError`].
///
/// Readable nodes stay readable: [`extend`](Self::extend) makes a new value and does not
/// change this one.
///
/// ```
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_lean_imt::{LeanIMT, SharedHasher};
/// use rotortree_store::storage::{Reads, Storage};
/// use rotortree_store::{
///     checkpoint::write_nodes,
///     cold::{BlockCache, ColdNodes, load_nodes},
///     fs::FsStorage,
///     manifest::Manifest,
/// };
/// use std::ops::ControlFlow;
/// use std::sync::Arc;
///
/// let dir = tempfile::tempdir()?;
/// let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(dir.path()));
/// let owner = storage.acquire()?;
/// let mut manifest = Manifest {
///     stride: 7,
///     ..Manifest::empty()
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
/// let hasher = SharedHasher::new(Blake3Hasher);
/// let cache = BlockCache::new(1 << 20, None);
/// let cold = ColdNodes::open(&storage, &manifest, Reads::Mapped, hasher, cache)?;
/// assert_eq!(
///     cold.base_lens(2),
///     [896, 448, 0, 0, 0, 0, 0, 0, 0, 0, 0],
///     "seven chunks of leaves, and what follows from them on level 1"
/// );
/// let nodes = load_nodes(cold, &manifest, 2)?;
/// let reopened = LeanIMT::<_, 2, 32>::from_nodes(Blake3Hasher, nodes, 1000, None)?;
/// assert_eq!(reopened.root(), tree.root());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ColdNodes {
    source: Arc<Source>,
    size: u64,
    pub(super) stored: StoredLevels,
    pub(super) between: Arc<Between>,
    /// Is told of the units that are about to be read, if the storage wants that.
    ahead: Option<Arc<dyn ReadAhead>>,
}

impl ColdNodes {
    /// The chunks that `manifest` names. `hasher` hashes the nodes of the levels between the stored
    /// ones, and `cache` keeps them. Later reads stay with the store that is at the place now.
    /// O(levels) requests, O(shards) memory.
    ///
    /// # Errors
    ///
    /// [`StorageError::DataCorruption`] with the name of a missing or short file of a level's last
    /// shard, and for the files of the others when a node of theirs is read;
    /// [`StorageError::Io`]; [`StorageError::InvalidConfig`] for a storage whose shards do not hold
    /// whole sectors of checksums.
    pub fn open(
        storage: &Arc<dyn Storage>,
        manifest: &Manifest,
        reads: Reads,
        hasher: SharedHasher,
        cache: Arc<BlockCache>,
    ) -> Result<Arc<Self>, StorageError> {
        check_shards(storage.shard_chunks())?;
        manifest.ensure_consistent(&storage.name(Part::Manifest))?;
        let stride = manifest.shape().stride();
        let pinned = storage.pinned()?;
        let empty = Self {
            source: Arc::new(Source {
                storage: pinned.unwrap_or_else(|| Arc::clone(storage)),
                locator: Locator::default(),
                reads,
                tree_id: manifest.tree_id,
            }),
            size: 0,
            stored: StoredLevels::new(
                storage.describe().into(),
                stride,
                storage.shard_chunks() * CHUNK_NODES,
                cache.plan(&stride, 0),
            ),
            between: Arc::new(Between {
                hasher,
                arity: manifest.arity as usize,
                stride,
                cache,
            }),
            ahead: None,
        };
        empty.extend(manifest)
    }

    /// The chunks that a later manifest of the same store names. This value shares the shards that
    /// did not grow, with the checks that they have passed, and the cache.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`StorageError::DataCorruption`] if `manifest` is not a later
    /// one of the same tree.
    pub fn extend(&self, manifest: &Manifest) -> Result<Arc<Self>, StorageError> {
        let Source { storage, reads, .. } = &*self.source;
        self.check_successor(storage.name(Part::Manifest), manifest)?;
        let source = Arc::new(Source {
            storage: Arc::clone(storage),
            locator: manifest.locator.clone(),
            reads: *reads,
            tree_id: manifest.tree_id,
        });
        let shard_chunks = self.stored.shard_nodes / CHUNK_NODES;
        let shape = manifest.shape();
        let tails = shape.stored_levels().zip(&manifest.levels);
        let levels = tails.map(|(level, tail)| {
            let before = self.stored.level(level);
            let chunks = shape.chunks(level);
            // A tree has at most 65 levels.
            let number = level as u8;
            Level::open(&source, shard_chunks, number, chunks, &tail.sums, before)
        });
        let levels = levels.collect::<Result<_, _>>()?;
        Ok(Arc::new(Self {
            size: manifest.size,
            stored: self.stored.grown(levels, shape.levels(), self.cache()),
            between: Arc::clone(&self.between),
            ahead: storage.read_ahead(&manifest.locator),
            source,
        }))
    }

    /// The manifest may be another process's, in a directory that was replaced meanwhile.
    fn check_successor(&self, file: String, manifest: &Manifest) -> Result<(), StorageError> {
        manifest.ensure_consistent(&file)?;
        let stride = manifest.shape().stride();
        let reason = if manifest.tree_id != self.source.tree_id || stride != self.stored.stride {
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

    /// The cache of the levels between the stored ones.
    #[must_use]
    pub fn cache(&self) -> &BlockCache {
        &self.between.cache
    }

    /// Per level, the nodes that this value serves for a tree that keeps levels from
    /// `pin_above_level` on in memory: all its nodes below that level, none from it on. The
    /// argument of [`MemoryNodes::over`](rotortree_lean_imt::MemoryNodes::over) and
    /// [`rebase`](rotortree_lean_imt::MemoryNodes::rebase).
    #[must_use]
    pub fn base_lens(&self, pin_above_level: usize) -> Vec<u64> {
        let mut lens = self.stored.lens().to_vec();
        for pinned in lens.iter_mut().skip(pin_above_level) {
            *pinned = 0;
        }
        lens
    }

    /// Views of storage that are held: mappings, where reads are mapped.
    #[must_use]
    pub fn regions(&self) -> usize {
        self.shards().map(|shard| shard.regions()).sum()
    }

    /// Chunks of all levels.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.shards().map(|shard| shard.len()).sum()
    }

    /// Reads every chunk of every level, checked before or not, and compares it with its checksum.
    /// `step` is called with the number of chunks read since the call before.
    ///
    /// # Errors
    ///
    /// [`StorageError::CrcMismatch`] for the first that fails, [`StorageError::Io`].
    pub fn check_all(&self, step: &mut dyn FnMut(u64)) -> Result<(), StorageError> {
        self.shards().try_for_each(|shard| shard.check_all(step))
    }

    fn shards(&self) -> impl Iterator<Item = &Arc<Shard>> {
        self.stored.levels.iter().flat_map(Level::shards)
    }

    /// Refuses a span that this value does not have.
    fn ensure(&self, span: &NodeSpan<'_>) -> Result<(), TreeError> {
        let there = self.stored.ensure(span.level, span.start, span.nodes.len());
        there.map_err(|unreadable| unreadable.at_level(span.level))
    }

    /// Tells the storage of every unit that filling these spans takes from it.
    fn announce(&self, ahead: &dyn ReadAhead, spans: &[NodeSpan<'_>]) {
        let mut units = Units::default();
        let are_of_one_block = |left: &NodeSpan<'_>, right: &NodeSpan<'_>| {
            let block = self.between.block(left);
            block.is_some() && block == self.between.block(right)
        };
        for spans in spans.chunk_by(are_of_one_block) {
            let span = &spans[0];
            if self.stored.stride.is_stored(span.level) {
                let len = span.nodes.len() as u64;
                self.stored
                    .add_units(span.level, span.start, len, &mut units);
            } else {
                self.between.add_units(&self.stored, spans, &mut units);
            }
        }
        let units = units.merged();
        if !units.is_empty() {
            ahead.will_read(&units);
        }
    }

    /// Fills spans of which those that one block gives are in a row. None is empty.
    fn fill(&self, mut spans: &mut [NodeSpan<'_>]) -> Result<(), TreeError> {
        let blocks = self.between.cache.blocks();
        let mut ahead = self.ahead.as_deref();
        while !spans.is_empty() {
            let portion = Portion::find(&self.between, &self.stored, &blocks, spans);
            // At the first node that is not here, of all that is left, in one call.
            if !portion.is_here()
                && let Some(ahead) = ahead.take()
            {
                self.announce(ahead, spans);
            }
            let (now, later) = spans.split_at_mut(portion.spans());
            portion.read(&self.between, &self.stored, now)?;
            spans = later;
        }
        Ok(())
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
        let mut span = NodeSpan {
            level,
            start,
            nodes: out,
        };
        self.ensure(&span)?;
        if span.nodes.is_empty() {
            return Ok(());
        }
        self.fill(slice::from_mut(&mut span))
    }

    fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        self.stored.view(level, start, len)
    }

    /// Reads the spans of a block together: the block is hashed once for all of them.
    fn read_spans(&self, spans: &mut [NodeSpan<'_>]) -> Result<(), TreeError> {
        // Those of one path come level by level, and so block by block.
        if !spans.is_sorted_by_key(|span| span.level) {
            let stride = self.stored.stride;
            spans.sort_unstable_by_key(|span| {
                let block = stride.block(span.level, span.start);
                (stride.below(span.level), block, span.level)
            });
        }
        spans.iter().try_for_each(|span| self.ensure(span))?;
        self.fill(spans)
    }

    fn recomputed_len(&self, level: usize) -> u64 {
        if self.stored.stride.is_stored(level) {
            0
        } else {
            self.stored.len(level)
        }
    }
}

impl fmt::Debug for ColdNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColdNodes")
            .field("place", &self.stored.place)
            .field("size", &self.size)
            .field("regions", &self.regions())
            .finish_non_exhaustive()
    }
}
