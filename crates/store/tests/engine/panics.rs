//! A hasher that panics in a durable tree, at every hash of a batch: row 9 of
//! `docs/durability/faults.md`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, DurabilityToken, FlushPolicy, RotorTree, RotorTreeError, StorageError,
    memory::MemoryStorage, storage::Storage, test_util::watchdog::limit_this_process,
};

use crate::builder::{Builder, unset};
use crate::silence::silence_planned_panics;

/// BLAKE3 until its fuse has burnt down.
#[derive(Clone)]
struct Fused(Arc<AtomicU64>);

impl Hasher for Fused {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        assert!(left.is_ok(), "a planned panic");
        Blake3Hasher.hash_children(children)
    }
}

fn config<H: Hasher>() -> Builder<3, H> {
    limit_this_process();
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
}

/// An engine with 8 leaves, of which 7 are durable, and the token of the last one.
fn eight(
    storage: &Arc<dyn Storage>,
    fuse: &Arc<AtomicU64>,
    leaves: &[Hash],
    config: Builder<3, Fused>,
) -> (RotorTree<Fused, 3, 32>, DurabilityToken) {
    let hasher = Fused(Arc::clone(fuse));
    let engine = config.storage(Arc::clone(storage)).open(hasher).unwrap();
    let durable = engine.append(&leaves[..7]).submit().unwrap();
    durable.wait().unwrap();
    let (_, pending) = engine.insert(leaves[7]).unwrap();
    (engine, pending)
}

#[test]
fn a_hasher_that_panics_at_any_hash_of_a_batch_leaves_the_tree_as_it_was() {
    silence_planned_panics();
    let leaves = reference::sample_leaves(1, 300);
    let mut panics = 0;
    for fuse in 0.. {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let unlimited = Arc::new(AtomicU64::new(u64::MAX));
        let (engine, pending) = eight(&storage, &unlimited, &leaves, config());
        let head = engine.head();
        unlimited.store(fuse, Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| engine.append(&leaves[8..]).submit()));
        unlimited.store(u64::MAX, Ordering::Relaxed);
        if outcome.is_ok() {
            break;
        }
        panics += 1;
        assert_eq!(engine.head(), head, "in memory the tree is as before");
        assert!(engine.failure().is_none(), "nothing has changed");
        // Staged nodes are gone also if a checkpoint comes before the next append.
        if fuse % 7 == 0 {
            engine.checkpoint().unwrap();
        }
        pending.wait().unwrap();
        engine.append(&leaves[8..100]).submit().unwrap();
        engine.insert(leaves[100]).unwrap();
        let expected = reference::root(&Blake3Hasher, 3, &leaves[..101]);
        assert_eq!(engine.root(), expected);
        engine.close().unwrap();
        let again = config().storage(storage).open(Fused(unlimited)).unwrap();
        assert_eq!(again.root(), expected);
    }
    assert!(panics > 100, "a batch of 292 leaves takes that many hashes");
}

#[test]
fn a_hasher_that_panics_behind_a_part_in_the_log_fails_the_tree_and_loses_nothing() {
    let leaves = reference::sample_leaves(1, 300);
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let fuse = Arc::new(AtomicU64::new(u64::MAX));
    let small = config().max_unflushed_bytes(2048);
    let (engine, pending) = eight(&storage, &fuse, &leaves, small);
    let head = engine.head();
    fuse.store(50, Ordering::Relaxed);
    let outcome = catch_unwind(AssertUnwindSafe(|| engine.append(&leaves[8..]).submit()));
    fuse.store(u64::MAX, Ordering::Relaxed);
    assert!(outcome.is_err());
    assert_eq!(engine.head(), head);
    // The first part went into the log behind it.
    pending.wait().unwrap();
    assert!(matches!(
        engine.insert([1; 32]),
        Err(RotorTreeError::Storage(StorageError::FlushFailed(_)))
    ));
    assert!(matches!(engine.close(), Err(StorageError::FlushFailed(_))));
    let again = config().storage(storage).open(Fused(fuse)).unwrap();
    let expected = reference::root(&Blake3Hasher, 3, &leaves[..8]);
    assert_eq!(again.root(), expected, "the unfinished batch is cut");
}

