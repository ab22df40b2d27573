//! Which group is in which lane.
#![expect(
    unsafe_code,
    reason = "a bounds check per lane and block would cost more than the loads"
)]

use core::marker::PhantomData;

use crate::hasher::Hash;

/// A group of `arity` children for each of `LANES` lanes.
pub(super) struct LaneGroups<'a, const LANES: usize> {
    /// Each points to the first of `arity` children, all of them within the borrowed slice.
    firsts: [*const Hash; LANES],
    arity: usize,
    children: PhantomData<&'a [Hash]>,
}

impl<'a, const LANES: usize> LaneGroups<'a, LANES> {
    /// Puts `count` groups, at least one, into lanes. Lanes without a group of their own repeat
    /// the last one.
    #[inline]
    pub(super) fn new(children: &'a [Hash], arity: usize, count: usize) -> Self {
        assert!(count > 0 && arity.checked_mul(count) == Some(children.len()));
        let mut first = children.as_ptr();
        let mut firsts = [first; LANES];
        for (lane, slot) in firsts.iter_mut().enumerate().skip(1) {
            if lane < count {
                // SAFETY: `first` was at group `lane - 1` of the slice, which by the assertion has
                // more than `lane` groups of `arity` children.
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
    pub(super) fn child(&self, lane: usize, index: usize) -> &'a Hash {
        assert!(index < self.arity);
        // SAFETY: the lane's group has `arity` children from its first one on, so that child
        // `index` lies within the slice.
        let child = unsafe { self.firsts[lane].add(index) };
        // SAFETY: it is an element of a slice that is borrowed for `'a`.
        unsafe { &*child }
    }
}
