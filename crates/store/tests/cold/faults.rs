//! Storage that fails while it is read: an error value, and no harm done.

use std::{io, sync::Arc};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::{NodeSource, TreeError, reference::sample_leaves};
use rotortree_store::{
    StorageError,
    chunk::SHARD_CHUNKS,
    cold::{load_nodes, storage_error},
    storage::Reads,
};

use super::store::{Store, Tree, assert_nodes, expected, open_cold};

#[test]
fn a_failed_read_is_an_error_and_the_next_one_succeeds() {
    let leaves = sample_leaves(20, 128 * 130);
    let store = Store::of::<2>(&leaves).0;
    for (start, count) in [(0, 1), (130, 300), (0, 128 * 130)] {
        let mut operation = 0;
        loop {
            let cold = store.cold(Reads::Positioned);
            let mut nodes = vec![[0; 32]; count];
            store.place.fail_in(operation, io::ErrorKind::Other);
            let read = cold.read(0, start, &mut nodes);
            if store.place.take_failure() {
                read.unwrap();
                break;
            }
            let error = read.unwrap_err();
            assert!(
                matches!(error, TreeError::NodeUnavailable { level: 0, index, .. } if index >= start)
            );
            assert!(matches!(storage_error(error), StorageError::Io(_)));
            cold.read(0, start, &mut nodes).unwrap();
            assert_eq!(nodes, leaves[start as usize..start as usize + count]);
            operation += 1;
        }
        assert!(operation >= 2, "the chunk and its checksum");
    }
}

#[test]
fn opening_and_loading_fail_at_any_operation_with_an_error() {
    let leaves = sample_leaves(21, 128 * 130);
    let store = Store::of::<3>(&leaves).0;
    let mut operation = 0;
    loop {
        store.place.fail_in(operation, io::ErrorKind::Other);
        let opened = open_cold(&store.storage, &store.manifest, Reads::Positioned)
            .and_then(|cold| load_nodes(cold, &store.manifest, 1));
        if store.place.take_failure() {
            opened.unwrap();
            break;
        }
        assert!(matches!(opened, Err(StorageError::Io(_))), "{opened:?}");
        operation += 1;
    }
    assert!(operation > 5);
}

#[test]
fn extending_fails_at_any_operation_and_leaves_what_was_readable() {
    let leaves = sample_leaves(22, 128 * 300);
    let mut store = Store::with_shard_chunks(2, 128);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&leaves[..20_000]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let cold = store.cold(Reads::Mapped);
    tree.insert_many(&leaves[20_000..]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let mut operation = 0;
    let extended = loop {
        store.place.fail_in(operation, io::ErrorKind::Other);
        let extended = cold.extend(&store.manifest);
        if store.place.take_failure() {
            break extended.unwrap();
        }
        assert!(matches!(extended, Err(StorageError::Io(_))));
        let mut nodes = vec![[0; 32]; 156 * 128];
        cold.read(0, 0, &mut nodes).unwrap();
        assert_eq!(nodes, leaves[..156 * 128]);
        operation += 1;
    };
    assert!(operation > 3);
    tree.nodes_mut()
        .rebase(Arc::clone(&extended) as _, &extended.base_lens(usize::MAX));
    assert_nodes(&tree.snapshot(), &expected(2, &leaves, 128 * 300));
}

#[test]
fn a_storage_with_impossible_shards_is_refused() {
    for chunks in [0, 1, 127, 129, SHARD_CHUNKS + 128, u64::MAX] {
        let store = Store::with_shard_chunks(2, chunks);
        let refused = open_cold(&store.storage, &store.manifest, Reads::Mapped).unwrap_err();
        assert!(
            matches!(refused, StorageError::InvalidConfig(_)),
            "{refused}"
        );
    }
}
