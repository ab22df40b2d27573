//! The `try_` forms do not wait: neither for another insert, nor for a sync, nor for
//! hashing threads.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
};

use rotortree::{
    Append, Blake3Hasher, DurabilityToken, Hash, Hasher, RotorTree, RotorTreeError, StorageError,
    TreeError,
};

use crate::support::{leaf, leaves, open, quiet, storage_error};

/// Lets hashes through while it is open.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: bool,
    held: usize,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.held += 1;
        self.changed.notify_all();
        while state.closed {
            state = self.changed.wait(state).unwrap();
        }
        state.held -= 1;
    }

    fn close(&self) {
        self.state.lock().unwrap().closed = true;
    }

    fn open(&self) {
        self.state.lock().unwrap().closed = false;
        self.changed.notify_all();
    }

    /// Waits until a hash is held.
    fn wait_for_a_hash(&self) {
        let mut state = self.state.lock().unwrap();
        while state.held == 0 {
            state = self.changed.wait(state).unwrap();
        }
    }
}

/// Opens the gate also when the test fails.
struct OpenAtTheEnd<'a>(&'a Gate);

impl Drop for OpenAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// BLAKE3 behind a gate.
#[derive(Clone, Default)]
struct Gated(Arc<Gate>);

impl Hasher for Gated {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        self.0.pass();
        Blake3Hasher.hash_children(children)
    }
}

fn would_block<T: std::fmt::Debug>(outcome: Result<T, RotorTreeError>) {
    let error = storage_error(outcome);
    assert!(matches!(error, StorageError::WouldBlock), "{error}");
}

#[test]
fn behind_a_batch_that_is_being_hashed_they_refuse_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let hasher = Gated::default();
    let tree = RotorTree::<_, 2, 32>::open(hasher.clone(), quiet(dir.path())).unwrap();
    tree.insert(leaf(0)).unwrap();
    let gate = &*hasher.0;
    thread::scope(|scope| {
        let _open = OpenAtTheEnd(gate);
        gate.close();
        let batch = scope.spawn(|| tree.insert_many(&leaves(1..100)).unwrap());
        gate.wait_for_a_hash();
        // The batch cannot end before the gate opens: each of these would wait forever if it
        // waited.
        would_block(tree.try_insert(leaf(100)));
        would_block(tree.try_insert_many(&leaves(100..102)));
        would_block(tree.append(&[]).metadata(b"cursor").try_submit());
        would_block(tree.append(&leaves(100..102)).at(100).try_submit());
        assert_eq!(tree.size(), 1);
        gate.open();
        assert_eq!(batch.join().unwrap().1.leaf_range(), 1..100);
    });
    tree.try_insert(leaf(100)).unwrap();
    assert_eq!(tree.size(), 101);
}

#[test]
fn a_batch_above_the_bound_is_refused_before_anything_changes() {
    let dir = tempfile::tempdir().unwrap();
    let tree = crate::support::Tree::<2>::builder(quiet(dir.path()))
        .max_unflushed_bytes(4096)
        .open(Blake3Hasher)
        .unwrap();
    let large = leaves(1..5000);
    // With something pending, and with room for all that the bound admits.
    for flushed in [false, true] {
        if flushed {
            tree.flush().unwrap();
        } else {
            tree.insert(leaf(0)).unwrap();
        }
        let before = (tree.head(), tree.stats().pending_bytes, tree.stats().syncs);
        would_block(tree.try_insert_many(&large));
        would_block(tree.append(&large).metadata(b"cursor").at(1).try_submit());
        let after = (tree.head(), tree.stats().pending_bytes, tree.stats().syncs);
        assert_eq!(after, before, "flushed: {flushed}");
        assert_eq!((tree.stats().stalls, tree.metadata()), (0, None));
    }

    // An error that waiting cannot cure is returned first.
    let wrong = tree.append(&large).at(0).try_submit();
    assert!(matches!(
        wrong,
        Err(RotorTreeError::Tree(TreeError::SizeMismatch {
            expected: 0,
            actual: 1
        }))
    ));
    assert_eq!(tree.insert_many(&large).unwrap().1.leaf_range(), 1..5000);
}

