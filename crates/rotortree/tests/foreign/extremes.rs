//! Every public number at its least and greatest, in every method: refused when it is
//! set, or it works.

mod in_memory;

use std::{sync::Arc, time::Duration};

use rotortree::{
    AnySnapshot, AnyTree, AnyTreeBuilder, Blake3Hasher, CheckpointPolicy, FlushPolicy,
    RotorTreeConfig, RotorTreeError, StorageError, TieringConfig, TreeError, TreeHead,
    any::ARITIES, store::memory::MemoryStorage,
};

use crate::{
    common::{leaf, leaves},
    methods::{self, Tree, ends},
};

fn config() -> RotorTreeConfig {
    crate::common::quiet("not looked at".as_ref())
}

/// A setting of every builder.
#[derive(Clone, Copy)]
enum Setting {
    Flush(FlushPolicy),
    Checkpoint(CheckpointPolicy),
    PinAboveLevel(usize),
    MaxUnflushedBytes(usize),
    SegmentBytes(u64),
    RecentHeads(usize),
}

use Setting::{Checkpoint, Flush, MaxUnflushedBytes, PinAboveLevel, RecentHeads, SegmentBytes};

/// The builder with that setting, of whichever type.
macro_rules! with_setting {
    ($setting:expr, $builder:expr) => {{
        let mut config = config();
        match $setting {
            Flush(policy) => config.flush_policy = policy,
            Checkpoint(policy) => config.checkpoint_policy = policy,
            PinAboveLevel(level) => {
                config.tiering = TieringConfig {
                    pin_above_level: level,
                };
            }
            _ => {}
        }
        let builder = $builder(config);
        match $setting {
            MaxUnflushedBytes(bytes) => builder.max_unflushed_bytes(bytes),
            SegmentBytes(bytes) => builder.segment_bytes(bytes),
            RecentHeads(heads) => builder.recent_heads(heads),
            _ => builder,
        }
    }};
}

/// Settings by name; whether each is accepted.
const SETTINGS: [(&str, bool, Setting); 20] = [
    (
        "Interval(0)",
        false,
        Flush(FlushPolicy::Interval(Duration::ZERO)),
    ),
    (
        "Interval(1 ns)",
        false,
        Flush(FlushPolicy::Interval(Duration::from_nanos(1))),
    ),
    (
        "Interval(100 us)",
        true,
        Flush(FlushPolicy::Interval(FlushPolicy::MIN_INTERVAL)),
    ),
    (
        "Interval(u64::MAX s)",
        true,
        Flush(FlushPolicy::Interval(Duration::from_secs(u64::MAX))),
    ),
    (
        "Interval(MAX)",
        true,
        Flush(FlushPolicy::Interval(Duration::MAX)),
    ),
    (
        "EveryNEntries(0)",
        false,
        Checkpoint(CheckpointPolicy::EveryNEntries(0)),
    ),
    (
        "EveryNEntries(1)",
        true,
        Checkpoint(CheckpointPolicy::EveryNEntries(1)),
    ),
    (
        "EveryNEntries(MAX)",
        true,
        Checkpoint(CheckpointPolicy::EveryNEntries(u64::MAX)),
    ),
    (
        "MemoryThreshold(0)",
        true,
        Checkpoint(CheckpointPolicy::MemoryThreshold(0)),
    ),
    (
        "MemoryThreshold(1)",
        true,
        Checkpoint(CheckpointPolicy::MemoryThreshold(1)),
    ),
    (
        "MemoryThreshold(MAX)",
        true,
        Checkpoint(CheckpointPolicy::MemoryThreshold(usize::MAX)),
    ),
    ("pin_above_level 0", true, PinAboveLevel(0)),
    (
        "pin_above_level MAX - 1",
        true,
        PinAboveLevel(usize::MAX - 1),
    ),
    ("max_unflushed_bytes 0", true, MaxUnflushedBytes(0)),
    ("max_unflushed_bytes 1", true, MaxUnflushedBytes(1)),
    (
        "max_unflushed_bytes MAX",
        true,
        MaxUnflushedBytes(usize::MAX),
    ),
    ("segment_bytes 0", true, SegmentBytes(0)),
    ("segment_bytes MAX", true, SegmentBytes(u64::MAX)),
    ("recent_heads 0", true, RecentHeads(0)),
    ("recent_heads MAX", true, RecentHeads(usize::MAX)),
];

