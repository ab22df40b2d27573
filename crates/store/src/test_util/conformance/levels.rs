//! Clauses about the levels' streams of chunks and checksum sectors.

use std::{io, sync::Arc};

use super::site::{Clause, Site, pattern};
use crate::{
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES},
    storage::{Locator, Reads, Region, Shard, Storage, Stream},
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
    ("bytes that are not whole units are refused", uneven),
    ("a view stays as it is while more is put", views_stay),
    (
        "a view is opened by an earlier locator after more was put",
        earlier_locators,
    ),
    (
        "views are read from many threads while units are put",
        reading_beside_writing,
    ),
];

const READS: [Reads; 2] = [Reads::Mapped, Reads::Positioned];

pub(super) fn shard(stream: Stream, level: u8, index: u64) -> Shard {
    Shard {
        stream,
        level,
        index,
    }
}

pub(super) fn chunks(level: u8, index: u64) -> Shard {
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

/// Puts units through one writer: all that `with` names, and each of `puts`.
#[track_caller]
pub(super) fn put(storage: &dyn Storage, with: &Locator, puts: &[(Shard, u64, &[u8])]) -> Locator {
    let mut units = storage.start_units(&[with]).expect("a writer");
    for (shard, first, bytes) in puts {
        units.put(*shard, *first, bytes).expect("put");
    }
    units.finish().expect("synced")
}

#[track_caller]
pub(super) fn expect_units(
    storage: &dyn Storage,
    locator: &Locator,
    shard: Shard,
    expected: &[u8],
) {
    let units = (expected.len() / shard.stream.unit_bytes()) as u64;
    for reads in READS {
        let region = storage
            .region(locator, shard, units, reads)
            .expect("the units are there");
        assert!(
            read(&*region, expected.len()) == expected,
            "{reads:?}: units 0..{units} of {shard} differ"
        );
    }
}

fn round_trip(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let mut locator = Locator::default();
    for stream in [Stream::Chunks, Stream::Sums] {
        let bytes = pattern(1, 5 * stream.unit_bytes());
        let (head, tail) = bytes.split_at(2 * stream.unit_bytes());
        let shard = shard(stream, 0, 0);
        locator = put(&*storage, &locator, &[(shard, 0, head), (shard, 2, tail)]);
        expect_units(&*storage, &locator, shard, &bytes);
        let more = pattern(2, 2 * stream.unit_bytes());
        locator = put(&*storage, &locator, &[(shard, 5, &more)]);
        expect_units(&*site.open(), &locator, shard, &[bytes, more].concat());
    }
}

fn separate(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let places = [0, 1, 9, 10, 63, 64, 255]
        .map(|level| [Stream::Chunks, Stream::Sums].map(|stream| (stream, level)));
    let bytes = |(stream, level): (Stream, u8)| {
        let seed = u64::from(level) * 2 + stream as u64;
        pattern(seed, 2 * stream.unit_bytes())
    };
    let mut units = storage.start_units(&[]).expect("a writer");
    for place in places.as_flattened() {
        let put = units.put(shard(place.0, place.1, 0), 0, &bytes(*place));
        put.expect("put");
    }
    let locator = units.finish().expect("synced");
    for place in places.as_flattened() {
        expect_units(
            &*storage,
            &locator,
            shard(place.0, place.1, 0),
            &bytes(*place),
        );
    }
}

fn across_shards(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    if storage.shard_chunks() > 1024 {
        return;
    }
    let mut locator = Locator::default();
    for stream in [Stream::Chunks, Stream::Sums] {
        let units = stream.shard_units(storage.shard_chunks());
        let unit = stream.unit_bytes();
        let full = units as usize * unit;
        let bytes = pattern(4, 3 * full);
        let mut writer = storage.start_units(&[&locator]).expect("a writer");
        for (index, bytes) in (0..).zip(bytes.chunks(full)) {
            // One unit, then all but the last, then that.
            let (first, rest) = bytes.split_at(unit);
            let (rest, last) = rest.split_at(full - 2 * unit);
            let shard = shard(stream, 2, index);
            writer.put(shard, 0, first).expect("put");
            writer.put(shard, 1, rest).expect("put");
            writer.put(shard, units - 1, last).expect("put");
        }
        locator = writer.finish().expect("synced");
        for (index, bytes) in (0..).zip(bytes.chunks(full)) {
            let shard = shard(stream, 2, index);
            expect_units(&*storage, &locator, shard, bytes);
            expect_units(&*storage, &locator, shard, &bytes[..unit]);
        }
    }
}

fn beyond_a_shard(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    for stream in [Stream::Chunks, Stream::Sums] {
        let units = stream.shard_units(storage.shard_chunks());
        let two = pattern(13, 2 * stream.unit_bytes());
        for first in [units - 1, units, units + 1, u64::MAX] {
            let mut writer = storage.start_units(&[]).expect("a writer");
            let put = writer.put(shard(stream, 0, 0), first, &two);
            assert_eq!(
                put.map_err(|error| error.kind()),
                Err(io::ErrorKind::InvalidInput),
                "{stream} from unit {first} of a shard of {units}"
            );
        }
    }
    let locator = put(&*storage, &Locator::default(), &[]);
    for index in [0, 1] {
        let next = storage.region(&locator, chunks(0, index), 1, Reads::Positioned);
        assert!(next.is_err(), "something was written to shard {index}");
    }
}

fn view_bounds(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(5, 3 * CHUNK_BYTES);
    let locator = put(&*storage, &Locator::default(), &[(chunks(0, 0), 0, &bytes)]);
    for reads in READS {
        let region = storage.region(&locator, chunks(0, 0), 2, reads);
        let region = region.expect("there");
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
            .region(&locator, chunks(0, 0), 0, reads)
            .expect("an empty view");
        assert_eq!(read(&*none, 0), []);
    }
}

fn absent_units(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(6, 2 * CHUNK_BYTES);
    let locator = put(&*storage, &Locator::default(), &[(chunks(0, 0), 0, &bytes)]);
    for reads in READS {
        let kind = |shard, level, units| {
            let region = storage.region(&locator, chunks(level, shard), units, reads);
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

fn uneven(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    for (stream, len) in [
        (Stream::Chunks, 1),
        (Stream::Chunks, CHUNK_BYTES + SUM_SECTOR_BYTES),
        (Stream::Sums, SUM_SECTOR_BYTES - 1),
    ] {
        let mut writer = storage.start_units(&[]).expect("a writer");
        let put = writer.put(shard(stream, 0, 0), 0, &vec![0; len]);
        assert_eq!(
            put.map_err(|error| error.kind()),
            Err(io::ErrorKind::InvalidInput),
            "{len} bytes for {stream}"
        );
    }
    let nothing = (chunks(0, 0), 0, &[][..]);
    put(&*storage, &Locator::default(), &[nothing]);
}

fn views_stay(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(10, 40 * CHUNK_BYTES);
    let mut views: Vec<(Arc<dyn Region>, usize)> = Vec::new();
    let mut locator = Locator::default();
    for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
        locator = put(&*storage, &locator, &[(chunks(3, 0), index as u64, chunk)]);
        for reads in READS {
            let view = storage.region(&locator, chunks(3, 0), index as u64 + 1, reads);
            views.push((view.expect("there"), (index + 1) * CHUNK_BYTES));
        }
    }
    for (view, len) in views {
        assert!(read(&*view, len) == bytes[..len], "the view of {len} bytes");
    }
}

fn earlier_locators(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(14, 5 * CHUNK_BYTES);
    let mut locators = vec![Locator::default()];
    for (index, chunk) in (0..).zip(bytes.chunks(CHUNK_BYTES)) {
        let before = &locators[locators.len() - 1];
        locators.push(put(&*storage, before, &[(chunks(0, 0), index, chunk)]));
    }
    let other = site.open();
    for storage in [&storage, &other] {
        for (units, locator) in locators.iter().enumerate().rev() {
            expect_units(
                &**storage,
                locator,
                chunks(0, 0),
                &bytes[..units * CHUNK_BYTES],
            );
        }
    }
}

fn reading_beside_writing(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(12, 64 * CHUNK_BYTES);
    let (head, tail) = bytes.split_at(8 * CHUNK_BYTES);
    let mut locator = put(&*storage, &Locator::default(), &[(chunks(0, 0), 0, head)]);
    let before = locator.clone();
    std::thread::scope(|scope| {
        for reads in READS {
            let (storage, before) = (&storage, &before);
            scope.spawn(move || {
                for round in 0..50 {
                    let units = 1 + round % 8;
                    let view = storage.region(before, chunks(0, 0), units, reads);
                    let len = units as usize * CHUNK_BYTES;
                    assert!(read(&*view.expect("there"), len) == head[..len]);
                }
            });
        }
        for (index, chunk) in tail.chunks(CHUNK_BYTES).enumerate() {
            locator = put(
                &*storage,
                &locator,
                &[(chunks(0, 0), 8 + index as u64, chunk)],
            );
        }
    });
    expect_units(&*storage, &locator, chunks(0, 0), &bytes);
}
