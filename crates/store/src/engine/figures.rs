//! [`Event`], [`Count`], [`InsertFigures`]: figures for the statistics.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{
    locks::{Monitor, Rank},
    status::Status,
};

/// A counter of events.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The last occurrence of an event, and its duration.
pub(super) struct Event(Monitor<Option<(Instant, Duration)>>);

impl Default for Event {
    fn default() -> Self {
        Self(Monitor::new(Rank::Figures, None))
    }
}

impl Event {
    pub(super) fn happened(&self, took: Duration) {
        *self.0.lock() = Some((Instant::now(), took));
    }

    /// The duration of the last occurrence, and the time since its end.
    pub(super) fn last(&self, status: &Status) -> (Option<Duration>, Option<Duration>) {
        let last = status.lock_briefly(&self.0).and_then(|last| *last);
        (last.map(|(_, took)| took), last.map(|(at, _)| at.elapsed()))
    }
}

/// Figures of inserts.
#[derive(Default)]
pub(super) struct InsertFigures {
    stalls: Count,
    stalled_nanos: Count,
    /// Entries that were refused.
    pub(super) refused: Count,
}

impl InsertFigures {
    /// Counts a wait of an insert that begins.
    pub(super) fn stalls_now(&self) {
        self.stalls.add(1);
    }

    /// Adds the duration of a wait that has ended.
    pub(super) fn stalled(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos());
        self.stalled_nanos.add(nanos.unwrap_or(u64::MAX));
    }

    /// The number of waits, and their total duration.
    pub(super) fn stalls(&self) -> (u64, Duration) {
        let stalled = Duration::from_nanos(self.stalled_nanos.get());
        (self.stalls.get(), stalled)
    }
}
