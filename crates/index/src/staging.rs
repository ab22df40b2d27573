//! [`Staging`]: a batch on its way into the table.
//!
//! The entries of a batch are in the table before the tree has taken its leaves. Lookups do not see
//! them, since they look at indices below the size of a snapshot alone. A batch that the tree does
//! not take is taken out again.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use crate::{
    table::{SHARDS, Table},
    threads::{in_parallel, threads},
};

/// Leaves that are sorted by their shard at once.
const PIECE: usize = 1 << 15;

/// Hashes kept allocated for the next batch.
const KEPT: usize = 1 << 12;

/// How far ahead buckets are fetched.
const AHEAD: usize = 8;

/// A leaf of a batch that stands earlier: in the tree, or in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// Its position in the batch.
    pub(crate) position: usize,
    /// The index of the same leaf before it.
    pub(crate) index: u64,
}

/// What a batch may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The leaf's first index stays the one that is found.
    Kept,
    /// A leaf that stands earlier ends the batch.
    Refused,
}

/// A batch of which the tree does not have the leaves yet.
pub(crate) struct Batch<'a, R> {
    /// The index of its first leaf.
    pub(crate) first: u64,
    pub(crate) leaves: &'a [Hash],
    /// Reads a leaf of the tree.
    pub(crate) read: R,
    pub(crate) repeats: Repeats,
}

/// The hashes of the batch whose entries are in the table, and whose leaves the tree may still not
/// take.
pub(crate) struct Staging {
    /// The leaves of the tree that the table covers: those before the batch.
    covered: u64,
    hashes: Vec<u64>,
    /// Those among them that have no entry, since their leaf stands earlier.
    kept: u64,
}

impl Staging {
    /// No batch is on its way behind so many leaves.
    pub(crate) fn new(covered: u64) -> Self {
        Self {
            covered,
            hashes: Vec::new(),
            kept: 0,
        }
    }

    /// The leaves of the tree that the table covers.
    pub(crate) fn covered(&self) -> u64 {
        self.covered
    }

    /// The entries of the batch on its way.
    pub(crate) fn added(&self) -> u64 {
        self.hashes.len() as u64 - self.kept
    }

    /// Adds the entries of a batch to the table. The first leaf that is repeated, if there is one
    /// and it is refused: call [`take_out`](Self::take_out) then, and after an error.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory, or the error of a leaf that cannot be read.
    pub(crate) fn add<R>(
        &mut self,
        table: &Table,
        batch: &Batch<'_, R>,
    ) -> Result<Option<Repeated>, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError> + Sync,
    {
        debug_assert!(self.hashes.is_empty(), "the last batch was settled");
        debug_assert_eq!(self.covered, batch.first);
        let room = self.hashes.try_reserve(batch.leaves.len());
        room.map_err(|_| TreeError::CapacityExceeded)?;
        self.hashes.resize(batch.leaves.len(), 0);
        let threads = threads(batch.leaves.len() as u64);
        let hash = |(leaves, hashes): (&[Hash], &mut [u64])| {
            for (leaf, hash) in leaves.iter().zip(hashes) {
                *hash = table.key().hash(leaf);
            }
        };
        let kept = AtomicU64::new(0);
        let part = |hashes, shards| {
            let part = Part {
                table,
                batch,
                hashes,
                shards,
                kept: &kept,
            };
            part.add()
        };
        if threads == 1 {
            hash((batch.leaves, &mut self.hashes));
            let repeated = part(&self.hashes, 0..SHARDS);
            self.kept = kept.into_inner();
            return repeated;
        }
        let share = batch.leaves.len().div_ceil(threads);
        let shares = batch
            .leaves
            .chunks(share)
            .zip(self.hashes.chunks_mut(share));
        in_parallel(threads, shares, hash);
        let hashes = &*self.hashes;
        let parts = (0..threads).map(|part| part * SHARDS / threads..(part + 1) * SHARDS / threads);
        let added = in_parallel(threads, parts, |shards| part(hashes, shards));
        self.kept = kept.into_inner();
        let mut first: Option<Repeated> = None;
        for repeated in added {
            first = first
                .into_iter()
                .chain(repeated?)
                .min_by_key(|leaf| leaf.position);
        }
        Ok(first)
    }

