//! [`Part`]: adds a batch to some shards, in rounds.

use std::{ops::Range, sync::RwLockWriteGuard};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use super::{
    batch::{Batch, Repeated, Repeats},
    run::Run,
};
use crate::{shard::Shard, table::Table};

/// The leaves whose buckets are fetched at once. A small batch has a few leaves for each shard, and
/// a round then locks several shards.
const ROUND: usize = 32;

/// What was added.
#[derive(Default)]
pub(super) struct Added {
    /// The leaves that have no entry, since they stand earlier.
    pub(super) kept: u64,
    /// The first leaf that is refused.
    pub(super) repeated: Option<Repeated>,
}

impl Added {
    pub(super) fn append(&mut self, other: Self) {
        self.kept += other.kept;
        let both = self.repeated.into_iter().chain(other.repeated);
        self.repeated = both.min_by_key(|leaf| leaf.position);
    }
}

/// A batch on its way into a table.
pub(super) struct Part<'a, 'b, R> {
    pub(super) table: &'a Table,
    pub(super) batch: &'a Batch<'b, R>,
    pub(super) runs: &'a [Run],
}

impl<'a, R: Fn(u64) -> Result<Hash, TreeError>> Part<'a, '_, R> {
    /// Adds what belongs to these shards, up to the first leaf of each that is refused.
    pub(super) fn add(&self, mut shards: Range<usize>) -> Result<Added, TreeError> {
        let mut added = Added::default();
        let mut round = Vec::new();
        while !shards.is_empty() {
            self.begin(&mut shards, &mut round);
            // A shard is free for lookups again once it has its leaves.
            for (number, mut shard) in round.drain(..) {
                added.append(self.add_to(number, &mut shard)?);
            }
        }
        Ok(added)
    }

    /// Adds a batch of one leaf, which belongs to this shard.
    pub(super) fn add_single(&self, shard: usize) -> Result<Added, TreeError> {
        self.add_to(shard, &mut self.table.write(shard))
    }

    /// Locks the next shards that have leaves for a round, and starts to fetch their buckets.
    fn begin(
        &self,
        shards: &mut Range<usize>,
        round: &mut Vec<(usize, RwLockWriteGuard<'a, Shard>)>,
    ) {
        let mut leaves = 0;
        while leaves < ROUND
            && let Some(number) = shards.next()
        {
            let of_shard: usize = self.runs.iter().map(|run| run.of(number).len()).sum();
            if of_shard > 0 {
                leaves += of_shard;
                round.push((number, self.table.write(number)));
            }
        }
        let first = |number: usize| {
            let hashes = self.runs.iter().flat_map(move |run| run.hashes(number));
            hashes.take(ROUND).map(|&hash| Table::place_of(hash))
        };
        for (number, shard) in &*round {
            first(*number).for_each(|place| shard.prefetch(place));
        }
        // The number of slots in use is there by now.
        for (number, shard) in &*round {
            first(*number).for_each(|place| shard.prefetch_end(place));
        }
    }

    /// Adds the leaves of one shard, in their order.
    fn add_to(&self, number: usize, shard: &mut Shard) -> Result<Added, TreeError> {
        let Batch {
            first,
            leaves,
            read,
            repeats,
        } = self.batch;
        let mut added = Added::default();
        for run in self.runs {
            let mut ahead = run.hashes(number).iter().skip(ROUND);
            for (position, hash) in run.leaves(number) {
                if let Some(&hash) = ahead.next() {
                    shard.prefetch(Table::place_of(hash));
                }
                let place = Table::place_of(hash);
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
                    (Some(_), Repeats::Kept) => added.kept += 1,
                    (Some(index), Repeats::Refused) => {
                        added.repeated = Some(Repeated { position, index });
                        return Ok(added);
                    }
                }
            }
        }
        Ok(added)
    }
}
