//! [`Shortage`]: writes that a lack of resources postponed. `stats()` counts them.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    events,
    locks::{Held, Rank},
};
use crate::{fs::raw_os_error, lock::lock, runtime::Reserve, storage::WriteError};

/// The least pause before the background tries again.
const RETRY: Duration = Duration::from_millis(50);

/// Makes a write, and repeats it with the descriptor in reserve if it lacked one.
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
    /// The last error, until a write of its kind succeeds.
    last: Mutex<Option<Arc<io::Error>>>,
}

impl Shortage {
    pub(super) fn met(&self, error: &Arc<io::Error>) {
        events::unavailable(Arc::clone(error));
        self.count.fetch_add(1, Ordering::Relaxed);
        // Dropped after the lock: a backend's error is foreign code.
        let before = self.with_last(|last| last.replace(Arc::clone(error)));
        drop(before);
    }

    pub(super) fn is_over(&self) {
        drop(self.with_last(Option::take));
    }

    fn with_last<R>(&self, work: impl FnOnce(&mut Option<Arc<io::Error>>) -> R) -> R {
        let _held = Held::in_order(Rank::Figures);
        work(&mut lock(&self.last))
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn last(&self) -> Option<Arc<io::Error>> {
        self.with_last(|last| last.clone())
    }

    /// The pause before the background tries again: `usual`, or longer during a shortage.
    pub(super) fn pause(&self, usual: Duration) -> Duration {
        if self.with_last(|last| last.is_some()) {
            usual.max(RETRY)
        } else {
            usual
        }
    }
}

/// The pauses between the tries of closing during a shortage. No later call can write the pending
/// records.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(4),
    Duration::from_millis(16),
    Duration::from_millis(64),
];

/// Makes a step of closing, and repeats it a few times during a shortage.
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
