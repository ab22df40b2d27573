//! Metrics: exactly those of `docs/observability.md`, with the values of the statistics, and
//! recorders that call the tree.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeBuilder, memory::MemoryStorage,
    storage::Storage, test_util::watchdog::limit_this_process,
};

type Tree = RotorTree<Blake3Hasher, 4, 20>;

/// What a recorder was told.
#[derive(Default)]
struct Told {
    /// Name, and type as the page has it.
    registered: Mutex<BTreeSet<(String, String)>>,
    described: Mutex<BTreeMap<String, (Option<Unit>, String)>>,
    places: Mutex<BTreeSet<String>>,
    /// Counters and gauges by name, and the sums of histograms.
    values: Mutex<BTreeMap<String, f64>>,
    /// Samples of histograms by name.
    samples: Mutex<BTreeMap<String, u64>>,
    calls: AtomicU64,
    /// Done at each call.
    react: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Told {
    fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(react) = self.react.get() {
            react();
        }
    }

    fn value(&self, name: &str) -> f64 {
        self.values.lock().unwrap()[name]
    }

    fn samples(&self, name: &str) -> u64 {
        self.samples.lock().unwrap()[name]
    }
}

#[derive(Clone, Default)]
struct Capture(Arc<Told>);

/// A handle on one metric.
struct Metric(Arc<Told>, String);

impl Metric {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(
            self.0
                .values
                .lock()
                .unwrap()
                .entry(self.1.clone())
                .or_default(),
        );
        self.0.call();
    }
}

impl CounterFn for Metric {
    fn increment(&self, value: u64) {
        self.change(|sum| *sum += value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("two openings of one place share a counter");
    }
}

impl GaugeFn for Metric {
    fn increment(&self, _: f64) {
        unreachable!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        unreachable!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.change(|now| *now = value);
    }
}

impl HistogramFn for Metric {
    fn record(&self, value: f64) {
        *self
            .0
            .samples
            .lock()
            .unwrap()
            .entry(self.1.clone())
            .or_default() += 1;
        self.change(|sum| *sum += value);
    }
}

impl Capture {
    fn describe(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        let (name, help) = (name.as_str().to_owned(), help.into_owned());
        self.0.described.lock().unwrap().insert(name, (unit, help));
        self.0.call();
    }

    fn register(&self, key: &Key, kind: &str) -> Arc<Metric> {
        let name = key.name().to_owned();
        let mut labels = key.labels();
        let place = labels.next().unwrap();
        assert!(place.key() == "place" && labels.next().is_none(), "{key}");
        self.0
            .places
            .lock()
            .unwrap()
            .insert(place.value().to_owned());
        self.0
            .registered
            .lock()
            .unwrap()
            .insert((name.clone(), kind.to_owned()));
        self.0.call();
        Arc::new(Metric(Arc::clone(&self.0), name))
    }
}

impl Recorder for Capture {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name, unit, help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name, unit, help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name, unit, help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.register(key, "counter"))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.register(key, "gauge"))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.register(key, "histogram"))
    }
}

fn quiet(storage: &Arc<dyn Storage>) -> RotorTreeBuilder<Tree> {
    limit_this_process();
    Tree::on(Arc::clone(storage))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
}

fn open(storage: &Arc<dyn Storage>) -> Tree {
    quiet(storage).open(Blake3Hasher).unwrap()
}

fn leaves(count: u8) -> Vec<[u8; 32]> {
    (0..count).map(|byte| [byte; 32]).collect()
}

fn memory() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

/// The rows of one kind on the page: their cells, without quotes.
fn documented(kind: &str) -> Vec<Vec<String>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/observability.md");
    let page = fs::read_to_string(page).unwrap();
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let start = format!("| {kind} |");
    page.lines()
        .filter(|line| line.starts_with(&start))
        .map(cells)
        .collect()
}