/// BLAKE3 that notes when another thread than this one hashes.
#[derive(Clone)]
struct OnThread {
    expected: ThreadId,
    elsewhere: Arc<AtomicBool>,
}

impl Hasher for OnThread {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        if thread::current().id() != self.expected {
            self.elsewhere.store(true, Ordering::Relaxed);
        }
        Blake3Hasher.hash_children(children)
    }
}

/// Hashing threads may be busy with other trees for any time.
#[test]
fn they_hash_on_the_calling_thread_alone() {
    let dir = tempfile::tempdir().unwrap();
    let hasher = OnThread {
        expected: thread::current().id(),
        elsewhere: Arc::default(),
    };
    let tree = RotorTree::<_, 4, 32>::open(hasher.clone(), quiet(dir.path())).unwrap();
    let hashed_elsewhere = || hasher.elsewhere.swap(false, Ordering::Relaxed);
    hashed_elsewhere();
    tree.try_insert_many(&leaves(0..40_000)).unwrap();
    assert!(!hashed_elsewhere());
    tree.insert_many(&leaves(0..40_000)).unwrap();
    assert_eq!(hashed_elsewhere(), cfg!(feature = "parallel"));
}

type Finish = fn(Append<'_>) -> Result<DurabilityToken, RotorTreeError>;

#[test]
fn an_entry_takes_everything_at_once_or_nothing() {
    let finishes: [Finish; 2] = [|entry| entry.submit(), |entry| entry.try_submit()];
    for finish in finishes {
        let dir = tempfile::tempdir().unwrap();
        let tree = open::<3>(dir.path());
        let entry = |size| {
            tree.append(&[[1; 32], [2; 32]])
                .metadata(b"block 1")
                .at(size)
        };
        let token = finish(entry(0)).unwrap();
        assert_eq!((token.leaf_range(), token.head()), (0..2, tree.head()));
        assert_eq!(tree.metadata().as_deref(), Some(&b"block 1"[..]));
        // Repeated, with another cursor: refused, and the cursor is what it was.
        for size in [0, 1, 3, u64::MAX] {
            let again = finish(entry(size).metadata(b"block 2"));
            assert!(
                matches!(
                    again,
                    Err(RotorTreeError::Tree(TreeError::SizeMismatch {
                        actual: 2,
                        ..
                    }))
                ),
                "{size}"
            );
            // A cursor alone is held against the size too.
            let alone = finish(tree.append(&[]).metadata(b"block 2").at(size));
            assert!(alone.is_err(), "{size}");
        }
        assert_eq!(tree.metadata().as_deref(), Some(&b"block 1"[..]));
        finish(tree.append(&[]).metadata(b"block 2").at(2)).unwrap();
        assert_eq!(
            (tree.size(), tree.metadata()),
            (2, Some(b"block 2".to_vec()))
        );
        assert!(matches!(
            finish(tree.append(&[])),
            Err(RotorTreeError::Tree(TreeError::EmptyBatch))
        ));
    }
}

#[test]
fn a_durable_entry_tells_where_its_leaves_stand() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    thread::scope(|scope| {
        for first in [0, 100, 200] {
            let tree = &tree;
            scope.spawn(move || {
                for k in first..first + 20 {
                    let placement = tree.append_durable(&[leaf(k)]).unwrap();
                    let durable = tree.durable_snapshot();
                    let index = placement.leaf_range.start;
                    assert_eq!(placement.leaf_range, index..index + 1);
                    assert_eq!(durable.get_node(0, index).unwrap(), leaf(k));
                    let then = durable.snapshot_at(index + 1).unwrap();
                    assert_eq!(placement.head, then.head());
                    assert_eq!(placement.root(), then.root());
                }
            });
        }
    });
    let placement = tree.append(&[]).metadata(b"cursor").durable().unwrap();
    assert_eq!(
        (placement.leaf_range, placement.head),
        (60..60, tree.head())
    );
    tree.close().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(
        (tree.size(), tree.metadata()),
        (60, Some(b"cursor".to_vec()))
    );
}
