//! Forks while the parent's threads insert, flush, checkpoint, read and start others: no child
//! waits for a lock that one of them held.

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use rotortree::{Blake3Hasher, CheckpointPolicy, FlushPolicy, LeanIMT, Reads, RotorTreeConfig};

use crate::{
    common::{Tree, leaves, quiet},
    forked::{Ending, fork},
    threads,
    use_in_child::{
        a_reader_goes_on, a_tree_of_its_own_works, every_write_is_refused, the_directory_is_taken,
    },
};

/// Children, one after another; each takes some 40 ms, and more as the tree grows.
const FORKS: usize = 150;
/// Children that have a tree of their own, besides.
const OWN_TREES: usize = 15;
/// Children that are forked for each of them at most: in some no thread starts, which is not the
/// product's doing.
const TRIES: usize = 20;

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
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("tree");
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(FlushPolicy::MIN_INTERVAL),
        checkpoint_policy: CheckpointPolicy::EveryNEntries(20),
        ..RotorTreeConfig::new(&dir)
    };
    let builder = || Tree::<4>::builder(config.clone()).segment_bytes(1 << 16);
    let tree = builder().open(Blake3Hasher).unwrap();
    let reader = builder().reads(Reads::Positioned);
    let reader = &reader.open_read_only(Blake3Hasher).unwrap();
    let mut without_threads = 0;
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
        // So that children are forked while a thread starts or ends.
        scope.spawn(|| {
            while goes_on() {
                thread::spawn(|| ()).join().unwrap();
            }
        });
        scope.spawn(|| {
            while goes_on() {
                reader.refresh().unwrap();
                let snapshot = reader.snapshot();
                if snapshot.size() > 0 {
                    snapshot.generate_proof(0).unwrap();
                }
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
                the_directory_is_taken(&dir, &durable);
                drop((tree, token));
                a_reader_goes_on(reader);
            });
            child.ends_well();
        }
        for number in 0..OWN_TREES {
            let worked = place.path().join(format!("worked-{number}"));
            let tries = (0..TRIES).find(|_| {
                let child = fork(Ending::AtOnce, || {
                    // A hang after this is a fault of the product.
                    if threads::can_start() {
                        a_tree_of_its_own_works::<2>();
                        fs::write(&worked, []).unwrap();
                    }
                });
                child.ends_well();
                worked.exists()
            });
            without_threads += tries.expect("no thread starts in any child");
        }
    });
    let head = tree.head().unwrap();
    println!(
        "{FORKS} forks beside {} checkpoints and {} leaves, then {OWN_TREES} with trees of their own and {without_threads} in which no \
         thread started",
        checkpoints.load(Ordering::Relaxed),
        head.size
    );
    assert!(tree.failure().is_none());
    tree.close().unwrap();

    let again = Tree::<4>::open(Blake3Hasher, quiet(&dir)).unwrap();
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
