//! [`Tail`]: the records at the end of a log that the segment of the next run must hold.

use rotortree_wal::Position;

use super::log_scanner::LogPlace;

/// Where a copy of records ends a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupEnd {
    /// The last record.
    pub(super) sequence: u64,
    /// State after the last whole entry up to there.
    pub(super) after: Position,
}

/// The records behind a position.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    pub(super) base: Position,
    /// A place in the log at or before the first of the records.
    pub(super) place: LogPlace,
    /// Where groups of a copy end, the last one at the end of the log. Empty without records.
    pub(super) ends: Vec<GroupEnd>,
}

impl Tail {
    /// The whole log behind the state `start`, of which this is the end.
    pub(super) fn with_all_before(&self, start: Position) -> Self {
        let attested = GroupEnd {
            sequence: self.base.sequence,
            after: self.base,
        };
        Self {
            base: start,
            place: LogPlace::default(),
            ends: [&[attested], &*self.ends].concat(),
        }
    }

    /// The number of records.
    pub(super) fn records(&self) -> u64 {
        let end = self.ends.last().map_or(0, |end| end.sequence);
        end.saturating_sub(self.base.sequence)
    }
}
