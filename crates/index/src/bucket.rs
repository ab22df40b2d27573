//! [`Bucket`]: up to 63 slots of 48 bits, filled from the left.

use rotortree_lean_imt::prefetch;

/// The slots of a bucket.
pub(crate) const SLOTS: usize = 63;

/// Slots whose upper and lower bits stand apart, so that a search reads the upper ones of all
/// slots, two cache lines, and the lower ones of the slots that match.
#[repr(align(64))]
#[derive(Clone)]
pub(crate) struct Bucket {
    /// The upper 16 bits of each slot; the last one counts the slots in use, and is one more where
    /// entries that belong here have no slot.
    uppers: [u16; SLOTS + 1],
    /// The lower 32 bits of each slot; the last one is not used.
    lowers: [u32; SLOTS + 1],
}

impl Bucket {
    pub(crate) const EMPTY: Self = Self {
        uppers: [0; SLOTS + 1],
        lowers: [0; SLOTS + 1],
    };

    /// The number of slots in use.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.uppers[SLOTS]).min(SLOTS)
    }

    /// Whether entries that belong here have no slot.
    pub(crate) fn overflows(&self) -> bool {
        usize::from(self.uppers[SLOTS]) > SLOTS
    }

    /// Records whether entries that belong here have no slot, in a bucket whose slots are full.
    pub(crate) fn set_overflows(&mut self, overflows: bool) {
        self.uppers[SLOTS] = SLOTS as u16 + u16::from(overflows);
    }

    fn slot(&self, at: usize) -> u64 {
        (u64::from(self.uppers[at]) << 32) | u64::from(self.lowers[at])
    }

    fn set(&mut self, at: usize, slot: u64) {
        self.uppers[at] = (slot >> 32) as u16;
        self.lowers[at] = slot as u32;
    }

    /// The slots in use.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).map(|at| self.slot(at))
    }

    /// Adds an entry. Returns whether there was a slot for it.
    #[must_use]
    pub(crate) fn push(&mut self, slot: u64) -> bool {
        let len = self.len();
        let fits = len < SLOTS;
        if fits {
            self.set(len, slot);
            self.uppers[SLOTS] += 1;
        }
        fits
    }

    /// Removes the entry of this slot, if it is here. `other`, or else the last one, takes its
    /// place.
    #[must_use]
    pub(crate) fn remove(&mut self, slot: u64, other: Option<u64>) -> bool {
        let found = self.slots().position(|here| here == slot);
        if let Some(at) = found {
            let last = self.len() - 1;
            self.set(at, other.unwrap_or_else(|| self.slot(last)));
            if other.is_none() {
                self.uppers[SLOTS] = last as u16;
            }
        }
        found.is_some()
    }

    /// Whether [`find`](Self::find) may find anything: the upper bits of some slot are equal.
    #[inline]
    pub(crate) fn may_find(&self, tag: u64, mask: u64) -> bool {
        any_equal(&self.uppers, tag, mask)
    }

    /// The least slot above `after`, if that is given, that is equal to `tag` in the bits of
    /// `mask`.
    pub(crate) fn find(&self, tag: u64, mask: u64, after: Option<u64>) -> Option<u64> {
        let len = self.len();
        let mut found = None;
        for (group, uppers) in self.uppers.as_chunks::<16>().0.iter().enumerate() {
            if !any_equal(uppers, tag, mask) {
                continue;
            }
            for (at, here) in uppers.iter().enumerate() {
                let at = group * 16 + at;
                if any_equal(&[*here], tag, mask) && at < len {
                    let slot = self.slot(at);
                    let is_new = after.is_none_or(|after| slot > after);
                    if (slot ^ tag) & mask == 0 && is_new && found.is_none_or(|least| slot < least)
                    {
                        found = Some(slot);
                    }
                }
            }
        }
        found
    }

    /// Starts to fetch what every search reads into the processor's cache: two lines.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch(&self.uppers);
    }

    /// Starts to fetch the lower bits of the next slot. Reads the number of slots in use.
    #[inline]
    pub(crate) fn prefetch_end(&self) {
        prefetch(&self.lowers[self.len() & !7..][..8]);
    }
}

/// Whether the upper bits of some slot are equal to those of a tag. Without a branch for each: one
/// instruction compares eight slots.
#[inline]
fn any_equal<const LEN: usize>(uppers: &[u16; LEN], tag: u64, mask: u64) -> bool {
    let (upper, mask) = ((tag >> 32) as u16, (mask >> 32) as u16);
    let is_equal = |here: &u16| (here ^ upper) & mask == 0;
    uppers.iter().fold(false, |any, here| any | is_equal(here))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bucket_takes_six_cache_lines() {
        assert_eq!((size_of::<Bucket>(), align_of::<Bucket>()), (384, 64));
    }

    #[test]
    fn a_full_bucket_takes_no_entry_and_gives_a_slot_to_another() {
        let mut bucket = Bucket::EMPTY;
        for slot in 0..SLOTS as u64 + 5 {
            assert_eq!(bucket.push(slot), slot < SLOTS as u64);
        }
        bucket.set_overflows(true);
        assert_eq!((bucket.len(), bucket.overflows()), (SLOTS, true));
        assert!(bucket.remove(7, Some(99)));
        assert!(bucket.slots().any(|slot| slot == 99) && bucket.slots().all(|slot| slot != 7));
        bucket.set_overflows(false);
        assert_eq!((bucket.len(), bucket.overflows()), (SLOTS, false));
    }

    proptest! {
        #[test]
        fn a_bucket_finds_what_a_list_does(
            steps in proptest::collection::vec((any::<bool>(), 0..40u64, 0..4u64), 0..120),
            index_bits in 8..43u32,
        ) {
            let mask = ((1u64 << 48) - 1) & (u64::MAX << index_bits);
            let mut bucket = Bucket::EMPTY;
            let mut list: Vec<u64> = Vec::new();
            for (add, index, tag) in steps {
                // Tags that differ in their first bit, their last one, or both.
                let tag = ((tag & 1) << 47) | ((tag >> 1) << index_bits);
                let slot = tag | index;
                if add && !list.contains(&slot) && list.len() < SLOTS {
                    prop_assert!(bucket.push(slot));
                    list.push(slot);
                } else if !add {
                    let at = list.iter().position(|&here| here == slot);
                    prop_assert_eq!(bucket.remove(slot, None), at.is_some());
                    at.map(|at| list.swap_remove(at));
                }
                prop_assert!(bucket.slots().eq(list.iter().copied()));
                let mut expected: Vec<u64> = list.clone();
                expected.retain(|here| here & mask == tag);
                expected.sort_unstable();
                let mut after = None;
                for slot in expected {
                    prop_assert_eq!(bucket.find(tag, mask, after), Some(slot));
                    after = Some(slot);
                }
                prop_assert_eq!(bucket.find(tag, mask, after), None);
                prop_assert!(after.is_none() || bucket.may_find(tag, mask));
            }
        }
    }
}
