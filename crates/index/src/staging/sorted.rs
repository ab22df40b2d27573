//! [`Sorted`]: a batch by shards.

use std::ops::Range;

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use super::{
    batch::{Batch, Repeated},
    run::{RUN, Run},
    share::{Found, Kept, Share},
};
use crate::{
    key::Key,
    table::{SHARDS, Table},
    threads::in_parallel,
};

/// About as many leaves are searched at once: what is seen of them fits into a processor's cache.
const SHARE: usize = 1 << 12;

/// The hashes of a batch by shards, and what was found of it.
#[derive(Clone, Default)]
pub(super) struct Sorted {
    /// The index of its first leaf.
    first: u64,
    runs: Vec<Run>,
    /// The shards of each part of it.
    shares: Vec<Range<usize>>,
    /// For each share, the leaves that get no entry.
    kept: Vec<Vec<Kept>>,
}

impl Sorted {
    /// The leaves.
    pub(super) fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.len() as u64).sum()
    }

    /// The leaves that get an entry.
    pub(super) fn entries(&self) -> u64 {
        self.len() - self.kept.iter().map(|kept| kept.len() as u64).sum::<u64>()
    }

    /// Hashes a batch and sorts it.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory.
    pub(super) fn sort(
        &mut self,
        key: &Key,
        first: u64,
        leaves: &[Hash],
        threads: usize,
    ) -> Result<(), TreeError> {
        self.first = first;
        let len = leaves.len().div_ceil(threads).clamp(1, RUN);
        let count = leaves.len().div_ceil(len);
        self.runs.resize_with(count, Run::default);
        if let ([leaf], [run]) = (leaves, &mut *self.runs) {
            let shard = run.single(key.hash(leaf));
            self.shares.push(shard..shard + 1);
            return Ok(());
        }
        let shares = (0..).step_by(len).zip(leaves.chunks(len));
        let shares = shares.zip(&mut self.runs);
        let sorted = in_parallel(threads, shares, |((begin, leaves), run)| {
            run.sort(key, begin, leaves)
        });
        let shards = (SHARE * SHARDS / leaves.len().max(1)).clamp(1, SHARDS);
        let starts = (0..SHARDS).step_by(shards);
        let shares = starts.map(|start| start..SHARDS.min(start + shards));
        self.shares.extend(shares);
        sorted.into_iter().collect()
    }

    fn share<'a>(&'a self, table: &'a Table, shards: &Range<usize>) -> Share<'a> {
        Share {
            table,
            runs: &self.runs,
            shards: shards.clone(),
        }
    }

    /// Searches the leaves in the table and among each other. The first that is refused. One thread
    /// alone adds the entries as well, up to such a leaf.
    ///
    /// # Errors
    /// As [`Share::search`].
    pub(super) fn search<R>(
        &mut self,
        table: &Table,
        batch: &Batch<'_, R>,
        threads: usize,
    ) -> Result<Option<Repeated>, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError> + Sync,
    {
        let search = |shards: &Range<usize>| {
            let share = self.share(table, shards);
            if threads == 1 {
                share.search_and_add(batch)
            } else {
                share.search(batch)
            }
        };
        let mut repeated = None;
        let mut take = |found: Found| {
            let both = repeated.into_iter().chain(found.repeated);
            repeated = both.min_by_key(|leaf: &Repeated| leaf.position);
            found.kept
        };
        // One leaf takes no memory.
        if let [shards] = &*self.shares {
            let kept = take(search(shards)?);
            self.kept.push(kept);
        } else {
            for found in in_parallel(threads, self.shares.iter(), search) {
                let kept = take(found?);
                self.kept.push(kept);
            }
        }
        Ok(repeated)
    }

    /// Adds the entries to the table.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory.
    pub(super) fn add(&self, table: &Table, threads: usize) -> Result<(), TreeError> {
        let add = |(shards, kept): (&Range<usize>, &Vec<Kept>)| {
            self.share(table, shards).add(self.first, kept)
        };
        let shares = self.shares.iter().zip(&self.kept);
        in_parallel(threads, shares, add).into_iter().collect()
    }

    /// Takes the entries out of the table again, as far as they are there.
    pub(super) fn take_out(&self, table: &Table) {
        for (position, hash) in self.runs.iter().flat_map(Run::iter) {
            let mut shard = table.write(Table::shard_of(hash));
            shard.remove(Table::place_of(hash), self.first + position as u64);
        }
    }

    /// Forgets the batch, and gives memory back that a large one took.
    pub(super) fn clear(&mut self) {
        self.runs.truncate(1);
        self.runs.iter_mut().for_each(Run::clear);
        self.shares.clear();
        self.kept.clear();
    }
}
