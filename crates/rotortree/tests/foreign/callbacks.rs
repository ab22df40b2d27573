//! Progress callbacks that panic or call back, while opening and while verifying.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree::{Blake3Hasher, ReadOnly, RotorTreeConfig, RotorTreeError, StorageError};

use crate::{
    common::{leaf, leaves},
    gate::Gate,
    methods::{self, Tree, ends, in_memory, quiet},
};

/// A place with checkpointed nodes and a log behind them.
fn place() -> Gate {
    let gate = Gate::new();
    let tree = quiet(&gate);
    tree.insert_many(&leaves(0..50_000)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many(&leaves(50_000..150_000)).unwrap();
    tree.close().unwrap();
    gate
}

fn opened(
    gate: &Gate,
    progress: impl Fn() + Send + Sync + 'static,
) -> Result<Tree, RotorTreeError> {
    let builder = Tree::builder(RotorTreeConfig::new("not looked at"));
    let builder = builder.storage(gate.storage());
    builder.progress(move |_| progress()).open(Blake3Hasher)
}

#[test]
fn a_callback_that_panics_ends_the_opening_and_the_place_is_as_before() {
    let gate = place();
    // As often as it is called, and once more.
    let mut panics = 0;
    loop {
        let calls = AtomicU64::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            opened(&gate, move || {
                assert_ne!(
                    calls.fetch_add(1, Ordering::Relaxed),
                    panics,
                    "a planned panic"
                );
            })
        }));
        assert!(outcome.is_ok() || gate.storage_is_free());
        if let Ok(tree) = outcome {
            assert_eq!(tree.unwrap().size(), 150_000);
            break;
        }
        panics += 1;
    }
    assert!(panics > 2, "called {panics} times");
}

#[test]
fn a_callback_that_opens_the_place_is_told_that_it_is_owned() {
    let gate = place();
    let again = gate.clone();
    let refused = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&refused);
    let tree = opened(&gate, move || {
        let outcome = opened(&again, || ());
        let is_locked = matches!(
            outcome,
            Err(RotorTreeError::Storage(StorageError::FileLocked))
        );
        counted.fetch_add(u64::from(is_locked), Ordering::Relaxed);
    });
    tree.unwrap().insert_durable(leaf(0)).unwrap();
    assert!(refused.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_callback_of_a_verification_may_call_every_method_and_panic() {
    for (name, call) in methods::all() {
        ends(name, move || {
            let tree = in_memory(Blake3Hasher);
            tree.insert_many_durable(&leaves(0..100)).unwrap();
            let inner = tree.clone();
            tree.verify_with_progress(|_| call(&inner)).unwrap();
        });
    }
    let tree = in_memory(Blake3Hasher);
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        tree.verify_with_progress(|_| panic!("a planned panic"))
    }));
    assert!(outcome.is_err());
    tree.insert_durable(leaf(1)).unwrap();
    tree.verify().unwrap();
    tree.close().unwrap();
}

#[test]
fn a_callback_is_dropped_when_the_tree_is_open() {
    let gate = Gate::new();
    let captured = Arc::new(());
    let inner = Arc::clone(&captured);
    let tree = opened(&gate, move || drop(Arc::clone(&inner))).unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
    tree.close().unwrap();
}

#[test]
fn a_callback_that_refreshes_the_view_that_is_being_refreshed_is_told() {
    ends("refreshing within a refresh", || {
        let gate = place();
        let view: Arc<OnceLock<ReadOnly<Blake3Hasher, 2, 32>>> = Arc::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let (inner, outcomes) = (Arc::clone(&view), Arc::clone(&told));
        let builder = Tree::builder(RotorTreeConfig::new("not looked at"));
        let builder = builder.storage(gate.storage()).progress(move |_| {
            if let Some(view) = inner.get() {
                let outcome = view.refresh();
                let is_told = matches!(
                    outcome,
                    Err(RotorTreeError::Storage(StorageError::Reentered))
                );
                outcomes.lock().unwrap().push(is_told);
            }
        });
        let opened = builder.open_read_only(Blake3Hasher).unwrap();
        let view = view.get_or_init(|| opened);
        let tree = quiet(&gate);
        tree.insert_many_durable(&leaves(0..100_000)).unwrap();
        tree.close().unwrap();
        assert!(view.refresh().unwrap());
        assert_eq!(view.size(), 250_000);
        let told = told.lock().unwrap();
        assert!(!told.is_empty() && told.iter().all(|is_told| *is_told));
    });
}
