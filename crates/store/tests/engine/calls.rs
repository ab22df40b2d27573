//! The engine on every backend: inserted leaves come back after any steps in between.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Seek as _, SeekFrom, Write as _},
    sync::Arc,
    time::Duration,
};

use crate::builder::{Builder, unset};
use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{TreeError, reference};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeError, StorageError, TieringConfig,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::{Reads, Storage},
    test_util::{
        sim_files::{Call, Effect, Fault, SimFiles},
        watchdog::limit_this_process,
    },
};

fn quiet<const N: usize>() -> Builder<N> {
    limit_this_process();
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
}

fn open<const N: usize>(
    storage: &Arc<dyn Storage>,
    config: Builder<N>,
) -> RotorTree<Blake3Hasher, N, 32> {
    config
        .storage(Arc::clone(storage))
        .open(Blake3Hasher)
        .unwrap()
}

fn assert_holds<const N: usize>(engine: &RotorTree<Blake3Hasher, N, 32>, leaves: &[Hash]) {
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.size(), leaves.len() as u64);
    for (k, level) in reference::levels(&Blake3Hasher, N, leaves)
        .iter()
        .enumerate()
    {
        let mut nodes = vec![[0; 32]; level.len()];
        snapshot.read_nodes(k, 0, &mut nodes).unwrap();
        assert_eq!(
            &nodes,
            level,
            "level {k} at size {} for N = {N}",
            leaves.len()
        );
    }
}

/// A step of a history.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize),
    Flush,
    Checkpoint,
    Reopen,
    Drop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![Just(1usize), 1..5usize, 100..300usize].prop_map(Step::Insert),
        1 => Just(Step::Flush),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => Just(Step::Drop),
    ]
}

fn history<const N: usize>(storage: &Arc<dyn Storage>, steps: &[Step], pin_above_level: usize) {
    let config = quiet()
        .tiering(TieringConfig { pin_above_level })
        .segment_bytes(8192);
    let mut leaves: Vec<Hash> = Vec::new();
    let mut engine = open::<N>(storage, config.clone());
    let mut held = Vec::new();
    for step in steps {
        match step {
            Step::Insert(count) => {
                let batch = reference::sample_leaves(leaves.len() as u64, *count);
                leaves.extend_from_slice(&batch);
                let root = match batch[..] {
                    [leaf] => engine.insert(leaf).unwrap().0,
                    _ => engine.append(&batch).submit().unwrap().head().unwrap().root,
                };
                assert_eq!(Some(root), reference::root(&Blake3Hasher, N, &leaves));
                held.push(engine.snapshot());
            }
            Step::Flush => engine.flush().unwrap(),
            Step::Checkpoint => engine.checkpoint().unwrap(),
            Step::Reopen => {
                engine.close().unwrap();
                engine = open::<N>(storage, config.clone());
            }
            Step::Drop => {
                drop(engine);
                engine = open::<N>(storage, config.clone());
            }
        }
        assert_holds(&engine, &leaves);
    }
    for snapshot in held {
        let size = snapshot.size() as usize;
        assert_eq!(
            snapshot.root(),
            reference::root(&Blake3Hasher, N, &leaves[..size])
        );
        let all: Vec<Hash> = snapshot
            .leaves(0..size as u64)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(all, leaves[..size]);
        let proof = snapshot.generate_proof(size as u64 - 1).unwrap();
        proof
            .verify_against(&Blake3Hasher, snapshot.head().unwrap())
            .unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_history_gives_the_reference_tree(steps in prop::collection::vec(step(), 1..14), pin in prop_oneof![Just(usize::MAX), 0..4usize]) {
        let memory = || Arc::new(MemoryStorage::new()) as Arc<dyn Storage>;
        history::<2>(&memory(), &steps, pin);
        history::<3>(&memory(), &steps, pin);
        history::<4>(&memory(), &steps, pin);
        history::<8>(&memory(), &steps, pin);
        history::<16>(&memory(), &steps, pin);
    }
}

#[test]
fn a_history_on_the_filesystem_gives_the_reference_tree() {
    use Step::{Checkpoint, Drop, Flush, Insert, Reopen};
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(folder.path().join("deep/tree")));
    let steps = [
        Insert(1),
        Flush,
        Insert(255),
        Checkpoint,
        Insert(1),
        Checkpoint,
        Drop,
        Insert(700),
        Reopen,
        Insert(3),
        Checkpoint,
        Insert(2),
        Drop,
    ];
    history::<2>(&storage, &steps, usize::MAX);
}

