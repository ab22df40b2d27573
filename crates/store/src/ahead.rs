//! [`ChunksAhead`]: whole chunks of leaves that are on level 0 ahead of the checkpoint, where
//! records of the log refer to them. [`ChunkReader`] reads them for a record.

use std::io;

use rotortree_hasher::Hash;
use rotortree_wal::{CHUNK_LEAVES, ChunkRun, MAX_LOCATOR_BYTES, RecordView};

use crate::{
    chunk::{CHUNK_BYTES, CHUNK_NODES, chunk_sum},
    storage::{Locator, Shard, Storage, Stream},
};

const _: () = assert!(CHUNK_LEAVES as u64 == CHUNK_NODES);
const _: () = assert!(Locator::MAX_BYTES == MAX_LOCATOR_BYTES);

/// A run of chunks, by their checksums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunksAhead {
    /// The first chunk, counted from the first leaf of the tree.
    pub(crate) first: u64,
    pub(crate) sums: Vec<u32>,
    pub(crate) locator: Locator,
}

impl ChunksAhead {
    /// The chunks that a record refers to.
    pub(crate) fn of(run: &ChunkRun<'_>) -> Self {
        let sums = run.sums.iter().map(|sum| u32::from_le_bytes(*sum));
        Self {
            first: run.first,
            sums: sums.collect(),
            locator: Locator::new(run.locator).unwrap_or_default(),
        }
    }

    /// The chunk behind the last one.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.sums.len() as u64
    }

    /// Bytes of the chunks.
    pub(crate) fn bytes(&self) -> u64 {
        (self.sums.len() * CHUNK_BYTES) as u64
    }
}

/// Chunk `index` of level 0, the first unit of a read of at most `chunks`: its shard, its number
/// there, and how many of them the shard has.
pub(crate) fn place(storage: &dyn Storage, index: u64, chunks: usize) -> (Shard, u64, usize) {
    let per_shard = storage.shard_chunks();
    let shard = Shard {
        stream: Stream::Chunks,
        level: 0,
        index: index / per_shard,
    };
    let within = index % per_shard;
    let here = (per_shard - within).min(chunks as u64);
    // At most `chunks`.
    (shard, within, here as usize)
}

/// Reads the chunks that records refer to, into memory and never as a mapping: bytes that no
/// manifest names may change.
#[derive(Default)]
pub(crate) struct ChunkReader {
    /// All leaves of the last record that refers to chunks.
    leaves: Vec<Hash>,
}

/// The leaves of a record, or the first chunk that does not match the record's checksum.
pub(crate) type Gathered<'a> = Result<&'a [Hash], u64>;

impl ChunkReader {
    /// All leaves of a record in their order. Takes memory for the largest record so far, 1 MiB.
    ///
    /// # Errors
    ///
    /// Those of the storage, but for chunks that are not there.
    #[inline]
    pub(crate) fn gather<'a>(
        &'a mut self,
        storage: &dyn Storage,
        tree_id: &[u8; 16],
        record: &RecordView<'a>,
    ) -> io::Result<Gathered<'a>> {
        match &record.chunks {
            None => Ok(Ok(record.leaves)),
            Some(run) => self.gather_run(storage, tree_id, record.leaves, run),
        }
    }

    /// The leaves of a record that refers to chunks.
    #[inline(never)]
    fn gather_run(
        &mut self,
        storage: &dyn Storage,
        tree_id: &[u8; 16],
        leaves: &[Hash],
        run: &ChunkRun<'_>,
    ) -> io::Result<Gathered<'_>> {
        let (front, back) = leaves.split_at(run.front);
        self.leaves.clear();
        self.leaves.extend_from_slice(front);
        let start = self.leaves.len();
        self.leaves
            .resize(start + run.sums.len() * CHUNK_LEAVES, [0; 32]);
        let chunks: &mut [u8] = bytemuck::cast_slice_mut(&mut self.leaves[start..]);
        if let Some(bad) = read(storage, tree_id, run, chunks)? {
            return Ok(Err(bad));
        }
        self.leaves.extend_from_slice(back);
        Ok(Ok(&self.leaves))
    }
}

/// Fills `bytes` with the chunks of a run. The first chunk that is not the run's, if any.
fn read(
    storage: &dyn Storage,
    tree_id: &[u8; 16],
    run: &ChunkRun<'_>,
    bytes: &mut [u8],
) -> io::Result<Option<u64>> {
    let locator = Locator::new(run.locator).unwrap_or_default();
    let (mut next, mut left) = (run.first, &mut *bytes);
    while !left.is_empty() {
        let (shard, first, here) = place(storage, next, left.len() / CHUNK_BYTES);
        let (now, later) = left.split_at_mut(here * CHUNK_BYTES);
        match storage.read_units(&locator, shard, first, now) {
            Err(error) if is_missing(&error) => {
                let there = (read_there(storage, run)?.len() / CHUNK_BYTES) as u64;
                return Ok(Some(run.first + there));
            }
            read => read?,
        }
        (next, left) = (next + here as u64, later);
    }
    let chunks = bytes.chunks_exact(CHUNK_BYTES).zip(run.sums);
    let bad = (run.first..)
        .zip(chunks)
        .find(|(index, (chunk, sum))| chunk_sum(tree_id, 0, *index, chunk).to_le_bytes() != **sum);
    Ok(bad.map(|(index, _)| index))
}

/// The chunks of a run up to the first that is not there, whatever they hold.
pub(crate) fn read_there(storage: &dyn Storage, run: &ChunkRun<'_>) -> io::Result<Vec<u8>> {
    let locator = Locator::new(run.locator).unwrap_or_default();
    let mut bytes = Vec::new();
    for index in (run.first..).take(run.sums.len()) {
        let (shard, first, _) = place(storage, index, 1);
        let start = bytes.len();
        bytes.resize(start + CHUNK_BYTES, 0);
        match storage.read_units(&locator, shard, first, &mut bytes[start..]) {
            Err(error) if is_missing(&error) => {
                bytes.truncate(start);
                break;
            }
            read => read?,
        }
    }
    Ok(bytes)
}

/// Whether a unit is not there at all.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
    )
}
