//! [`LogEnd`]: the end of a scan of the log, and the place at which a later scan goes on.

use rotortree_wal::{GroupHeader, LogRules, Position};

use super::log_scanner::LogPlace;

/// The place that a scan has come to.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogEnd {
    /// The first group that a later scan has to read again: all records before it belong to whole
    /// batches that are known to be durable.
    pub(super) resume: LogPlace,
    /// The last group of the current segment.
    pub(super) last: Option<GroupHeader>,
    /// That group, or else the beginning of the segment; after the scan, where the next group
    /// starts.
    pub(super) place: LogPlace,
    /// The largest sequence that a group of the current segment states.
    stated: u64,
}

impl LogEnd {
    /// The start of a scan.
    pub(super) fn at(place: LogPlace) -> Self {
        Self {
            resume: place,
            last: None,
            place,
            stated: 0,
        }
    }

    /// The scan goes on with a segment that continues from `base`.
    pub(super) fn segment(&mut self, place: LogPlace, base: &Position, rules: &LogRules) {
        // Whatever the segments before it hold beyond the base is dead.
        if base.sequence <= rules.batch_end() {
            self.resume = place;
            self.stated = base.sequence;
        }
        self.last = None;
        self.place = place;
    }

    /// The scan goes on with a group. Everything up to `known` is durable.
    pub(super) fn group(&mut self, group: &GroupHeader, known: u64, rules: &LogRules) {
        self.move_to(group.offset, known, rules);
        self.stated = self.stated.max(group.last_sequence());
        self.last = Some(*group);
    }

    /// The scan is over. A group whose records do not all hold may still be on its way to the disk,
    /// and is read again.
    pub(super) fn finish(&mut self, known: u64, rules: &LogRules) {
        if let Some(last) = self.last.filter(|_| self.stated <= rules.reached()) {
            self.move_to(last.end(), known, rules);
        }
    }

    fn move_to(&mut self, offset: u64, known: u64, rules: &LogRules) {
        self.place.offset = offset;
        if self.stated <= known.min(rules.batch_end()) {
            self.resume = self.place;
        }
    }
}
