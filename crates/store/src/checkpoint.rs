//! Writes the chunks of a checkpoint: the nodes that are new since the last one.
//!
//! It only appends, after all bytes that a committed manifest names, so a crash or an error leaves
//! the store as it was. The engine decides when to checkpoint, makes the leaves durable first, and
//! commits the manifest.

use std::{io, iter, ops::ControlFlow};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{TreeError, TreeSnapshot};

use crate::{
    StorageError,
    ahead::ChunksAhead,
    chunk::{CHUNK_BYTES, CHUNK_NODES, SUM_BYTES, SUM_SECTOR_BYTES, SUMS_PER_SECTOR, chunk_sum},
    cold::check_shards,
    manifest::{LevelTail, Manifest},
    shape::Shape,
    storage::{Locator, Shard, Storage, Stream, UnitWriter},
};

/// Chunks written at once: 256 KiB.
const PIECE_CHUNKS: u64 = 64;
/// The bytes of these.
pub(crate) const WHOLE_PIECE_BYTES: usize = PIECE_CHUNKS as usize * CHUNK_BYTES;
/// Checksum sectors written at once: 32 KiB, the sums of 8192 chunks.
const PIECE_SECTORS: usize = 64;

/// Why the nodes of a checkpoint were not written. The checkpoint before is untouched and writing
/// may be tried again, from the same manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFailure {
    /// Storage refused a write or a sync.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A node to be written could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The storage is none to write to: its shards, or the log, which a checkpoint syncs first and
    /// which refused without having failed for good.
    #[error(transparent)]
    Storage(StorageError),
    /// The caller's `pace` stopped the checkpoint.
    #[error("it was stopped")]
    Stopped,
    /// The snapshot is not a later state of the tree in the manifest.
    #[error(
        "the manifest is of a tree with N = {manifest_n} and {manifest_size} leaves; a snapshot with N = {n} and {size} leaves does not follow it"
    )]
    NotASuccessor {
        /// N of the manifest.
        manifest_n: u32,
        /// Size of the manifest.
        manifest_size: u64,
        /// N of the snapshot.
        n: usize,
        /// Size of the snapshot.
        size: u64,
    },
}

/// The levels of a manifest, once their units are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenLevels {
    /// Where the units are, those of the manifest before included.
    pub locator: Locator,
    /// The tails, level by level.
    pub tails: Vec<LevelTail>,
}