fn a_life(storage: &Arc<dyn Storage>) {
    let tree = open(storage);
    tree.append(&leaves(9)).submit().unwrap();
    tree.flush().unwrap();
    tree.checkpoint().unwrap();
    tree.append(&[]).submit().unwrap_err();
    quiet(storage).open(Blake3Hasher).unwrap_err();
    let reader = quiet(storage).open_read_only(Blake3Hasher).unwrap();
    tree.insert_durable([7; 32]).unwrap();
    tree.close().unwrap();
    assert!(reader.refresh().unwrap());
}

#[test]
fn the_page_has_every_metric_and_no_other() {
    let capture = Capture::default();
    let storage = memory();
    with_local_recorder(&capture, || a_life(&storage));
    let rows = documented("metric");
    let documented: BTreeSet<_> = rows
        .iter()
        .map(|row| (row[1].clone(), row[2].clone()))
        .collect();
    let registered = capture.0.registered.lock().unwrap();
    let undocumented: Vec<_> = registered.difference(&documented).collect();
    let unseen: Vec<_> = documented.difference(&registered).collect();
    assert!(
        undocumented.is_empty(),
        "not on the page: {undocumented:#?}"
    );
    assert!(unseen.is_empty(), "on the page alone: {unseen:#?}");
    assert_eq!(
        *capture.0.places.lock().unwrap(),
        [storage.describe()].into()
    );
    let described = capture.0.described.lock().unwrap();
    for (name, kind) in registered.iter() {
        let (unit, help) = &described[name];
        let stem = name.strip_suffix("_total");
        assert_eq!(stem.is_some(), kind == "counter", "{name}");
        let stem = stem.unwrap_or(name);
        let expected = match () {
            () if stem.ends_with("_bytes") => Some(Unit::Bytes),
            () if stem.ends_with("_seconds") => Some(Unit::Seconds),
            () => None,
        };
        assert_eq!(*unit, expected, "{name}");
        assert!(
            help.ends_with('.') && help.trim() == help,
            "{name}: {help:?}"
        );
    }
}

#[test]
fn the_page_has_every_statistic_with_a_metric_that_there_is() {
    let stats = format!("{:#?}", open(&memory()).stats());
    let field = |line: &str| {
        let (name, _) = line.strip_prefix("    ")?.split_once(": ")?;
        (!name.starts_with(' ')).then(|| name.to_owned())
    };
    let fields: Vec<_> = stats.lines().filter_map(field).collect();
    let rows = documented("stat");
    let documented: Vec<_> = rows.iter().map(|row| row[1].clone()).collect();
    assert_eq!(documented, fields);
    let metrics: BTreeSet<_> = documented_names();
    for row in rows {
        let is_there = metrics.contains(&row[2]) || row[2] == "rotortree_backend_*_total";
        assert!(is_there || row[1] == "log_segment_bytes", "{row:?}");
    }
}

fn documented_names() -> BTreeSet<String> {
    documented("metric")
        .into_iter()
        .map(|row| row[1].clone())
        .collect()
}

#[test]
fn metrics_tell_what_the_statistics_tell() {
    let capture = Capture::default();
    let storage = memory();
    let tree = with_local_recorder(&capture, || open(&storage));
    let told = &capture.0;
    assert_eq!(told.value("rotortree_writable"), 1.0);
    for _ in 0..3 {
        tree.append(&leaves(9)).submit().unwrap();
        tree.insert([1; 32]).unwrap();
        tree.flush().unwrap();
    }
    tree.append_at(7, &leaves(1)).unwrap_err();
    tree.checkpoint().unwrap();
    tree.insert([2; 32]).unwrap();
    // However often it is asked.
    for _ in 0..3 {
        let stats = tree.stats();
        assert_eq!(told.value("rotortree_leaves"), stats.size as f64);
        assert_eq!(told.value("rotortree_durable_leaves"), 30.0);
        assert_eq!(
            told.value("rotortree_pending_bytes"),
            stats.pending_bytes as f64
        );
        assert_eq!(told.value("rotortree_entries_total"), 7.0);
        assert_eq!(told.value("rotortree_refused_entries_total"), 1.0);
        assert_eq!(told.samples("rotortree_sync_seconds"), stats.syncs);
        assert_eq!(told.value("rotortree_sync_leaves"), 30.0);
        assert_eq!(told.samples("rotortree_checkpoint_seconds"), 1);
        let written = stats.written_log_bytes as f64;
        assert_eq!(told.value("rotortree_written_log_bytes_total"), written);
        assert!(written > 0.0);
        assert!(told.value("rotortree_last_sync_timestamp_seconds") > 1.6e9);
        assert_eq!(told.value("rotortree_failed"), 0.0);
    }
    tree.close().unwrap();
    assert_eq!(told.value("rotortree_writable"), 0.0);
    // The next opening counts on.
    let tree = with_local_recorder(&capture, || open(&storage));
    tree.insert([3; 32]).unwrap();
    assert_eq!(tree.stats().entries, 1);
    assert_eq!(told.value("rotortree_entries_total"), 8.0);
    assert_eq!(told.samples("rotortree_open_seconds"), 2);
}

