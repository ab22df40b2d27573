//! [`Run`]: the hashes of consecutive leaves, shard by shard.

use std::ops::Range;

use rotortree_hasher::Hash;
use rotortree_lean_imt::{TreeError, prefetch};

use crate::{
    key::Key,
    table::{SHARDS, Table},
};

/// The most leaves of a run: they are sorted within a processor's cache, and 16 bits tell their
/// positions.
pub(super) const RUN: usize = 1 << 16;

/// Leaves for which a run keeps its memory.
pub(super) const KEPT: usize = 1 << 12;

/// The hashes of consecutive leaves of a batch, sorted by shard. Those of a shard are in the order
/// of their leaves.
#[derive(Clone, Default)]
pub(super) struct Run {
    /// The position of the first leaf in the batch.
    begin: usize,
    hashes: Vec<u64>,
    /// The positions of the leaves behind `begin`.
    positions: Vec<u16>,
    /// Where those of each shard end; empty in a run of one leaf.
    ends: Vec<u32>,
}

impl Run {
    /// The number of leaves.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Takes a batch of one leaf. Returns its shard.
    pub(super) fn single(&mut self, hash: u64) -> usize {
        self.clear();
        self.begin = 0;
        self.hashes.push(hash);
        self.positions.push(0);
        Table::shard_of(hash)
    }

    /// Takes the leaves at `begin` of a batch, at most [`RUN`]. `unsorted` is memory for their
    /// hashes.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory.
    pub(super) fn sort(
        &mut self,
        key: &Key,
        begin: usize,
        leaves: &[Hash],
        unsorted: &mut Vec<u64>,
    ) -> Result<(), TreeError> {
        self.clear();
        self.begin = begin;
        let Self {
            hashes,
            positions,
            ends,
            ..
        } = self;
        unsorted.clear();
        let reserved = unsorted
            .try_reserve_exact(leaves.len())
            .and_then(|()| hashes.try_reserve_exact(leaves.len()))
            .and_then(|()| positions.try_reserve_exact(leaves.len()));
        reserved.map_err(|_| TreeError::CapacityExceeded)?;
        key.hash_all(leaves, unsorted);
        // Where those of each shard begin, moved to their end by each hash that comes.
        ends.resize(SHARDS, 0);
        for &hash in &*unsorted {
            ends[Table::shard_of(hash)] += 1;
        }
        let mut start = 0;
        for end in &mut *ends {
            start += std::mem::replace(end, start);
        }
        hashes.resize(leaves.len(), 0);
        positions.resize(leaves.len(), 0);
        for (position, &hash) in unsorted.iter().enumerate() {
            let at = &mut ends[Table::shard_of(hash)];
            hashes[*at as usize] = hash;
            positions[*at as usize] = position as u16;
            *at += 1;
        }
        Ok(())
    }

    /// Where the leaves of a shard are in the run. For a single leaf, ask for its shard alone.
    pub(super) fn of(&self, shard: usize) -> Range<usize> {
        if self.ends.is_empty() {
            return 0..self.len();
        }
        let start = shard.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[shard] as usize
    }

    /// The position in the batch of the last leaf of a shard.
    pub(super) fn last(&self, shard: usize) -> Option<usize> {
        let last = self.positions[self.of(shard)].last();
        last.map(|&position| self.begin + usize::from(position))
    }

    /// The positions in the batch of some leaves of the run, and their places.
    pub(super) fn leaves(&self, range: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
        let positions = self.positions[range.clone()].iter();
        let positions = positions.map(|&position| self.begin + usize::from(position));
        positions.zip(self.places(range))
    }

    /// Starts to fetch what the run knows of some leaves.
    pub(super) fn prefetch(&self, range: Range<usize>) {
        prefetch(&self.hashes[range.clone()]);
        prefetch(&self.positions[range]);
    }

    /// The places of some leaves of the run.
    pub(super) fn places(&self, range: Range<usize>) -> impl Iterator<Item = u64> {
        let hashes = self.hashes[range].iter();
        hashes.map(|&hash| Table::place_of(hash))
    }

    /// Empties the run, and gives memory back that a large one took.
    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        self.hashes.shrink_to(KEPT);
        self.positions.clear();
        self.positions.shrink_to(KEPT);
        self.ends.clear();
    }
}
