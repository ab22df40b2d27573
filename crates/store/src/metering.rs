//! Handles on metrics of the facade `metrics`, labelled with the place of a store.
//!
//! A recorder is foreign code: callers register and record under no lock, and contain its panics
//! with [`isolated`](crate::isolated::isolated).

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, SharedString, Unit,
    with_recorder,
};

use crate::storage::Storage;

const METADATA: Metadata<'static> = Metadata::new("rotortree", Level::INFO, None);

/// The kind of a metric that one number tells.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// The time of an event, in seconds since 1970.
    Time,
}

/// A metric, as an exporter describes it.
pub(crate) struct Description {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
}

/// The value of a metric.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    Number(u64),
    /// The time since an event, if it has happened.
    Age(Option<Duration>),
}

/// A counter that is told how far it has come.
pub(crate) struct Tally {
    counter: Counter,
    told: AtomicU64,
}

impl Tally {
    /// Counts up to `now`, unless another thread has told more.
    pub(crate) fn reach(&self, now: u64) {
        let told = self.told.fetch_max(now, Ordering::Relaxed);
        self.counter.increment(now.saturating_sub(told));
    }
}

/// A handle on a metric that one number tells.
pub(crate) enum Handle {
    Counter(Tally),
    Gauge(Gauge),
}

impl Handle {
    pub(crate) fn record(&self, reading: Reading) {
        match (self, reading) {
            (Self::Counter(tally), Reading::Number(now)) => tally.reach(now),
            (Self::Gauge(gauge), Reading::Number(now)) => gauge.set(now as f64),
            (Self::Gauge(gauge), Reading::Age(Some(age))) => {
                let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
                gauge.set(since_1970.saturating_sub(age).as_secs_f64());
            }
            (_, Reading::Age(_)) => {}
        }
    }
}

/// Registers metrics of one place.
pub(crate) struct Registrar {
    labels: Vec<Label>,
}

impl Registrar {
    pub(crate) fn of(storage: &dyn Storage) -> Self {
        Self {
            labels: vec![Label::new("place", storage.describe())],
        }
    }

    fn key(&self, name: impl Into<KeyName>) -> Key {
        Key::from_parts(name, self.labels.clone())
    }

    pub(crate) fn counter(&self, name: impl Into<SharedString>, help: &'static str) -> Counter {
        let name: SharedString = name.into();
        let key = self.key(name.clone());
        with_recorder(|recorder| {
            recorder.describe_counter(name.clone().into(), unit_of(&name), help.into());
            recorder.register_counter(&key, &METADATA)
        })
    }

    pub(crate) fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        let key = self.key(name);
        with_recorder(|recorder| {
            recorder.describe_gauge(name.into(), unit_of(name), help.into());
            recorder.register_gauge(&key, &METADATA)
        })
    }

    pub(crate) fn histogram(&self, name: &'static str, help: &'static str) -> Histogram {
        let key = self.key(name);
        with_recorder(|recorder| {
            recorder.describe_histogram(name.into(), unit_of(name), help.into());
            recorder.register_histogram(&key, &METADATA)
        })
    }

    pub(crate) fn number(&self, metric: &Description) -> Handle {
        let help = metric.help.trim();
        match metric.kind {
            Kind::Counter => Handle::Counter(tally(self.counter(metric.name, help))),
            Kind::Gauge | Kind::Time => Handle::Gauge(self.gauge(metric.name, help)),
        }
    }

    /// The counters of a backend, in its order: `puts` is `rotortree_backend_puts_total`.
    pub(crate) fn backend(&self, storage: &dyn Storage) -> Vec<Tally> {
        let mut tallies = Vec::new();
        storage.counters(&mut |name, _| {
            let name = format!("rotortree_backend_{name}_total");
            tallies.push(tally(
                self.counter(name, "A counter of the storage backend."),
            ));
        });
        tallies
    }
}

fn tally(counter: Counter) -> Tally {
    Tally {
        counter,
        told: AtomicU64::new(0),
    }
}

/// Names end in their unit, and those of counters in `_total` behind it.
fn unit_of(name: &str) -> Option<Unit> {
    let name = name.strip_suffix("_total").unwrap_or(name);
    [("_bytes", Unit::Bytes), ("_seconds", Unit::Seconds)]
        .into_iter()
        .find_map(|(suffix, unit)| name.ends_with(suffix).then_some(unit))
}
