//! [`Shard`]: the entries of a part of the hashes, in buckets.

use std::{collections::BTreeSet, mem, ops::RangeInclusive};

use rotortree_lean_imt::{TreeError, prefetch};

use crate::{
    bucket::{Bucket, SLOTS},
    layout::Layout,
};

/// The mean number of entries in a bucket at which a shard grows. One entry of 48 then has no slot
/// in its bucket, and one of 300 in the mean.
const FULL: u64 = 58;

/// A growing shard has so many times its buckets.
const GROWTH: f64 = 1.5;

/// Buckets that a growing shard fetches ahead.
const AHEAD: usize = 4;

/// Entries that a shard keeps without buckets.
const FEW: u64 = 32;

/// Entries of places and indices. Places are the hashes of leaves below the bits that choose the
/// shard.
pub(crate) struct Shard {
    layout: Layout,
    buckets: Vec<Bucket>,
    /// Entries without a slot: all of a small shard, and those of full buckets. The known part of
    /// the place, and the index.
    overflow: BTreeSet<(u64, u64)>,
    entries: u64,
    /// The first number of buckets, with fractions. Those of the shards of a table differ, so that
    /// not all shards grow at once.
    stagger: f64,
}

impl Shard {
    /// The empty shard number `number` of `shards`.
    pub(crate) fn new(number: usize, shards: usize) -> Self {
        Self {
            layout: Layout::NONE,
            buckets: Vec::new(),
            overflow: BTreeSet::new(),
            entries: 0,
            stagger: GROWTH.powf(number as f64 / shards as f64),
        }
    }

    /// The number of entries.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// The bytes of its memory. Those of entries without a slot are an estimate.
    pub(crate) fn memory_bytes(&self) -> usize {
        /// Two words each, in nodes that are filled to two thirds or more.
        const OVERFLOW_BYTES: usize = 24;
        self.buckets.capacity() * size_of::<Bucket>() + self.overflow.len() * OVERFLOW_BYTES
    }

    /// The bucket of a place and its tag; of no meaning without buckets.
    #[inline]
    pub(crate) fn slot(&self, place: u64) -> (usize, u64) {
        if self.buckets.is_empty() {
            return (0, 0);
        }
        self.layout.slot(place)
    }

    /// Starts to fetch a part of a bucket.
    #[inline]
    pub(crate) fn prefetch(&self, bucket: usize, part: impl Fn(&Bucket)) {
        self.buckets.get(bucket).into_iter().for_each(part);
    }

    /// The least index above `after`, if that is given, whose place may be this one. At most sizes
    /// all but one of some thousand such places are this one.
    pub(crate) fn candidate(&self, place: u64, after: Option<u64>) -> Option<u64> {
        let slot = self.slot(place);
        self.may_find(slot)
            .then(|| self.find(place, slot, after))
            .flatten()
    }

    /// Whether [`find`](Self::find) may find anything. Nearly every leaf that is not there ends
    /// here.
    #[inline]
    fn may_find(&self, (bucket, tag): (usize, u64)) -> bool {
        self.buckets
            .get(bucket)
            .is_none_or(|bucket| bucket.may_find(tag, self.layout.tag_mask()) || bucket.overflows())
    }

    /// The least index at which the leaf of a place and its [`slot`](Self::slot) stands; `is_same`
    /// tells whether an index is one. If there is none, adds an entry, for which
    /// [`reserve`](Self::reserve) has made room.
    ///
    /// # Errors
    /// Those of `is_same`; nothing is added then.
    #[inline]
    pub(crate) fn find_or_put<E>(
        &mut self,
        place: u64,
        slot: (usize, u64),
        index: u64,
        is_same: impl Fn(u64) -> Result<bool, E>,
    ) -> Result<Option<u64>, E> {
        if self.may_find(slot) {
            let mut next = self.find(place, slot, None);
            while let Some(candidate) = next {
                if is_same(candidate)? {
                    return Ok(next);
                }
                next = self.find(place, slot, next);
            }
        }
        self.entries += 1;
        self.push(place, slot, index);
        Ok(None)
    }

    #[inline(never)]
    fn find(&self, place: u64, (bucket, tag): (usize, u64), after: Option<u64>) -> Option<u64> {
        let mut found = None;
        if let Some(bucket) = self.buckets.get(bucket) {
            let slot = bucket.find(tag, self.layout.tag_mask(), after.map(|after| tag | after));
            found = slot.map(|slot| slot & self.layout.index_mask());
            if !bucket.overflows() {
                return found;
            }
        }
        let known = self.layout.known(place);
        let next = after.map_or(0, |after| after + 1);
        let outside = self
            .overflow
            .range((known, next)..=(known, u64::MAX))
            .next();
        let outside = outside.map(|&(_, index)| index);
        found.into_iter().chain(outside).min()
    }

    /// Adds an entry, for which [`reserve`](Self::reserve) has made room.
    pub(crate) fn put(&mut self, place: u64, index: u64) {
        self.entries += 1;
        self.push(place, self.slot(place), index);
    }

