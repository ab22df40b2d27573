//! [`Ahead`]: fetches the units of a hint, all at once.

use std::sync::Arc;

use super::{
    packs::Index,
    source::{MOST, Source},
};
use crate::storage::{ReadAhead, UnitRange};

/// Receives the hints for an index.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) source: Source,
    pub(super) index: Arc<Index>,
}

impl ReadAhead for Ahead {
    fn will_read(&self, units: &[UnitRange]) {
        let each = units.iter().flat_map(|range| {
            let numbers = range.first..range.end();
            numbers.filter_map(|unit| self.index.place(range.shard, unit))
        });
        let places: Vec<_> = each.take(MOST).collect();
        self.source.fetch(&places);
    }
}
