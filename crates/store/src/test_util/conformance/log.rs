//! Clauses about log segments.

use std::io;

use super::site::{Clause, Site, assert_content, content, pattern};
use crate::storage::WriteError;

pub(super) const CLAUSES: &[Clause] = &[
    (
        "a created segment reads back, also through another handle",
        create_and_read,
    ),
    (
        "a segment's content may come in pieces and be long",
        content_in_pieces,
    ),
    (
        "a segment that exists is not created again",
        no_second_creation,
    ),
    ("a segment that is not finished is not there", unfinished),
    ("segments are listed in ascending order", list_ascending),
    ("groups follow one another and read back", groups),
    (
        "a group at another offset than the end is refused",
        misplaced_group,
    ),
    ("a group needs its segment", group_without_segment),
    (
        "what was refused with nothing in doubt can be done again",
        refused_is_repeatable,
    ),
    ("a mark is there, or was declined and left no trace", marks),
    (
        "a reader sees the length at opening and nothing beyond",
        reader_bounds,
    ),
    (
        "a removed segment is gone, and removing it again is fine",
        remove,
    ),
    (
        "a retired segment is gone, and what remains of it is told by the next",
        retire,
    ),
    (
        "a segment that is missing is an error that names it",
        missing_is_named,
    ),
    ("a place that rested goes on", rest),
    (
        "where the readable is durable, a group can be read through any handle once it is committed",
        readable_is_durable,
    ),
    (
        "segments can be read while groups are committed",
        reading_beside_writing,
    ),
];

fn create_and_read(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(1, 700);
    let len = storage.create_segment(1, &bytes).expect("created");
    assert_eq!(len, 700);
    assert_content(&*storage, 1, &bytes);
    let other = site.open();
    assert_content(&*other, 1, &bytes);
    assert_eq!(other.list_segments().expect("listing works"), [1]);
}

fn content_in_pieces(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(2, 700_001);
    let mut segment = storage.start_segment(5).expect("begun");
    let (mut rest, mut count) = (&bytes[..], 1);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.len().min(count));
        segment.write(piece).expect("written");
        (rest, count) = (behind, count * 3);
    }
    segment.write(&[]).expect("nothing more");
    assert_eq!(storage.list_segments().expect("listing works"), []);
    assert_eq!(segment.finish().expect("created"), 700_001);
    assert_content(&*storage, 5, &bytes);
}

fn no_second_creation(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    storage.create_segment(1, b"first").expect("created");
    let again = storage.create_segment(1, b"second");
    assert_eq!(
        again.map_err(|e| e.as_io().kind()),
        Err(io::ErrorKind::AlreadyExists)
    );
    assert_content(&*storage, 1, b"first");
    let other = site.open().create_segment(1, b"third");
    assert_eq!(
        other.map_err(|e| e.as_io().kind()),
        Err(io::ErrorKind::AlreadyExists)
    );
    assert_content(&*storage, 1, b"first");
}

fn unfinished(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(3, 300_000);
    let mut segment = storage.start_segment(1).expect("begun");
    segment.write(&bytes).expect("written");
    drop(segment);
    assert_eq!(storage.list_segments().expect("listing works"), []);
    storage
        .read_segment(1)
        .map(drop)
        .expect_err("it is not there");
    storage
        .create_segment(1, &bytes[..9])
        .expect("it can still be created");
    assert_content(&*storage, 1, &bytes[..9]);
}

fn list_ascending(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let numbers = [
        1,
        2,
        9,
        10,
        11,
        99,
        100,
        1_000_000_007,
        10_000_000_000_000_000,
        u64::MAX,
    ];
    for number in numbers {
        storage.create_segment(number, b"header").expect("created");
    }
    assert_eq!(storage.list_segments().expect("listing works"), numbers);
    assert_eq!(site.open().list_segments().expect("listing works"), numbers);
}

fn groups(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let mut expected = pattern(0, 512);
    storage.create_segment(1, &expected).expect("created");
    for (seed, len) in [(1, 512), (2, 1024), (3, 512), (4, 100 * 512)] {
        let group = pattern(seed, len);
        storage
            .commit_group(1, expected.len() as u64, &group)
            .expect("committed");
        expected.extend(group);
        assert_content(&*storage, 1, &expected);
    }
    storage.create_segment(2, b"next").expect("created");
    storage.commit_group(2, 4, b"group").expect("committed");
    drop(storage);
    let other = site.open();
    assert_content(&*other, 1, &expected);
    assert_content(&*other, 2, b"nextgroup");
}

