//! Heads of recent appends are found by their roots: all of them up to the bound, and nothing else.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::builder::unset;
use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{TreeHead, reference};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, StorageError,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::Storage,
    test_util::{
        sim_files::{Call, Effect, Fault, SimFiles},
        watchdog::limit_this_process,
    },
};

type Tree<H = Blake3Hasher> = RotorTree<H, 3, 32>;

fn place() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

fn open(storage: &Arc<dyn Storage>, recent_heads: usize) -> Tree {
    open_with(Blake3Hasher, storage, recent_heads)
}

fn open_with<H: Hasher>(hasher: H, storage: &Arc<dyn Storage>, recent_heads: usize) -> Tree<H> {
    limit_this_process();
    let config = unset::<Tree<H>>()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .recent_heads(recent_heads);
    config.storage(Arc::clone(storage)).open(hasher).unwrap()
}

fn leaf(number: u64) -> Hash {
    reference::sample_leaves(number, 1)[0]
}

#[derive(Clone, Debug)]
enum Step {
    Leaf,
    Batch(usize),
    Refused,
    Metadata,
    LeavesAndMetadata(usize),
    Checkpoint,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Leaf),
        3 => (1usize..20).prop_map(Step::Batch),
        1 => Just(Step::Refused),
        2 => Just(Step::Metadata),
        2 => (1usize..4).prop_map(Step::LeavesAndMetadata),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_found_is_the_end_of_a_plain_list_of_heads(
        bound in prop_oneof![0usize..8, Just(usize::MAX)],
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let storage = place();
        let mut tree = open(&storage, bound);
        // All heads there ever were, and those since the tree was opened.
        let mut all: Vec<TreeHead> = Vec::new();
        let mut recent: Vec<TreeHead> = Vec::new();
        for step in steps {
            let size = tree.size();
            let batch = |count| reference::sample_leaves(size, count);
            let appended = match step {
                Step::Leaf => Some(tree.insert(leaf(size)).unwrap().1),
                Step::Batch(count) => Some(tree.append(&batch(count)).submit().unwrap()),
                Step::LeavesAndMetadata(count) => {
                    Some(tree.append(&batch(count)).metadata(b"both").submit().unwrap())
                }
                Step::Metadata => {
                    tree.append(&[]).metadata(b"alone").submit().unwrap();
                    None
                }
                Step::Refused => {
                    tree.append(&batch(3)).at(size + 1).submit().unwrap_err();
                    None
                }
                Step::Checkpoint => {
                    tree.checkpoint().unwrap();
                    None
                }
                Step::Reopen => {
                    tree.clone().close().unwrap();
                    tree = open(&storage, bound);
                    recent = Vec::from_iter(tree.head());
                    None
                }
            };
            if let Some(head) = appended.map(|token| token.head().unwrap()) {
                all.push(head);
                recent.push(head);
            }
            let forgotten = recent.len().saturating_sub(bound);
            for head in &all {
                let kept = recent[forgotten..].contains(head);
                prop_assert_eq!(tree.find_head(&head.root), kept.then_some(*head));
            }
            prop_assert_eq!(tree.find_head(&[0; 32]), None);
        }
    }
}

#[test]
fn reopening_keeps_the_last_head_alone() {
    let storage = place();
    let tree = open(&storage, 1024);
    assert_eq!(tree.find_head(&[0; 32]), None, "an empty tree has no head");
    let (first, _) = tree.insert(leaf(0)).unwrap();
    let (second, _) = tree.insert(leaf(1)).unwrap();
    tree.close().unwrap();

    let tree = open(&storage, 1024);
    assert_eq!(tree.find_head(&first), None);
    assert_eq!(tree.find_head(&second), tree.head());
    tree.insert(leaf(2)).unwrap();
    assert_eq!(tree.find_head(&second).map(|head| head.size), Some(2));
    // A forgotten head can be looked up by its size, at any age.
    let old = tree.snapshot().snapshot_at(1).unwrap();
    assert_eq!(old.root(), Some(first));
}

