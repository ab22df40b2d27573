//! [`Seen`]: the leaves of a batch that came before.

use rotortree_lean_imt::TreeError;

/// The bits of a slot that are a position, plus one: batches of a trillion leaves.
const POSITION_BITS: u32 = 40;

/// A set of leaves: their positions in a batch, and 24 bits of the place of each, so that nearly no
/// other leaf is read. One that has the leaf itself is read in each case.
pub(super) struct Seen {
    /// Open addressing; 0 is free.
    slots: Vec<u64>,
}

impl Seen {
    /// An empty set for so many leaves.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] without memory.
    pub(super) fn new(leaves: usize) -> Result<Self, TreeError> {
        let mut slots = Vec::new();
        // One leaf has none before it.
        if leaves > 1 {
            let len = (leaves + leaves / 2).next_power_of_two();
            slots
                .try_reserve_exact(len)
                .map_err(|_| TreeError::CapacityExceeded)?;
            slots.resize(len, 0);
        }
        Ok(Self { slots })
    }

    /// The position of the leaf before, if it was seen; else adds it. `same` tells whether the leaf
    /// at a position is this one.
    #[inline]
    pub(super) fn find_or_add(
        &mut self,
        place: u64,
        position: usize,
        same: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let tag = place >> POSITION_BITS;
        // The lowest byte of a place is zero.
        let mut at = (place >> 8) as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                self.slots[at] = (tag << POSITION_BITS) | (position as u64 + 1);
                return None;
            }
            let earlier = (slot & ((1 << POSITION_BITS) - 1)) as usize - 1;
            if slot >> POSITION_BITS == tag && same(earlier) {
                return Some(earlier);
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_tells_the_first_place_of_each_leaf_as_a_map_does(
            leaves in proptest::collection::vec((0..40u64, 0..3u64), 0..300),
        ) {
            // Leaves whose places are equal in all bits, in the lower ones, or in none.
            let place = |(leaf, kind): (u64, u64)| match kind {
                0 => 7 << 8,
                1 => (leaf << POSITION_BITS) | 7 << 8,
                _ => leaf.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            };
            let mut seen = Seen::new(leaves.len()).unwrap();
            let mut map = HashMap::new();
            for (position, &leaf) in leaves.iter().enumerate() {
                let found = seen.find_or_add(place(leaf), position, |at| leaves[at] == leaf);
                let expected = map.get(&leaf).copied();
                prop_assert_eq!(found, expected);
                map.entry(leaf).or_insert(position);
            }
        }
    }
}
