//! Inserts that fail behind the check of the index, and a lookup beside them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use rotortree_hasher::Hasher;
use rotortree_store::{Refusal, StorageError};

use super::*;

/// BLAKE3 that panics when it is told to.
#[derive(Clone, Default)]
struct Panicking(Arc<AtomicBool>);

impl Hasher for Panicking {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        assert!(!self.0.load(Ordering::Relaxed), "a planned panic");
        Blake3Hasher.hash_children(children)
    }
}

#[test]
fn leaves_of_an_insert_that_failed_are_not_found_and_may_come_again() {
    let index = LeafIndex::new(strict());
    let hasher = Panicking::default();
    let tree = RotorTree::<_, 2, 32>::on(Arc::new(MemoryStorage::new()))
        .insert_hook(index.hook())
        .open(hasher.clone())
        .unwrap();
    tree.insert_many(&leaves(0..100)).unwrap();
    for len in [1u64, 2, 70, 3000, 40_000] {
        let (first, batch) = (tree.size(), leaves((len << 32)..(len << 32) + len));
        hasher.0.store(true, Ordering::Relaxed);
        let failed = catch_unwind(AssertUnwindSafe(|| tree.insert_many(&batch)));
        assert!(failed.is_err());
        hasher.0.store(false, Ordering::Relaxed);
        assert_eq!(index.find(&batch[0]).unwrap(), None);
        let stats = index.stats().unwrap();
        assert_eq!((stats.leaves, stats.distinct), (first, first));
        // Another insert comes first.
        tree.insert(leaf(u64::MAX - len)).unwrap();
        assert_eq!(index.find(&batch[0]).unwrap(), None);
        tree.insert_many(&batch).unwrap();
        assert_eq!(index.find(&batch[0]).unwrap(), Some(first + 1));
        let stats = index.stats().unwrap();
        assert_eq!((stats.leaves, stats.distinct), (tree.size(), tree.size()));
    }
    index.verify().unwrap();
}

#[test]
fn an_insert_that_must_not_wait_leaves_nothing_behind() {
    let index = LeafIndex::new(strict());
    let tree = Tree::on(Arc::new(MemoryStorage::new()))
        .flush_policy(FlushPolicy::Manual)
        .max_unflushed_bytes(4096)
        .insert_hook(index.hook())
        .open(Blake3Hasher)
        .unwrap();
    let batch = leaves(0..1000);
    let refused = tree.try_insert_many(&batch);
    assert!(matches!(
        refused,
        Err(RotorTreeError::Storage(StorageError::WouldBlock))
    ));
    assert_eq!(index.find(&batch[0]).unwrap(), None);
    tree.insert_many(&batch).unwrap();
    assert!(matches!(
        tree.try_insert(batch[7]),
        Err(RotorTreeError::Refused(Refusal { position: 0, .. }))
    ));
    index.verify().unwrap();
}
