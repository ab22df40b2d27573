//! [`Schedule`]: when the owner collects.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The shortest time between two collections of an owner.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

/// The beginning of the last collection.
#[derive(Debug, Default)]
pub(crate) struct Schedule(Mutex<Option<Instant>>);

impl Schedule {
    /// Whether to collect now; the next time is a part of the grace later.
    pub(crate) fn is_due(&self, grace: Duration) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // The first collection waits as well: a short life of an owner has none.
        let last = last.get_or_insert(now);
        let is_due = now.duration_since(*last) >= (grace / 4).max(LEAST_INTERVAL);
        if is_due {
            *last = now;
        }
        is_due
    }
}
