//! A real process that has no file descriptor left for a while: at an idle tree's next insert,
//! through rotations, at a checkpoint. Row 17 of `docs/durability/faults.md`. The limit
//! is the process's own, so that each test runs in a process of its own.

use std::{env, fs::File, process::Command, sync::Arc, thread, time::Duration};

use crate::builder::{Builder, unset};
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTree, Runtime, StorageError, fs::FsStorage,
};

type Tree = RotorTree<Blake3Hasher, 2, 32>;

const CHILD: &str = "ROTORTREE_DESCRIPTORS_CHILD";

/// Runs `work` in a process of its own that may have 64 descriptors: this test program, once more,
/// with this test alone.
fn in_a_process(test: &str, work: impl FnOnce()) {
    if env::var_os(CHILD).is_some() {
        work();
        return;
    }
    let exe = env::current_exe().unwrap();
    let mut child = Command::new("sh");
    child
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(exe)
        .args(["--exact", &format!("descriptors::{test}"), "--nocapture"])
        .env(CHILD, "1");
    let output = child.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

/// Takes every descriptor that this process may have, or all but `left`.
fn take_all(left: usize) -> Vec<File> {
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    assert!((20..64).contains(&taken.len()), "the limit does not bind");
    taken.truncate(taken.len() - left);
    taken
}

fn leaf(index: u64) -> rotortree_hasher::Hash {
    reference::sample_leaves(index, 1)[0]
}

fn config() -> Builder {
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .segment_bytes(4096)
        .runtime(&Runtime::new())
}

fn open(dir: &tempfile::TempDir) -> Tree {
    let storage = Arc::new(FsStorage::new(dir.path().join("tree")));
    config().storage(storage).open(Blake3Hasher).unwrap()
}

fn insert(tree: &Tree, leaves: u64) -> Result<(), StorageError> {
    let size = tree.size();
    (size..size + leaves).try_for_each(|index| tree.insert(leaf(index)).unwrap().1.wait())
}

/// Waits until the tree has closed its segment's file, right behind the mark that makes the segment
/// so many sectors long.
fn fall_idle(tree: &Tree, sectors: u64) {
    while tree.stats().log_segment_bytes < sectors * 512 {
        thread::sleep(Duration::from_millis(5));
    }
}

fn assert_whole(tree: Tree, dir: &tempfile::TempDir) {
    assert!(tree.failure().is_none(), "{:?}", tree.failure());
    let head = tree.head();
    tree.close().unwrap();
    let tree = open(dir);
    assert_eq!(tree.head(), head);
    tree.close().unwrap();
}

#[test]
fn an_idle_tree_writes_with_the_descriptor_in_reserve() {
    in_a_process("an_idle_tree_writes_with_the_descriptor_in_reserve", || {
        let dir = tempfile::tempdir().unwrap();
        let tree = open(&dir);
        insert(&tree, 1).unwrap();
        // The header, a group, the mark.
        fall_idle(&tree, 3);
        let taken = take_all(0);
        // Each time it falls idle the reserve is filled again with what it closes.
        for time in 1..=2 {
            insert(&tree, 1).unwrap();
            fall_idle(&tree, 3 + 2 * time);
        }
        drop(taken);
        insert(&tree, 1).unwrap();
        assert_whole(tree, &dir);
    });
}

#[test]
fn a_rotation_that_finds_no_descriptor_fails_nothing_and_is_made_later() {
    in_a_process(
        "a_rotation_that_finds_no_descriptor_fails_nothing_and_is_made_later",
        || {
            let dir = tempfile::tempdir().unwrap();
            let tree = open(&dir);
            insert(&tree, 1).unwrap();
            for left in 0..4 {
                let taken = take_all(left);
                // Groups go on into the segment that should have ended.
                insert(&tree, 20).unwrap();
                assert!(tree.failure().is_none(), "{:?}", tree.failure());
                drop(taken);
            }
            assert!(tree.stats().unavailable > 0, "a rotation was wanting");
            let before = tree.stats().rotations;
            insert(&tree, 10).unwrap();
            assert!(tree.stats().rotations > before);
            assert!(tree.stats().unavailable_error.is_none());
            assert_whole(tree, &dir);
        },
    );
}

#[test]
fn several_trees_share_one_reserve_and_none_fails() {
    in_a_process("several_trees_share_one_reserve_and_none_fails", || {
        let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let runtime = Runtime::new();
        let open = |dir: &tempfile::TempDir| {
            let storage = Arc::new(FsStorage::new(dir.path().join("tree")));
            let config = config().runtime(&runtime);
            config.storage(storage).open(Blake3Hasher).unwrap()
        };
        let trees: Vec<Tree> = dirs.iter().map(open).collect();
        for tree in &trees {
            insert(tree, 1).unwrap();
            fall_idle(tree, 3);
        }
        let taken = take_all(0);
        let outcomes: Vec<_> = trees.iter().map(|tree| insert(tree, 1)).collect();
        // One of them had the descriptor, the others are told and keep what waits.
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        for outcome in outcomes {
            assert!(
                matches!(outcome, Ok(()) | Err(StorageError::Unavailable(_))),
                "{outcome:?}"
            );
        }
        drop(taken);
        for (tree, dir) in trees.into_iter().zip(&dirs) {
            tree.flush().unwrap();
            assert_eq!(tree.durable_snapshot().size(), 2);
            assert_whole(tree, dir);
        }
    });
}

#[test]
fn a_checkpoint_without_descriptors_fails_alone() {
    in_a_process("a_checkpoint_without_descriptors_fails_alone", || {
        let dir = tempfile::tempdir().unwrap();
        let tree = open(&dir);
        insert(&tree, 1).unwrap();
        let leaves: Vec<_> = (1..2000).map(leaf).collect();
        tree.append(&leaves).submit().unwrap();
        for left in 0..8 {
            let taken = take_all(left);
            match tree.checkpoint() {
                Ok(()) => assert!(left > 0, "chunks were written without a descriptor"),
                Err(error) => {
                    assert!(
                        matches!(error, StorageError::CheckpointFailed(_)),
                        "{error}"
                    );
                }
            }
            insert(&tree, 3).unwrap();
            assert!(tree.failure().is_none(), "{:?}", tree.failure());
            drop(taken);
        }
        tree.checkpoint().unwrap();
        assert_eq!(tree.stats().checkpointed_size, tree.size());
        assert_whole(tree, &dir);
    });
}
