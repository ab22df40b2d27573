//! [`Ahead`]: fetches the units of a hint, all of them side by side.

use std::{fmt, sync::Arc};

use rotortree_store::storage::{ReadAhead, UnitRange};

use super::index::Index;
use crate::bucket::Bucket;

/// Receives the hints for an index.
pub(crate) struct Ahead {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) index: Arc<Index>,
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").finish_non_exhaustive()
    }
}

impl ReadAhead for Ahead {
    fn will_read(&self, units: &[UnitRange]) {
        // A forked child has no thread that fetches, and its reads tell that.
        if !self.bucket.client.is_own_process() {
            return;
        }
        let source = &self.bucket.packs.source;
        let mut room = source.most_bytes_ahead();
        let each = units.iter().flat_map(|range| {
            let numbers = range.first..range.end();
            numbers.map_while(|unit| self.index.place(range.shard, unit).ok())
        });
        let fit = each.take_while(|place| {
            let fits = place.bytes <= room;
            room = room.saturating_sub(place.bytes);
            fits
        });
        source.fetch(&fit.collect::<Vec<_>>());
    }
}
