//! A subscriber that calls the tree back in every event and span.

use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::{Arc, Mutex, Once, OnceLock, PoisonError},
    thread,
};

use rotortree::{CheckpointPolicy, FlushPolicy};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::{
    common::{leaf, leaves},
    gate::Gate,
    methods::{self, Tree, ends, eventually, open},
};

type Call = Arc<dyn Fn(&Tree) + Send + Sync>;

/// The call of the subscriber in events and spans of this library, for the running test.
static CALL: Mutex<Option<(Tree, Call)>> = Mutex::new(None);
/// The messages of events, and the names of spans, in which it was done.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

thread_local! {
    /// Events that the subscriber causes are ignored.
    static IS_WITHIN: Cell<bool> = const { Cell::new(false) };
}

struct CallsBack;

fn call_back(what: &str) {
    if IS_WITHIN.get() {
        return;
    }
    let call = CALL.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((tree, call)) = call {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(what.to_owned());
        drop(seen);
        IS_WITHIN.set(true);
        call(&tree);
        drop(tree);
        IS_WITHIN.set(false);
    }
}

impl Subscriber for CallsBack {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "rotortree"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        call_back(span.metadata().name());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {
        call_back("record");
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        call_back(&message.0);
    }

    fn enter(&self, _: &Id) {
        call_back("enter");
    }

    fn exit(&self, _: &Id) {
        call_back("exit");
    }
}

/// Everything that has an event: syncs, rotations, checkpoints that complete and fail, the end of
/// the log, closing.
fn workload(tree: &Tree, gate: &Gate) {
    for number in 0..3 {
        drop(tree.insert_durable(leaf(number)));
    }
    drop(tree.insert_many(&leaves(0..300)));
    drop(tree.checkpoint());
    gate.fail_chunks(true);
    drop(tree.insert_many(&leaves(0..300)));
    drop(tree.checkpoint());
    gate.fail_chunks(false);
    gate.fail_syncs();
    drop(tree.insert_durable(leaf(9)));
    drop(tree.clone().close());
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(CallsBack).unwrap());
}

/// One test at a time has the subscriber.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: OnceLock<Mutex<()>> = OnceLock::new();
    install();
    let alone = ALONE.get_or_init(Mutex::default);
    alone.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(call: Option<(Tree, Call)>) {
    let mut set = CALL.lock().unwrap_or_else(PoisonError::into_inner);
    let before = std::mem::replace(&mut *set, call);
    drop(set);
    drop(before);
}

#[test]
fn a_subscriber_may_call_every_method_in_every_event_and_span() {
    let _alone = alone();
    for (name, call) in methods::all() {
        let call: Call = Arc::from(call);
        ends(name, move || {
            let gate = Gate::new();
            let interval = FlushPolicy::Interval(std::time::Duration::from_millis(1));
            let tree = open(&gate, interval, CheckpointPolicy::EveryNEntries(2));
            set(Some((tree.clone(), call)));
            workload(&tree, &gate);
            set(None);
            drop(tree);
            eventually("the place is free", || gate.storage_is_free());
        });
    }
    let seen = SEEN.lock().unwrap();
    for event in [
        "synced",
        "started a log segment",
        "checkpointed",
        "a checkpoint failed",
        "writing failed for good",
        "closed",
        "flush",
        "checkpoint",
        "close",
        "enter",
        "exit",
    ] {
        assert!(seen.contains(event), "no test called back in {event:?}");
    }
}

#[test]
fn a_subscriber_that_panics_in_every_event_and_span_changes_nothing() {
    let _alone = alone();
    let gate = Gate::new();
    let tree = open(&gate, FlushPolicy::Manual, CheckpointPolicy::Manual);
    set(Some((
        tree.clone(),
        Arc::new(|_| panic!("a planned panic")),
    )));
    thread::scope(|scope| {
        for number in 0..2 {
            let tree = &tree;
            scope.spawn(move || {
                for round in 0..20 {
                    tree.insert_durable(leaf(number * 100 + round)).unwrap();
                    IS_WITHIN.set(false);
                }
            });
        }
    });
    tree.checkpoint().unwrap();
    IS_WITHIN.set(false);
    assert!(tree.failure().is_none());
    assert_eq!(tree.durable_size(), 40);
    let clone = tree.clone();
    set(None);
    tree.close().unwrap();
    drop(clone);
    assert!(gate.storage_is_free());
}

#[test]
fn a_subscriber_that_drops_the_last_handle_closes_the_tree() {
    let _alone = alone();
    ends("dropping the last handle in an event", || {
        let gate = Gate::new();
        let tree = open(
            &gate,
            FlushPolicy::Interval(std::time::Duration::from_millis(1)),
            CheckpointPolicy::Manual,
        );
        let (_, token) = tree.insert(leaf(1)).unwrap();
        // The event that the flush thread tells drops it.
        set(Some((
            tree,
            Arc::new(|_| {
                *CALL.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }),
        )));
        token.wait().unwrap();
        eventually("the place is free", || gate.storage_is_free());
    });
}