#[test]
fn gauges_are_told_without_a_call_for_statistics() {
    let capture = Capture::default();
    let tree = with_local_recorder(&capture, || open(&memory()));
    tree.insert_durable([1; 32]).unwrap();
    // Far longer than the tick behind a sync takes.
    let mut looks = 0..6_000;
    while capture.0.value("rotortree_durable_leaves") != 1.0 {
        assert!(looks.next().is_some(), "no tick tells");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn an_insert_tells_nothing() {
    let capture = Capture::default();
    let tree = with_local_recorder(&capture, || open(&memory()));
    let before = capture.0.calls.load(Ordering::Relaxed);
    for _ in 0..1000 {
        tree.insert([1; 32]).unwrap();
    }
    tree.append(&leaves(100)).submit().unwrap();
    assert_eq!(capture.0.calls.load(Ordering::Relaxed), before);
    tree.flush().unwrap();
    assert_eq!(capture.0.samples("rotortree_sync_seconds"), 1);
}

/// No lock of the engine is held where a recorder is told: every method can be called there.
#[test]
fn a_recorder_may_call_the_tree_from_every_call() {
    let capture = Capture::default();
    let tree = with_local_recorder(&capture, || open(&memory()));
    let (within, calls) = (AtomicBool::new(false), Arc::new(AtomicU64::new(0)));
    let react = {
        let (tree, calls) = (tree.clone(), Arc::clone(&calls));
        move || {
            // Calls within are told too.
            if within.swap(true, Ordering::Relaxed) {
                return;
            }
            calls.fetch_add(1, Ordering::Relaxed);
            assert!(tree.stats().failure.is_none());
            tree.append(&leaves(1)).submit().unwrap().wait().unwrap();
            tree.checkpoint().unwrap();
            within.store(false, Ordering::Relaxed);
        }
    };
    assert!(capture.0.react.set(Box::new(react)).is_ok());
    tree.flush().unwrap();
    tree.insert_durable([1; 32]).unwrap();
    tree.checkpoint().unwrap();
    drop(tree.stats());
    assert!(calls.load(Ordering::Relaxed) > 3);
    tree.close().unwrap();
}

#[test]
fn a_recorder_that_panics_keeps_no_call_from_its_work() {
    let capture = Capture::default();
    let panics: Box<dyn Fn() + Send + Sync> = Box::new(|| panic!("a planned panic"));
    assert!(capture.0.react.set(panics).is_ok());
    let storage = memory();
    with_local_recorder(&capture, || a_life(&storage));
    let capture = Capture::default();
    with_local_recorder(&capture, || {
        let tree = open(&storage);
        let panics: Box<dyn Fn() + Send + Sync> = Box::new(|| panic!("a planned panic"));
        assert!(capture.0.react.set(panics).is_ok());
        tree.insert_durable([1; 32]).unwrap();
        tree.checkpoint().unwrap();
        assert_eq!(tree.stats().size, 11);
        tree.close().unwrap();
    });
}
