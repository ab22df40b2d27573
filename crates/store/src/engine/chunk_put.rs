//! [`ChunkPut`]: the whole chunks of a large batch, put on level 0 before the batch is recorded.
//!
//! A batch's record then refers to them, and the checkpoint adopts them: each leaf is written once.
//! They are durable, names included, before the first byte of their record is written, so no crash
//! leaves a record without its chunks.

use std::io;

use rotortree_hasher::Hash;
use rotortree_wal::{CHUNK_LEAVES, ChunkRun, GroupBuffer, MAX_RUN_CHUNKS, RecordError};

use crate::{
    ahead::{ChunksAhead, place},
    chunk::{CHUNK_BYTES, chunk_sum},
    storage::{Storage, UnitWriter},
};

/// Chunks put at once: 256 KiB.
const PIECE_CHUNKS: usize = 64;

/// The shape of a batch: leaves that complete a chunk, whole chunks, and leaves behind them.
#[derive(Clone, Copy)]
pub(super) struct Split<'a> {
    front: &'a [Hash],
    /// The first chunk.
    first: u64,
    chunks: &'a [Hash],
    back: &'a [Hash],
}

impl<'a> Split<'a> {
    /// Splits a batch that continues a tree of `size` leaves, if it has at least `least` bytes of
    /// whole chunks.
    pub(super) fn of(leaves: &'a [Hash], size: u64, least: usize) -> Option<Self> {
        let within = (size % CHUNK_LEAVES as u64) as usize;
        let front = (CHUNK_LEAVES - within) % CHUNK_LEAVES;
        let (front, rest) = leaves.split_at_checked(front)?;
        let (chunks, back) = rest.split_at(rest.len() - rest.len() % CHUNK_LEAVES);
        let bytes = size_of_val(chunks);
        (bytes > 0 && bytes >= least).then(|| Self {
            front,
            first: size.div_ceil(CHUNK_LEAVES as u64),
            chunks,
            back,
        })
    }
}

/// Chunks that were handed to the storage and are not durable yet.
pub(super) struct ChunkPut<'a> {
    units: Box<dyn UnitWriter + 'a>,
    first: u64,
    sums: Vec<u32>,
}

impl<'a> ChunkPut<'a> {
    /// Puts the chunks of a batch, which are written while the caller hashes.
    pub(super) fn start(
        storage: &'a dyn Storage,
        tree_id: &[u8; 16],
        batch: Split<'_>,
    ) -> io::Result<Self> {
        let mut units = storage.start_units(&[])?;
        let mut bytes: &[u8] = bytemuck::cast_slice(batch.chunks);
        let mut sums = Vec::with_capacity(bytes.len() / CHUNK_BYTES);
        while !bytes.is_empty() {
            let next = batch.first + sums.len() as u64;
            let most = (bytes.len() / CHUNK_BYTES).min(PIECE_CHUNKS);
            let (shard, within, here) = place(storage, next, most);
            let (now, later) = bytes.split_at(here * CHUNK_BYTES);
            let chunks = (next..).zip(now.chunks_exact(CHUNK_BYTES));
            sums.extend(chunks.map(|(index, chunk)| chunk_sum(tree_id, 0, index, chunk)));
            units.put(shard, within, now)?;
            bytes = later;
        }
        units.start()?;
        Ok(Self {
            units,
            first: batch.first,
            sums,
        })
    }

    /// Makes the chunks durable.
    pub(super) fn finish(self) -> io::Result<Vec<ChunksAhead>> {
        let locator = self.units.finish()?;
        let runs = (self.first..)
            .step_by(MAX_RUN_CHUNKS)
            .zip(self.sums.chunks(MAX_RUN_CHUNKS));
        let runs = runs.map(|(first, sums)| ChunksAhead {
            first,
            sums: sums.to_vec(),
            locator: locator.clone(),
        });
        Ok(runs.collect())
    }
}

/// Records a batch whose chunks are durable in `runs`: a record for each run. The sequence of the
/// last one.
pub(super) fn push(
    pending: &mut GroupBuffer,
    batch: Split<'_>,
    runs: &[ChunksAhead],
    metadata: Option<&[u8]>,
) -> Result<u64, RecordError> {
    let mut sequence = pending.last_batch_end();
    for (index, run) in runs.iter().enumerate() {
        let is_last = index + 1 == runs.len();
        let front = if index == 0 { batch.front } else { &[] };
        let back = if is_last { batch.back } else { &[] };
        let sums: Vec<[u8; 4]> = run.sums.iter().map(|sum| sum.to_le_bytes()).collect();
        let chunks = ChunkRun {
            first: run.first,
            front: front.len(),
            locator: run.locator.as_bytes(),
            sums: &sums,
        };
        let metadata = metadata.filter(|_| is_last);
        sequence = pending.push_chunks(&[front, back].concat(), chunks, metadata, !is_last)?;
    }
    Ok(sequence)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_split_has_every_leaf_once_and_its_chunks_where_the_tree_has_them() {
        let leaves: Vec<Hash> = (0..700u64)
            .map(|leaf| std::array::from_fn(|at| (leaf >> (8 * (at % 2))) as u8))
            .collect();
        for size in [
            0,
            1,
            127,
            128,
            129,
            255,
            256,
            (1 << 40) + 77,
            u64::MAX - 900,
        ] {
            for len in [1, 127, 128, 129, 255, 256, 257, 383, 384, 700] {
                let leaves = &leaves[..len];
                let before = (size % 128) as usize;
                let whole = ((before + len) / 128).saturating_sub(usize::from(before > 0));
                let split = Split::of(leaves, size, 4096);
                assert_eq!(
                    split.is_some(),
                    before + len >= 128 && whole > 0,
                    "{size} {len}"
                );
                let Some(split) = split else { continue };
                assert_eq!([split.front, split.chunks, split.back].concat(), leaves);
                assert_eq!(split.first * 128, size + split.front.len() as u64);
                assert_eq!(split.chunks.len(), whole * 128);
                assert!(split.front.len() < 128 && split.back.len() < 128);
                assert!(Split::of(leaves, size, whole * 4096 + 1).is_none());
            }
        }
    }
}
