//! The assignment of groups to lanes.
#![expect(
    unsafe_code,
    reason = "a bounds check per lane and block would cost more than the loads"
)]

use core::marker::PhantomData;

use crate::hash::Hash;

/// A group of `arity` children for each of `LANES` lanes.
pub(crate) struct LaneGroups<'a, const LANES: usize> {
    /// Each pointer is to the first of `arity` children, all within the borrowed slice.
    firsts: [*const Hash; LANES],
    arity: usize,
    children: PhantomData<&'a [Hash]>,
}

impl<'a, const LANES: usize> LaneGroups<'a, LANES> {
    /// Assigns `count` groups, at least one, to lanes. The remaining lanes repeat the last group.
    #[inline]
    pub(crate) fn new(children: &'a [Hash], arity: usize, count: usize) -> Self {
        assert!(count > 0 && arity.checked_mul(count) == Some(children.len()));
        let mut first = children.as_ptr();
        let mut firsts = [first; LANES];
        for (lane, slot) in firsts.iter_mut().enumerate().skip(1) {
            if lane < count {
                // SAFETY: `first` pointed to group `lane - 1` of the slice, and the assertion says
                // that the slice has more than `lane` groups of `arity` children.
                first = unsafe { first.add(arity) };
            }
            *slot = first;
        }
        Self {
            firsts,
            arity,
            children: PhantomData,
        }
    }

    /// Child `index` of the group in `lane`.
    #[inline]
    pub(crate) fn child(&self, lane: usize, index: usize) -> &'a Hash {
        assert!(index < self.arity);
        // SAFETY: the lane's group has `arity` children and `index` is less, so child `index` lies
        // within the slice.
        let child = unsafe { self.firsts[lane].add(index) };
        // SAFETY: `child` points to an element of a slice that is borrowed for `'a`.
        unsafe { &*child }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn children() -> [Hash; 12] {
        core::array::from_fn(|i| [i as u8; 32])
    }

    #[test]
    fn each_lane_has_its_group_and_spare_lanes_the_last() {
        let children = children();
        let groups = LaneGroups::<8>::new(&children, 3, 4);
        for lane in 0..8 {
            for index in 0..3 {
                assert_eq!(
                    groups.child(lane, index),
                    &children[3 * lane.min(3) + index]
                );
            }
        }
        let full = LaneGroups::<4>::new(&children, 3, 4);
        assert_eq!(full.child(3, 2), &children[11]);
    }

    #[test]
    #[should_panic(expected = "index < self.arity")]
    fn a_child_of_the_next_group_is_out_of_reach() {
        LaneGroups::<4>::new(&children(), 3, 4).child(0, 3);
    }

    #[test]
    #[should_panic(expected = "children.len()")]
    fn more_groups_than_children_are_refused() {
        LaneGroups::<8>::new(&children(), 3, 5);
    }

    #[test]
    #[should_panic(expected = "count > 0")]
    fn no_group_at_all_is_refused() {
        LaneGroups::<8>::new(&[], 3, 0);
    }
}
