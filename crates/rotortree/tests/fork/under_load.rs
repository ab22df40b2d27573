//! Forks while the parent's threads insert, flush and checkpoint: whatever lock one of them held, no child waits for it.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use rotortree::{Blake3Hasher, CheckpointPolicy, FlushPolicy, LeanIMT, RotorTreeConfig};

use crate::{
    common::{Tree, leaves, quiet},
    forked::{Ending, fork},
    use_in_child::{a_tree_of_its_own_works, every_write_is_refused, the_directory_is_taken},
};

/// Children, one after another; each takes some 40 ms, and more as the tree grows.
const FORKS: usize = 150;

#[test]
fn no_child_of_a_busy_process_hangs_or_changes_its_parents_tree() {
    let rounds = std::env::var("ROTORTREE_FORK_ROUNDS").map_or(1, |text| text.parse().unwrap());
    for _ in 0..rounds {
        fork_beside_threads();
    }
}

/// With a tree of its own.
#[expect(
    clippy::print_stdout,
    reason = "how much went on beside the forks is worth a line"
)]
fn fork_beside_threads() {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(FlushPolicy::MIN_INTERVAL),
        checkpoint_policy: CheckpointPolicy::EveryNEntries(20),
        ..RotorTreeConfig::new(dir.path())
    };
    let tree = Tree::<4>::builder(config)
        .segment_bytes(1 << 16)
        .open(Blake3Hasher)
        .unwrap();
    let over = AtomicBool::new(false);
    let checkpoints = AtomicU64::new(0);
    let goes_on = || !over.load(Ordering::Relaxed);
    thread::scope(|scope| {
        // Ends the threads also when an assertion below fails.
        let _ends = Ends(&over);
        scope.spawn(|| {
            let mut size = 0;
            while goes_on() {
                let count = 1 + size % 40;
                tree.append_at(size, &leaves(size..size + count)).unwrap();
                size += count;
                thread::sleep(Duration::from_micros(500));
            }
        });
        scope.spawn(|| {
            while goes_on() {
                tree.flush().unwrap();
            }
        });
        scope.spawn(|| {
            while goes_on() {
                tree.checkpoint().unwrap();
                checkpoints.fetch_add(1, Ordering::Relaxed);
                // Looks at everything that a lock guards.
                std::hint::black_box(tree.stats());
            }
        });
        // Its token is durable soon, so every child has one of its own.
        for round in 0..FORKS {
            let token = tree.insert_many_with_metadata(&[], b"a fork").unwrap().1;
            let durable = tree.durable_snapshot();
            // All that the child has of the tree, but for what this process's threads held.
            let mut held = Some((tree.clone(), token));
            let ending = [Ending::AtOnce, Ending::Killed][round % 2];
            let child = fork(ending, || {
                let (tree, token) = held.take().unwrap();
                every_write_is_refused(&tree, &token);
                the_directory_is_taken(dir.path(), &durable);
                drop((tree, token));
                if round % 10 == 0 {
                    a_tree_of_its_own_works::<2>();
                }
            });
            child.ends_well();
        }
    });
    let head = tree.head().unwrap();
    println!(
        "{FORKS} forks beside {} checkpoints and {} leaves",
        checkpoints.load(Ordering::Relaxed),
        head.size
    );
    assert!(tree.failure().is_none());
    tree.close().unwrap();

    let again = Tree::<4>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    assert_eq!(again.recovery_report().damage, None);
    let mut expected = LeanIMT::<_, 4, 32>::new(Blake3Hasher);
    expected.insert_many(&leaves(0..head.size)).unwrap();
    assert_eq!(again.head(), Some(head));
    assert_eq!(again.head(), expected.head());
    again.verify().unwrap();
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