fn misplaced_group(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    storage.create_segment(1, &[7; 512]).expect("created");
    for offset in [0, 511, 513, 1024, u64::MAX] {
        storage
            .commit_group(1, offset, &[8; 512])
            .expect_err("not the segment's end");
    }
    assert_content(&*storage, 1, &[7; 512]);
    storage
        .commit_group(1, 512, &[9; 512])
        .expect("the segment's end");
    assert_content(&*storage, 1, &[[7; 512], [9; 512]].concat());
}

fn group_without_segment(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    storage.create_segment(1, b"header").expect("created");
    storage
        .commit_group(2, 0, b"group")
        .expect_err("no such segment");
    assert_eq!(storage.list_segments().expect("listing works"), [1]);
}

fn refused_is_repeatable(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    storage
        .create_segment(1, b"header")
        .expect("the number is free");
    let again = storage.create_segment(1, b"other");
    assert!(matches!(again, Err(WriteError::NotWritten(_))));
    for (segment, offset) in [(2, 0), (1, 5), (1, 7)] {
        let refused = storage.commit_group(segment, offset, b" group");
        assert!(
            matches!(refused, Err(WriteError::NotWritten(_))),
            "segment {segment} at byte {offset}: {refused:?}"
        );
    }
    storage
        .commit_group(1, 6, b" group")
        .expect("the segment's end");
    assert_content(&*storage, 1, b"header group");
}

fn marks(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let mut expected = pattern(0, 512);
    storage.create_segment(1, &expected).expect("created");
    let mark = pattern(1, 512);
    if storage.commit_mark(1, 512, &mark).expect("no failure") {
        expected.extend(mark);
    }
    assert_content(&*storage, 1, &expected);
    let group = pattern(2, 512);
    let end = expected.len() as u64;
    storage
        .commit_group(1, end, &group)
        .expect("committed after the mark");
    expected.extend(group);
    assert_content(&*storage, 1, &expected);
}

fn reader_bounds(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let bytes = pattern(1, 512);
    storage.create_segment(1, &bytes).expect("created");
    let mut reader = storage.read_segment(1).expect("there");
    storage.commit_group(1, 512, &[1; 512]).expect("committed");
    assert_eq!(reader.len(), 512, "the length at opening");
    for (offset, len) in [(0, 513), (512, 1), (513, 0), (u64::MAX, 1), (500, 13)] {
        let beyond = reader.read_at(offset, &mut vec![0; len]);
        assert!(beyond.is_err(), "{len} bytes at {offset} were read");
    }
    let mut part = [0; 5];
    reader.read_at(507, &mut part).expect("the last bytes");
    assert_eq!(part, bytes[507..]);
    reader.read_at(512, &mut []).expect("nothing at the end");
    let written = [bytes, vec![1; 512]].concat();
    assert_content(&*storage, 1, &written);
    // Room that is given back meanwhile was zeros.
    let mut reader = storage.read_segment(1).expect("there");
    storage.release_idle();
    let mut whole = vec![9; usize::try_from(reader.len()).expect("a small segment")];
    reader.read_at(0, &mut whole).expect("up to the length");
    let room = whole.strip_prefix(&written[..]).expect("what was written");
    assert!(room.iter().all(|byte| *byte == 0), "zeros behind it");
}

