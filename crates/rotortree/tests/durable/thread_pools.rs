//! Inserting from inside the caller's rayon pool. A worker that waits runs other closures, which
//! may want the same tree: with the feature `parallel`, which hashes large batches on a pool, none
//! of this may ever wait for itself.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
};

use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use crate::support::{PATIENCE, Tree, leaf, leaves, open};

/// Large enough to be hashed on several threads where the crate does so.
const LARGE: u64 = 40_000;

/// Runs `work` in pools of one thread and of several, on a tree of its own each; it returns how
/// many leaves it inserted.
fn in_pools(work: impl Fn(&Tree<4>) -> u64 + Sync) {
    for threads in [1, 2, 4] {
        let dir = tempfile::tempdir().unwrap();
        let tree = open::<4>(dir.path());
        let inserted = pool(threads).install(|| work(&tree));
        let head = tree.head().unwrap();
        assert_eq!(head.size, inserted, "in a pool of {threads}");
        tree.verify().unwrap();
        tree.close().unwrap();
        assert_eq!(open::<4>(dir.path()).head(), Some(head));
    }
}

/// Fails instead of hanging.
pub(crate) fn ends(work: impl FnOnce() + Send + 'static) {
    let (sender, done) = mpsc::channel();
    thread::spawn(move || {
        work();
        sender.send(()).unwrap();
    });
    match done.recv_timeout(PATIENCE) {
        Ok(()) => {}
        Err(RecvTimeoutError::Disconnected) => panic!("the work failed"),
        Err(RecvTimeoutError::Timeout) => panic!("the work does not end"),
    }
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

/// Every kind of insert; how many leaves that was.
fn insert_somehow(tree: &Tree<4>, kind: u64, batch: &[[u8; 32]]) -> u64 {
    match kind % 4 {
        0 => {
            tree.insert_many(batch).unwrap();
            batch.len() as u64
        }
        1 => {
            tree.insert_durable(leaf(kind)).unwrap();
            1
        }
        2 => {
            tree.insert(leaf(kind)).unwrap().1.wait().unwrap();
            tree.checkpoint().unwrap();
            1
        }
        _ => (0..100u64)
            .into_par_iter()
            .map(|k| tree.insert(leaf(k)).map(|_| 1).unwrap())
            .sum(),
    }
}

#[test]
fn inserting_from_inside_par_iter_ends() {
    let batch = leaves(0..LARGE);
    in_pools(|tree| {
        (0..16u64)
            .into_par_iter()
            .map(|kind| insert_somehow(tree, kind, &batch))
            .sum()
    });
}

#[test]
fn inserting_from_both_sides_of_a_join_ends() {
    fn halve(tree: &Tree<4>, kinds: std::ops::Range<u64>, batch: &[[u8; 32]]) -> u64 {
        if kinds.end - kinds.start == 1 {
            return insert_somehow(tree, kinds.start, batch);
        }
        let middle = u64::midpoint(kinds.start, kinds.end);
        let (left, right) = rayon::join(
            || halve(tree, kinds.start..middle, batch),
            || halve(tree, middle..kinds.end, batch),
        );
        left + right
    }
    let batch = leaves(0..LARGE);
    in_pools(|tree| halve(tree, 0..8, &batch));
}

#[test]
fn inserting_from_tasks_of_a_scope_ends() {
    let batch = leaves(0..LARGE);
    in_pools(|tree| {
        let inserted = AtomicU64::new(0);
        rayon::scope(|scope| {
            for kind in 0..8 {
                let (inserted, batch) = (&inserted, &batch);
                scope.spawn(move |_| {
                    inserted.fetch_add(insert_somehow(tree, kind, batch), Ordering::Relaxed);
                });
            }
            inserted.fetch_add(insert_somehow(tree, 0, &batch), Ordering::Relaxed);
        });
        inserted.into_inner()
    });
}

/// The pool that everything shares, as programs use it that never build one.
#[test]
fn inserting_from_the_global_pool_ends() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    let batch = leaves(0..LARGE);
    let inserted: u64 = (0..8u64)
        .into_par_iter()
        .map(|kind| insert_somehow(&tree, kind, &batch))
        .sum();
    assert_eq!(tree.size(), inserted);
    tree.verify().unwrap();
}
