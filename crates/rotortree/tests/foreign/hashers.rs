//! Hashers that call the tree for which they hash.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use rotortree::{
    Blake3Hasher, Hash, Hasher, ReadOnly, RotorTreeError, StorageError,
    store::memory::MemoryStorage,
};

use crate::{
    common::{leaf, leaves},
    methods::{self, Outcome, TreeOf, ends, in_memory},
};

type Call = Box<dyn Fn(&TreeOf<Calling>) -> Outcome + Send>;

/// BLAKE3 that calls its own tree once, when it is armed, and keeps the outcome.
#[derive(Clone, Default)]
struct Calling(Arc<Armed>);

#[derive(Default)]
struct Armed {
    is_armed: AtomicBool,
    call: Mutex<Option<Call>>,
    tree: Mutex<Weak<TreeOf<Calling>>>,
    outcome: Mutex<Option<Outcome>>,
}

impl Hasher for Calling {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        if self.0.is_armed.swap(false, Ordering::SeqCst) {
            let tree = self.0.tree.lock().unwrap().upgrade().unwrap();
            let call = self.0.call.lock().unwrap().take().unwrap();
            let outcome = call(&tree);
            *self.0.outcome.lock().unwrap() = Some(outcome);
        }
        Blake3Hasher.hash_children(children)
    }
}

/// Small enough for the calling thread, and large enough for a pool under `parallel`.
const BATCHES: [u64; 3] = [1, 40, 20_000];

/// The outcome of a call from within the hasher, while a batch is hashed.
fn from_within(what: &'static str, batch: u64, call: Call) -> Outcome {
    let hasher = Calling::default();
    let armed = Arc::clone(&hasher.0);
    let (told, heard) = std::sync::mpsc::channel();
    ends(what, move || {
        let tree = Arc::new(in_memory(hasher));
        *armed.tree.lock().unwrap() = Arc::downgrade(&tree);
        tree.insert_many_durable(&leaves(0..7)).unwrap();
        *armed.call.lock().unwrap() = Some(call);
        armed.is_armed.store(true, Ordering::SeqCst);
        tree.insert_many(&leaves(100..100 + batch)).unwrap();
        // The tree goes on after any outcome of the call.
        assert!(tree.failure().is_none());
        assert_eq!(tree.size(), 7 + batch);
        tree.insert_durable(leaf(1)).unwrap();
        told.send(armed.outcome.lock().unwrap().take().unwrap())
            .unwrap();
        Arc::into_inner(tree).unwrap().close().unwrap();
    });
    heard.recv().unwrap()
}

#[test]
fn a_hasher_that_calls_a_writing_method_of_its_tree_is_told() {
    for batch in BATCHES {
        for (name, call) in methods::writing() {
            let outcome = from_within(name, batch, Box::new(call));
            assert!(
                matches!(outcome, Err(StorageError::Reentered)),
                "{name} within a batch of {batch}: {outcome:?}"
            );
        }
    }
}

#[test]
fn a_hasher_may_call_every_reading_method_of_its_tree() {
    for batch in BATCHES {
        for (name, call) in methods::reading() {
            let call: Call = Box::new(move |tree| {
                call(tree);
                Ok(())
            });
            from_within(name, batch, call).unwrap();
        }
    }
}

