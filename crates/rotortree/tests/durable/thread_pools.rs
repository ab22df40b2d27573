//! Inserting from inside the caller's rayon pool. A worker that waits runs other closures, which may want the same tree.

use rayon::prelude::*;

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use rotortree::{Keccak256Hasher, RotorTree};

use crate::support::{PATIENCE, leaf, leaves, open, quiet};

/// Large enough to be hashed on several threads where the crate does so.
const LARGE: u64 = 40_000;
/// Large enough for a tree in memory to be hashed on several threads, too small for the crate's own pool.
const MIDDLING: u64 = 16_000;
/// So many rounds have always hung where such a batch was hashed on the pool of whoever inserts it.
const ROUNDS: u64 = 50;
const INSERTS: u64 = 8;

#[test]
fn inserting_large_batches_from_inside_par_iter_ends() {
    ends(insert_from_inside);
}

/// A worker that waits for its share of a batch takes what another, busy worker has left lying: here that is always an insert.
#[cfg(feature = "keccak")]
#[test]
fn inserting_middling_batches_beside_inserts_that_wait_to_be_stolen_ends() {
    ends(|| {
        let dir = tempfile::tempdir().unwrap();
        // Slow enough for others to take a share.
        let tree =
            RotorTree::<Keccak256Hasher, 2, 32>::open(Keccak256Hasher::new(), quiet(dir.path()))
                .unwrap();
        let batch = leaves(0..MIDDLING);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(6)
            .build()
            .unwrap();
        for _ in 0..ROUNDS {
            pool.scope(|scope| {
                scope.spawn(|_| {
                    // By now the others are at their shares of the batch.
                    thread::sleep(Duration::from_millis(1));
                    rayon::scope(|inner| {
                        for _ in 0..INSERTS {
                            inner.spawn(|_| drop(tree.insert(leaf(0)).unwrap()));
                        }
                        thread::sleep(Duration::from_millis(3));
                    });
                });
                scope.spawn(|_| drop(tree.insert_many(&batch).unwrap()));
            });
        }
        assert_eq!(tree.size(), ROUNDS * (MIDDLING + INSERTS));
    });
}

/// Fails instead of hanging.
fn ends(work: impl FnOnce() + Send + 'static) {
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

fn insert_from_inside() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    let batch = leaves(0..LARGE);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(4)
        .build()
        .unwrap();
    pool.install(|| {
        (0..32u64).into_par_iter().for_each(|k| match k % 4 {
            0 => drop(tree.insert_many(&batch).unwrap()),
            1 => drop(tree.insert_durable(leaf(k)).unwrap()),
            2 => {
                tree.insert(leaf(k)).unwrap().1.wait().unwrap();
                tree.checkpoint().unwrap();
            }
            _ => (0..100u64)
                .into_par_iter()
                .for_each(|k| drop(tree.insert(leaf(k)).unwrap())),
        });
    });
    let head = tree.head().unwrap();
    assert_eq!(head.size, 8 * (LARGE + 1 + 1 + 100));
    tree.verify().unwrap();
    tree.close().unwrap();
    assert_eq!(open::<4>(dir.path()).head(), Some(head));
}