/// Uses everything that a setting may reach.
fn use_up(tree: &dyn AnyTree) {
    tree.insert(leaf(0)).unwrap();
    tree.insert_many(&leaves(1..200)).unwrap();
    tree.append(&[]).metadata(&[7; 1000]).submit().unwrap();
    match tree.append(&leaves(0..2)).try_submit() {
        Ok(_) | Err(RotorTreeError::Storage(StorageError::WouldBlock)) => {}
        Err(error) => panic!("{error}"),
    }
    let (_, token) = tree.insert(leaf(3)).unwrap();
    assert!(token.wait_timeout(Duration::MAX).unwrap());
    tree.insert_durable(leaf(4)).unwrap();
    tree.flush().unwrap();
    tree.checkpoint().unwrap();
    assert!(tree.wait_for_checkpoint(Duration::MAX));
    tree.insert_many_durable(&leaves(200..400)).unwrap();
    let _ = tree.find_head(&tree.root().unwrap());
    tree.verify().unwrap();
    let _ = format!("{:?}", tree.stats());
    assert!(tree.failure().is_none());
}

type Opened = Result<Arc<dyn AnyTree>, RotorTreeError>;

type Open = fn(Setting, Arc<MemoryStorage>) -> Opened;

/// Opens by the type and by the number.
fn fronts() -> [(&'static str, Open); 2] {
    [
        ("RotorTree", |setting, storage| {
            let builder = with_setting!(setting, Tree::builder).storage(storage);
            builder.open(Blake3Hasher).map(|tree| Arc::new(tree) as _)
        }),
        ("AnyTree", |setting, storage| {
            let builder = with_setting!(setting, AnyTreeBuilder::new).storage(storage);
            builder.arity(2).open(Blake3Hasher)
        }),
    ]
}

#[test]
fn every_setting_at_its_least_and_greatest_is_refused_or_works() {
    for (front, open) in fronts() {
        for (name, is_accepted, setting) in SETTINGS {
            ends(name, move || {
                let storage = Arc::new(MemoryStorage::new());
                let opened = open(setting, storage.clone());
                if !is_accepted {
                    let refused = matches!(
                        opened,
                        Err(RotorTreeError::Storage(StorageError::InvalidConfig(_)))
                    );
                    assert!(refused, "{front}, {name}");
                    return;
                }
                let tree = opened.unwrap();
                use_up(&*tree);
                let head = tree.head();
                tree.close().unwrap();
                let tree = open(setting, storage).unwrap();
                assert_eq!(tree.head(), head, "{front}, {name}");
                tree.close().unwrap();
            });
        }
    }
}

fn any_tree(n: usize, max_depth: usize, storage: &Arc<MemoryStorage>) -> Opened {
    let builder = AnyTreeBuilder::new(config()).storage(storage.clone());
    builder.arity(n).max_depth(max_depth).open(Blake3Hasher)
}

#[test]
fn every_max_depth_is_refused_or_bounds_the_tree() {
    for n in ARITIES {
        for max_depth in [0, 65, usize::MAX] {
            let outcome = any_tree(n, max_depth, &Arc::new(MemoryStorage::new()));
            let refused = matches!(
                outcome,
                Err(RotorTreeError::Storage(StorageError::InvalidConfig(_)))
            );
            assert!(refused, "{n}, {max_depth}: {outcome:?}");
        }

        let storage = Arc::new(MemoryStorage::new());
        let tree = any_tree(n, 1, &storage).unwrap();
        tree.insert_many_durable(&leaves(0..n as u64)).unwrap();
        tree.checkpoint().unwrap();
        let head = tree.head();
        let full = tree.insert(leaf(0));
        let is_full = matches!(
            full,
            Err(RotorTreeError::Tree(TreeError::MaxDepthExceeded {
                max_depth: 1
            }))
        );
        assert!(is_full, "{n}: {full:?}");
        tree.close().unwrap();
        assert_eq!(any_tree(n, 1, &storage).unwrap().head(), head);

        let storage = Arc::new(MemoryStorage::new());
        let tree = any_tree(n, 64, &storage).unwrap();
        use_up(&*tree);
        tree.close().unwrap();
        // The store's own ceiling is above.
        let outcome = any_tree(n, 63, &storage);
        let refused = matches!(
            outcome,
            Err(RotorTreeError::Storage(StorageError::ConfigMismatch { .. }))
        );
        assert!(refused, "{n}: {outcome:?}");
    }
}

#[test]
fn every_n_is_refused_or_works() {
    for n in [0, 1, 2, 3, 4, 8, 16, 17, 1 << 32, usize::MAX] {
        let storage = Arc::new(MemoryStorage::new());
        match any_tree(n, 32, &storage) {
            Ok(tree) => {
                assert!(ARITIES.contains(&n), "{n}");
                use_up(&*tree);
                tree.close().unwrap();
            }
            Err(RotorTreeError::Tree(TreeError::UnsupportedArity { .. })) => {
                assert!(!ARITIES.contains(&n), "{n}");
            }
            Err(error) => panic!("{n}: {error}"),
        }
    }
}

#[test]
fn a_head_of_any_size_may_be_expected() {
    for size in [0, 1, u64::MAX] {
        let storage = Arc::new(MemoryStorage::new());
        let builder = || Tree::builder(config()).storage(storage.clone());
        builder().open(Blake3Hasher).unwrap().close().unwrap();
        let head = TreeHead {
            size,
            root: [1; 32],
        };
        let outcome = builder().expect_head(head).open(Blake3Hasher);
        let refused = matches!(
            outcome,
            Err(RotorTreeError::Storage(StorageError::UnexpectedHead { .. }))
        );
        assert!(refused, "{size}: {outcome:?}");
    }
}

const DURATIONS: [Duration; 3] = [Duration::ZERO, Duration::from_nanos(1), Duration::MAX];

#[test]
fn every_wait_takes_every_duration() {
    ends("waiting for every duration", || {
        for timeout in DURATIONS {
            let tree = methods::in_memory(Blake3Hasher);
            let (_, token) = tree.insert(leaf(0)).unwrap();
            assert!(tree.wait_for_size(0, timeout));
            assert!(tree.wait_for_size(1, timeout));
            let is_durable = token.wait_timeout(timeout).unwrap();
            assert!(is_durable || timeout < Duration::MAX);
            tree.checkpoint().unwrap();
            assert!(tree.wait_for_checkpoint(timeout));
            if timeout < Duration::MAX {
                assert!(!tree.wait_for_size(u64::MAX, timeout));
                assert!(!tree.wait_for_checkpoint(timeout));
            }
            let waiting = tree.clone();
            let waits = std::thread::spawn(move || waiting.wait_for_size(u64::MAX, timeout));
            tree.close().unwrap();
            assert!(!waits.join().unwrap(), "closing ends it");
        }
    });
}

const SIZES: [u64; 7] = [
    0,
    1,
    u32::MAX as u64,
    1 << 32,
    u64::MAX / 2,
    u64::MAX - 1,
    u64::MAX,
];
const LEVELS: [usize; 6] = [0, 1, 31, 64, usize::MAX - 1, usize::MAX];

#[test]
fn every_index_level_and_size_is_answered_or_refused() {
    for filled in [0, 1, 100] {
        let tree = methods::in_memory(Blake3Hasher);
        if filled > 0 {
            tree.insert_many_durable(&leaves(0..filled)).unwrap();
            tree.checkpoint().unwrap();
        }
        let any: &dyn AnyTree = &tree;
        let snapshot = tree.snapshot();
        for size in SIZES {
            drop(snapshot.generate_proof(size));
            drop(snapshot.snapshot_at(size));
            drop(snapshot.generate_consistency_proof(size, [1; 32]));
            for other in SIZES {
                drop(
                    snapshot
                        .leaves(size..other)
                        .map(|leaves| leaves.take(200).count()),
                );
                drop(snapshot.generate_range_proof(size..other));
                drop(snapshot.generate_multiproof(&[size, other]));
            }
            for level in LEVELS {
                drop(snapshot.get_node(level, size));
                drop(snapshot.read_nodes(level, size, &mut [[0; 32]; 3]));
            }
            erased_at(&*any.snapshot(), size);
            drop(any.get_leaf(size));
            assert!(!any.wait_for_size(size, Duration::ZERO) || size <= filled + 1);
            drop(any.append(&leaves(0..1)).at(size).try_submit());
            drop(any.append_at(size, &leaves(0..1)));
            drop(tree.append(&leaves(0..1)).at(size).try_submit());
        }
        for level in LEVELS {
            let _ = snapshot.level_len(level);
        }
        assert!(tree.failure().is_none());
    }
}

/// The same of a snapshot whose N is a number.
fn erased_at(snapshot: &dyn AnySnapshot, size: u64) {
    drop(snapshot.generate_proof(size));
    drop(snapshot.snapshot_at(size));
    drop(snapshot.frontier_at(size));
    drop(snapshot.get_leaf(size));
    drop(snapshot.generate_consistency_proof(size, [1; 32]));
    drop(snapshot.generate_catch_up_proof(size, [1; 32]));
    for other in SIZES {
        drop(
            snapshot
                .leaves(size..=other)
                .map(|leaves| leaves.take(200).count()),
        );
        drop(snapshot.generate_range_proof(size..=other));
        drop(snapshot.generate_multiproof(&[size, other]));
    }
    for level in LEVELS {
        drop(snapshot.get_node(level, size));
        drop(snapshot.read_nodes(level, size, &mut [[0; 32]; 3]));
    }
}
