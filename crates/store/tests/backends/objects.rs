//! The object-store backend where object stores differ from files: lost answers, stalled
//! owners, no listing.

use std::{
    io,
    time::{Duration, Instant},
};

use rotortree_store::{
    StorageError,
    chunk::CHUNK_BYTES,
    storage::{Ownership, Place, Reads, Shard, Storage, Stream, WriteError},
    test_util::object::{Loss, ObjectStorage, ObjectStore},
};

/// Opens and works as an engine does, and returns the written bytes.
const CHUNKS: Shard = Shard {
    stream: Stream::Chunks,
    level: 0,
    index: 0,
};

fn work(storage: &ObjectStorage) -> Result<Box<dyn Ownership>, StorageError> {
    let owner = storage.acquire()?;
    storage.create_segment(1, &[1; 512])?;
    commit(storage, 0)?;
    steadily(storage)?;
    Ok(owner)
}

/// The calls between opening and closing.
fn steadily(storage: &ObjectStorage) -> Result<(), StorageError> {
    for group in 1..4 {
        storage.commit_group(1, group * 512, &[group as u8; 512])?;
    }
    let mut units = storage.start_units(&[])?;
    units.put(CHUNKS, 0, &[9; 2 * CHUNK_BYTES])?;
    let locator = units.finish()?;
    storage.create_segment(2, &[2; 512])?;
    commit(storage, 1)?;
    storage.remove_segment(1)?;
    storage.region(&locator, CHUNKS, 2, Reads::Mapped)?;
    storage.commit_group(2, 512, &[3; 512])?;
    Ok(())
}

fn commit(storage: &ObjectStorage, generation: u64) -> Result<(), StorageError> {
    storage
        .commit_manifest(generation, &[generation as u8; 100])
        .map_err(|error| match error {
            WriteError::NotWritten(error)
            | WriteError::Fenced(error)
            | WriteError::InDoubt(error) => error.into(),
        })
}

fn expect_work(bucket: &ObjectStore) {
    let storage = ObjectStorage::new(bucket.clone());
    assert_eq!(storage.inspect().expect("inspect works"), Place::Occupied);
    assert_eq!(storage.list_segments().expect("listing works"), [2]);
    let manifest = storage.load_manifest().expect("loading works");
    assert_eq!(manifest, Some(vec![1; 100]));
    let mut segment = storage.read_segment(2).expect("the segment is there");
    let mut bytes = [0; 1024];
    segment
        .read_at(0, &mut bytes)
        .expect("its bytes can be read");
    assert_eq!(bytes, [[2; 512], [3; 512]].concat()[..]);
}

#[test]
fn any_single_request_or_response_may_be_lost() {
    for loss in [Loss::Request, Loss::Response] {
        let mut number = 0;
        loop {
            let bucket = ObjectStore::new();
            bucket.lose(number, loss);
            let storage = ObjectStorage::new(bucket.clone());
            let owner = work(&storage).unwrap();
            let requests = bucket.requests();
            drop(owner);
            expect_work(&bucket);
            number += 1;
            if number > requests.puts + requests.gets + requests.deletes + requests.lists {
                break;
            }
        }
        assert!(number > 20, "the work takes more than {number} requests");
    }
}

#[test]
fn a_bucket_that_stops_answering_is_an_error_and_never_a_wrong_answer() {
    let bucket = ObjectStore::new();
    let storage = ObjectStorage::new(bucket.clone());
    let _owner = storage.acquire().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    commit(&storage, 0).unwrap();
    bucket.lose_every(Some((1, Loss::Response)));
    let group = storage.commit_group(1, 512, &[2; 512]).unwrap_err();
    assert!(matches!(group, WriteError::InDoubt(_)));
    assert_eq!(group.as_io().kind(), io::ErrorKind::TimedOut);
    let manifest = storage.commit_manifest(1, b"new").unwrap_err();
    assert!(matches!(manifest, WriteError::NotWritten(_)));
    bucket.lose_every(None);
    // The group took effect; committing it once more finds it.
    storage.commit_group(1, 512, &[2; 512]).unwrap();
    assert_eq!(storage.read_segment(1).unwrap().len(), 1024);
}

#[test]
fn a_manifest_whose_answer_never_came_is_of_unknown_outcome() {
    let bucket = ObjectStore::new();
    let storage = ObjectStorage::new(bucket.clone());
    let _owner = storage.acquire().unwrap();
    bucket.lose_every(Some((1, Loss::Response)));
    let manifest = storage.commit_manifest(0, b"new").unwrap_err();
    assert!(matches!(manifest, WriteError::InDoubt(_)));
    bucket.lose_every(None);
    assert_eq!(
        storage.load_manifest().unwrap().as_deref(),
        Some(&b"new"[..])
    );
}

