//! Clauses about the levels' streams of chunks and checksum sectors.

use std::{io, sync::Arc};

use super::site::{Clause, Site, pattern};
use crate::{
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES},
    storage::{Reads, Region, Shard, Storage, Stream},
};

pub(super) const CLAUSES: &[Clause] = &[
    (
        "units that were put and synced read back, by both kinds of reading",
        round_trip,
    ),
    ("levels and streams do not mix", separate),
    ("shards of a level do not mix", across_shards),
    (
        "a put beyond the end of its shard is refused",
        beyond_a_shard,
    ),
    ("a view has the units asked for and no more", view_bounds),
    ("units that are not there are not viewed", absent_units),
    ("equal bytes may be put again", put_again),
    (
        "other bytes put over uncommitted ones are refused or take effect",
        put_other,
    ),
    ("bytes that are not whole units are refused", uneven),
    ("a view stays as it is while more is put", views_stay),
    ("a sync with nothing to do is fine", idle_sync),
    (
        "views are read from many threads while units are put",
        reading_beside_writing,
    ),
];

const READS: [Reads; 2] = [Reads::Mapped, Reads::Positioned];

fn shard(stream: Stream, level: u8, index: u64) -> Shard {
    Shard {
        stream,
        level,
        index,
    }
}

fn chunks(level: u8, index: u64) -> Shard {
    shard(Stream::Chunks, level, index)
}

/// The whole view, read in pieces that fit nothing, and compared with `bytes()` where
/// there is such.
fn read(region: &dyn Region, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    for (piece, buf) in bytes.chunks_mut(777).enumerate() {
        region
            .read_at(piece as u64 * 777, buf)
            .expect("bytes of the view");
    }
    if let Some(at_once) = region.bytes() {
        assert!(at_once == bytes, "both ways of reading agree");
    }
    bytes
}

#[track_caller]
fn expect_units(storage: &dyn Storage, shard: Shard, expected: &[u8]) {
    let units = (expected.len() / shard.stream.unit_bytes()) as u64;
    for reads in READS {
        let region = storage
            .region(shard, units, reads)
            .expect("the units are there");
        assert!(
            read(&*region, expected.len()) == expected,
            "{reads:?}: units 0..{units} of {shard} differ"
        );
    }
}

fn round_trip(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    for stream in [Stream::Chunks, Stream::Sums] {
        let bytes = pattern(1, 5 * stream.unit_bytes());
        let (head, tail) = bytes.split_at(2 * stream.unit_bytes());
        storage.put(shard(stream, 0, 0), 0, head).expect("put");
        storage.put(shard(stream, 0, 0), 2, tail).expect("put");
        storage.sync_levels().expect("synced");
        expect_units(&*storage, shard(stream, 0, 0), &bytes);
        let more = pattern(2, 2 * stream.unit_bytes());
        storage.put(shard(stream, 0, 0), 5, &more).expect("put");
        storage.sync_levels().expect("synced");
        expect_units(&*site.open(), shard(stream, 0, 0), &[bytes, more].concat());
    }
}

fn separate(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    let places = [0, 1, 9, 10, 63, 64, 255]
        .map(|level| [Stream::Chunks, Stream::Sums].map(|stream| (stream, level)));
    let bytes = |(stream, level): (Stream, u8)| {
        pattern(
            u64::from(level) * 2 + stream as u64,
            2 * stream.unit_bytes(),
        )
    };
    for place in places.as_flattened() {
        storage
            .put(shard(place.0, place.1, 0), 0, &bytes(*place))
            .expect("put");
    }
    storage.sync_levels().expect("synced");
    for place in places.as_flattened() {
        expect_units(&*storage, shard(place.0, place.1, 0), &bytes(*place));
    }
}

fn across_shards(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    if storage.shard_chunks() > 1024 {
        return;
    }
    for stream in [Stream::Chunks, Stream::Sums] {
        let units = stream.shard_units(storage.shard_chunks());
        let unit = stream.unit_bytes();
        let full = units as usize * unit;
        let bytes = pattern(4, 3 * full);
        for (index, bytes) in (0..).zip(bytes.chunks(full)) {
            // One unit, then all but the last, then that.
            let (first, rest) = bytes.split_at(unit);
            let (rest, last) = rest.split_at(full - 2 * unit);
            let shard = shard(stream, 2, index);
            storage.put(shard, 0, first).expect("put");
            storage.put(shard, 1, rest).expect("put");
            storage.put(shard, units - 1, last).expect("put");
        }
        storage.sync_levels().expect("synced");
        for (index, bytes) in (0..).zip(bytes.chunks(full)) {
            let shard = shard(stream, 2, index);
            expect_units(&*storage, shard, bytes);
            expect_units(&*storage, shard, &bytes[..unit]);
        }
    }
}

fn beyond_a_shard(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    for stream in [Stream::Chunks, Stream::Sums] {
        let units = stream.shard_units(storage.shard_chunks());
        let two = pattern(13, 2 * stream.unit_bytes());
        for first in [units - 1, units, units + 1, u64::MAX] {
            let put = storage.put(shard(stream, 0, 0), first, &two);
            assert_eq!(
                put.map_err(|error| error.kind()),
                Err(io::ErrorKind::InvalidInput),
                "{stream} from unit {first} of a shard of {units}"
            );
        }
    }
    for index in [0, 1] {
        let next = storage.region(chunks(0, index), 1, Reads::Positioned);
        assert!(next.is_err(), "something was written to shard {index}");
    }
}

