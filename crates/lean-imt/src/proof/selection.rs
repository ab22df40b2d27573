//! Which leaves a walk is about: an increasing sequence of indices, met from the left.

use core::ops::Range;

/// A cursor over increasing indices.
pub(crate) trait Selection {
    /// The next index, if any is left.
    fn peek(&self) -> Option<u64>;
    /// Passes `count` indices, of which there are as many.
    fn pass(&mut self, count: u64);
    /// Whether the next `len > 0` indices are `start` and those right behind it. May say no where
    /// it is hard to tell.
    fn is_run(&self, start: u64, len: u64) -> bool;
}

impl Selection for Range<u64> {
    fn peek(&self) -> Option<u64> {
        (self.start < self.end).then_some(self.start)
    }

    fn pass(&mut self, count: u64) {
        self.start += count;
    }

    fn is_run(&self, start: u64, len: u64) -> bool {
        self.start == start && self.end - self.start >= len
    }
}

/// Indices in memory increase, as whoever makes this cursor has checked.
impl Selection for &[u64] {
    fn peek(&self) -> Option<u64> {
        self.first().copied()
    }

    fn pass(&mut self, count: u64) {
        // At most as many are passed as are left, so the count fits in usize.
        *self = &self[count as usize..];
    }

    fn is_run(&self, start: u64, len: u64) -> bool {
        let last = usize::try_from(len - 1)
            .ok()
            .and_then(|last| self.get(last));
        // As far apart as a run is long: the end of a run that no tree reaches may lie beyond u64.
        self.first() == Some(&start) && last.is_some_and(|last| last - start == len - 1)
    }
}
