//! Destructors of a backend - of views of chunks, and of the ownership - that call the tree back.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use rotortree::StorageError;

use crate::{
    common::{leaf, leaves},
    gate::Gate,
    methods::{self, Tree, ends, quiet},
};

#[test]
fn a_destructor_of_a_view_may_call_every_method() {
    for (name, call) in methods::all() {
        ends(name, move || {
            let gate = Gate::new();
            let tree = quiet(&gate);
            let calls = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&calls);
            let inner = Mutex::new(Some(tree.clone()));
            let is_within = AtomicBool::new(false);
            gate.on_drop(Some(Arc::new(move || {
                // The calls within drop views too.
                if is_within.swap(true, Ordering::SeqCst) {
                    return;
                }
                let tree = inner.lock().unwrap().clone();
                if let Some(tree) = tree {
                    call(&tree);
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                is_within.store(false, Ordering::SeqCst);
            })));
            // Growing shards replace their views: in the tree, in the published snapshot, and in
            // the durable one.
            for round in 0..3 {
                drop(tree.insert_many_durable(&leaves(round * 1000..round * 1000 + 1000)));
                drop(tree.checkpoint());
                drop(tree.insert_durable(leaf(round)));
            }
            assert!(calls.load(Ordering::SeqCst) > 0, "no view was dropped");
            gate.on_drop(None);
            drop(tree.close());
        });
    }
}

#[test]
fn closing_from_within_what_closing_drops_is_refused_and_others_wait_for_the_first() {
    ends("closing within closing", || {
        let gate = Gate::new();
        let tree = quiet(&gate);
        tree.insert_durable(leaf(0)).unwrap();
        let told = Arc::new(Mutex::new(None));
        let (inner, outcome) = (Mutex::new(Some(tree.clone())), Arc::clone(&told));
        gate.on_drop(Some(Arc::new(move || {
            let handle: Option<Tree> = inner.lock().unwrap().take();
            if let Some(handle) = handle {
                *outcome.lock().unwrap() = Some(handle.close());
            }
        })));
        tree.close().unwrap();
        let outcome = told.lock().unwrap().take();
        assert!(
            matches!(outcome, Some(Err(StorageError::Reentered))),
            "{outcome:?}"
        );
        assert!(gate.storage_is_free());
    });
}