#[test]
fn closing_waits_for_whoever_still_writes() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    for round in 0..50u64 {
        let fuse = Arc::new(AtomicU64::new(u64::MAX));
        let engine = config()
            .storage(Arc::clone(&storage))
            .open(Fused(Arc::clone(&fuse)))
            .unwrap();
        let before = engine.size();
        let leaves = reference::sample_leaves(round, 400);
        std::thread::scope(|scope| {
            let writer = engine.clone();
            let batch = &leaves;
            scope.spawn(move || {
                for part in batch.chunks(10) {
                    let Ok(token) = writer.append(part).submit() else {
                        return;
                    };
                    drop(token.wait());
                }
            });
            let checkpointer = engine.clone();
            scope.spawn(move || {
                for _ in 0..5 {
                    drop(checkpointer.checkpoint());
                }
            });
            std::thread::sleep(Duration::from_micros(round * 40));
            engine.clone().close().unwrap();
        });
        let durable = engine.durable_snapshot();
        let again = config()
            .storage(Arc::clone(&storage))
            .open(Fused(fuse))
            .unwrap();
        assert!(again.recovery_report().was_closed);
        assert_eq!(
            again.snapshot().head(),
            durable.head(),
            "what was durable at the end is what comes up"
        );
        assert!(again.size() >= before);
    }
}

/// Runs a test that may wait forever where something is wrong; the time is a watchdog's.
fn watched(test: impl FnOnce() + Send + 'static) {
    let (running, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _running = running;
        test();
    });
    let timeout = ended.recv_timeout(Duration::from_secs(120));
    assert_ne!(timeout, Err(RecvTimeoutError::Timeout), "it hangs");
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

#[test]
fn closing_waits_for_a_batch_that_is_on_its_way_into_the_log() {
    watched(|| {
        for _ in 0..20 {
            let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
            let open = || {
                let config = config().max_unflushed_bytes(4096);
                config
                    .storage(Arc::clone(&storage))
                    .open(Blake3Hasher)
                    .unwrap()
            };
            let engine = open();
            let leaves = reference::sample_leaves(2, 20_000);
            std::thread::scope(|scope| {
                let writer = engine.clone();
                let batch = &leaves;
                let written = scope.spawn(move || writer.append(batch).submit().map(drop));
                while engine.stats().syncs == 0 && !written.is_finished() {
                    std::thread::yield_now();
                }
                // The first part is in the log: the batch was let in, and so it is there as a
                // whole.
                engine.clone().close().unwrap();
                written.join().unwrap().unwrap();
            });
            let again = open();
            let report = again.recovery_report();
            assert!(report.was_closed && report.tear.is_none(), "{report:?}");
            assert_eq!(again.size(), 20_000);
        }
    });
}

#[test]
fn a_panic_while_inserting_ends_every_wait() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let fuse = Arc::new(AtomicU64::new(u64::MAX));
    let small = config().max_unflushed_bytes(2048);
    let engine = small
        .storage(storage)
        .open(Fused(Arc::clone(&fuse)))
        .unwrap();
    let (told, heard) = mpsc::channel();
    let waiter = engine.clone();
    let hour = Duration::from_secs(3600);
    // Not joined: where nothing tells it, it waits for its hour.
    std::thread::spawn(move || told.send(waiter.wait_for_size(1000, hour)));
    // Long enough for it to wait most of the time; the test is no weaker where it does not yet.
    std::thread::sleep(Duration::from_millis(200));
    fuse.store(5, Ordering::Relaxed);
    let leaves = reference::sample_leaves(3, 200);
    let outcome = catch_unwind(AssertUnwindSafe(|| engine.append(&leaves).submit()));
    assert!(outcome.is_err());
    // The time is a watchdog's.
    let reached = heard.recv_timeout(Duration::from_secs(60));
    assert_eq!(reached, Ok(false), "those who wait are told of the failure");
}