fn view_bounds(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    let bytes = pattern(5, 3 * CHUNK_BYTES);
    storage.put(chunks(0, 0), 0, &bytes).expect("put");
    storage.sync_levels().expect("synced");
    for reads in READS {
        let region = storage.region(chunks(0, 0), 2, reads).expect("there");
        let len = 2 * CHUNK_BYTES as u64;
        if let Some(at_once) = region.bytes() {
            assert_eq!(at_once.len() as u64, len, "the units asked for");
        }
        for (offset, want) in [
            (0, len + 1),
            (len, 1),
            (len - 1, 2),
            (u64::MAX, 1),
            (len + 1, 0),
        ] {
            let beyond = region.read_at(offset, &mut vec![0; want as usize]);
            assert!(beyond.is_err(), "{want} bytes at {offset} were read");
        }
        region.read_at(len, &mut []).expect("nothing at the end");
        let none = storage
            .region(chunks(0, 0), 0, reads)
            .expect("an empty view");
        assert_eq!(read(&*none, 0), []);
    }
}

fn absent_units(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    storage
        .put(chunks(0, 0), 0, &pattern(6, 2 * CHUNK_BYTES))
        .expect("put");
    storage.sync_levels().expect("synced");
    for reads in READS {
        let kind = |shard, level, units| {
            let region = storage.region(chunks(level, shard), units, reads);
            region.map(drop).map_err(|e| e.kind())
        };
        assert_eq!(kind(0, 0, 2), Ok(()));
        assert_eq!(kind(0, 0, 3), Err(io::ErrorKind::UnexpectedEof));
        assert!(kind(1, 0, 1).is_err(), "no such shard");
        assert!(kind(0, 1, 1).is_err(), "no such level");
        assert_eq!(
            kind(7, 7, 0),
            Ok(()),
            "nothing of a shard that is not there"
        );
        let shard = storage.shard_chunks();
        assert!(kind(0, 0, shard + 1).is_err(), "more than a shard");
        assert!(kind(0, 0, u64::MAX).is_err(), "more than there can be");
    }
}

fn put_again(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    let bytes = pattern(7, 3 * CHUNK_BYTES);
    for _ in 0..2 {
        storage.put(chunks(0, 0), 0, &bytes).expect("put");
        storage
            .put(chunks(0, 0), 1, &bytes[CHUNK_BYTES..])
            .expect("put");
        storage.sync_levels().expect("synced");
        expect_units(&*storage, chunks(0, 0), &bytes);
    }
    let other = site.open();
    other
        .put(chunks(0, 0), 0, &bytes)
        .expect("put through another handle");
    other.sync_levels().expect("synced");
    expect_units(&*other, chunks(0, 0), &bytes);
}

fn put_other(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    let (old, new) = (pattern(8, CHUNK_BYTES), pattern(9, CHUNK_BYTES));
    storage.put(chunks(0, 0), 0, &old).expect("put");
    storage.sync_levels().expect("synced");
    let put = storage
        .put(chunks(0, 0), 0, &new)
        .and_then(|()| storage.sync_levels());
    match put {
        Ok(()) => expect_units(&*storage, chunks(0, 0), &new),
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{error}");
            expect_units(&*storage, chunks(0, 0), &old);
        }
    }
}

fn uneven(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    for (stream, len) in [
        (Stream::Chunks, 1),
        (Stream::Chunks, CHUNK_BYTES + SUM_SECTOR_BYTES),
        (Stream::Sums, SUM_SECTOR_BYTES - 1),
    ] {
        let put = storage.put(shard(stream, 0, 0), 0, &vec![0; len]);
        assert_eq!(
            put.map_err(|error| error.kind()),
            Err(io::ErrorKind::InvalidInput),
            "{len} bytes for {stream}"
        );
    }
    storage.put(chunks(0, 0), 0, &[]).expect("no units at all");
    storage.sync_levels().expect("synced");
}

fn views_stay(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    let bytes = pattern(10, 40 * CHUNK_BYTES);
    let mut views: Vec<(Arc<dyn Region>, usize)> = Vec::new();
    for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
        storage.put(chunks(3, 0), index as u64, chunk).expect("put");
        storage.sync_levels().expect("synced");
        for reads in READS {
            let view = storage.region(chunks(3, 0), index as u64 + 1, reads);
            views.push((view.expect("there"), (index + 1) * CHUNK_BYTES));
        }
    }
    for (view, len) in views {
        assert!(read(&*view, len) == bytes[..len], "the view of {len} bytes");
    }
}

fn idle_sync(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    storage.sync_levels().expect("nothing was ever put");
    storage
        .put(shard(Stream::Sums, 0, 0), 0, &pattern(11, SUM_SECTOR_BYTES))
        .expect("put");
    storage.sync_levels().expect("synced");
    storage.sync_levels().expect("nothing was put since");
}

fn reading_beside_writing(site: &Site<'_>) {
    let storage = site.open();
    let _owner = storage.acquire().expect("the place has no owner");
    let bytes = pattern(12, 64 * CHUNK_BYTES);
    let (head, tail) = bytes.split_at(8 * CHUNK_BYTES);
    storage.put(chunks(0, 0), 0, head).expect("put");
    storage.sync_levels().expect("synced");
    std::thread::scope(|scope| {
        for reads in READS {
            let storage = &storage;
            scope.spawn(move || {
                for round in 0..50 {
                    let units = 1 + round % 8;
                    let view = storage.region(chunks(0, 0), units, reads);
                    let len = units as usize * CHUNK_BYTES;
                    assert!(read(&*view.expect("there"), len) == head[..len]);
                }
            });
        }
        for (index, chunk) in tail.chunks(CHUNK_BYTES).enumerate() {
            storage
                .put(chunks(0, 0), 8 + index as u64, chunk)
                .expect("put");
        }
        storage.sync_levels().expect("synced");
    });
    expect_units(&*storage, chunks(0, 0), &bytes);
}
