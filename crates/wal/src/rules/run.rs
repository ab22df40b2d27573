//! [`Run`]: the records with consecutive sequences that the log consists of; [`Faults`]: the faults
//! that may end it.

use crate::position::Position;
use crate::record::RecordView;
use crate::rules::{Break, LogOffset};

/// The records so far, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The last record.
    pub(super) reached: u64,
    /// The last record that ends a batch.
    pub(super) batch_end: u64,
    /// Leaves at `batch_end` and at `reached`.
    pub(super) size: u64,
    pub(super) size_reached: u64,
    /// The first record behind `batch_end`, if the run goes further.
    pub(super) open_batch: Option<OpenBatch>,
}

/// The beginning of a batch whose end has not come yet.
#[derive(Clone, Debug)]
pub(super) struct OpenBatch {
    pub(super) place: LogOffset,
    pub(super) records: u64,
}

impl Run {
    pub(super) fn new(start: &Position) -> Self {
        Self {
            reached: start.sequence,
            batch_end: start.sequence,
            size: start.size,
            size_reached: start.size,
            open_batch: None,
        }
    }

    /// The sequence of the record that comes next.
    pub(super) fn next(&self) -> u64 {
        self.reached.saturating_add(1)
    }

    /// A later segment continues from where the last whole batch ended.
    pub(super) fn go_back_to_batch_end(&mut self) {
        self.reached = self.batch_end;
        self.size_reached = self.size;
        self.open_batch = None;
    }

    /// Goes on with a record, if it is the next one, its leaves can be counted, and its chunks
    /// stand behind the leaves so far.
    #[inline]
    pub(super) fn extend(&mut self, record: &RecordView<'_>, place: LogOffset) -> bool {
        let expected = self.next();
        let size = self.size_reached.checked_add(record.leaf_count());
        let Some(size) = size.filter(|_| record.sequence == expected) else {
            return false;
        };
        if record
            .chunks
            .is_some_and(|run| !run.continues(self.size_reached))
        {
            return false;
        }
        self.reached = expected;
        self.size_reached = size;
        if record.more {
            let first = OpenBatch { place, records: 0 };
            self.open_batch.get_or_insert(first).records += 1;
        } else {
            self.batch_end = expected;
            self.size = size;
            self.open_batch = None;
        }
        true
    }
}

/// The faults found behind the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// The first thing wrong behind the last record of the run; it does not matter if the run goes
    /// on all the same.
    pub(super) suspect: Option<Break>,
    /// Why the run has ended within the current segment. A later segment may still continue it.
    pub(super) stopped: Option<Break>,
    /// Why the run has ended for good.
    pub(super) broken: Option<Break>,
    /// A segment without a readable header that no later one has continued from.
    pub(super) unreadable: Option<Break>,
}

impl Faults {
    /// Whether the run goes no further in the current segment.
    #[inline]
    pub(super) fn end_run(&self) -> bool {
        self.stopped.is_some() || self.broken.is_some()
    }

    /// The first thing that ended the run, or that would. Blank space is none: nothing was written
    /// there yet.
    pub(super) fn first(&self) -> Option<&Break> {
        let suspect = self.suspect.as_ref().filter(|found| !found.is_blank());
        self.broken.as_ref().or(self.stopped.as_ref()).or(suspect)
    }

    /// The blank space behind the run: there something is missing, if anything is.
    pub(super) fn blank(&self) -> Option<&Break> {
        self.suspect.as_ref().filter(|found| found.is_blank())
    }
}
