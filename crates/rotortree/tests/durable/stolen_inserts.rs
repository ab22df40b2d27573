//! A batch inserted on a worker of the caller's rayon pool, beside queued inserts of other workers.

use std::{thread, time::Duration};

use rotortree::{Keccak256Hasher, RotorTree};

use crate::{
    support::{leaf, leaves, quiet},
    thread_pools::ends,
};

/// Both large enough for a tree in memory to be hashed on several threads; one is too small for the
/// crate's own pool, one is hashed there.
const BATCHES: [u64; 2] = [16_000, 20_000];
/// Rounds with each. It hung within so many rounds when such a batch was hashed on the inserting
/// thread's pool.
const ROUNDS: usize = 50;
const INSERTS: u64 = 8;

/// A worker that waits for its share of a batch steals queued work of another worker: here that is
/// always an insert.
#[test]
fn inserting_batches_beside_inserts_that_wait_to_be_stolen_ends() {
    ends(|| {
        let dir = tempfile::tempdir().unwrap();
        // Slow enough for others to take a share.
        let tree =
            RotorTree::<Keccak256Hasher, 2, 32>::open(Keccak256Hasher::new(), quiet(dir.path()))
                .unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(6)
            .build()
            .unwrap();
        let batches = BATCHES.map(|size| leaves(0..size));
        for round in 0..ROUNDS * BATCHES.len() {
            let batch = &batches[round % BATCHES.len()];
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
                scope.spawn(|_| drop(tree.insert_many(batch).unwrap()));
            });
        }
        assert_eq!(
            tree.size(),
            ROUNDS as u64 * BATCHES.map(|size| size + INSERTS).iter().sum::<u64>()
        );
    });
}
