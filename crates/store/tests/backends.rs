//! The storage backends, each held to the whole contract.

use rotortree_store::{
    file_layer::OsFiles, fs::FsStorage, memory::MemoryStorage, test_util::conformance,
};

/// Small enough that the suite crosses shards.
const SHARD_CHUNKS: u64 = 1024;

#[test]
fn files_keep_the_contract() {
    conformance::run(|| {
        let dir = tempfile::tempdir().unwrap();
        move || FsStorage::with_shard_chunks(OsFiles, dir.path().join("tree"), SHARD_CHUNKS)
    });
}

#[test]
fn files_in_a_directory_that_exists_keep_the_contract() {
    conformance::run(|| {
        let dir = tempfile::tempdir().unwrap();
        move || FsStorage::new(dir.path())
    });
}

#[test]
fn memory_keeps_the_contract() {
    conformance::run(|| {
        let place = MemoryStorage::with_shard_chunks(SHARD_CHUNKS);
        move || place.clone()
    });
}