/// A hash function under which trees of all sizes share few roots. Good for nothing else.
#[derive(Clone)]
struct FirstChild;

impl Hasher for FirstChild {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        children[0]
    }
}

#[test]
fn of_heads_with_one_root_the_newest_is_found() {
    let storage = place();
    let tree = open_with(FirstChild, &storage, 4);
    for number in 0..10 {
        tree.insert(leaf(number)).unwrap();
        let head = tree.find_head(&leaf(0)).unwrap();
        assert_eq!(head.size, number + 1);
    }
}

#[test]
fn a_head_is_found_before_it_is_durable_and_durable_size_tells() {
    let storage = place();
    let tree = open(&storage, 1024);
    let (root, token) = tree.insert(leaf(0)).unwrap();
    tree.insert(leaf(1)).unwrap();
    let head = tree.find_head(&root).unwrap();
    assert!(head.size > tree.durable_snapshot().size());
    token.wait().unwrap();
    assert_eq!(tree.find_head(&root), Some(head));
    assert!(head.size <= tree.durable_snapshot().size());
}

#[test]
fn closed_and_failed_trees_go_on_answering() {
    let storage = place();
    let tree = open(&storage, 1024);
    let (first, _) = tree.insert(leaf(0)).unwrap();
    let (second, _) = tree.insert(leaf(1)).unwrap();
    tree.clone().close().unwrap();
    assert!(tree.insert(leaf(2)).is_err());
    let sizes = [&first, &second].map(|root| tree.find_head(root).map(|head| head.size));
    assert_eq!(sizes, [Some(1), Some(2)]);

    let files = SimFiles::new();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    let tree = open(&storage, 1024);
    let (first, token) = tree.insert(leaf(0)).unwrap();
    token.wait().unwrap();
    let (second, token) = tree.insert(leaf(1)).unwrap();
    files.inject(Fault::new(0, Effect::Error(io::ErrorKind::StorageFull)).on(Call::Sync));
    assert!(matches!(token.wait(), Err(StorageError::FlushFailed(_))));
    assert!(tree.insert(leaf(2)).is_err());
    let durable = tree.durable_snapshot().size();
    assert!(
        tree.find_head(&first)
            .is_some_and(|head| head.size <= durable)
    );
    assert!(
        tree.find_head(&second)
            .is_some_and(|head| head.size > durable)
    );
}

/// A thread that has a root, from an insert or from a read, finds it, and a lookup finds no head
/// that readers do not see yet.
#[test]
fn a_root_that_anybody_has_seen_is_found_by_everybody() {
    let storage = place();
    // None of the three falls so far behind between seeing a root and looking for it.
    let tree = open(&storage, 1 << 16);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let inserters: Vec<_> = (0..2u64)
            .map(|thread| {
                let tree = &tree;
                scope.spawn(move || {
                    let mut roots = Vec::new();
                    for number in 0..3000u64 {
                        let leaves = reference::sample_leaves(thread << 32 | number, 2);
                        let token = if number % 2 == 0 {
                            tree.insert(leaves[0]).unwrap().1
                        } else {
                            tree.append(&leaves).submit().unwrap()
                        };
                        let head = token.head().unwrap();
                        assert_eq!(tree.find_head(&head.root), Some(head));
                        roots.push(head);
                    }
                    roots
                })
            })
            .collect();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0u64;
                    while seen == 0 || !done.load(Ordering::Acquire) {
                        let snapshot = tree.snapshot();
                        if let Some(head) = snapshot.head() {
                            assert_eq!(tree.find_head(&head.root), Some(head));
                            seen += 1;
                        }
                        assert_eq!(tree.find_head(&[7; 32]), None);
                    }
                    seen
                })
            })
            .collect();
        for inserter in inserters {
            for head in inserter.join().unwrap() {
                let found = tree.find_head(&head.root).unwrap();
                assert_eq!(found, head);
                assert!(found.size <= tree.size());
            }
        }
        done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}
