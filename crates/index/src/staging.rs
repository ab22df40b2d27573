//! [`Staging`]: a batch on its way into the table.
//!
//! The entries of a batch are in the table before the tree has taken its leaves. Lookups do not see
//! them, since they look at indices below the size of a snapshot alone. A batch that the tree does
//! not take is taken out again.

mod batch;
mod part;
mod run;

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

pub(crate) use self::batch::{Batch, Repeated, Repeats};
use self::{
    part::{Added, Part},
    run::{RUN, Run},
};
use crate::{
    table::{SHARDS, Table},
    threads::{in_parallel, threads},
};

/// Shards that a thread takes at once.
const SHARE: usize = 16;

/// The batch whose entries are in the table, and whose leaves the tree may still not take.
pub(crate) struct Staging {
    /// The leaves of the tree that the table covers: those before the batch.
    covered: u64,
    /// The hashes of the batch.
    runs: Vec<Run>,
    /// The leaves of the batch that have no entry, since they stand earlier.
    kept: u64,
}

impl Staging {
    /// No batch is on its way behind so many leaves.
    pub(crate) fn new(covered: u64) -> Self {
        Self {
            covered,
            runs: Vec::new(),
            kept: 0,
        }
    }

    /// The leaves of the tree that the table covers.
    pub(crate) fn covered(&self) -> u64 {
        self.covered
    }

    /// The leaves of the batch on its way.
    fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.len() as u64).sum()
    }

    /// The entries of the batch on its way.
    pub(crate) fn added(&self) -> u64 {
        self.len() - self.kept
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
        debug_assert_eq!((self.len(), self.covered), (0, batch.first));
        let threads = threads(batch.leaves.len() as u64);
        let single = self.sort(table, batch.leaves, threads)?;
        let part = Part {
            table,
            batch,
            runs: &self.runs,
        };
        let mut added = Added::default();
        if let Some(shard) = single {
            added = part.add_single(shard)?;
        } else {
            let shares = (0..SHARDS).step_by(SHARE);
            let shares = shares.map(|shard| shard..shard + SHARE);
            for share in in_parallel(threads, shares, |shards| part.add(shards)) {
                added.append(share?);
            }
        }
        self.kept = added.kept;
        Ok(added.repeated)
    }

    /// Hashes a batch. Returns the shard of a single leaf.
    fn sort(
        &mut self,
        table: &Table,
        leaves: &[Hash],
        threads: usize,
    ) -> Result<Option<usize>, TreeError> {
        let len = leaves.len().div_ceil(threads).clamp(1, RUN);
        self.runs
            .resize_with(leaves.len().div_ceil(len), Run::default);
        if let ([leaf], [run]) = (leaves, &mut *self.runs) {
            return Ok(Some(run.single(table.key().hash(leaf))));
        }
        let shares = (0..).step_by(len).zip(leaves.chunks(len));
        let shares = shares.zip(&mut self.runs);
        let sorted = in_parallel(threads, shares, |((begin, leaves), run)| {
            run.sort(table.key(), begin, leaves)
        });
        sorted.into_iter().collect::<Result<(), _>>()?;
        Ok(None)
    }

    /// The tree has taken the batch.
    pub(crate) fn settle(&mut self) {
        self.covered += self.len();
        self.clear();
    }

    fn clear(&mut self) {
        self.kept = 0;
        self.runs.truncate(1);
        self.runs.iter_mut().for_each(Run::clear);
    }

    /// Takes the entries of a batch out that the tree has not taken.
    pub(crate) fn take_out(&mut self, table: &Table) {
        for (position, hash) in self.runs.iter().flat_map(Run::iter) {
            let mut shard = table.write(Table::shard_of(hash));
            shard.remove(Table::place_of(hash), self.covered + position as u64);
        }
        self.clear();
    }
}
