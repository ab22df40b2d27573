//! Spans and events: exactly those of `docs/observability.md`, and subscribers that call the tree.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeBuilder,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::Storage,
    test_util::{
        sim_files::{Call, Effect, Fault, SimFiles},
        watchdog::limit_this_process,
    },
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

type Tree = RotorTree<Blake3Hasher, 4, 20>;

/// Kind, name, level, and the names of the fields in their order.
type Row = (String, String, String, Vec<String>);

/// Does something at each call of the subscriber, which is told which.
type React = Box<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
struct Told {
    rows: Mutex<BTreeSet<Row>>,
    /// The values of the field `error`.
    errors: Mutex<Vec<String>>,
}

/// Records spans and events.
struct Capture {
    told: Arc<Told>,
    spans: AtomicU64,
    react: React,
}

impl Capture {
    fn new(react: React) -> (Self, Arc<Told>) {
        let told = Arc::<Told>::default();
        let capture = Self {
            told: Arc::clone(&told),
            spans: AtomicU64::new(0),
            react,
        };
        (capture, told)
    }

    fn note(&self, kind: &str, name: String, metadata: &Metadata<'_>) {
        assert_eq!(metadata.target(), "rotortree");
        let fields = metadata
            .fields()
            .iter()
            .map(|field| field.name().to_owned());
        let fields = fields.filter(|field| field != "message").collect();
        let row = (kind.to_owned(), name, metadata.level().to_string(), fields);
        self.told.rows.lock().unwrap().insert(row);
    }
}

/// The text of one field.
struct Text(&'static str, String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == self.0 {
            self.1 = format!("{value:?}");
        }
    }
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("rotortree") && *metadata.level() <= Level::TRACE
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note("span", span.metadata().name().to_owned(), span.metadata());
        (self.react)("new");
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = Text("error", String::new());
        values.record(&mut text);
        self.told.errors.lock().unwrap().push(text.1);
        (self.react)("record");
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text("message", String::new());
        event.record(&mut text);
        self.note("event", text.1, event.metadata());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {
        (self.react)("enter");
    }

    fn exit(&self, _: &Id) {
        (self.react)("exit");
    }

    fn try_close(&self, _: Id) -> bool {
        (self.react)("close");
        true
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

/// Everything that a span of a running tree covers, once.
fn writer_calls(tree: &Tree) {
    tree.append(&leaves(9)).submit().unwrap();
    tree.flush().unwrap();
    tree.checkpoint().unwrap();
    tree.verify().unwrap();
    let target: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    tree.backup_to(Arc::clone(&target)).unwrap();
}

fn reader_calls(storage: &Arc<dyn Storage>) {
    let reader = quiet(storage).open_read_only(Blake3Hasher).unwrap();
    reader.refresh().unwrap();
}

fn a_life_in_order() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let tree = open(&storage);
    writer_calls(&tree);
    reader_calls(&storage);
    tree.close().unwrap();
    tree_is_refused_twice(&storage);
}

fn a_damaged_log() {
    let files = SimFiles::new();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    let tree = open(&storage);
    for _ in 0..3 {
        tree.append(&leaves(40)).submit().unwrap();
        tree.flush().unwrap();
    }
    tree.close().unwrap();
    let damage = |offset: usize| {
        let logs = files.list_files().into_iter();
        let log = logs
            .filter(|path| path.extension().is_some_and(|kind| kind == "wal"))
            .max()
            .unwrap();
        let mut bytes = files.read_file(&log).unwrap();
        bytes[offset] ^= 1;
        files.write_file(&log, &bytes);
    };
    // Behind the first group, so that a tree is left.
    damage(2500);
    let tree = open(&storage);
    assert!(tree.recovery_report().damage.is_some());
    tree.close().unwrap();
    // Within the header.
    damage(40);
    open(&storage).close().unwrap();
}

fn failing_writes() {
    let files = SimFiles::new();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    let tree = open(&storage);
    tree.append(&vec![[7; 32]; 1000]).submit().unwrap();
    // The checkpoint's segment.
    files.inject(Fault::new(0, Effect::Error(io::ErrorKind::StorageFull)).on(Call::CreateNew));
    tree.checkpoint().unwrap_err();
    let failing = Fault::new(0, Effect::Error(io::ErrorKind::Other)).for_good();
    files.inject(failing.clone().within("/tree/levels"));
    tree.checkpoint().unwrap_err();
    files.heal();
    files.inject(failing.on(Call::Sync));
    tree.append(&leaves(3)).submit().unwrap();
    tree.flush().unwrap_err();
    tree.close().unwrap_err();
}

