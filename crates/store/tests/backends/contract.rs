//! The storage backends, each held to the whole contract.

use std::{fs, io, panic, path::Path};

use rotortree_store::{
    file_layer::OsFiles,
    forward_storage,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::{Locator, Shard, Storage, UnitWriter, WriteError},
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

/// A backend over a map that breaks four clauses and keeps the others.
#[derive(Clone, Debug)]
struct Careless(MemoryStorage);

struct CarelessUnits<'a>(Box<dyn UnitWriter + 'a>);

impl UnitWriter for CarelessUnits<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        // The last unit short, filled up with zeros.
        let unit = shard.stream.unit_bytes();
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(unit), 0);
        self.0.put(shard, first, &bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        self.0.finish()
    }
}

impl Storage for Careless {
    fn list_segments(&self) -> io::Result<Vec<u64>> {
        let mut segments = self.0.list_segments()?;
        // As names sort.
        segments.sort_by_key(u64::to_string);
        Ok(segments)
    }
    fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> Result<bool, WriteError> {
        // Written, and said not to be.
        self.0.commit_mark(segment, offset, mark).map(|_| false)
    }
    fn start_units(&self, with: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        Ok(Box::new(CarelessUnits(self.0.start_units(with)?)))
    }
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        // Reads and writes.
        for _ in 0..2 {
            each("requests", 0);
        }
    }

    forward_storage!(|place| place.0 => describe inspect acquire sweep start_segment
        commit_group read_segment remove_segment region load_manifest commit_manifest
        quarantine);
}

#[test]
fn the_suite_lists_every_clause_that_does_not_hold() {
    limit_this_process();
    let told = panic::catch_unwind(|| {
        conformance::run(|| {
            let place = Careless(MemoryStorage::new());
            move || place.clone()
        });
    })
    .expect_err("four clauses are broken");
    let told = told.downcast_ref::<String>().expect("a message");
    let broken = |clause: &&str| told.contains(&format!("\"{clause}\": "));
    assert_eq!(
        conformance::clause_names()
            .filter(broken)
            .collect::<Vec<_>>(),
        [
            "segments are listed in ascending order",
            "a mark is there, or was declined and left no trace",
            "bytes that are not whole units are refused",
            "counters have names of their own, keep them, and do not go back",
        ],
        "{told}"
    );
    assert!(told.starts_with("storage contract: 4 of "), "{told}");
}

#[test]
fn the_page_names_clauses_as_the_suite_does() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/write-a-backend.md");
    let page = fs::read_to_string(page).expect("the page");
    let table = page
        .split_once("| clause | a backend that fell |")
        .expect("the table of clauses")
        .1;
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let named: Vec<&str> = rows
        .filter_map(|row| row.split('|').nth(1))
        .map(str::trim)
        .collect();
    assert!(named.len() > 10);
    for clause in named {
        assert!(
            conformance::clause_names().any(|name| name == clause),
            "the suite has no clause \"{clause}\""
        );
    }
}
