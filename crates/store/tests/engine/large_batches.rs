//! Large batches beside everything else that runs: other inserts, checkpoints, readers, backups.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{LeanIMT, reference};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::Storage,
    test_util::{
        object::{ObjectStorage, ObjectStore},
        sim_files::SimFiles,
        watchdog::limit_this_process,
    },
};

use crate::{
    builder::{Builder, unset},
    intercepted::{Intercepted, Step},
};

fn config<const N: usize>() -> Builder<N> {
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .large_batch_bytes(8192)
}

fn in_memory<const N: usize>(leaves: &[Hash]) -> LeanIMT<Blake3Hasher, N, 32> {
    let mut tree = LeanIMT::new(Blake3Hasher);
    if !leaves.is_empty() {
        tree.insert_many(leaves).unwrap();
    }
    tree
}

/// One deed of a history: a batch of so many leaves, or something between two batches.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Batch(usize),
    Flush,
    Checkpoint,
    Reopen,
    Kill,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => prop_oneof![1..4usize, 120..140usize, 250..400usize, 1000..3000usize].prop_map(Deed::Batch),
        1 => Just(Deed::Flush),
        1 => Just(Deed::Checkpoint),
        1 => Just(Deed::Reopen),
        1 => Just(Deed::Kill),
    ]
}

/// Runs a history on a place; every head, and in the end every proof, is the tree's in memory.
fn run<const N: usize>(deeds: &[Deed], place: &dyn Fn() -> Arc<dyn Storage>) {
    let open = || config::<N>().storage(place()).open(Blake3Hasher).unwrap();
    let mut leaves = Vec::new();
    let mut tree = open();
    for deed in deeds {
        match *deed {
            Deed::Batch(len) => {
                let batch = reference::sample_leaves(leaves.len() as u64, len);
                leaves.extend_from_slice(&batch);
                let token = tree.append(&batch).submit().unwrap();
                assert_eq!(token.head(), in_memory::<N>(&leaves).head());
            }
            Deed::Flush => tree.flush().unwrap(),
            Deed::Checkpoint => tree.checkpoint().unwrap(),
            Deed::Reopen => {
                tree.close().unwrap();
                tree = open();
            }
            Deed::Kill => {
                tree.flush().unwrap();
                // Its last handle goes without being closed; dropping flushes nothing new.
                drop(tree);
                tree = open();
            }
        }
    }
    let expected = in_memory::<N>(&leaves);
    for _ in 0..2 {
        assert_eq!(tree.head(), expected.head());
        tree.verify().unwrap();
        let snapshot = tree.snapshot();
        for index in (0..leaves.len() as u64).step_by(97) {
            let proof = snapshot.generate_proof(index).unwrap();
            assert_eq!(proof, expected.snapshot().generate_proof(index).unwrap());
        }
        tree.close().unwrap();
        tree = open();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn large_batches_make_the_tree_that_small_ones_make(
        deeds in prop::collection::vec(deed(), 1..10),
    ) {
        limit_this_process();
        let dir = tempfile::tempdir().unwrap();
        run::<2>(&deeds, &|| Arc::new(FsStorage::new(dir.path().join("two"))));
        let memory = MemoryStorage::with_shard_chunks(128);
        run::<3>(&deeds, &|| Arc::new(memory.clone()));
        let bucket = ObjectStore::new();
        run::<16>(&deeds, &|| Arc::new(ObjectStorage::with_shard_chunks(bucket.clone(), 128)));
    }
}

#[test]
fn large_batches_of_many_threads_come_back_in_their_order() {
    limit_this_process();
    let dir = tempfile::tempdir().unwrap();
    let place = || Arc::new(FsStorage::new(dir.path())) as Arc<dyn Storage>;
    let tree = config::<4>().storage(place()).open(Blake3Hasher).unwrap();
    let placed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..6u64 {
            let (tree, placed) = (&tree, &placed);
            scope.spawn(move || {
                for round in 0..20 {
                    // Large ones, and small ones between them.
                    let len = [3000, 1, 700, 300][(thread + round) as usize % 4];
                    let batch = reference::sample_leaves(thread * 1000 + round, len);
                    let token = tree.append(&batch).submit().unwrap();
                    placed
                        .lock()
                        .unwrap()
                        .push((token.leaf_range().start, batch));
                    if round % 7 == thread {
                        tree.checkpoint().unwrap();
                    }
                }
            });
        }
    });
    let mut placed = placed.into_inner().unwrap();
    placed.sort_by_key(|(start, _)| *start);
    let leaves: Vec<Hash> = placed.into_iter().flat_map(|(_, batch)| batch).collect();
    let expected = in_memory::<4>(&leaves);
    assert_eq!(tree.head(), expected.head());
    tree.close().unwrap();
    let tree = config::<4>().storage(place()).open(Blake3Hasher).unwrap();
    assert_eq!(tree.head(), expected.head());
    tree.verify().unwrap();
}