#[test]
fn tokens_know_their_leaves_and_head_and_become_durable() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let engine = open::<2>(&storage, quiet());
    let (root, first) = engine.insert([1; 32]).unwrap();
    let second = engine
        .append(&[[2; 32], [3; 32]])
        .metadata(b"block 7")
        .submit()
        .unwrap();
    assert_eq!((first.leaf_range(), second.leaf_range()), (0..1, 1..3));
    assert_eq!(first.head().unwrap().root, root);
    assert_eq!(second.head(), engine.head());
    assert!(!first.is_durable());
    assert_eq!(engine.durable_snapshot().size(), 0);
    second.wait().unwrap();
    assert!(first.is_durable());
    assert_eq!(engine.durable_snapshot().head(), engine.head());
    assert_eq!(engine.durable_snapshot().metadata(), Some(&b"block 7"[..]));
    let cursor = engine.append(&[]).metadata(b"block 8").submit().unwrap();
    assert!(cursor.leaf_range().is_empty());
    assert!(cursor.wait_timeout(Duration::from_secs(20)).unwrap());
    drop(engine);
    cursor.wait().unwrap();
    let engine = open::<2>(&storage, quiet());
    assert_eq!(engine.snapshot().metadata(), Some(&b"block 8"[..]));
    assert_eq!(engine.size(), 3);
}

#[test]
fn what_refuses_changes_nothing() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let engine = open::<2>(&storage, quiet());
    engine.insert([1; 32]).unwrap();
    let head = engine.head();
    assert!(matches!(
        engine.append(&[]).submit(),
        Err(RotorTreeError::Tree(TreeError::EmptyBatch))
    ));
    let mismatch = engine.append(&[[2; 32]]).at(0).submit();
    assert!(matches!(
        mismatch,
        Err(RotorTreeError::Tree(TreeError::SizeMismatch {
            expected: 0,
            actual: 1
        }))
    ));
    assert!(matches!(
        engine.append(&[]).metadata(&[0; 70_000]).submit(),
        Err(RotorTreeError::Storage(StorageError::MetadataTooLong {
            len: 70_000,
            max: 65_536
        }))
    ));
    assert_eq!(engine.head(), head);
    let other = engine.clone();
    engine.close().unwrap();
    assert!(matches!(
        other.insert([2; 32]),
        Err(RotorTreeError::Storage(StorageError::Closed))
    ));
    assert!(matches!(other.flush(), Err(StorageError::Closed)));
    assert!(matches!(other.checkpoint(), Err(StorageError::Closed)));
    assert_eq!(other.snapshot().head(), head, "snapshots go on serving");
    other.close().unwrap();
}

#[test]
fn identity_is_checked_and_both_values_are_told() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    open::<2>(&storage, quiet()).close().unwrap();
    let wrong = RotorTree::<_, 3, 32>::on(Arc::clone(&storage)).open(Blake3Hasher);
    assert!(matches!(
        wrong,
        Err(RotorTreeError::Storage(StorageError::ConfigMismatch {
            expected_n: 3,
            actual_n: 2,
            ..
        }))
    ));
    let smaller = RotorTree::<_, 2, 31>::on(Arc::clone(&storage)).open(Blake3Hasher);
    assert!(matches!(
        smaller,
        Err(RotorTreeError::Storage(StorageError::ConfigMismatch {
            expected_max_depth: 31,
            actual_max_depth: 32,
            ..
        }))
    ));
    let toy = rotortree_hasher::ToyHasher::default();
    let other = RotorTree::<_, 2, 32>::on(Arc::clone(&storage)).open(toy);
    assert!(matches!(
        other,
        Err(RotorTreeError::Storage(StorageError::HasherMismatch { .. }))
    ));
    let larger = RotorTree::<_, 2, 40>::on(Arc::clone(&storage))
        .open(Blake3Hasher)
        .unwrap();
    larger.close().unwrap();
    let raised = RotorTree::<_, 2, 40>::on(Arc::clone(&storage)).raise_max_depth();
    raised.open(Blake3Hasher).unwrap().close().unwrap();
    let refused = RotorTree::<_, 2, 39>::on(Arc::clone(&storage)).open(Blake3Hasher);
    assert!(refused.is_err());
}