    /// The tree has taken the batch.
    pub(crate) fn settle(&mut self) {
        self.covered += self.hashes.len() as u64;
        self.clear();
    }

    fn clear(&mut self) {
        self.hashes.clear();
        self.kept = 0;
        self.hashes.shrink_to(KEPT);
    }

    /// Takes the entries of a batch out that the tree has not taken.
    pub(crate) fn take_out(&mut self, table: &Table) {
        for (index, &hash) in (self.covered..).zip(&self.hashes) {
            let mut shard = table.write(Table::shard_of(hash));
            shard.remove(Table::place_of(hash), index);
        }
        self.clear();
    }
}

/// The shards of one thread, and the batch.
struct Part<'a, 'b, R> {
    table: &'a Table,
    batch: &'a Batch<'b, R>,
    hashes: &'a [u64],
    shards: Range<usize>,
    /// Counts the leaves that have no entry, since they stand earlier.
    kept: &'a AtomicU64,
}

impl<R: Fn(u64) -> Result<Hash, TreeError>> Part<'_, '_, R> {
    /// Adds what belongs to these shards, up to the first leaf that is refused.
    fn add(&self) -> Result<Option<Repeated>, TreeError> {
        if let [hash] = *self.hashes {
            return self.add_to(Table::shard_of(hash), 0, &[0]);
        }
        let mut positions = Vec::new();
        for piece_start in (0..self.hashes.len()).step_by(PIECE) {
            let piece = piece_start..self.hashes.len().min(piece_start + PIECE);
            let ends = self.sort(piece, &mut positions);
            let mut first: Option<Repeated> = None;
            let mut start = 0;
            for (shard, end) in self.shards.clone().zip(ends) {
                let repeated = self.add_to(shard, piece_start, &positions[start..end])?;
                first = first
                    .into_iter()
                    .chain(repeated)
                    .min_by_key(|leaf| leaf.position);
                start = end;
            }
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// The positions in a piece, shard by shard and in their order, and where those of each shard
    /// end.
    fn sort(&self, piece: Range<usize>, positions: &mut Vec<u32>) -> Vec<usize> {
        let shard = |position: usize| {
            let shard = Table::shard_of(self.hashes[position]);
            self.shards
                .contains(&shard)
                .then(|| shard - self.shards.start)
        };
        let mut starts = vec![0; self.shards.len() + 1];
        let begin = piece.start;
        for shard in piece.clone().filter_map(shard) {
            starts[shard + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        positions.resize(starts[self.shards.len()], 0);
        for position in piece {
            if let Some(shard) = shard(position) {
                positions[starts[shard]] = (position - begin) as u32;
                starts[shard] += 1;
            }
        }
        starts.truncate(self.shards.len());
        starts
    }

    /// Adds the leaves at these positions behind `begin`, in their order, to one shard.
    fn add_to(
        &self,
        shard: usize,
        begin: usize,
        positions: &[u32],
    ) -> Result<Option<Repeated>, TreeError> {
        if positions.is_empty() {
            return Ok(None);
        }
        let Batch {
            first,
            leaves,
            read,
            repeats,
        } = self.batch;
        let place = |position: &u32| Table::place_of(self.hashes[begin + *position as usize]);
        let mut shard = self.table.write(shard);
        for ahead in positions.iter().take(AHEAD) {
            shard.prefetch(place(ahead));
        }
        for (at, position) in positions.iter().enumerate() {
            if let Some(ahead) = positions.get(at + AHEAD) {
                shard.prefetch(place(ahead));
            }
            let place = place(position);
            let position = begin + *position as usize;
            let mut candidate = shard.candidate(place, None);
            while let Some(index) = candidate {
                let same = match index.checked_sub(*first) {
                    Some(earlier) => leaves[earlier as usize],
                    None => read(index)?,
                };
                if same == leaves[position] {
                    break;
                }
                candidate = shard.candidate(place, Some(index));
            }
            match (candidate, repeats) {
                (None, _) => shard.insert(place, first + position as u64)?,
                (Some(_), Repeats::Kept) => drop(self.kept.fetch_add(1, Ordering::Relaxed)),
                (Some(index), Repeats::Refused) => return Ok(Some(Repeated { position, index })),
            }
        }
        Ok(None)
    }
}
