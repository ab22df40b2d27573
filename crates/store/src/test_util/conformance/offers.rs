//! Clauses about what a backend may offer beside its roles: hints, counters, how it is opened.

use std::collections::BTreeMap;

use super::{
    levels::{chunks, expect_units, put, shard},
    site::{Clause, Site, pattern},
};
use crate::{
    chunk::CHUNK_BYTES,
    storage::{Locator, Reads, Storage, Stream, UnitRange},
};

pub(super) const CLAUSES: &[Clause] = &[
    (
        "a hint changes nothing that is read, whatever it names",
        hints,
    ),
    (
        "counters have names of their own, keep them, and do not go back",
        counters,
    ),
    (
        "whether opening verifies is the same through every handle, and stays",
        verification,
    ),
];

fn hints(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(16, 6 * CHUNK_BYTES);
    let (head, tail) = bytes.split_at(4 * CHUNK_BYTES);
    let sums = shard(Stream::Sums, 0, 0);
    let sum_bytes = pattern(17, 2 * Stream::Sums.unit_bytes());
    let first = put(
        &*storage,
        &Locator::default(),
        &[(chunks(0, 0), 0, head), (sums, 0, &sum_bytes)],
    );
    let range = |shard, first, units| UnitRange {
        shard,
        first,
        units,
    };
    let hints = [
        vec![],
        vec![range(chunks(0, 0), 1, 2)],
        vec![range(chunks(0, 0), 0, 4), range(sums, 0, 2)],
        // Units that were never put, of shards that are there and of such that are not.
        vec![
            range(chunks(0, 0), 3, 100),
            range(chunks(9, 0), 0, 1),
            range(chunks(9, 7), 8, 1),
        ],
    ];
    for handle in [&*storage, &*site.open()] {
        let view = handle.region(&first, chunks(0, 0), 4, Reads::Positioned);
        let view = view.expect("there");
        let ahead = handle.read_ahead(&first);
        std::thread::scope(|scope| {
            for hint in &hints {
                if let Some(ahead) = &ahead {
                    // Also while others read.
                    scope.spawn(|| ahead.will_read(hint));
                    ahead.will_read(hint);
                }
                let mut read = vec![0; head.len()];
                view.read_at(0, &mut read).expect("the view is whole");
                assert!(read == head, "after the hint {hint:?}");
                expect_units(handle, &first, sums, &sum_bytes);
            }
        });
        let beyond = handle.region(&first, chunks(0, 0), 5, Reads::Positioned);
        assert!(beyond.is_err(), "a hint made a unit");
    }
    // What was fetched for one locator does not stand in for the bytes of a later one.
    let other = pattern(18, CHUNK_BYTES);
    let second = put(
        &*storage,
        &first,
        &[(chunks(0, 0), 3, &other), (chunks(0, 0), 4, tail)],
    );
    if let Some(ahead) = storage.read_ahead(&second) {
        ahead.will_read(&[range(chunks(0, 0), 0, 6)]);
    }
    let expected = [&head[..3 * CHUNK_BYTES], &other, tail].concat();
    expect_units(&*storage, &second, chunks(0, 0), &expected);
}

fn counted(storage: &dyn Storage) -> BTreeMap<&'static str, u64> {
    let mut counted = BTreeMap::new();
    storage.counters(&mut |name, value| {
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        assert!(
            !name.is_empty() && name.bytes().all(is_plain),
            "a counter has the name `{name}`"
        );
        let twice = counted.insert(name, value);
        assert_eq!(twice, None, "two counters have the name `{name}`");
    });
    counted
}

fn counters(site: &Site<'_>) {
    let (storage, owner) = site.owned();
    let mut before = counted(&*storage);
    let mut expect_growth = |what: &str| {
        let now = counted(&*storage);
        assert!(
            now.keys().eq(before.keys()),
            "other counters after {what}: {before:?}, then {now:?}"
        );
        for (name, value) in &before {
            assert!(now[name] >= *value, "{name} went back after {what}");
        }
        before = now;
    };
    let segment = storage.create_segment(1, &pattern(19, 512));
    segment.expect("the segment is created");
    expect_growth("a segment");
    let group = storage.commit_group(1, 512, &pattern(20, 512));
    group.expect("the group is committed");
    expect_growth("a group");
    let bytes = pattern(21, CHUNK_BYTES);
    let locator = put(&*storage, &Locator::default(), &[(chunks(0, 0), 0, &bytes)]);
    expect_units(&*storage, &locator, chunks(0, 0), &bytes);
    expect_growth("units");
    let manifest = storage.commit_manifest(0, b"manifest");
    manifest.expect("the first manifest");
    expect_growth("a manifest");
    storage.release_idle();
    expect_growth("a rest");
    drop(owner);
    expect_growth("its owner");
}

fn verification(site: &Site<'_>) {
    let fresh = site.open().verifies_on_open();
    let (storage, _owner) = site.owned();
    let manifest = storage.commit_manifest(0, b"manifest");
    manifest.expect("the first manifest");
    for storage in [&*storage, &*site.open()] {
        assert_eq!(storage.verifies_on_open(), fresh);
    }
}