#[test]
fn a_batch_larger_than_the_bound_is_streamed_and_comes_back_whole() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let config = quiet().max_unflushed_bytes(10_000);
    let engine = open::<4>(&storage, config.clone());
    engine.insert([9; 32]).unwrap();
    let leaves = reference::sample_leaves(3, 5000);
    let token = engine.append(&leaves).metadata(b"large").submit().unwrap();
    token.wait().unwrap();
    engine.checkpoint().unwrap();
    engine.append(&leaves).submit().unwrap().wait().unwrap();
    let all = [&[[9; 32]], &leaves[..], &leaves[..]].concat();
    drop(engine);
    let engine = open::<4>(&storage, config);
    assert_holds(&engine, &all);
    assert_eq!(engine.snapshot().metadata(), Some(&b"large"[..]));
    assert!(engine.recovery_report().damage.is_none());
}

#[test]
fn a_batch_that_is_refused_is_refused_before_any_part_of_it_is_in_the_log() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let config = unset::<RotorTree<_, 2, 8>>()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .max_unflushed_bytes(4096);
    let open = || {
        config
            .clone()
            .storage(Arc::clone(&storage))
            .open(Blake3Hasher)
    };
    let engine = open().unwrap();
    let leaves = reference::sample_leaves(4, 257);
    // Larger than the bound, so that it would be streamed, and one leaf too many for the depth.
    assert!(matches!(
        engine.append(&leaves).submit(),
        Err(RotorTreeError::Tree(TreeError::MaxDepthExceeded { .. }))
    ));
    assert!(engine.failure().is_none());
    assert_eq!(engine.stats().syncs, 0, "nothing was written");
    engine
        .append(&leaves[1..])
        .submit()
        .unwrap()
        .wait()
        .unwrap();
    drop(engine);
    let engine = open().unwrap();
    assert_eq!(engine.size(), 256);
    assert_eq!(engine.recovery_report().cut_records, 0);
}

#[test]
fn background_flush_and_checkpoints_happen_by_policy() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let config = unset()
        .flush_policy(FlushPolicy::Interval(Duration::from_millis(1)))
        .checkpoint_policy(CheckpointPolicy::EveryNEntries(10));
    let engine = open::<2>(&storage, config);
    for k in 0..25u8 {
        engine.insert([k; 32]).unwrap();
    }
    assert!(engine.wait_for_checkpoint(Duration::from_secs(20)));
    let (_, token) = engine.insert([99; 32]).unwrap();
    let mut waited = 0;
    while !token.is_durable() {
        std::thread::sleep(Duration::from_millis(5));
        waited += 1;
        assert!(waited < 4000, "the background never flushed");
    }
    assert!(engine.stats().checkpointed_size > 0);
    engine.close().unwrap();
}

#[test]
fn inserts_wait_for_the_checkpoint_when_memory_runs_far_ahead() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let config = quiet().checkpoint_policy(CheckpointPolicy::MemoryThreshold(64 << 10));
    let engine = open::<2>(&storage, config.clone());
    let leaves = reference::sample_leaves(5, 512);
    for _ in 0..60 {
        engine.append(&leaves).submit().unwrap();
    }
    assert!(engine.stats().checkpoints > 0);
    assert_eq!(engine.size(), 60 * 512);
    engine.close().unwrap();
    let engine = open::<2>(&storage, config);
    assert_holds(&engine, &leaves.repeat(60));
}

