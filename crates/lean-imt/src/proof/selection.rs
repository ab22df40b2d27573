//! The leaves of a walk: an increasing sequence of indices, from the left.

use core::ops::Range;

/// A cursor over increasing indices.
pub(crate) trait Selection {
    /// The next index, or `None` at the end.
    fn peek(&self) -> Option<u64>;
    /// Skips `count` indices. At least `count` are left.
    fn pass(&mut self, count: u64);
    /// Whether the next `len > 0` indices are consecutive from `start` on. May return false where
    /// the answer is hard to compute.
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

/// Indices in memory. Their owner has checked that they increase.
impl Selection for &[u64] {
    fn peek(&self) -> Option<u64> {
        self.first().copied()
    }

    fn pass(&mut self, count: u64) {
        // At least `count` indices are left, so `count` fits in usize.
        *self = &self[count as usize..];
    }

    fn is_run(&self, start: u64, len: u64) -> bool {
        let last = usize::try_from(len - 1)
            .ok()
            .and_then(|last| self.get(last));
        // Compares differences, because the end of a run that no tree reaches may lie beyond u64.
        self.first() == Some(&start) && last.is_some_and(|last| last - start == len - 1)
    }
}
