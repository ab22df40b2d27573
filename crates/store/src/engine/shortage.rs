//! [`Shortage`]: writes that were not made for want of something, and are made later. Counted, and told in `stats()`.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{fs::raw_os_error, lock::lock, runtime::Reserve, storage::WriteError};

/// The least pause before the background tries again.
const RETRY: Duration = Duration::from_millis(50);

/// Makes a write, once more with the descriptor in reserve if there was none for it.
pub(super) fn with_reserve<T>(
    reserve: &Reserve,
    write: impl FnMut() -> Result<T, WriteError>,
) -> Result<T, WriteError> {
    reserve.lend(write, |error| match error {
        WriteError::NotWritten(error) => raw_os_error(error),
        WriteError::Fenced(_) | WriteError::InDoubt(_) => None,
    })
}

/// Writes of the log or the manifest that failed with nothing in doubt.
#[derive(Default)]
pub(super) struct Shortage {
    count: AtomicU64,
    /// What the last one failed with, until a write of its kind succeeds.
    last: Mutex<Option<Arc<io::Error>>>,
}

impl Shortage {
    pub(super) fn met(&self, error: &Arc<io::Error>) {
        super::events::unavailable(Arc::clone(error));
        self.count.fetch_add(1, Ordering::Relaxed);
        // Dropped behind the lock: a backend's error is code of others.
        let before = lock(&self.last).replace(Arc::clone(error));
        drop(before);
    }

    pub(super) fn is_over(&self) {
        let before = lock(&self.last).take();
        drop(before);
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn last(&self) -> Option<Arc<io::Error>> {
        lock(&self.last).clone()
    }

    /// The pause before the background looks again: `usual`, or longer while the shortage lasts.
    pub(super) fn pause(&self, usual: Duration) -> Duration {
        if lock(&self.last).is_some() {
            usual.max(RETRY)
        } else {
            usual
        }
    }
}

/// The pauses of closing before it tries again what a shortage kept from being written. No later
/// call can.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(4),
    Duration::from_millis(16),
    Duration::from_millis(64),
];

/// Makes a step of closing, again a few times while nothing can be written.
pub(super) fn patiently<E>(
    step: impl Fn() -> Result<(), E>,
    is_short: impl Fn(&E) -> bool,
) -> Result<(), E> {
    for pause in PAUSES {
        match step() {
            Err(error) if is_short(&error) => std::thread::sleep(pause),
            outcome => return outcome,
        }
    }
    step()
}