/// The rows of the page's tables.
fn documented() -> BTreeSet<Row> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/observability.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| span |") || line.starts_with("| event |"));
    let bare = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').collect();
        let fields = cells[4]
            .split(',')
            .map(bare)
            .filter(|field| !field.is_empty());
        (
            bare(cells[1]),
            bare(cells[2]),
            bare(cells[3]),
            fields.collect(),
        )
    })
    .collect()
}

#[test]
fn the_page_has_every_span_and_event_and_no_other() {
    let (capture, told) = Capture::new(Box::new(|_| {}));
    with_default(capture, || {
        a_life_in_order();
        a_damaged_log();
        failing_writes();
    });
    let (captured, documented) = (told.rows.lock().unwrap().clone(), documented());
    let undocumented: Vec<_> = captured.difference(&documented).collect();
    let unseen: Vec<_> = documented.difference(&captured).collect();
    assert!(
        undocumented.is_empty(),
        "not on the page: {undocumented:#?}"
    );
    assert!(unseen.is_empty(), "on the page alone: {unseen:#?}");
}

#[test]
fn a_span_records_how_its_call_failed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "of another program").unwrap();
    let (capture, told) = Capture::new(Box::new(|_| {}));
    with_default(capture, || {
        let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(dir.path()));
        quiet(&storage).open(Blake3Hasher).unwrap_err();
    });
    let errors = told.errors.lock().unwrap();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("notes.txt"), "{errors:?}");
}

#[test]
fn waiting_for_the_disk_has_the_span_of_a_flush() {
    type Wait = fn(&Tree);
    let waits: [(&str, Wait); 2] = [
        ("durable", |tree| {
            assert_eq!(tree.append(&leaves(1)).durable().unwrap().leaf_range, 0..1);
        }),
        ("wait", |tree| {
            tree.append(&leaves(1)).submit().unwrap().wait().unwrap()
        }),
    ];
    for (name, wait) in waits {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let (capture, told) = Capture::new(Box::new(|_| {}));
        with_default(capture, || {
            let tree = open(&storage);
            told.rows.lock().unwrap().clear();
            wait(&tree);
            let rows = told.rows.lock().unwrap().clone();
            let spans = rows.iter().filter(|(kind, ..)| kind == "span");
            let spans: Vec<_> = spans.map(|(_, name, ..)| name.clone()).collect();
            assert_eq!(spans, ["flush"], "{name}");
            tree.close().unwrap();
        });
    }
}

/// No lock of the engine is held where a span begins or ends: every method can be called there.
#[test]
fn a_subscriber_may_call_the_tree_from_every_span() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let tree = open(&storage);
    let calls = Arc::new(AtomicU64::new(0));
    let within = Arc::new(AtomicBool::new(true));
    let react = {
        let (tree, calls) = (tree.clone(), Arc::clone(&calls));
        let within = Arc::clone(&within);
        move |_: &str| {
            // Calls within have spans of their own.
            if within.swap(true, Ordering::Relaxed) {
                return;
            }
            calls.fetch_add(1, Ordering::Relaxed);
            assert!(tree.stats().failure.is_none());
            tree.flush().unwrap();
            tree.checkpoint().unwrap();
            tree.append(&leaves(1)).submit().unwrap().wait().unwrap();
            within.store(false, Ordering::Relaxed);
        }
    };
    let (capture, ..) = Capture::new(Box::new(react));
    with_default(capture, || {
        // Without a reaction first: a span that `tracing` meets first within a subscriber is one
        // that it never tells of.
        writer_calls(&tree);
        within.store(false, Ordering::Relaxed);
        writer_calls(&tree);
    });
    let calls = calls.load(Ordering::Relaxed);
    assert_eq!(calls, 4 * 4, "made, entered, left and closed, each of them");
    tree.close().unwrap();
}

#[test]
fn a_subscriber_that_panics_keeps_no_call_from_its_work() {
    for at in ["new", "enter", "exit", "close", "record"] {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let react = move |call: &str| assert_ne!(call, at, "a planned panic");
        let (capture, ..) = Capture::new(Box::new(react));
        with_default(capture, || {
            let tree = open(&storage);
            writer_calls(&tree);
            reader_calls(&storage);
            tree.close().unwrap();
            tree_is_refused_twice(&storage);
        });
        let tree = open(&storage);
        assert_eq!(tree.size(), 9, "{at}");
        tree.close().unwrap();
    }
}

fn tree_is_refused_twice(storage: &Arc<dyn Storage>) {
    let tree = open(storage);
    quiet(storage).open(Blake3Hasher).unwrap_err();
    tree.close().unwrap();
}
