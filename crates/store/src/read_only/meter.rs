//! [`ReaderMeter`]: the metrics of a read-only view, through the facade `metrics` with that
//! feature.
//!
//! They tell after each refresh, once its lock is free, as the metrics of a tree do.

use std::time::Duration;

#[cfg(feature = "metrics")]
pub(super) use self::told::ReaderMeter;
use crate::storage::Storage;

/// Nothing: the feature `metrics` is off.
#[cfg(not(feature = "metrics"))]
pub(super) struct ReaderMeter;

#[cfg(not(feature = "metrics"))]
impl ReaderMeter {
    pub(super) fn of(_: &dyn Storage) -> Self {
        Self
    }

    pub(super) fn refreshed(&self, _: &dyn Storage, _: Option<Duration>, _: u64) {}
}

#[cfg(feature = "metrics")]
mod told {
    use std::sync::Arc;

    use metrics::{Counter, Gauge, Histogram};

    use super::{Duration, Storage};
    use crate::{
        engine::defer,
        isolated::isolated,
        metering::{Handle, Reading, Registrar, Tally},
    };

    /// The handles; none where registering them panicked.
    pub(in crate::read_only) struct ReaderMeter(Option<Arc<Handles>>);

    struct Handles {
        leaves: Gauge,
        refreshed: Handle,
        seconds: Histogram,
        failures: Counter,
        backend: Vec<Tally>,
    }

    impl Handles {
        fn of(storage: &dyn Storage) -> Self {
            let new = Registrar::of(storage);
            Self {
                leaves: new.gauge(
                    "rotortree_reader_leaves",
                    "Leaves that a read-only view shows.",
                ),
                refreshed: Handle::Gauge(new.gauge(
                    "rotortree_reader_refreshed_timestamp_seconds",
                    "The beginning of the last refresh of a view that succeeded.",
                )),
                seconds: new.histogram(
                    "rotortree_refresh_seconds",
                    "Duration of an opening or a refresh of a view that succeeded.",
                ),
                failures: new.counter(
                    "rotortree_refresh_failures_total",
                    "Refreshes of a view that failed.",
                ),
                backend: new.backend(storage),
            }
        }

        fn refreshed(&self, size: u64, took: Duration) {
            self.leaves.set(size as f64);
            self.refreshed.record(Reading::Age(Some(took)));
            self.seconds.record(took);
        }
    }

    impl ReaderMeter {
        pub(in crate::read_only) fn of(storage: &dyn Storage) -> Self {
            Self(isolated(|| Arc::new(Handles::of(storage))))
        }

        /// Tells of an opening or a refresh: how long it `took` unless it failed, and the size that
        /// the view has now.
        pub(in crate::read_only) fn refreshed(
            &self,
            storage: &dyn Storage,
            took: Option<Duration>,
            size: u64,
        ) {
            let Some(handles) = self.0.clone() else {
                return;
            };
            let mut counts = Vec::new();
            storage.counters(&mut |_, now| counts.push(now));
            defer(move || {
                match took {
                    Some(took) => handles.refreshed(size, took),
                    None => handles.failures.increment(1),
                }
                for (tally, now) in handles.backend.iter().zip(counts) {
                    tally.reach(now);
                }
            });
        }
    }
}
