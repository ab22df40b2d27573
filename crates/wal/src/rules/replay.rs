//! The second pass over a log: selects the records up to the end that the first pass found.

use crate::record::RecordView;

/// Selects the records to apply, in order, from a second scan of the same segments.
///
/// See [`LogRules`](crate::LogRules) for an example.
#[derive(Clone, Debug)]
pub struct Replay {
    next: u64,
    end: u64,
}

impl Replay {
    /// For the records behind `start`, the sequence that the first pass started from, up to `end`:
    /// that of the [`Assessment`](crate::Assessment), or a batch's end before it.
    #[must_use]
    pub fn new(start: u64, end: u64) -> Self {
        Self {
            next: start.saturating_add(1),
            end,
        }
    }

    /// Whether this record is the next one to apply; `cap` is its segment's. Each record
    /// is taken once.
    #[inline]
    pub fn takes(&mut self, record: &RecordView<'_>, cap: u64) -> bool {
        let taken = record.sequence == self.next && record.sequence <= cap.min(self.end);
        if taken {
            self.next += 1;
        }
        taken
    }

    /// Whether every record up to the end was taken. If it was not, the log changed
    /// between the passes.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next > self.end
    }
}
