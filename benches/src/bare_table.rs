//! [`BareTable`]: the keyed hash of each leaf, and one line of memory at the place that it tells, on
//! two threads. The least that an index does in the inserts of its tree: it searches nothing, grows
//! nothing, and keeps nothing of a leaf but a count.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rotortree::{Hash, InsertHook, RotorTreeError};

/// Leaves whose lines are fetched at once.
const ROUND: usize = 64;

/// Leaves from which on a second thread helps.
const LARGE: usize = 1 << 14;

/// A line of a processor's cache.
#[repr(align(64))]
#[derive(Debug)]
struct Line(AtomicU64);

/// A table of one size for good, as the hook of a tree.
#[derive(Debug)]
pub struct BareTable {
    key: RandomState,
    lines: Vec<Line>,
}

impl BareTable {
    /// The table of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let lines = 0..bytes.div_ceil(size_of::<Line>()).max(1);
        Self {
            key: RandomState::new(),
            lines: lines.map(|_| Line(AtomicU64::new(0))).collect(),
        }
    }

    /// Counts each leaf in its line. Two leaves at once may be counted as one.
    fn count(&self, leaves: &[Hash]) {
        for round in leaves.chunks(ROUND) {
            let mut lines = [&self.lines[0]; ROUND];
            for (leaf, line) in round.iter().zip(&mut lines) {
                let hash = u128::from(self.key.hash_one(leaf));
                *line = &self.lines[((hash * self.lines.len() as u128) >> 64) as usize];
                rotortree_lean_imt::prefetch(*line);
            }
            for Line(count) in &lines[..round.len()] {
                count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            }
        }
    }
}

impl InsertHook for BareTable {
    fn check(&self, _: u64, leaves: &[Hash]) -> Result<(), RotorTreeError> {
        let half = if leaves.len() < LARGE {
            0
        } else {
            leaves.len() / 2
        };
        let (other, own) = leaves.split_at(half);
        thread::scope(|scope| {
            if !other.is_empty() {
                scope.spawn(|| self.count(other));
            }
            self.count(own);
        });
        Ok(())
    }

    fn inserted(&self, _: u64, _: &[Hash]) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::leaves;

    #[test]
    fn every_leaf_of_a_small_batch_is_counted() {
        let table = BareTable::new(8192);
        table.check(0, &leaves(0, 1000)).unwrap();
        let counts = table
            .lines
            .iter()
            .map(|line| line.0.load(Ordering::Relaxed));
        assert_eq!(counts.sum::<u64>(), 1000);
    }
}
