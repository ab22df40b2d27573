//! Readers of a writer that fell idle catch up on every backend, whether it has marks or not.

use std::{sync::Arc, thread, time::Duration};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    ReadOnly,
    storage::Storage,
    test_util::object::{ObjectStorage, ObjectStore},
};

use super::{by_hand, leaf, markless::Markless};

fn reader(storage: &Arc<dyn Storage>) -> ReadOnly<Blake3Hasher, 2, 32> {
    by_hand()
        .storage(Arc::clone(storage))
        .open_read_only(Blake3Hasher)
        .unwrap()
}

#[test]
fn a_backend_without_marks_gets_one_empty_group_when_its_writer_falls_idle() {
    let place = Markless::default();
    let storage: Arc<dyn Storage> = Arc::new(place.clone());
    let tree = by_hand()
        .storage(Arc::clone(&storage))
        .open(Blake3Hasher)
        .unwrap();
    let reader = reader(&storage);
    for size in 1..=3 {
        let before = place.syncs();
        tree.insert(leaf(size)).unwrap();
        tree.flush().unwrap();
        while reader.size() < size {
            thread::sleep(Duration::from_millis(5));
            reader.refresh().unwrap();
        }
        assert_eq!(place.syncs() - before, 2, "a group, and an empty one");
    }
    tree.close().unwrap();
}

#[test]
fn readers_show_at_once_what_is_durable_when_it_can_be_read() {
    let bucket = ObjectStore::new();
    let storage: Arc<dyn Storage> = Arc::new(ObjectStorage::new(bucket));
    let tree = by_hand()
        .storage(Arc::clone(&storage))
        .open(Blake3Hasher)
        .unwrap();
    let reader = reader(&storage);
    for size in 1..=5 {
        tree.insert(leaf(size)).unwrap();
        tree.flush().unwrap();
        assert!(reader.refresh().unwrap(), "nothing new at {size} leaves");
        assert_eq!(reader.head(), tree.head());
    }
    tree.close().unwrap();
}
