//! The storage backends, each held to the whole contract.

use rotortree_store::{
    file_layer::OsFiles,
    fs::FsStorage,
    memory::MemoryStorage,
    test_util::{
        conformance,
        object::{Loss, ObjectStorage, ObjectStore},
        watchdog::limit_this_process,
    },
};

/// Small enough that the suite crosses shards.
const SHARD_CHUNKS: u64 = 1024;

#[test]
fn files_keep_the_contract() {
    limit_this_process();
    conformance::run(|| {
        let dir = tempfile::tempdir().unwrap();
        move || FsStorage::with_shard_chunks(OsFiles, dir.path().join("tree"), SHARD_CHUNKS)
    });
}

#[test]
fn files_in_a_directory_that_exists_keep_the_contract() {
    limit_this_process();
    conformance::run(|| {
        let dir = tempfile::tempdir().unwrap();
        move || FsStorage::new(dir.path())
    });
}

#[test]
fn memory_keeps_the_contract() {
    limit_this_process();
    conformance::run(|| {
        let place = MemoryStorage::with_shard_chunks(SHARD_CHUNKS);
        move || place.clone()
    });
}

#[test]
fn objects_keep_the_contract() {
    limit_this_process();
    conformance::run(|| {
        let bucket = ObjectStore::new();
        move || ObjectStorage::with_shard_chunks(bucket.clone(), SHARD_CHUNKS)
    });
}

#[test]
fn objects_keep_the_contract_when_responses_and_requests_are_lost() {
    limit_this_process();
    for loss in [Loss::Response, Loss::Request] {
        conformance::run(|| {
            let bucket = ObjectStore::new();
            bucket.lose_every(Some((3, loss)));
            move || ObjectStorage::with_shard_chunks(bucket.clone(), SHARD_CHUNKS)
        });
    }
}