fn remove(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    for number in 1..=3 {
        storage.create_segment(number, b"header").expect("created");
        storage
            .commit_group(number, 6, b"group")
            .expect("committed");
    }
    storage.remove_segment(1).expect("removed");
    storage.remove_segment(1).expect("gone already");
    storage.remove_segment(77).expect("never there");
    assert_eq!(storage.list_segments().expect("listing works"), [2, 3]);
    let gone = storage.read_segment(1).map(drop);
    assert_eq!(gone.map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
    assert_content(&*storage, 2, b"headergroup");
    storage
        .commit_group(3, 11, b"more")
        .expect("the newest goes on");
    assert_content(&*storage, 3, b"headergroupmore");
    // The newest too, whose number may be used again if no manifest named it.
    storage.remove_segment(3).expect("removed");
    storage.create_segment(3, b"another").expect("created anew");
    storage.commit_group(3, 7, b" group").expect("committed");
    assert_content(&*storage, 3, b"another group");
}

fn retire(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let earlier = pattern(1, 5 * 512);
    storage.create_segment(1, &earlier[..512]).expect("created");
    storage
        .commit_group(1, 512, &earlier[512..])
        .expect("committed");
    storage.create_segment(2, &[2; 512]).expect("created");
    storage.commit_group(2, 512, &[2; 512]).expect("committed");
    storage.retire_segment(1).expect("retired");
    storage.retire_segment(1).expect("gone already");
    assert_eq!(storage.list_segments().expect("listing works"), [2]);
    let gone = storage.read_segment(1).map(drop);
    assert_eq!(gone.map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));

    let mut segment = storage.start_segment(3).expect("begun");
    let remains = usize::try_from(segment.remains()).expect("a small segment");
    segment.write(&[3; 512]).expect("written");
    assert_eq!(segment.finish().expect("created"), 512, "what was written");
    storage.commit_group(3, 512, &[4; 512]).expect("committed");
    let bytes = content(&*storage, 3);
    assert_eq!(bytes[..1024], [[3; 512], [4; 512]].concat());
    for (at, byte) in bytes.iter().enumerate().skip(1024) {
        let remained = at < remains && earlier.get(at) == Some(byte);
        assert!(*byte == 0 || remained, "byte {at} is {byte}");
    }
    storage.release_idle();
    storage.retire_segment(2).expect("retired at rest");
    assert_eq!(storage.list_segments().expect("listing works"), [3]);
    storage.commit_group(3, 1024, &[5; 512]).expect("committed");
    assert_content(&*storage, 3, &[[3; 512], [4; 512], [5; 512]].concat());
}

fn missing_is_named(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    let error = storage
        .read_segment(424_242)
        .map(drop)
        .expect_err("missing");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(
        error.to_string().contains("424242"),
        "the error says: {error}"
    );
}

fn rest(site: &Site<'_>) {
    let (storage, _owner) = site.owned();
    storage.release_idle();
    storage.create_segment(1, b"header").expect("created");
    storage.release_idle();
    storage.commit_group(1, 6, b" one").expect("committed");
    storage.release_idle();
    storage.release_idle();
    storage.commit_group(1, 10, b" two").expect("committed");
    assert_content(&*storage, 1, b"header one two");
}

fn readable_is_durable(site: &Site<'_>) {
    let storage = site.open();
    let other = site.open();
    let says = storage.readable_is_durable();
    assert_eq!(other.readable_is_durable(), says, "a constant of the place");
    let _owner = storage.acquire().expect("the place has no owner");
    storage.create_segment(1, b"header").expect("created");
    if says {
        storage.commit_group(1, 6, b" group").expect("committed");
        assert_content(&*other, 1, b"header group");
    }
    assert_eq!(
        storage.readable_is_durable(),
        says,
        "a constant of the place"
    );
}

fn reading_beside_writing(site: &Site<'_>) {
    const GROUPS: u64 = 40;
    let (storage, _owner) = site.owned();
    storage.create_segment(1, &[0; 512]).expect("created");
    let other = site.open();
    std::thread::scope(|scope| {
        for handle in [&*storage, &*other] {
            scope.spawn(move || {
                loop {
                    let bytes = content(handle, 1);
                    // A group that is being written may show in part, and room behind the last.
                    for (index, group) in bytes.chunks(512).enumerate() {
                        let is_room = |byte: &u8| *byte == 0;
                        let holds = |byte: &u8| is_room(byte) || usize::from(*byte) == index;
                        assert!(group.iter().all(holds));
                    }
                    let last = bytes.chunks(512).nth(GROUPS as usize);
                    if last.is_some_and(|group| group == [GROUPS as u8; 512]) {
                        break;
                    }
                }
            });
        }
        for group in 1..=GROUPS {
            storage
                .commit_group(1, group * 512, &[group as u8; 512])
                .expect("committed");
        }
    });
}
