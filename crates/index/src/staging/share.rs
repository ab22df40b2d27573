//! [`Share`]: some shards of a batch, searched and added with their buckets on the way.

use std::{mem, ops::Range};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use super::{
    batch::{Batch, Repeated, Repeats},
    run::Run,
};
use crate::{bucket::Bucket, shard::Shard, table::Table};

/// The leaves whose buckets are fetched at once. A small batch has a few leaves for each shard, and
/// a round then locks several shards.
const ROUND: usize = 64;

/// What was found of a share.
#[derive(Default)]
pub(super) struct Found {
    /// The leaves that stand earlier and are taken: they get no entry.
    pub(super) kept: u64,
    /// The first leaf that is refused.
    pub(super) repeated: Option<Repeated>,
}

/// The part of a batch that belongs to some shards.
pub(super) struct Share<'a> {
    pub(super) table: &'a Table,
    pub(super) runs: &'a [Run],
    pub(super) shards: Range<usize>,
}

impl Share<'_> {
    /// The number of leaves of a shard.
    fn len_of(&self, shard: usize) -> usize {
        self.runs.iter().map(|run| run.of(shard).len()).sum()
    }

    /// The leaves of a shard, a few at a time.
    fn rounds_of(&self, shard: usize) -> impl Iterator<Item = (&Run, Range<usize>)> {
        self.runs.iter().flat_map(move |run| {
            let Range { start, end } = run.of(shard);
            let starts = (start..end).step_by(ROUND);
            starts.map(move |start| (run, start..end.min(start + ROUND)))
        })
    }

    /// Adds an entry for each leaf that stands neither in the table nor among those before it. Ends
    /// in each shard at the first leaf that is refused.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory, or the error of a leaf that cannot be read.
    pub(super) fn add<R>(&self, batch: &Batch<'_, R>) -> Result<Found, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError>,
    {
        let mut found = Found::default();
        let mut slots = [[(0, 0); ROUND]; 2];
        self.rounds(|number, shard| self.add_to(number, shard, batch, &mut slots, &mut found))?;
        Ok(found)
    }

    /// `slots` is memory for two rounds.
    fn add_to<R>(
        &self,
        number: usize,
        shard: &mut Shard,
        batch: &Batch<'_, R>,
        [slots, next]: &mut [[(usize, u64); ROUND]; 2],
        found: &mut Found,
    ) -> Result<(), TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError>,
    {
        let Batch { first, leaves, .. } = *batch;
        let Some(last) = self.runs.iter().rev().find_map(|run| run.last(number)) else {
            return Ok(());
        };
        let before = (shard.layout(), found.kept);
        let entries = shard.entries() + self.len_of(number) as u64;
        shard.reserve(entries, first + last as u64)?;
        let mut ahead = self.rounds_of(number);
        let mut soon = self.rounds_of(number).skip(1);
        let mut fetch = |shard: &Shard, slots: &mut [(usize, u64); ROUND]| {
            let Some((run, range)) = ahead.next() else {
                return;
            };
            if let Some((run, range)) = soon.next() {
                run.prefetch(range);
            }
            for (place, slot) in run.places(range).zip(slots) {
                *slot = shard.slot(place);
                shard.prefetch(slot.0, Bucket::prefetch);
            }
        };
        let (mut slots, mut next) = (slots, next);
        fetch(shard, next);
        for (run, range) in self.rounds_of(number) {
            mem::swap(&mut slots, &mut next);
            fetch(shard, next);
            for (bucket, _) in &slots[..range.len()] {
                shard.prefetch(*bucket, Bucket::prefetch_end);
            }
            for ((position, place), slot) in run.leaves(range).zip(&*slots) {
                let is_same = |index: u64| {
                    let same = match index.checked_sub(first) {
                        Some(earlier) => leaves[earlier as usize],
                        None => (batch.read)(index)?,
                    };
                    Ok(same == leaves[position])
                };
                let index = shard.find_or_put(place, *slot, first + position as u64, is_same)?;
                let Some(index) = index else { continue };
                if batch.repeats == Repeats::Refused {
                    let both = [Repeated { position, index }].into_iter();
                    let both = both.chain(found.repeated);
                    found.repeated = both.min_by_key(|leaf| leaf.position);
                    return Ok(());
                }
                found.kept += 1;
            }
        }
        if shard.layout() != before.0 && found.kept > before.1 {
            // Without memory for that the room stays.
            drop(shard.fit());
        }
        Ok(())
    }

    /// Takes the entries of a batch that begins at `first` out again, as far as they are there.
    /// With `fit`, shards give back the room that was made for them.
    pub(super) fn take_out(&self, first: u64, fit: bool) {
        for number in self.shards.clone() {
            let mut shard = self.table.write(number);
            let rounds = self.rounds_of(number);
            for (position, place) in rounds.flat_map(|(run, range)| run.leaves(range)) {
                shard.remove(place, first + position as u64);
            }
            if fit {
                drop(shard.fit());
            }
        }
    }

    /// Locks the shards that have leaves, starts to fetch the first buckets of several, and works
    /// on each.
    fn rounds(
        &self,
        mut work: impl FnMut(usize, &mut Shard) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        let mut shards = self.shards.clone();
        // One shard takes no memory.
        if shards.len() == 1 {
            return work(shards.start, &mut self.table.write(shards.start));
        }
        let mut round = Vec::new();
        while !shards.is_empty() {
            let mut leaves = 0;
            while leaves < ROUND
                && let Some(number) = shards.next()
            {
                let of_shard = self.len_of(number);
                if of_shard > 0 {
                    leaves += of_shard;
                    round.push((number, self.table.write(number)));
                }
            }
            for part in [Bucket::prefetch, Bucket::prefetch_end] {
                for (number, shard) in &round {
                    for (run, range) in self.rounds_of(*number).take(1) {
                        run.places(range)
                            .for_each(|place| shard.prefetch(shard.slot(place).0, part));
                    }
                }
            }
            // A shard is free for others again once it is done.
            for (number, mut shard) in round.drain(..) {
                work(number, &mut shard)?;
            }
        }
        Ok(())
    }
}
