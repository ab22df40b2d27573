//! Clauses about the place itself: inspection, ownership, sweeping.

use std::io::ErrorKind;

use super::site::{Clause, Halting, Site, assert_content, content, pattern};
use crate::{
    StorageError,
    storage::{FIRST_SEGMENT, MAX_HEADER_BYTES, Place, Reads, Shard, Storage, Stream},
};

pub(super) const CLAUSES: &[Clause] = &[
    (
        "a fresh place is vacant, and looking does not change that",
        fresh,
    ),
    ("a place that was only acquired is still vacant", acquired),
    ("there is one owner at a time", one_owner),
    (
        "ownership outlives the handle and ends with itself",
        ownership_outlives_handle,
    ),
    ("a place with a manifest is occupied", occupied),
    (
        "a first segment without records is no store yet, and sweeping clears it",
        crashed_creation,
    ),
    (
        "records without a manifest are part of a store",
        records_without_manifest,
    ),
    (
        "a later segment without a manifest is part of a store",
        later_segment_without_manifest,
    ),
    (
        "sweeping keeps everything that a manifest stands beside",
        sweep_keeps,
    ),
    (
        "the segments of an earlier owner stay as it left them",
        earlier_owner,
    ),
    (
        "quarantined bytes stay within the place whatever their label, are kept once, and never \
         take the place of others",
        quarantined,
    ),
];

const CHUNKS: Shard = Shard {
    stream: Stream::Chunks,
    level: 0,
    index: 0,
};

fn fresh(site: &Site<'_>) {
    for _ in 0..2 {
        let storage = site.open();
        assert_eq!(storage.inspect().expect("inspect works"), Place::Vacant);
        assert_eq!(
            storage.load_manifest().expect("no manifest is no error"),
            None
        );
        assert_eq!(storage.list_segments().expect("no log is no error"), []);
        assert!(
            !storage.describe().is_empty(),
            "the place has a description"
        );
    }
}

fn acquired(site: &Site<'_>) {
    let (storage, owner) = site.owned();
    assert_eq!(
        storage.inspect().expect("inspect works for the owner"),
        Place::Vacant
    );
    let other = site.open();
    assert_eq!(
        other.inspect().expect("inspect works beside an owner"),
        Place::Vacant
    );
    storage.sweep().expect("there is nothing to sweep");
    drop(owner);
    assert_eq!(other.inspect().expect("inspect works"), Place::Vacant);
}

fn one_owner(site: &Site<'_>) {
    let (first, second) = (site.open(), site.open());
    for _ in 0..3 {
        let owner = first.acquire().expect("the place has no owner");
        for storage in [&first, &second] {
            let refused = storage.acquire().map(drop);
            assert!(
                matches!(refused, Err(StorageError::FileLocked)),
                "a second owner got {refused:?}"
            );
        }
        drop(owner);
        drop(second.acquire().expect("the owner has gone"));
    }
}

fn ownership_outlives_handle(site: &Site<'_>) {
    let (storage, owner) = site.owned();
    drop(storage);
    let other = site.open();
    assert!(other.acquire().is_err(), "the owner is still there");
    drop(owner);
    drop(other.acquire().expect("the owner has gone"));
}

fn occupied(site: &Site<'_>) {
    let (storage, owner) = site.owned();
    create(&*storage, FIRST_SEGMENT, 8);
    storage
        .commit_manifest(0, b"manifest")
        .expect("the first manifest");
    assert_eq!(storage.inspect().expect("inspect works"), Place::Occupied);
    drop((storage, owner));
    assert_eq!(
        site.open().inspect().expect("inspect works"),
        Place::Occupied
    );
}

fn crashed_creation(site: &Site<'_>) {
    {
        let (storage, _owner) = site.owned();
        create(&*storage, FIRST_SEGMENT, MAX_HEADER_BYTES as usize);
    }
    let storage = site.open();
    assert_eq!(storage.inspect().expect("inspect works"), Place::Vacant);
    let _owner = storage.acquire().expect("the place has no owner");
    storage.sweep().expect("sweeping works");
    assert_eq!(storage.list_segments().expect("listing works"), []);
    create(&*storage, FIRST_SEGMENT, 16);
    assert_eq!(content(&*storage, FIRST_SEGMENT).len(), 16);
}

