//! [`ReadAhead`]: told which units are about to be read.

use std::fmt;

use super::Shard;

/// Consecutive units of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitRange {
    /// The shard.
    pub shard: Shard,
    /// Its first unit that is meant.
    pub first: u64,
    /// The number of units.
    pub units: u64,
}

impl UnitRange {
    /// The unit behind the last one.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.units)
    }
}

/// Receives hints of the units that a locator names. Called from any thread that reads nodes, with
/// no lock held, for snapshots of a closed tree too.
pub trait ReadAhead: fmt::Debug + Send + Sync {
    /// These units are about to be read, from the [regions](super::Storage::region) of the same
    /// shards: by a proof all units that it needs, in one call, before the first of them is read.
    /// The ranges are sorted and disjoint, and none is empty.
    ///
    /// A hint changes no result. A backend that is slow to answer may fetch the units side by side,
    /// before it returns or meanwhile, and serve the reads from there; it bounds what it keeps, and
    /// drops what fails, which the read then tells.
    fn will_read(&self, units: &[UnitRange]);
}