#[test]
fn many_threads_insert_durably_and_every_head_is_exact() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let engine = open::<2>(&storage, quiet());
    let heads: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8u8)
            .map(|thread| {
                let engine = engine.clone();
                scope.spawn(move || {
                    (0..50u8)
                        .map(|k| {
                            let mut leaf = [thread; 32];
                            leaf[0] = k;
                            let (_, token) = engine.insert(leaf).unwrap();
                            token.wait().unwrap();
                            let range = token.leaf_range();
                            assert_eq!(engine.snapshot().get_node(0, range.start).unwrap(), leaf);
                            token.head().unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    let snapshot = engine.durable_snapshot();
    assert_eq!(snapshot.size(), 400);
    for head in heads {
        assert_eq!(snapshot.snapshot_at(head.size).unwrap().head(), Some(head));
    }
    assert!(engine.stats().syncs <= 400);
}

#[test]
fn a_reader_beside_the_writer_sees_durable_states_only() {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(folder.path()));
    let engine = open::<2>(&storage, quiet());
    let reader = quiet::<2>()
        .storage(Arc::new(FsStorage::new(folder.path())) as _)
        .open_read_only(Blake3Hasher)
        .unwrap();
    assert_eq!(reader.size(), 0);
    for round in 1..=6u64 {
        let leaves = reference::sample_leaves(round, 100);
        engine.append(&leaves).submit().unwrap();
        reader.refresh().unwrap();
        assert!(reader.size() <= engine.durable_snapshot().size());
        engine.flush().unwrap();
        if round % 3 == 0 {
            engine.checkpoint().unwrap();
            assert!(reader.refresh().unwrap());
            assert_eq!(reader.head(), engine.durable_snapshot().head());
        }
        let snapshot = reader.snapshot();
        assert_eq!(
            snapshot.head(),
            engine
                .snapshot()
                .snapshot_at(snapshot.size())
                .unwrap()
                .head()
        );
    }
    let mut waited = 0;
    engine.insert([7; 32]).unwrap().1.wait().unwrap();
    while reader.size() < engine.size() {
        reader.refresh().unwrap();
        std::thread::sleep(Duration::from_millis(5));
        waited += 1;
        assert!(waited < 4000, "an idle log is attested");
    }
    engine.close().unwrap();
}

#[test]
fn the_second_owner_is_refused_at_once() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let engine = open::<2>(&storage, quiet());
    let second = quiet::<2>()
        .storage(Arc::clone(&storage))
        .open(Blake3Hasher);
    assert!(matches!(
        second,
        Err(RotorTreeError::Storage(StorageError::FileLocked))
    ));
    let (_, token) = engine.insert([1; 32]).unwrap();
    let snapshot = engine.snapshot();
    engine.close().unwrap();
    let again = open::<2>(&storage, quiet());
    assert_eq!(again.size(), 1);
    assert!(token.is_durable());
    assert_eq!(snapshot.size(), 1);
}

#[test]
fn a_damaged_chunk_of_a_level_that_is_held_in_memory_is_found_by_verification() {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(folder.path()));
    let config = quiet()
        .tiering(TieringConfig { pin_above_level: 0 })
        .reads(Reads::Positioned);
    let engine = open::<2>(&storage, config);
    let leaves = reference::sample_leaves(12, 300);
    engine.append(&leaves).submit().unwrap();
    engine.checkpoint().unwrap();
    engine.verify().unwrap();
    // In place, as a disk does it: the store reads the file that it has open.
    let path = folder.path().join("levels/00/000000.chunks");
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(4100)).unwrap();
    file.write_all(b"damage").unwrap();
    assert_holds(&engine, &leaves);
    let found = engine.verify();
    assert!(
        matches!(found, Err(StorageError::CrcMismatch { offset: 4096, .. })),
        "{found:?}"
    );
}

#[track_caller]
fn assert_foreign<T: std::fmt::Debug>(refused: Result<T, RotorTreeError>) {
    use StorageError::ForeignDirectory;
    let is_refused = matches!(
        refused,
        Err(RotorTreeError::Storage(ForeignDirectory { .. }))
    );
    assert!(is_refused, "{refused:?}");
}

#[test]
fn a_backup_is_a_tree_of_its_own_and_is_extended_by_what_is_new() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let target: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let engine = open::<2>(&storage, quiet());
    let leaves = reference::sample_leaves(11, 1000);
    engine
        .append(&leaves[..300])
        .metadata(b"cursor 1")
        .submit()
        .unwrap();
    assert_eq!(
        engine.backup_to(Arc::clone(&target)).unwrap().leaves,
        0..300
    );
    engine
        .append(&leaves[300..])
        .metadata(b"cursor 2")
        .submit()
        .unwrap();
    engine.checkpoint().unwrap();
    engine.insert([7; 32]).unwrap();
    assert_eq!(
        engine.backup_to(Arc::clone(&target)).unwrap().leaves,
        300..1001
    );
    assert_eq!(
        engine.backup_to(Arc::clone(&target)).unwrap().leaves,
        1001..1001
    );
    assert_foreign(engine.backup_to(Arc::clone(&storage)));

    let restored = open::<2>(&target, quiet());
    assert_holds(&restored, &[&leaves[..], &[[7; 32]]].concat());
    assert_eq!(restored.snapshot().metadata(), Some(&b"cursor 2"[..]));
    assert!(restored.recovery_report().was_closed);
    restored.verify().unwrap();
    assert!(matches!(
        engine.backup_to(Arc::clone(&target)),
        Err(RotorTreeError::Storage(StorageError::FileLocked))
    ));
    // A restored tree that went its own way is no backup any more.
    restored.insert([8; 32]).unwrap().1.wait().unwrap();
    restored.close().unwrap();
    assert_foreign(engine.backup_to(Arc::clone(&target)));
    let other: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    open::<2>(&other, quiet())
        .append(&leaves[5..10])
        .submit()
        .unwrap()
        .wait()
        .unwrap();
    assert_foreign(engine.backup_to(Arc::clone(&other)));
}

