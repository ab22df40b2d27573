//! The progress of a replay: reports to the caller, and counts for the report.

use rotortree_wal::RecordView;

use super::{log_scanner::LogPlace, segments::LiveLog};
use crate::{
    config::OpenProgress,
    settings::{ProgressCallback, Settings},
};

/// Reports the replayed part of the log to the caller of opening, if it has a callback.
#[derive(Clone, Copy)]
pub(super) struct Progress<'a> {
    callback: Option<&'a ProgressCallback>,
    total: u64,
}

impl<'a> Progress<'a> {
    pub(super) fn of(log: &LiveLog, config: &'a Settings) -> Self {
        Self {
            callback: config.progress.as_ref(),
            total: log.total_bytes(),
        }
    }

    /// Reports that the log is replayed up to `place`.
    pub(super) fn report(&self, place: LogPlace) {
        if let Some(callback) = self.callback {
            callback.report(OpenProgress::Replayed {
                done: place.before + place.offset,
                total: self.total,
            });
        }
    }
}

/// Counts of the replayed records.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReplayCounts {
    pub(super) records: u64,
    pub(super) leaves: u64,
}

impl ReplayCounts {
    #[inline]
    pub(super) fn count(&mut self, record: &RecordView<'_>) {
        self.records += 1;
        self.leaves += record.leaf_count();
    }
}
