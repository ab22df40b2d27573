//! The counters of a bucket as metrics: those of the page, with the values of the statistics.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use rotortree_hasher::Blake3Hasher;
use rotortree_store::RotorTree;

use crate::place::Bucket;

/// The counters by name.
#[derive(Default)]
struct Counters(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.0.lock().unwrap();
        Counter::from_arc(Arc::clone(
            counters.entry(key.name().to_owned()).or_default(),
        ))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// The names of the counters on the page.
fn documented() -> Vec<String> {
    let page = include_str!("../../../../docs/object-store.md");
    let section = page.split("## Counters and events").nth(1).unwrap();
    let section = section.split("With the feature `tracing`").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split(','));
    names
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect()
}

#[test]
fn the_counters_of_the_page_are_metrics() {
    let told = Counters::default();
    let storage = Bucket::new().storage();
    let tree = with_local_recorder(&told, || {
        RotorTree::<_, 2, 20>::on(Arc::new(storage))
            .open(Blake3Hasher)
            .unwrap()
    });
    tree.insert_durable([1; 32]).unwrap();
    let stats = tree.stats();
    let names: Vec<_> = stats.backend.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, documented());
    let counters = told.0.lock().unwrap();
    for (name, value) in &stats.backend {
        let counter = counters[&format!("rotortree_backend_{name}_total")].load(Ordering::Relaxed);
        // A tick may have told more since.
        assert!(counter >= *value, "{name}");
    }
    assert!(
        stats
            .backend
            .iter()
            .any(|(name, value)| *name == "puts" && *value > 0)
    );
}