#[test]
fn a_backup_goes_neither_onto_another_trees_nor_onto_a_copy_of_the_tree_itself() {
    let files = SimFiles::new();
    let storage = |files: &SimFiles| -> Arc<dyn Storage> {
        Arc::new(FsStorage::with_files(files.clone(), "/tree"))
    };
    let leaves = reference::sample_leaves(13, 400);
    let engine = open::<2>(&storage(&files), quiet());
    engine.append(&leaves[..300]).submit().unwrap();
    engine.checkpoint().unwrap();
    engine.close().unwrap();
    let copy = files.settled();
    let engine = open::<2>(&storage(&files), quiet());
    engine.append(&leaves[300..]).submit().unwrap();
    let others: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let other = open::<2>(&(Arc::new(MemoryStorage::new()) as _), quiet());
    other.append(&leaves[5..100]).submit().unwrap();
    other.backup_to(Arc::clone(&others)).unwrap();
    for target in [storage(&copy), others] {
        assert_foreign(engine.backup_to(Arc::clone(&target)));
    }
}

/// An opening attests the recovered records at once, also those that were not attested when the
/// process died.
#[test]
fn readers_are_shown_what_an_opening_has_recovered_once_it_returns() {
    let storage = |files: &SimFiles| -> Arc<dyn Storage> {
        Arc::new(FsStorage::with_files(files.clone(), "/tree"))
    };
    let leaves = reference::sample_leaves(19, 10);
    let files = SimFiles::new();
    let engine = open::<2>(&storage(&files), quiet());
    engine.append(&leaves).submit().unwrap();
    engine.flush().unwrap();
    // Before the log has gone idle: its one group is synced, and nothing says so.
    let died = files.settled();
    let reopened = open::<2>(&storage(&died), quiet());
    let reader = quiet::<2>()
        .storage(storage(&died))
        .open_read_only(Blake3Hasher)
        .unwrap();
    assert_eq!(reader.head(), reopened.head());
    assert_eq!(reader.size(), 10);
}

/// A view that has seen everything costs the manifest and a length: here every read of the log
/// would fail.
#[test]
fn a_refresh_without_news_reads_no_byte_of_the_log() {
    let files = SimFiles::new();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    let engine = open::<4>(&storage, quiet());
    engine.append(&[[1; 32]; 100]).durable().unwrap();
    engine.checkpoint().unwrap();
    engine.append(&[[2; 32]; 100]).durable().unwrap();
    let reader = quiet::<4>()
        .storage(Arc::clone(&storage))
        .open_read_only(Blake3Hasher);
    let reader = reader.unwrap();
    let unreadable = Fault::new(0, Effect::Error(ErrorKind::Other)).for_good();
    let unreadable = unreadable.on(Call::ReadAt).within("/tree/log");
    let refresh_blindly = || {
        let before = files.struck();
        files.inject(unreadable.clone());
        let refreshed = reader.refresh();
        files.heal();
        (refreshed.ok(), files.struck() > before)
    };

    // Each of these is news, and has to be read.
    let news: [&dyn Fn(); 4] = [
        &|| _ = engine.append(&[[3; 32]; 10]).durable().unwrap(),
        &|| {
            let cursor = engine.append(&[]).metadata(b"block 18");
            cursor.durable().unwrap();
        },
        &|| engine.checkpoint().unwrap(),
        &|| engine.clone().close().unwrap(),
    ];
    for (number, news) in news.iter().enumerate() {
        news();
        assert_eq!(refresh_blindly(), (None, true), "news {number}");
        reader.refresh().unwrap();
    }
    // Closed: no mark of an idle writer comes any more.
    assert_eq!(reader.size(), 210);
    for _ in 0..3 {
        assert_eq!(refresh_blindly(), (Some(false), false));
    }
    let again = open::<4>(&storage, quiet());
    assert_eq!(
        refresh_blindly(),
        (Some(false), false),
        "nothing was written"
    );
    again.append(&[[4; 32]]).durable().unwrap();
    assert_eq!(refresh_blindly(), (None, true), "another run has begun");
    again.close().unwrap();
}
