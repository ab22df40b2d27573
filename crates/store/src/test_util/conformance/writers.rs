//! Clauses about writers of units: putting again, ahead, and side by side.

use super::{
    levels::{chunks, expect_units, put, shard},
    site::{Clause, Site, pattern},
};
use crate::{
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES},
    storage::{Locator, Stream},
};

pub(super) const CLAUSES: &[Clause] = &[
    ("equal bytes may be put again", put_again),
    (
        "other bytes may be put over units that nothing durable names",
        put_other,
    ),
    (
        "units may be put ahead of those before them, and be read by number",
        out_of_order,
    ),
    (
        "writers of units do not disturb each other, and their locators add up",
        side_by_side,
    ),
    ("a sync with nothing to do is fine", idle_sync),
];

fn put_again(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(7, 3 * CHUNK_BYTES);
    let puts = [
        (chunks(0, 0), 0, &*bytes),
        (chunks(0, 0), 1, &bytes[CHUNK_BYTES..]),
    ];
    for storage in [&storage, &storage, &site.open()] {
        let locator = put(&**storage, &Locator::default(), &puts);
        expect_units(&**storage, &locator, chunks(0, 0), &bytes);
    }
}

fn put_other(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(8, 3 * CHUNK_BYTES);
    let first = put(&*storage, &Locator::default(), &[(chunks(0, 0), 0, &bytes)]);
    let other = pattern(9, CHUNK_BYTES);
    let second = put(&*storage, &first, &[(chunks(0, 0), 1, &other)]);
    let expected = [&bytes[..CHUNK_BYTES], &other, &bytes[2 * CHUNK_BYTES..]].concat();
    expect_units(&*storage, &second, chunks(0, 0), &expected);
    // As if the first writer had crashed, and its locator were lost.
    let third = put(&*storage, &Locator::default(), &[(chunks(0, 0), 0, &other)]);
    expect_units(&*site.open(), &third, chunks(0, 0), &other);
}

fn out_of_order(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(14, 9 * CHUNK_BYTES);
    let (front, back) = bytes.split_at(5 * CHUNK_BYTES);
    let ahead = put(&*storage, &Locator::default(), &[(chunks(0, 0), 5, back)]);
    for first in 5..9 {
        let mut read = vec![0; (9 - first) * CHUNK_BYTES];
        let units = site
            .open()
            .read_units(&ahead, chunks(0, 0), first as u64, &mut read);
        units.expect("they were put");
        assert!(
            read == bytes[first * CHUNK_BYTES..],
            "units from {first} on"
        );
    }
    let beyond = storage.read_units(&ahead, chunks(0, 0), 8, &mut vec![0; 2 * CHUNK_BYTES]);
    assert!(beyond.is_err(), "a unit that was never put was read");
    let all = put(&*storage, &ahead, &[(chunks(0, 0), 0, front)]);
    expect_units(&*storage, &all, chunks(0, 0), &bytes);
}

fn side_by_side(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(15, 9 * CHUNK_BYTES);
    let (front, back) = bytes.split_at(5 * CHUNK_BYTES);
    let base = put(
        &*storage,
        &Locator::default(),
        &[(chunks(0, 0), 0, &front[..CHUNK_BYTES])],
    );
    let mut here = storage.start_units(&[&base]).expect("a writer");
    let mut there = storage.start_units(&[]).expect("a second writer");
    let mut none = storage.start_units(&[]).expect("a third writer");
    here.put(chunks(0, 0), 1, &front[CHUNK_BYTES..])
        .expect("put");
    there.put(chunks(0, 0), 5, back).expect("put beside it");
    none.put(chunks(0, 0), 9, back).expect("put beside both");
    drop(none);
    let there = there.finish().expect("synced");
    let here = here.finish().expect("synced");
    let all = storage.start_units(&[&here, &there]).expect("a writer");
    let all = all.finish().expect("nothing was put");
    expect_units(&*site.open(), &all, chunks(0, 0), &bytes);
}

fn idle_sync(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(11, SUM_SECTOR_BYTES);
    let sums = shard(Stream::Sums, 0, 0);
    let nothing = put(&*storage, &Locator::default(), &[]);
    let locator = put(&*storage, &nothing, &[(sums, 0, &bytes)]);
    let locator = put(&*storage, &locator, &[]);
    expect_units(&*storage, &locator, sums, &bytes);
}
