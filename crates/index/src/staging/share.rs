//! [`Share`]: some shards of a batch, searched and added with their buckets on the way.

use std::ops::{Deref, Range};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use super::{
    batch::{Batch, Repeated, Repeats},
    run::Run,
    seen::Seen,
};
use crate::{bucket::Bucket, shard::Shard, table::Table};

/// The leaves whose buckets are fetched at once. A small batch has a few leaves for each shard, and
/// a round then locks several shards.
const ROUND: usize = 32;

/// A leaf that gets no entry, since it stands earlier.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    shard: usize,
    /// Its position in the batch.
    position: usize,
}

/// What was found of a share.
#[derive(Default)]
pub(super) struct Found {
    /// The leaves that stand earlier and are taken, by shards and in order.
    pub(super) kept: Vec<Kept>,
    /// The first leaf that is refused.
    pub(super) repeated: Option<Repeated>,
}

/// The part of a batch that belongs to some shards.
pub(super) struct Share<'a> {
    pub(super) table: &'a Table,
    pub(super) runs: &'a [Run],
    pub(super) shards: Range<usize>,
}

impl<'a> Share<'a> {
    /// The number of leaves of a shard.
    fn len_of(&self, shard: usize) -> usize {
        self.runs.iter().map(|run| run.of(shard).len()).sum()
    }

    /// Searches the leaves in the table, and each one among those before it. Ends in each shard at
    /// the first that is refused.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory, or the error of a leaf that cannot be read.
    pub(super) fn search<R>(&self, batch: &Batch<'_, R>) -> Result<Found, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError>,
    {
        let mut found = Found::default();
        let mut seen = self.seen()?;
        self.rounds(Table::read, &[Bucket::prefetch], |number, shard| {
            self.search_in(number, &shard, batch, &mut seen, &mut found)
        })?;
        Ok(found)
    }

    /// Searches each shard, and adds its entries unless a leaf is refused: those of the shards
    /// before are in the table then.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub(super) fn search_and_add<R>(&self, batch: &Batch<'_, R>) -> Result<Found, TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError>,
    {
        let mut found = Found::default();
        let mut seen = self.seen()?;
        let fetches = [Bucket::prefetch, Bucket::prefetch_end];
        self.rounds(Table::write, &fetches, |number, mut shard| {
            let before = found.kept.len();
            self.search_in(number, &shard, batch, &mut seen, &mut found)?;
            if found.repeated.is_some() {
                return Ok(());
            }
            self.add_to(number, &mut shard, batch.first, &found.kept[before..])
        })?;
        Ok(found)
    }

    /// A set for the leaves of the share.
    fn seen(&self) -> Result<Seen, TreeError> {
        Seen::new(self.shards.clone().map(|shard| self.len_of(shard)).sum())
    }

    fn search_in<R>(
        &self,
        number: usize,
        shard: &Shard,
        batch: &Batch<'_, R>,
        seen: &mut Seen,
        found: &mut Found,
    ) -> Result<(), TreeError>
    where
        R: Fn(u64) -> Result<Hash, TreeError>,
    {
        let Batch { first, leaves, .. } = *batch;
        for run in self.runs {
            let mut ahead = run.places(number).skip(ROUND);
            for (position, place) in run.leaves(number) {
                fetch(shard, ahead.next(), Bucket::prefetch);
                let mut index = shard.candidate(place, None);
                while let Some(candidate) = index
                    && (batch.read)(candidate)? != leaves[position]
                {
                    index = shard.candidate(place, Some(candidate));
                }
                if index.is_none() {
                    let is_same = |earlier: usize| leaves[earlier] == leaves[position];
                    let earlier = seen.find_or_add(place, position, is_same);
                    index = earlier.map(|earlier| first + earlier as u64);
                }
                let Some(index) = index else { continue };
                if batch.repeats == Repeats::Refused {
                    let both = [Repeated { position, index }].into_iter();
                    let both = both.chain(found.repeated);
                    found.repeated = both.min_by_key(|leaf| leaf.position);
                    return Ok(());
                }
                let shard = number;
                found.kept.push(Kept { shard, position });
            }
        }
        Ok(())
    }

    /// Adds the entries of a batch that begins at `first`, but for the leaves in `kept`.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory.
    pub(super) fn add(&self, first: u64, mut kept: &[Kept]) -> Result<(), TreeError> {
        let fetches = [Bucket::prefetch_len, Bucket::prefetch_end];
        self.rounds(Table::write, &fetches, |number, mut shard| {
            let (here, behind) = kept.split_at(kept.partition_point(|leaf| leaf.shard <= number));
            kept = behind;
            self.add_to(number, &mut shard, first, here)
        })
    }

    fn add_to(
        &self,
        number: usize,
        shard: &mut Shard,
        first: u64,
        kept: &[Kept],
    ) -> Result<(), TreeError> {
        let Some(last) = self.runs.iter().rev().find_map(|run| run.last(number)) else {
            return Ok(());
        };
        let fresh = self.len_of(number) - kept.len();
        shard.reserve(shard.entries() + fresh as u64, first + last as u64)?;
        let mut kept = kept.iter().map(|leaf| leaf.position).peekable();
        for run in self.runs {
            let mut far = run.places(number).skip(ROUND);
            let mut near = run.places(number).skip(ROUND / 2);
            for (position, place) in run.leaves(number) {
                fetch(shard, far.next(), Bucket::prefetch_len);
                fetch(shard, near.next(), Bucket::prefetch_end);
                if kept.next_if_eq(&position).is_none() {
                    shard.put(place, first + position as u64);
                }
            }
        }
        Ok(())
    }

    /// Locks the shards that have leaves, starts to fetch the first buckets of several, and works
    /// on each.
    fn rounds<G: Deref<Target = Shard>>(
        &self,
        lock: impl Fn(&'a Table, usize) -> G,
        fetches: &[fn(&Bucket)],
        mut work: impl FnMut(usize, G) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        let mut shards = self.shards.clone();
        // One shard takes no memory.
        if shards.len() == 1 {
            return work(shards.start, lock(self.table, shards.start));
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
                    round.push((number, lock(self.table, number)));
                }
            }
            for with in fetches {
                for (number, shard) in &round {
                    let places = self.runs.iter().flat_map(|run| run.places(*number));
                    let places = places.take(ROUND);
                    places.for_each(|place| fetch(shard, Some(place), with));
                }
            }
            // A shard is free for others again once it is done.
            for (number, shard) in round.drain(..) {
                work(number, shard)?;
            }
        }
        Ok(())
    }
}

/// Starts to fetch a part of the bucket of a place.
#[inline]
fn fetch(shard: &Shard, place: Option<u64>, part: impl Fn(&Bucket)) {
    if let Some(bucket) = place.and_then(|place| shard.bucket(place)) {
        part(bucket);
    }
}