fn records_without_manifest(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    create(&*storage, FIRST_SEGMENT, MAX_HEADER_BYTES as usize + 1);
    expect_missing(&*storage);
    storage.sweep().expect("sweeping works");
    assert_eq!(
        storage.list_segments().expect("listing works"),
        [FIRST_SEGMENT]
    );
    expect_missing(&*storage);
}

fn later_segment_without_manifest(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    create(&*storage, FIRST_SEGMENT + 1, 8);
    expect_missing(&*storage);
    storage.sweep().expect("sweeping works");
    expect_missing(&*storage);
}

fn expect_missing(storage: &dyn Storage) {
    let place = storage.inspect().expect("inspect works");
    assert!(
        matches!(&place, Place::ManifestMissing { found } if !found.is_empty()),
        "inspect told {place:?}"
    );
}

fn sweep_keeps(site: &Site<'_>) {
    let locator = {
        let (storage, _owner) = site.owned();
        create(&*storage, FIRST_SEGMENT, 8);
        create(&*storage, FIRST_SEGMENT + 1, 600);
        let chunk = pattern(1, crate::chunk::CHUNK_BYTES);
        let mut units = storage.start_units(&[]).expect("a writer");
        units.put(CHUNKS, 0, &chunk).expect("a put");
        units.finish().expect("a sync")
    };
    {
        let (storage, _owner) = site.owned();
        storage
            .commit_manifest(0, b"manifest")
            .expect("the first manifest");
    }
    let (storage, _owner) = site.owned();
    storage.sweep().expect("sweeping works");
    let segments = storage.list_segments().expect("listing works");
    assert_eq!(segments, [FIRST_SEGMENT, FIRST_SEGMENT + 1]);
    assert_eq!(content(&*storage, FIRST_SEGMENT + 1).len(), 600);
    let manifest = storage.load_manifest().expect("the manifest can be read");
    assert_eq!(manifest.as_deref(), Some(&b"manifest"[..]));
    storage
        .region(&locator, CHUNKS, 1, Reads::Positioned)
        .expect("the chunk is there");
}

fn quarantined(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let keep = |label: &str, seed: u64| {
        let bytes = pattern(seed, 300_000);
        storage.quarantine(label, &mut Halting::new(&bytes))
    };
    let place = keep("cut/../from the log", 0).expect("the bytes are kept");
    let again = keep("cut/../from the log", 0).expect("they are there already");
    assert_eq!(place, again, "the same bytes under the same label");
    let other = keep("another cut", 1).expect("the bytes are kept");
    assert_ne!(place, other, "two labels have two places");
    for _ in 0..2 {
        let refused = keep("another cut", 2).expect_err("other bytes are there");
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists, "{refused}");
    }
    let bytes = pattern(1, 299_999);
    let shorter = storage.quarantine("another cut", &mut &bytes[..]);
    assert!(shorter.is_err(), "the bytes there go on");
    keep("another cut", 1).expect("what was there has stayed");
}

fn create(storage: &dyn Storage, number: u64, len: usize) {
    let bytes = pattern(number, len);
    let written = storage.create_segment(number, &bytes);
    assert_eq!(written.expect("the segment is created"), len as u64);
}

fn earlier_owner(site: &Site<'_>) {
    let mut written = Vec::new();
    for owner in 0..3_u64 {
        let (storage, _owner) = site.owned();
        storage.sweep().expect("sweeping works");
        let segment = owner + 1;
        let (head, group) = (pattern(owner, 700), pattern(owner + 10, 1024));
        let offset = storage.create_segment(segment, &head).expect("created");
        storage
            .commit_group(segment, offset, &group)
            .expect("committed");
        written.push([head, group].concat());
        let manifest = storage.commit_manifest(owner, b"manifest");
        manifest.expect("the manifest is committed");
        for handle in [&*storage, &*site.open()] {
            for (segment, written) in (1..).zip(&written) {
                assert_content(handle, segment, written);
            }
        }
    }
}
