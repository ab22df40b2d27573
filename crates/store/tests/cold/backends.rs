//! The same through the real backends, and their errors for damage.

use std::{fs, path::Path, sync::Arc};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::{NodeSource, reference::sample_leaves};
use rotortree_store::{
    StorageError,
    cold::{ColdNodes, storage_error},
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
            cold = cold.extend(&store.manifest).unwrap();
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
        fs::write(&chunks, &intact).unwrap();

        let full = [
            (chunks, 128 * 128),
            (place.join("levels/00/000000.sums"), 0),
        ];
        for (file, node) in &full {
            let intact = fs::read(file).unwrap();
            let cold = store.cold(reads);
            fs::remove_file(file).unwrap();
            assert_told_at_first_use(&cold, file, *node);
            for len in [0, intact.len() - 1] {
                fs::write(file, &intact[..len]).unwrap();
                assert_told_at_first_use(&cold, file, *node);
                assert_told_at_first_use(&store.cold(reads), file, *node);
            }
            fs::write(file, &intact).unwrap();
            cold.check_all(&mut |_| {}).unwrap();
        }
        let last = place.join("levels/00/000002.chunks");
        let intact = fs::read(&last).unwrap();
        for len in [0, intact.len() - 1] {
            fs::write(&last, &intact[..len]).unwrap();
            let opened = open_cold(&store.storage, &store.manifest, reads);
            assert_told(&opened.unwrap_err(), &last);
        }
        fs::write(&last, &intact).unwrap();
    }
}

/// The missing part of a full shard is damage, told by its name when a node is read and by a check
/// of everything.
fn assert_told_at_first_use(cold: &ColdNodes, file: &Path, node: u64) {
    let read = cold.read(0, node, &mut [[0; 32]]);
    assert_told(&storage_error(read.unwrap_err()), file);
    assert!(cold.view(0, node, 1).is_none());
    assert_told(&cold.check_all(&mut |_| {}).unwrap_err(), file);
    // The other shards are served.
    cold.read(0, 256 * 128, &mut [[0; 32]]).unwrap();
}

/// Damage, whose message names the file.
fn assert_told(error: &StorageError, file: &Path) {
    assert!(
        matches!(error, StorageError::DataCorruption { .. }),
        "{error}"
    );
    let told = error.to_string();
    assert!(
        told.contains(&*file.to_string_lossy()) && told.contains("backup"),
        "{told}"
    );
}