    /// Puts an entry into its bucket, or to those without a slot.
    #[inline]
    fn push(&mut self, place: u64, (bucket, tag): (usize, u64), index: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            if bucket.push(tag | index) {
                return;
            }
            bucket.set_overflows(true);
        }
        self.overflow.insert((self.layout.known(place), index));
    }

    /// Removes an entry, if it is here.
    pub(crate) fn remove(&mut self, place: u64, index: u64) {
        let known = self.layout.known(place);
        let was_outside = self.overflow.remove(&(known, index));
        if self.buckets.is_empty() {
            self.entries -= u64::from(was_outside);
            return;
        }
        let layout = self.layout;
        let (number, tag) = layout.slot(place);
        let outside = |shard: &Self| {
            let places = layout.first_place(number)..=u64::MAX;
            let next = shard.overflow.range(range(places)).next().copied();
            next.filter(|&(place, _)| layout.slot(place).0 == number)
        };
        let mut was_inside = false;
        if !was_outside && layout.fits(index) {
            let other = outside(self).filter(|_| self.buckets[number].overflows());
            let slot = other.map(|(place, index)| layout.slot(place).1 | index);
            was_inside = self.buckets[number].remove(tag | index, slot);
            if let Some(other) = other.filter(|_| was_inside) {
                self.overflow.remove(&other);
            }
        }
        if self.buckets[number].overflows() {
            let overflows = outside(self).is_some();
            self.buckets[number].set_overflows(overflows);
        }
        self.entries -= u64::from(was_outside || was_inside);
    }

    /// Makes room for so many entries in all, with indices up to `index`.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory; the shard is as it was then.
    pub(crate) fn reserve(&mut self, entries: u64, index: u64) -> Result<(), TreeError> {
        let (needed, now) = (entries.div_ceil(FULL), self.buckets.len() as u64);
        let has_room = needed <= now || entries <= FEW;
        let fits = now == 0 || self.layout.fits(index);
        if has_room && fits {
            return Ok(());
        }
        let buckets = self.size_above(needed.max(now) as f64 - 1.0);
        if fits && self.layout.with(buckets, index).buckets <= self.layout.buckets {
            // The places that are known tell no more buckets apart.
            return Ok(());
        }
        self.lay_out(buckets, index)
    }

    /// Gives buckets back that [`reserve`](Self::reserve) made and nothing filled.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`].
    pub(crate) fn fit(&mut self) -> Result<(), TreeError> {
        let needed = self.size_above((self.entries / FULL) as f64);
        if needed >= self.buckets.len() as u32 {
            return Ok(());
        }
        let largest = self.iter().map(|(_, index)| index).max();
        self.lay_out(needed, largest.unwrap_or(0))
    }

    /// The least number of buckets of this shard's series above `buckets`.
    fn size_above(&self, buckets: f64) -> u32 {
        let mut size = self.stagger;
        while size.floor() <= buckets {
            size *= GROWTH;
        }
        size as u32
    }

    /// Moves the entries into so many buckets, which take indices beyond `index` too.
    fn lay_out(&mut self, buckets: u32, index: u64) -> Result<(), TreeError> {
        let layout = self.layout.with(buckets, index);
        let mut fresh: Vec<Bucket> = Vec::new();
        fresh
            .try_reserve_exact(layout.buckets as usize)
            .map_err(|_| TreeError::CapacityExceeded)?;
        let mut without_slot = mem::take(&mut self.overflow);
        let to = layout.slots(self.layout.prefix_bits);
        let indices = self.layout.index_mask();
        // Not by `iter`: a growing shard spends most of an insert here.
        for (number, bucket) in self.buckets.iter().enumerate() {
            self.prefetch(number + AHEAD, prefetch);
            let prefixes = self.layout.prefixes(number);
            for slot in bucket.slots() {
                let (bucket, tag) = to(prefixes(slot));
                let slot = tag | (slot & indices);
                // Buckets come in order: each is made when it is filled.
                if bucket >= fresh.len() {
                    fresh.resize(bucket + 1, Bucket::EMPTY);
                }
                if !fresh[bucket].push(slot) {
                    leave_out(&mut without_slot, layout.entry(bucket, slot));
                }
            }
        }
        fresh.resize(layout.buckets as usize, Bucket::EMPTY);
        (self.layout, self.buckets) = (layout, fresh);
        for (place, index) in without_slot {
            self.push(place, layout.slot(place), index);
        }
        Ok(())
    }

    /// The known part of the place of each entry, and its index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        let layout = self.layout;
        let buckets = self.buckets.iter().enumerate();
        let inside = buckets.flat_map(move |(bucket, slots)| {
            slots.slots().map(move |slot| layout.entry(bucket, slot))
        });
        inside.chain(self.overflow.iter().copied())
    }

    /// The slots of each bucket.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = impl Iterator<Item = u64>> {
        self.buckets.iter().map(Bucket::slots)
    }

    /// The entries without a slot.
    pub(crate) fn overflow(&self) -> impl Iterator<Item = (u64, u64)> {
        self.overflow.iter().copied()
    }

    /// Gives an empty shard this layout, and the slots of each bucket, which `next` adds to an
    /// empty list. The caller has checked the layout.
    ///
    /// # Errors
    /// Those of `next`.
    pub(crate) fn fill<E>(
        &mut self,
        layout: Layout,
        mut next: impl FnMut(&mut Vec<u64>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.layout = layout;
        self.buckets.reserve_exact(layout.buckets as usize);
        let mut slots = Vec::with_capacity(SLOTS);
        for _ in 0..layout.buckets {
            slots.clear();
            next(&mut slots)?;
            let mut bucket = Bucket::EMPTY;
            for &slot in &slots {
                self.entries += u64::from(bucket.push(slot));
            }
            self.buckets.push(bucket);
        }
        Ok(())
    }
}

/// Apart from the loop of which few turns need it: the others keep nothing ready for it.
#[cold]
#[inline(never)]
fn leave_out(entries: &mut BTreeSet<(u64, u64)>, entry: (u64, u64)) {
    entries.insert(entry);
}

/// A range of places with every index.
fn range(places: RangeInclusive<u64>) -> RangeInclusive<(u64, u64)> {
    (*places.start(), 0)..=(*places.end(), u64::MAX)
}

#[cfg(test)]
mod tests;