/// A wrong size is told of the tree that readers see, not of one that a batch on its way is in.
#[test]
fn an_expected_size_is_compared_between_batches() {
    limit_this_process();
    let tree = config::<2>()
        .storage(Arc::new(MemoryStorage::new()))
        .open(Blake3Hasher)
        .unwrap();
    let taken = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in 0..4u64 {
            let (tree, taken) = (&tree, &taken);
            scope.spawn(move || {
                let batch = reference::sample_leaves(seed, 5000);
                if tree.append(&batch).at(0).submit().is_ok() {
                    assert!(!taken.swap(true, Ordering::SeqCst), "two were the first");
                }
            });
        }
    });
    assert!(taken.into_inner());
    assert_eq!(tree.size(), 5000);
}

/// While the chunks of a large batch become durable, the tree has the batch and readers do not. A
/// checkpoint of what was before it exchanges the snapshots, and must not show the batch.
#[test]
fn a_checkpoint_beside_a_large_batch_shows_none_of_it() {
    limit_this_process();
    /// The number of syncs of directories that began since the test counts them, and whether the
    /// first one may end.
    #[derive(Default)]
    struct Gate {
        counts: AtomicBool,
        state: Mutex<(u32, bool)>,
        changed: Condvar,
    }
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let files = Intercepted::new(&SimFiles::new(), move |step| {
        // The last call of a put, behind the sync of its files, which a checkpoint waits for.
        if step == Step::SyncDir && held.counts.load(Ordering::SeqCst) {
            let mut state = held.state.lock().unwrap();
            state.0 += 1;
            held.changed.notify_all();
            if state.0 == 1 {
                drop(
                    held.changed
                        .wait_while(state, |(_, may_end)| !*may_end)
                        .unwrap(),
                );
            }
        }
        true
    });
    let storage = Arc::new(FsStorage::with_files(files, "/tree"));
    let tree = config::<2>().storage(storage).open(Blake3Hasher).unwrap();
    let leaves = reference::sample_leaves(0, 5300);
    tree.append(&leaves[..250]).durable().unwrap();
    tree.append(&leaves[250..300]).durable().unwrap();
    let before = tree.head();
    gate.counts.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        let inserting = scope.spawn(|| tree.append(&leaves[300..]).durable().unwrap());
        let state = gate.state.lock().unwrap();
        drop(
            gate.changed
                .wait_while(state, |(begun, _)| *begun == 0)
                .unwrap(),
        );
        tree.checkpoint().unwrap();
        assert_eq!((tree.head(), tree.snapshot().head()), (before, before));
        assert_eq!(tree.durable_snapshot().head(), before);
        gate.state.lock().unwrap().1 = true;
        gate.changed.notify_all();
        assert_eq!(inserting.join().unwrap().leaf_range, 300..5300);
    });
    assert_eq!(tree.head(), in_memory::<2>(&leaves).head());
    tree.checkpoint().unwrap();
    tree.verify().unwrap();
}
