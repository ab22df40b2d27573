//! [`Event`] and [`Count`]: figures for the statistics.

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
