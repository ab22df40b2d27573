//! Every public number at its least and greatest, in every method: refused when it is set, or it
//! works.

use std::{sync::Arc, time::Duration};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, RotorTreeConfig, RotorTreeError, StorageError,
    TieringConfig, TreeHead, store::memory::MemoryStorage,
};

use crate::{
    common::{leaf, leaves},
    methods::{Tree, ends, in_memory},
};

type Builder = rotortree::RotorTreeBuilder<rotortree::RotorTree<Blake3Hasher, 2, 32>>;

fn config() -> RotorTreeConfig {
    crate::common::quiet("not looked at".as_ref())
}

/// A setting by name; whether it is accepted.
type Setting = (&'static str, bool, fn() -> Builder);

fn flush(policy: FlushPolicy) -> Builder {
    Tree::builder(RotorTreeConfig {
        flush_policy: policy,
        ..config()
    })
}

fn checkpoint(policy: CheckpointPolicy) -> Builder {
    Tree::builder(RotorTreeConfig {
        checkpoint_policy: policy,
        ..config()
    })
}

fn pin(level: usize) -> Builder {
    Tree::builder(RotorTreeConfig {
        tiering: TieringConfig {
            pin_above_level: level,
        },
        ..config()
    })
}

const SETTINGS: [Setting; 20] = [
    ("Interval(0)", false, || {
        flush(FlushPolicy::Interval(Duration::ZERO))
    }),
    ("Interval(1 ns)", false, || {
        flush(FlushPolicy::Interval(Duration::from_nanos(1)))
    }),
    ("Interval(100 us)", true, || {
        flush(FlushPolicy::Interval(FlushPolicy::MIN_INTERVAL))
    }),
    ("Interval(u64::MAX s)", true, || {
        flush(FlushPolicy::Interval(Duration::from_secs(u64::MAX)))
    }),
    ("Interval(MAX)", true, || {
        flush(FlushPolicy::Interval(Duration::MAX))
    }),
    ("EveryNEntries(0)", false, || {
        checkpoint(CheckpointPolicy::EveryNEntries(0))
    }),
    ("EveryNEntries(1)", true, || {
        checkpoint(CheckpointPolicy::EveryNEntries(1))
    }),
    ("EveryNEntries(MAX)", true, || {
        checkpoint(CheckpointPolicy::EveryNEntries(u64::MAX))
    }),
    ("MemoryThreshold(0)", true, || {
        checkpoint(CheckpointPolicy::MemoryThreshold(0))
    }),
    ("MemoryThreshold(1)", true, || {
        checkpoint(CheckpointPolicy::MemoryThreshold(1))
    }),
    ("MemoryThreshold(MAX)", true, || {
        checkpoint(CheckpointPolicy::MemoryThreshold(usize::MAX))
    }),
    ("pin_above_level 0", true, || pin(0)),
    ("pin_above_level MAX - 1", true, || pin(usize::MAX - 1)),
    ("max_unflushed_bytes 0", true, || {
        Tree::builder(config()).max_unflushed_bytes(0)
    }),
    ("max_unflushed_bytes 1", true, || {
        Tree::builder(config()).max_unflushed_bytes(1)
    }),
    ("max_unflushed_bytes MAX", true, || {
        Tree::builder(config()).max_unflushed_bytes(usize::MAX)
    }),
    ("segment_bytes 0", true, || {
        Tree::builder(config()).segment_bytes(0)
    }),
    ("segment_bytes MAX", true, || {
        Tree::builder(config()).segment_bytes(u64::MAX)
    }),
    ("recent_heads 0", true, || {
        Tree::builder(config()).recent_heads(0)
    }),
    ("recent_heads MAX", true, || {
        Tree::builder(config()).recent_heads(usize::MAX)
    }),
];

/// Uses everything that a setting may reach.
fn use_up(tree: &Tree) {
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

#[test]
fn every_setting_at_its_least_and_greatest_is_refused_or_works() {
    for (name, is_accepted, builder) in SETTINGS {
        ends(name, move || {
            let storage = Arc::new(MemoryStorage::new());
            let opened = builder().storage(storage.clone()).open(Blake3Hasher);
            if !is_accepted {
                let refused = matches!(
                    opened,
                    Err(RotorTreeError::Storage(StorageError::InvalidConfig(_)))
                );
                assert!(refused, "{name}");
                return;
            }
            let tree = opened.unwrap();
            use_up(&tree);
            let head = tree.head();
            tree.close().unwrap();
            let tree = builder().storage(storage).open(Blake3Hasher).unwrap();
            assert_eq!(tree.head(), head, "{name}");
            tree.close().unwrap();
        });
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
            let tree = in_memory(Blake3Hasher);
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
        let tree = in_memory(Blake3Hasher);
        if filled > 0 {
            tree.insert_many_durable(&leaves(0..filled)).unwrap();
            tree.checkpoint().unwrap();
        }
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
            drop(tree.append(&leaves(0..1)).at(size).try_submit());
        }
        for level in LEVELS {
            let _ = snapshot.level_len(level);
        }
        assert!(tree.failure().is_none());
    }
}