#[test]
fn nothing_is_listed_between_opening_and_closing() {
    let bucket = ObjectStore::new();
    let storage = ObjectStorage::new(bucket.clone());
    let owner = storage.acquire().unwrap();
    storage.sweep().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    commit(&storage, 0).unwrap();
    let opening = bucket.requests().lists;
    steadily(&storage).unwrap();
    let reader = ObjectStorage::new(bucket.clone());
    reader.load_manifest().unwrap();
    let once = bucket.requests().lists;
    assert_eq!(once, opening + 1, "a reader lists when it opens");
    reader.load_manifest().unwrap();
    reader.read_segment(2).unwrap();
    drop(owner);
    assert_eq!(bucket.requests().lists, once);
}

#[test]
fn a_stalled_owner_s_next_group_collides() {
    let bucket = ObjectStore::new();
    let stalled = ObjectStorage::new(bucket.clone());
    let _stalled_owner = stalled.acquire().unwrap();
    stalled.create_segment(1, &[1; 512]).unwrap();
    commit(&stalled, 0).unwrap();
    stalled.commit_group(1, 512, &[2; 512]).unwrap();

    let next = ObjectStorage::new(bucket.clone());
    assert!(matches!(next.acquire(), Err(StorageError::FileLocked)));
    bucket.expire_leases();
    let _owner = next.acquire().unwrap();
    assert_eq!(next.read_segment(1).unwrap().len(), 1024);
    let error = stalled.commit_group(1, 1024, &[3; 512]).unwrap_err();
    assert!(matches!(error, WriteError::Fenced(_)));
    assert_eq!(error.as_io().kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("another owner"), "{error}");
    assert_eq!(next.read_segment(1).unwrap().len(), 1024);

    next.create_segment(2, &[4; 512]).unwrap();
    commit(&next, 1).unwrap();
    let manifest = stalled.commit_manifest(1, b"of the stalled owner");
    assert!(matches!(manifest, Err(WriteError::Fenced(_))));
    let segment = stalled.create_segment(2, &[5; 512]);
    let there = segment.unwrap_err().into_io();
    assert_eq!(there.kind(), io::ErrorKind::AlreadyExists);
    next.commit_group(2, 512, &[6; 512]).unwrap();
}

#[test]
fn an_owner_that_comes_after_another_fenced_the_log_still_reads_it() {
    let bucket = ObjectStore::new();
    for round in 0..3 {
        let storage = ObjectStorage::new(bucket.clone());
        let _owner = storage.acquire().unwrap();
        if round == 0 {
            storage.create_segment(1, &[1; 600]).unwrap();
            storage.commit_group(1, 600, &[2; 512]).unwrap();
        }
        assert_eq!(storage.read_segment(1).unwrap().len(), 1112);
        assert_eq!(storage.list_segments().unwrap(), [1]);
    }
}

#[test]
fn what_a_creation_that_stopped_half_way_left_is_swept() {
    let bucket = ObjectStore::new();
    let storage = ObjectStorage::new(bucket.clone());
    let owner = storage.acquire().unwrap();
    commit(&storage, 0).unwrap();
    // Longer than one object, and the bucket is gone from the second part on.
    bucket.lose(2, Loss::Response);
    let long = vec![7; 600 << 10];
    bucket.lose_every(Some((3, Loss::Request)));
    storage.create_segment(1, &long).unwrap();
    bucket.lose_every(None);
    bucket
        .delete("log/00000000000000000001/00000000000000000000")
        .unwrap();
    drop((owner, storage));

    let storage = ObjectStorage::new(bucket.clone());
    let _owner = storage.acquire().unwrap();
    assert_eq!(storage.list_segments().unwrap(), []);
    assert!(!bucket.list("log/").unwrap().is_empty());
    storage.sweep().unwrap();
    assert!(bucket.list("log/").unwrap().is_empty());
    storage.create_segment(1, b"other").unwrap();
}

#[test]
fn other_objects_are_foreign() {
    let bucket = ObjectStore::new();
    bucket.create("photos/1", b"...").unwrap();
    let place = ObjectStorage::new(bucket).inspect().unwrap();
    assert!(matches!(place, Place::Foreign { found } if found.contains("photos/1")));
}

#[test]
fn a_request_takes_as_long_as_the_bucket_is_slow() {
    let bucket = ObjectStore::new();
    bucket.set_latency(Duration::from_millis(2));
    let start = Instant::now();
    for number in 0..5 {
        bucket.create(&format!("{number}"), b"x").unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(10));
}
