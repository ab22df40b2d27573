//! Threads that insert the same leaves, look them up and save, all at once.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use super::*;

#[test]
fn of_many_threads_that_insert_one_leaf_one_succeeds() {
    const LEAVES: u64 = 3000;
    let directory = tempfile::tempdir().unwrap();
    let options = in_file(directory.path()).refuse_duplicates(true);
    let (tree, index) = open_on(Arc::new(MemoryStorage::new()), options).unwrap();
    let taken = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..4u64 {
            let (tree, index, taken) = (&tree, &index, &taken);
            scope.spawn(move || {
                for number in 0..LEAVES {
                    // Each thread has an order of its own.
                    let number = (number * (2 * thread + 1)) % LEAVES;
                    let (leaf, before) = (leaf(number), tree.size());
                    match tree.insert(leaf) {
                        Ok((_, token)) => {
                            taken.fetch_add(1, Ordering::Relaxed);
                            let index = index.find(&leaf).unwrap();
                            assert_eq!(index, Some(token.leaf_range().start));
                        }
                        Err(RotorTreeError::Refused(_)) => {
                            assert!(index.contains(&leaf).unwrap(), "readers see what refuses");
                        }
                        Err(error) => panic!("{error}"),
                    }
                    // A snapshot taken after a lookup has the leaf.
                    let place = index.find(&leaf).unwrap().unwrap();
                    assert_eq!(tree.snapshot().get_leaf(place).unwrap(), leaf);
                    assert!(before <= tree.size());
                }
            });
        }
        let (tree, index) = (&tree, &index);
        scope.spawn(move || {
            for _ in 0..20 {
                tree.flush().unwrap();
                index.save().unwrap();
                assert!(index.stats().unwrap().leaves <= LEAVES);
            }
        });
    });
    assert_eq!((taken.into_inner(), tree.size()), (LEAVES, LEAVES));
    index.verify().unwrap();
}
