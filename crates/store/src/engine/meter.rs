//! [`Meter`]: the metrics of one tree, through the facade `metrics` with that feature.
//!
//! A meter registers its metrics once, when the tree is opened. Counters and gauges are those of
//! the [`Stats`](super::Stats), which no insert has to tell; histograms get a sample a sync, a
//! checkpoint and a wait. A recorder may call any method of the tree, so each sample waits in the
//! [`outbox`](super::outbox) until its thread holds no lock. Names and kinds are those of
//! `docs/observability.md`, and a test compares the two.

use std::time::Duration;

#[cfg(feature = "metrics")]
pub(super) use self::told::Meter;
use super::Stats;
use crate::{RecoveryReport, storage::Storage};

/// Nothing: the feature `metrics` is off.
#[cfg(not(feature = "metrics"))]
#[derive(Clone)]
pub(super) struct Meter;

#[cfg(not(feature = "metrics"))]
impl Meter {
    pub(super) const IS_ON: bool = false;

    pub(super) fn of(_: &dyn Storage) -> Self {
        Self
    }

    pub(super) fn locked(_: &dyn Storage) {}

    pub(super) fn opened(&self, _: &RecoveryReport, _: Duration) {}

    pub(super) fn synced(&self, _: u64, _: Duration) {}

    pub(super) fn checkpointed(&self, _: Duration) {}

    pub(super) fn stalled(&self, _: Duration) {}

    pub(super) fn record(&self, _: &Stats, _: bool) {}
}

#[cfg(feature = "metrics")]
mod told {
    use std::sync::Arc;

    use metrics::{Counter, Gauge, Histogram};

    use super::{Duration, RecoveryReport, Stats, Storage};
    use crate::{
        engine::outbox::defer,
        isolated::isolated,
        metering::{Handle, Registrar, Tally},
    };

    /// The handles; none where registering them panicked.
    #[derive(Clone)]
    pub(in crate::engine) struct Meter(Option<Arc<Handles>>);

    struct Handles {
        /// Those of [`Stats::METRICS`], in the same order.
        stats: Vec<Handle>,
        /// Those of the backend, in its order.
        backend: Vec<Tally>,
        writable: Gauge,
        samples: Samples,
        openings: Openings,
    }

    struct Samples {
        sync_seconds: Histogram,
        sync_leaves: Histogram,
        checkpoint_seconds: Histogram,
        stall_seconds: Histogram,
    }

    struct Openings {
        seconds: Histogram,
        replayed_leaves: Counter,
        tears: Counter,
        damages: Counter,
    }

    impl Handles {
        fn of(storage: &dyn Storage) -> Self {
            let new = Registrar::of(storage);
            Self {
                stats: Stats::METRICS
                    .iter()
                    .flatten()
                    .map(|it| new.number(it))
                    .collect(),
                backend: new.backend(storage),
                writable: new.gauge(
                    "rotortree_writable",
                    "1 while the tree takes writes, 0 once it has failed or is closed.",
                ),
                samples: Samples {
                    sync_seconds: new.histogram(
                        "rotortree_sync_seconds",
                        "Duration of a sync of the log, writing included.",
                    ),
                    sync_leaves: new
                        .histogram("rotortree_sync_leaves", "Leaves that a sync made durable."),
                    checkpoint_seconds: new.histogram(
                        "rotortree_checkpoint_seconds",
                        "Duration of a completed checkpoint.",
                    ),
                    stall_seconds: new.histogram(
                        "rotortree_stall_seconds",
                        "Duration of a wait of an insert for room or for a checkpoint.",
                    ),
                },
                openings: Openings {
                    seconds: new.histogram(
                        "rotortree_open_seconds",
                        "Duration of an opening for writing, recovery included.",
                    ),
                    replayed_leaves: new.counter(
                        "rotortree_replayed_leaves_total",
                        "Leaves that openings replayed from the log.",
                    ),
                    tears: new.counter(
                        "rotortree_torn_logs_total",
                        "Openings that found a torn tail, which a crash leaves.",
                    ),
                    damages: new.counter(
                        "rotortree_damaged_logs_total",
                        "Openings that found durable records damaged.",
                    ),
                },
            }
        }
    }

    impl Meter {
        pub(in crate::engine) const IS_ON: bool = true;

        pub(in crate::engine) fn of(storage: &dyn Storage) -> Self {
            Self(isolated(|| Arc::new(Handles::of(storage))))
        }

        /// Counts an opening that another owner refused.
        pub(in crate::engine) fn locked(storage: &dyn Storage) {
            let new = Registrar::of(storage);
            defer(move || {
                new.counter(
                    "rotortree_locked_openings_total",
                    "Openings that ended because the place has another owner.",
                )
                .increment(1);
            });
        }

        fn tell(&self, tell: impl FnOnce(&Handles) + 'static) {
            if let Some(handles) = self.0.clone() {
                defer(move || tell(&handles));
            }
        }

        pub(in crate::engine) fn opened(&self, report: &RecoveryReport, took: Duration) {
            let replayed = report.replayed_leaves;
            let is_torn = u64::from(report.tear.is_some());
            let is_damaged = u64::from(report.damage.is_some());
            self.tell(move |handles| {
                let openings = &handles.openings;
                openings.seconds.record(took);
                openings.replayed_leaves.increment(replayed);
                openings.tears.increment(is_torn);
                openings.damages.increment(is_damaged);
            });
        }

        pub(in crate::engine) fn synced(&self, leaves: u64, took: Duration) {
            self.tell(move |handles| {
                handles.samples.sync_seconds.record(took);
                handles.samples.sync_leaves.record(leaves as f64);
            });
        }

        pub(in crate::engine) fn checkpointed(&self, took: Duration) {
            self.tell(move |handles| handles.samples.checkpoint_seconds.record(took));
        }

        pub(in crate::engine) fn stalled(&self, took: Duration) {
            self.tell(move |handles| handles.samples.stall_seconds.record(took));
        }

        pub(in crate::engine) fn record(&self, stats: &Stats, is_writable: bool) {
            let readings = stats.readings();
            let backend = stats.backend.clone();
            self.tell(move |handles| {
                handles.writable.set(f64::from(u8::from(is_writable)));
                for (handle, reading) in handles.stats.iter().zip(readings.into_iter().flatten()) {
                    handle.record(reading);
                }
                for (tally, (_, now)) in handles.backend.iter().zip(backend) {
                    tally.reach(now);
                }
            });
        }
    }
}
