//! [`Sorted`]: a batch by shards.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use super::{
    batch::{Batch, Repeated},
    run::{KEPT, RUN, Run},
    share::Share,
};
use crate::{
    key::Key,
    table::{SHARDS, Table},
    threads::{in_parallel, lock, threads},
};

/// About as many leaves are searched and added at once.
const SHARE: usize = 1 << 12;

/// The hashes of a batch by shards, and what was found of it.
#[derive(Default)]
pub(super) struct Sorted {
    /// The index of its first leaf.
    first: u64,
    runs: Vec<Run>,
    /// The shards of each part of it.
    shares: Vec<Range<usize>>,
    /// The leaves that get no entry.
    kept: u64,
    /// Memory for each thread that sorts.
    unsorted: Mutex<Vec<Vec<u64>>>,
}

impl Sorted {
    /// The leaves.
    pub(super) fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.len() as u64).sum()
    }

    /// The leaves that get an entry.
    pub(super) fn entries(&self) -> u64 {
        self.len() - self.kept
    }

    /// Hashes a batch and sorts it.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory.
    pub(super) fn sort(&mut self, key: &Key, first: u64, leaves: &[Hash]) -> Result<(), TreeError> {
        self.first = first;
        let threads = threads(leaves.len() as u64);
        let count = leaves.len().div_ceil(RUN).next_multiple_of(threads);
        let len = leaves.len().div_ceil(count.max(1)).max(1);
        let count = leaves.len().div_ceil(len);
        self.runs.resize_with(count, Run::default);
        if let ([leaf], [run]) = (leaves, &mut *self.runs) {
            let shard = run.single(key.hash(leaf));
            self.shares.push(shard..shard + 1);
            return Ok(());
        }
        let shards = (SHARE * SHARDS / leaves.len().max(1)).clamp(1, SHARDS);
        let starts = (0..SHARDS).step_by(shards);
        let shares = starts.map(|start| start..SHARDS.min(start + shards));
        self.shares.extend(shares);
        let unsorted = &self.unsorted;
        let runs = (0..).step_by(len).zip(leaves.chunks(len));
        let runs = runs.zip(&mut self.runs);
        let sorted = in_parallel(threads, runs, |((begin, leaves), run)| {
            let mut memory = lock(unsorted).pop().unwrap_or_default();
            let sorted = run.sort(key, begin, leaves, &mut memory);
            lock(unsorted).push(memory);
            sorted
        });
        sorted.into_iter().collect()
    }

    fn share<'a>(&'a self, table: &'a Table, shards: &Range<usize>) -> Share<'a> {
        Share {
            table,
            runs: &self.runs,
            shards: shards.clone(),
        }
    }

    /// Adds the entries to the table. The first leaf that is refused: some entries are not there
    /// then.
    ///
    /// # Errors
    /// As [`Share::add`].
    pub(super) fn add<R>(
        &mut self,
        table: &Table,
        batch: &Batch<'_, R>,
    ) -> Result<Option<Repeated>, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError> + Sync,
    {
        // One leaf takes no memory.
        if let [shards] = &*self.shares {
            let found = self.share(table, shards).add(batch)?;
            self.kept = found.kept;
            return Ok(found.repeated);
        }
        let add = |shards: &Range<usize>| self.share(table, shards).add(batch);
        let mut repeated = None;
        let mut kept = 0;
        for found in in_parallel(threads(self.len()), self.shares.iter(), add) {
            let found = found?;
            let both = found.repeated.into_iter().chain(repeated);
            repeated = both.min_by_key(|leaf: &Repeated| leaf.position);
            kept += found.kept;
        }
        self.kept = kept;
        Ok(repeated)
    }

    /// Takes the entries out of the table again, as far as they are there, and the room that a
    /// large batch has made.
    pub(super) fn take_out(&self, table: &Table) {
        if self.shares.is_empty() {
            return;
        }
        let threads = threads(self.len());
        in_parallel(threads, self.shares.iter(), |shards| {
            self.share(table, shards).take_out(self.first, threads > 1);
        });
    }

    /// Forgets the batch, and gives memory back that a large one took.
    pub(super) fn clear(&mut self) {
        self.runs.truncate(1);
        self.runs.iter_mut().for_each(Run::clear);
        self.shares.clear();
        self.kept = 0;
        let unsorted = self.unsorted.get_mut();
        let unsorted = unsorted.unwrap_or_else(PoisonError::into_inner);
        unsorted.truncate(1);
        for memory in unsorted {
            memory.clear();
            memory.shrink_to(KEPT);
        }
    }
}