/// Puts the chunks and checksum sectors that `snapshot` has and `previous`, the manifest in force,
/// does not name, and makes them durable. Writes the levels that `previous` stores, whichever the
/// snapshot's own store has. The levels of the next manifest.
///
/// Writes 32 bytes for each new complete node of these levels and 4 for each chunk, in pieces of at
/// most 256 KiB, and takes as much memory as one of them. After each piece it calls `pace` with the
/// number of bytes; `pace` may wait, and [`ControlFlow::Break`] ends the checkpoint. One
/// [`finish`](UnitWriter::finish) of one writer ends the work, if there was any.
///
/// # Errors
///
/// [`CheckpointFailure`]; everything is to be written anew then.
pub fn write_nodes<const N: usize, const MAX_DEPTH: usize>(
    storage: &dyn Storage,
    previous: &Manifest,
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    pace: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<WrittenLevels, CheckpointFailure> {
    write_nodes_but(&[], storage, previous, snapshot, pace)
}

/// As [`write_nodes`], but adopts the chunks of leaves that are durable in their place already.
pub(crate) fn write_nodes_but<const N: usize, const MAX_DEPTH: usize>(
    ahead: &[ChunksAhead],
    storage: &dyn Storage,
    previous: &Manifest,
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    pace: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<WrittenLevels, CheckpointFailure> {
    let size = snapshot.size();
    if previous.arity as usize != N || previous.size > size {
        return Err(CheckpointFailure::NotASuccessor {
            manifest_n: previous.arity,
            manifest_size: previous.size,
            n: N,
            size,
        });
    }
    check_shards(storage.shard_chunks()).map_err(CheckpointFailure::Storage)?;
    let with = ahead.iter().map(|run| &run.locator);
    let with: Vec<&Locator> = iter::once(&previous.locator).chain(with).collect();
    let mut pieces = Pieces {
        units: storage.start_units(&with)?,
        shard_chunks: storage.shard_chunks(),
        pace,
        bytes: 0,
    };
    let mut tails = Vec::new();
    let mut nodes = Vec::new();
    let shape = Shape::new(previous.arity, previous.stride, size);
    for level in shape.stored_levels() {
        let mut writer = LevelWriter::after(previous, level);
        let end = shape.chunks(level);
        let mut ahead = if level == 0 { ahead } else { &[] }.iter().peekable();
        while writer.next_chunk < end {
            if let Some(run) = ahead.next_if(|run| run.first == writer.next_chunk) {
                writer.adopt(&mut pieces, &run.sums)?;
                continue;
            }
            let stop = ahead.peek().map_or(end, |run| run.first.min(end));
            let chunks = (stop - writer.next_chunk).min(PIECE_CHUNKS);
            nodes.resize((chunks * CHUNK_NODES) as usize, [0; 32]);
            snapshot.read_nodes(level, writer.next_chunk * CHUNK_NODES, &mut nodes)?;
            writer.put(&mut pieces, &nodes)?;
        }
        tails.push(LevelTail {
            nodes: read_tail(snapshot, &shape, level)?,
            sums: writer.finish(&mut pieces)?,
        });
    }
    let locator = match pieces.bytes {
        0 if ahead.is_empty() => previous.locator.clone(),
        _ => pieces.units.finish()?,
    };
    Ok(WrittenLevels { locator, tails })
}

/// The nodes of a level behind its whole chunks.
fn read_tail<const N: usize, const MAX_DEPTH: usize>(
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    shape: &Shape,
    level: usize,
) -> Result<Vec<Hash>, TreeError> {
    let mut nodes = vec![[0; 32]; shape.tail_nodes(level)];
    snapshot.read_nodes(level, shape.chunks(level) * CHUNK_NODES, &mut nodes)?;
    Ok(nodes)
}

/// The tails that writing a snapshot to the store of `manifest` ends with, from the snapshot alone.
/// Reads less than a sector's chunks of each level.
pub(crate) fn read_tails<const N: usize, const MAX_DEPTH: usize>(
    manifest: &Manifest,
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
) -> Result<Vec<LevelTail>, TreeError> {
    let shape = Shape::new(manifest.arity, manifest.stride, snapshot.size());
    let mut chunk = [[0; 32]; CHUNK_NODES as usize];
    let mut read = |level: usize| {
        let whole = shape.chunks(level);
        let behind_sectors = whole - shape.tail_sums(level) as u64..whole;
        let sums = behind_sectors.map(|index| {
            snapshot.read_nodes(level, index * CHUNK_NODES, &mut chunk)?;
            let bytes = bytemuck::cast_slice(&chunk);
            // A tree has at most 65 levels.
            Ok(chunk_sum(&manifest.tree_id, level as u8, index, bytes))
        });
        Ok(LevelTail {
            sums: sums.collect::<Result<_, TreeError>>()?,
            nodes: read_tail(snapshot, &shape, level)?,
        })
    };
    shape.stored_levels().map(&mut read).collect()
}

/// The destination of pieces, and the callback for them.
struct Pieces<'a> {
    units: Box<dyn UnitWriter + 'a>,
    shard_chunks: u64,
    pace: &'a mut dyn FnMut(usize) -> ControlFlow<()>,
    bytes: u64,
}

impl Pieces<'_> {
    fn put(
        &mut self,
        stream: Stream,
        level: u8,
        first: u64,
        bytes: &[u8],
    ) -> Result<(), CheckpointFailure> {
        let (unit, per_shard) = (stream.unit_bytes(), stream.shard_units(self.shard_chunks));
        let (mut first_left, mut left) = (first, bytes);
        while !left.is_empty() {
            let within = first_left % per_shard;
            // At most the rest, so it fits.
            let units = (per_shard - within).min((left.len() / unit) as u64);
            let (now, later) = left.split_at(units as usize * unit);
            let shard = Shard {
                stream,
                level,
                index: first_left / per_shard,
            };
            self.units.put(shard, within, now)?;
            first_left += units;
            left = later;
        }
        self.bytes += bytes.len() as u64;
        match (self.pace)(bytes.len()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(CheckpointFailure::Stopped),
        }
    }
}