#[test]
fn a_hasher_that_waits_for_a_token_of_its_tree_is_told() {
    type Wait = fn(&rotortree::DurabilityToken) -> Outcome;
    let waits: [(&'static str, Wait); 2] = [
        ("wait", |token| token.wait()),
        ("wait_timeout", |token| {
            token.wait_timeout(std::time::Duration::MAX).map(drop)
        }),
    ];
    for (name, wait) in waits {
        let hasher = Calling::default();
        let armed = Arc::clone(&hasher.0);
        ends(name, move || {
            let tree = Arc::new(in_memory(hasher));
            *armed.tree.lock().unwrap() = Arc::downgrade(&tree);
            let (_, token) = tree.insert_many(&leaves(0..7)).unwrap();
            *armed.call.lock().unwrap() = Some(Box::new(move |_| wait(&token)));
            armed.is_armed.store(true, Ordering::SeqCst);
            tree.insert(leaf(7)).unwrap();
            let outcome = armed.outcome.lock().unwrap().take().unwrap();
            assert!(
                matches!(outcome, Err(StorageError::Reentered)),
                "{outcome:?}"
            );
        });
    }
}

#[test]
fn a_hasher_may_write_to_another_tree() {
    for batch in BATCHES {
        let other = in_memory(Blake3Hasher);
        let inner = other.clone();
        let call: Call = Box::new(move |_| {
            inner.insert_many(&leaves(0..20_000)).unwrap();
            inner.flush()
        });
        from_within("another tree", batch, call).unwrap();
        assert_eq!(other.durable_size(), 20_000);
        other.close().unwrap();
    }
}

/// BLAKE3 that refreshes a view, once on each thread on which it is called.
#[derive(Clone, Default)]
struct Refreshing(Arc<Refreshes>);

#[derive(Default)]
struct Refreshes {
    view: Mutex<Option<ReadOnly<Refreshing, 2, 32>>>,
    /// By the thread.
    outcomes: Mutex<HashMap<ThreadId, (Option<String>, Outcome)>>,
}

impl Hasher for Refreshing {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let view = self.0.view.lock().unwrap().clone();
        let this = thread::current();
        let is_first = || !self.0.outcomes.lock().unwrap().contains_key(&this.id());
        if let Some(view) = view
            && is_first()
        {
            let outcome = match view.refresh() {
                Ok(_) => Ok(()),
                Err(RotorTreeError::Storage(error)) => Err(error),
                Err(error) => panic!("{error}"),
            };
            let name = this.name().map(str::to_owned);
            let mut outcomes = self.0.outcomes.lock().unwrap();
            outcomes.insert(this.id(), (name, outcome));
            drop(outcomes);
            // Slow enough for the work to be spread over threads.
            thread::sleep(Duration::from_millis(30));
        }
        Blake3Hasher.hash_children(children)
    }
}

#[test]
fn a_hasher_that_refreshes_the_view_that_is_being_refreshed_is_told_on_every_thread() {
    let hasher = Refreshing::default();
    let refreshes = Arc::clone(&hasher.0);
    ends("a refresh within a refresh", move || {
        let storage = Arc::new(MemoryStorage::new());
        let config = || crate::common::quiet("not looked at".as_ref());
        let tree = crate::methods::Tree::builder(config()).storage(storage.clone());
        let tree = tree.open(Blake3Hasher).unwrap();
        let builder = TreeOf::<Refreshing>::builder(config()).storage(storage);
        let view = builder.open_read_only(hasher).unwrap();
        *refreshes.view.lock().unwrap() = Some(view.clone());
        // Long enough for a thread of its own, and then for those of the pool.
        for batch in 0..5 {
            tree.insert_many_durable(&leaves(batch * 40_000..(batch + 1) * 40_000))
                .unwrap();
        }
        assert!(view.refresh().unwrap());
        assert!(view.size() >= 160_000);
        *refreshes.view.lock().unwrap() = None;
        let outcomes = refreshes.outcomes.lock().unwrap();
        for (name, outcome) in outcomes.values() {
            assert!(
                matches!(outcome, Err(StorageError::Reentered)),
                "on {name:?}: {outcome:?}"
            );
        }
        let elsewhere = outcomes.keys().filter(|id| **id != thread::current().id());
        assert!(elsewhere.count() > 0);
        let is_pool = |(name, _): &(Option<String>, Outcome)| {
            name.as_ref()
                .is_some_and(|name| name.starts_with("rotortree-hash"))
        };
        assert_eq!(outcomes.values().any(is_pool), cfg!(feature = "parallel"));
        tree.close().unwrap();
    });
}

/// A destructor that writes while a panic of its caller unwinds is not that panic.
#[test]
fn a_tree_that_is_used_and_closed_while_a_panic_unwinds_is_not_failed_by_it() {
    struct Goodbye(Option<TreeOf<Blake3Hasher>>);
    impl Drop for Goodbye {
        fn drop(&mut self) {
            let tree = self.0.take().unwrap();
            tree.insert_many(&leaves(0..20)).unwrap();
            tree.insert_durable(leaf(1)).unwrap();
            tree.checkpoint().unwrap();
            assert!(tree.failure().is_none());
            let clone = tree.clone();
            tree.close().unwrap();
            assert!(clone.failure().is_none());
        }
    }
    let goodbye = Goodbye(Some(in_memory(Blake3Hasher)));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _goodbye = goodbye;
        std::panic::resume_unwind(Box::new("a planned panic"));
    }));
    assert_eq!(
        outcome.unwrap_err().downcast_ref(),
        Some(&"a planned panic")
    );
}
