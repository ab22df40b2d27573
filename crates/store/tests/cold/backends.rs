//! The same through the real backends, and their errors for damage.

use std::{fs, sync::Arc};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_store::{
    StorageError,
    cold::storage_error,
    file_layer::OsFiles,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::{Reads, Storage},
    test_util::object::{ObjectStorage, ObjectStore},
};

use super::store::{Store, Tree, assert_nodes, expected, open_cold};

/// The smallest shards there are: one sector of checksums, 16,384 leaves.
const SHARD_CHUNKS: u64 = 128;

fn grows_through(storage: Arc<dyn Storage>) -> Store {
    let leaves = sample_leaves(40, 40_000);
    let owner = storage.acquire().unwrap();
    let mut store = Store::on(2, storage);
    for reads in [Reads::Mapped, Reads::Positioned] {
        let mut tree = Tree::<2>::new(ToyHasher::new());
        let mut cold = store.cold(reads);
        let first = if store.manifest.size == 0 {
            130
        } else {
            32_800
        };
        for size in [first, first + 1, first + 300, first + 7_000] {
            if tree.size() < store.manifest.size {
                tree = store.reopen(ToyHasher::new(), reads, usize::MAX);
            }
            tree.insert_many(&leaves[tree.size() as usize..size])
                .unwrap();
            let before = tree.snapshot();
            store.checkpoint(&before).unwrap();
            cold = cold.extend(&store.storage, &store.manifest).unwrap();
            tree.nodes_mut()
                .rebase(Arc::clone(&cold) as _, &cold.base_lens(usize::MAX));
            let nodes = expected(2, &leaves, size as u64);
            assert_nodes(&tree.snapshot(), &nodes);
            assert_nodes(&before, &nodes);
            for reads in [Reads::Mapped, Reads::Positioned] {
                for pin in [0, usize::MAX] {
                    let reopened = store.reopen::<2, _>(ToyHasher::new(), reads, pin);
                    assert_nodes(&reopened.snapshot(), &nodes);
                }
            }
        }
    }
    drop(owner);
    store
}

#[test]
fn in_memory() {
    grows_through(Arc::new(MemoryStorage::with_shard_chunks(SHARD_CHUNKS)));
}

#[test]
fn in_an_object_store() {
    let bucket = ObjectStore::new();
    grows_through(Arc::new(ObjectStorage::with_shard_chunks(
        bucket,
        SHARD_CHUNKS,
    )));
}

#[test]
fn in_files_and_what_damaged_files_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("tree");
    let storage = FsStorage::with_shard_chunks(OsFiles, &place, SHARD_CHUNKS);
    let store = grows_through(Arc::new(storage));
    for reads in [Reads::Mapped, Reads::Positioned] {
        let chunks = place.join("levels/00/000001.chunks");
        let intact = fs::read(&chunks).unwrap();
        let mut damaged = intact.clone();
        damaged[3 * 4096 + 100] ^= 0x10;
        fs::write(&chunks, &damaged).unwrap();
        let tree = store.reopen::<2, _>(ToyHasher::new(), reads, usize::MAX);
        let refused = tree.snapshot().get_node(0, (128 + 3) * 128).unwrap_err();
        match storage_error(refused) {
            StorageError::CrcMismatch { file, offset, .. } => {
                assert_eq!(file, chunks.to_string_lossy());
                assert_eq!(offset, 3 * 4096);
            }
            other => panic!("{other}"),
        }
        drop(tree);

        fs::write(&chunks, &intact[..intact.len() - 1]).unwrap();
        assert_told(&store, reads, "000001.chunks");
        fs::remove_file(&chunks).unwrap();
        assert_told(&store, reads, "000001.chunks");
        fs::write(&chunks, &intact).unwrap();

        let sums = place.join("levels/00/000000.sums");
        let intact = fs::read(&sums).unwrap();
        fs::remove_file(&sums).unwrap();
        assert_told(&store, reads, "000000.sums");
        fs::write(&sums, &intact).unwrap();
        store.cold(reads).check_all(&mut |_| {}).unwrap();
    }
}

/// Opening fails, as damage, and the message names the file.
fn assert_told(store: &Store, reads: Reads, name: &str) {
    match open_cold(&store.storage, &store.manifest, reads) {
        Err(error @ StorageError::DataCorruption { .. }) => {
            let told = error.to_string();
            assert!(told.contains(name) && told.contains("backup"), "{told}");
        }
        other => panic!("{name}: {other:?}"),
    }
}