/// Continues the two streams of one level.
struct LevelWriter<'a> {
    level: u8,
    tree_id: &'a [u8; 16],
    next_chunk: u64,
    /// The first sector that is not written; it starts with `sums`.
    next_sector: u64,
    sums: Vec<u32>,
}

impl<'a> LevelWriter<'a> {
    /// Continues where a manifest ends, or starts a level that the manifest does not have.
    fn after(manifest: &'a Manifest, level: usize) -> Self {
        let shape = manifest.shape();
        let chunks = shape.chunks(level);
        let tail = manifest.levels.get(level / shape.stride().levels());
        Self {
            // A tree has at most 65 levels.
            level: level as u8,
            tree_id: &manifest.tree_id,
            next_chunk: chunks,
            next_sector: chunks / SUMS_PER_SECTOR,
            sums: tail.map_or_else(Vec::new, |tail| tail.sums.clone()),
        }
    }

    /// Puts whole chunks of nodes.
    fn put(&mut self, pieces: &mut Pieces<'_>, nodes: &[Hash]) -> Result<(), CheckpointFailure> {
        let bytes: &[u8] = bytemuck::cast_slice(nodes);
        let sums = bytes.chunks_exact(CHUNK_BYTES).zip(self.next_chunk..);
        self.sums
            .extend(sums.map(|(chunk, index)| chunk_sum(self.tree_id, self.level, index, chunk)));
        pieces.put(Stream::Chunks, self.level, self.next_chunk, bytes)?;
        self.go_on(pieces, nodes.len() as u64 / CHUNK_NODES)
    }

    /// Takes over chunks that are in their place.
    fn adopt(&mut self, pieces: &mut Pieces<'_>, sums: &[u32]) -> Result<(), CheckpointFailure> {
        self.sums.extend_from_slice(sums);
        self.go_on(pieces, sums.len() as u64)
    }

    fn go_on(&mut self, pieces: &mut Pieces<'_>, chunks: u64) -> Result<(), CheckpointFailure> {
        self.next_chunk += chunks;
        if self.sums.len() >= PIECE_SECTORS * SUMS_PER_SECTOR as usize {
            self.put_sectors(pieces)?;
        }
        Ok(())
    }

    fn put_sectors(&mut self, pieces: &mut Pieces<'_>) -> Result<(), CheckpointFailure> {
        let sectors = self.sums.len() / SUMS_PER_SECTOR as usize;
        if sectors == 0 {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(sectors * SUM_SECTOR_BYTES);
        let sums = self.sums.drain(..sectors * SUMS_PER_SECTOR as usize);
        sums.for_each(|sum| bytes.extend_from_slice(&sum.to_le_bytes()));
        debug_assert_eq!(bytes.len(), sectors * SUMS_PER_SECTOR as usize * SUM_BYTES);
        pieces.put(Stream::Sums, self.level, self.next_sector, &bytes)?;
        self.next_sector += sectors as u64;
        Ok(())
    }

    /// Puts the last whole sectors; the checksums that do not fill one.
    fn finish(mut self, pieces: &mut Pieces<'_>) -> Result<Vec<u32>, CheckpointFailure> {
        self.put_sectors(pieces)?;
        Ok(self.sums)
    }
}
