//! [`Units`]: the units that a reading takes from storage, for a backend that wants to know before.

use crate::storage::{Shard, UnitRange};

/// Ranges of units, in any order at first.
#[derive(Debug, Default)]
pub(super) struct Units(Vec<UnitRange>);

impl Units {
    pub(super) fn add(&mut self, shard: Shard, first: u64, end: u64) {
        if first < end {
            let units = end - first;
            self.0.push(UnitRange {
                shard,
                first,
                units,
            });
        }
    }

    /// The ranges sorted, each unit once.
    pub(super) fn merged(mut self) -> Vec<UnitRange> {
        self.0.sort_unstable();
        self.0.dedup_by(|next, before| {
            let is_one = next.shard == before.shard && next.first <= before.end();
            if is_one {
                before.units = before.end().max(next.end()) - before.first;
            }
            is_one
        });
        self.0
    }
}
