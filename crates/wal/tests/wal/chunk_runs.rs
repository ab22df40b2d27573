//! Records that stand for chunks: they come back as they were written, keep to their limits, and
//! count in the rules with all their leaves.

use proptest::{collection::vec, option, prelude::*};
use rotortree_wal::{
    Break, BreakCause, CHUNK_LEAVES, ChunkRun, Event, GroupBuffer, InvalidReason, LogOffset,
    LogRules, MAX_LOCATOR_BYTES, MAX_RUN_CHUNKS, Position, RecordError, SECTOR, Scanner, Verdict,
};

use crate::support::{SALT, Segment, leaf};

const NONE: ChunkRun<'static> = ChunkRun {
    first: 0,
    front: 0,
    locator: b"",
    sums: &[[7; 4]],
};

fn sealed(group: &mut GroupBuffer, salt: u64, size: u64) -> Vec<u8> {
    let after = Position {
        sequence: group.last_batch_end(),
        size,
        root: [1; 32],
    };
    let mut segment = vec![0; SECTOR];
    segment.extend(group.seal(salt, 0, &after));
    segment
}

proptest! {
    #[test]
    fn a_run_comes_back_as_it_was_written_and_is_copied_byte_for_byte(
        first: u64,
        sums in vec(any::<[u8; 4]>(), 1..40),
        locator in vec(any::<u8>(), 0..=MAX_LOCATOR_BYTES),
        front in 0..CHUNK_LEAVES,
        back in 0..CHUNK_LEAVES,
        metadata in option::of(vec(any::<u8>(), 0..50)),
    ) {
        let leaves: Vec<[u8; 32]> = (0..(front + back) as u64).map(leaf).collect();
        let run = ChunkRun { first, front, locator: &locator, sums: &sums };
        let mut group = GroupBuffer::new(1);
        group.push_leaf(&[9; 32]);
        let more = metadata.is_none();
        let pushed = group.push_chunks(&leaves, run, metadata.as_deref(), more);
        prop_assert_eq!(pushed, Ok(2));
        group.push_leaf(&[8; 32]);
        prop_assert_eq!(group.leaf_count(), leaves.len() as u64 + 2 + run.leaf_count());
        prop_assert_eq!(group.chunk_count(), sums.len() as u64);
        let segment = sealed(&mut group, SALT, 1);

        let mut scanner = Scanner::new(&segment[..], SALT);
        let mut copy = GroupBuffer::new(1);
        let mut read = 0;
        while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
            let Event::Record(record) = event else { continue };
            read += 1;
            if record.sequence == 2 {
                prop_assert_eq!(record.chunks, Some(run));
                prop_assert_eq!(record.leaves, &leaves[..]);
                prop_assert_eq!(record.metadata, metadata.as_deref());
                prop_assert_eq!(record.more, more);
                prop_assert_eq!(record.leaf_count(), leaves.len() as u64 + run.leaf_count());
            } else {
                prop_assert_eq!(record.chunks, None);
            }
            copy.push_record(&record).expect("what was read can be written");
        }
        prop_assert_eq!(read, 3);
        prop_assert_eq!(sealed(&mut copy, SALT, 1), segment);
    }
}

#[test]
fn a_run_outside_its_limits_is_refused_and_changes_nothing() {
    let leaves = [[1; 32]; 300];
    let many = [[7; 4]; MAX_RUN_CHUNKS + 1];
    let long = [0; MAX_LOCATOR_BYTES + 1];
    let mut group = GroupBuffer::new(1);
    for (leaves, run) in [
        (&leaves[..0], ChunkRun { sums: &[], ..NONE }),
        (
            &leaves[..0],
            ChunkRun {
                sums: &many,
                ..NONE
            },
        ),
        (
            &leaves[..0],
            ChunkRun {
                locator: &long,
                ..NONE
            },
        ),
        (&leaves[..1], ChunkRun { front: 2, ..NONE }),
        (&leaves[..128], ChunkRun { front: 128, ..NONE }),
        (&leaves[..128], NONE),
        (&leaves[..], ChunkRun { front: 127, ..NONE }),
    ] {
        let pushed = group.push_chunks(leaves, run, None, false);
        assert_eq!(pushed, Err(RecordError::ImpossibleRun), "{run:?}");
    }
    let pushed = group.push_chunks(&[], NONE, Some(b""), true);
    assert_eq!(pushed, Err(RecordError::MetadataBeforeEnd));
    assert!(group.is_empty());
    let run = ChunkRun {
        front: 127,
        locator: &long[1..],
        sums: &many[1..],
        ..NONE
    };
    assert_eq!(group.push_chunks(&leaves[..254], run, None, false), Ok(1));
}

/// Every byte of a run that a release does not write so is refused, though its checksum holds.
#[test]
fn fields_of_a_run_that_no_release_writes_are_malformed() {
    let mut group = GroupBuffer::new(1);
    let run = ChunkRun {
        first: 3,
        front: 1,
        locator: b"place",
        sums: &[[7; 4]; 5],
    };
    group
        .push_chunks(&[[1; 32], [2; 32]], run, None, false)
        .expect("valid");
    let honest = sealed(&mut group, SALT, 642);
    let start = SECTOR + 128;
    // The length of the record: header, run of 80 and 20 bytes and padding, two leaves.
    let end = start + 16 + 112 + 64;
    let reason = |at: usize, value: u8| {
        let mut segment = honest.clone();
        segment[start + at] = value;
        let seed = [SALT.to_le_bytes(), 1u64.to_le_bytes()].concat();
        let crc = crc32c::crc32c(&[&seed, &segment[start + 4..end]].concat());
        segment[start..start + 4].copy_from_slice(&crc.to_le_bytes());
        crate::support::invalid(&segment, SALT)
            .first()
            .map(|invalid| invalid.reason)
    };
    assert_eq!(reason(20, 9), None, "another first chunk can be");
    let malformed = Some(InvalidReason::RecordMalformed { sequence: 1 });
    for (at, value) in [
        (24, 3),   // more leaves before the run than there are
        (24, 128), // a chunk of them
        (25, 65),  // a locator beyond its place
        (25, 4),   // a locator that is shorter than what stands there
        (26, 1),   // reserved
        (31, 1),
        (95, 1),  // behind the locator
        (116, 1), // behind the checksums
        (12, 0),  // chunks without their flag
        (12, 8 | 4),
    ] {
        assert_eq!(reason(at, value), malformed, "{value} at {at}");
    }
    // The number of chunks is part of the record's length.
    for (at, value) in [(13, 0), (13, 9), (14, 4), (14, 5), (15, 1)] {
        let told = reason(at, value);
        assert!(
            matches!(told, Some(InvalidReason::RecordLength { sequence: 1 })),
            "{value} at {at}: {told:?}"
        );
    }
}

/// A log of a leaf, and of a batch that refers to chunks; the assessment if they match or not.
fn assess(first: u64, matches: bool) -> rotortree_wal::Assessment {
    let segment = Segment::new(1, 0);
    let mut bytes = segment.bytes;
    let mut group = GroupBuffer::new(1);
    group.push_leaf(&[9; 32]);
    let run = ChunkRun {
        first,
        front: 127,
        ..NONE
    };
    group
        .push_chunks(&[[1; 32]; 130], run, None, false)
        .expect("valid");
    let salt = segment.header.salt;
    let after = Position {
        sequence: 2,
        size: 259,
        root: [1; 32],
    };
    bytes.extend(group.seal(salt, 0, &after));
    let mut rules = LogRules::new(&Position::START, 0);
    rules.segment(&segment.header, u64::MAX);
    let mut scanner = Scanner::new(&bytes[..], salt);
    while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
        match event {
            Event::Record(record) if record.chunks.is_some() => {
                assert!(rules.comes_next(&record));
                let lacking = Event::Invalid {
                    offset: record.offset,
                    len: record.encoded_len() as u64,
                    reason: InvalidReason::ChunkMismatch {
                        sequence: 2,
                        chunk: first,
                    },
                };
                rules.event(if matches { &event } else { &lacking });
                assert!(!rules.comes_next(&record) || !matches);
            }
            event => rules.event(&event),
        }
    }
    rules.finish()
}

#[test]
fn a_run_counts_with_all_its_leaves() {
    let whole = assess(1, true);
    assert_eq!((whole.verdict, whole.size), (Verdict::Whole, 259));
}

/// Its chunks were durable before it was written, so a crash does not explain it.
#[test]
fn a_record_without_its_chunks_is_damage_though_nothing_attests_it() {
    let lacking = assess(1, false);
    assert_eq!((lacking.end, lacking.size, lacking.attested), (1, 1, 0));
    let Verdict::Damaged(Break { place, cause, .. }) = lacking.verdict else {
        panic!("{:?}", lacking.verdict)
    };
    assert_eq!(
        place,
        LogOffset {
            segment: 1,
            offset: 512 + 128 + 48
        }
    );
    let reason = InvalidReason::ChunkMismatch {
        sequence: 2,
        chunk: 1,
    };
    assert_eq!(cause, BreakCause::Invalid(reason));
    assert_eq!(
        reason.to_string(),
        "chunk 1 is not the one that record 2 stands for"
    );
}

#[test]
fn a_run_that_does_not_continue_the_leaves_before_it_ends_the_log() {
    for first in [0, 2, u64::MAX / 64, u64::MAX] {
        let elsewhere = assess(first, true);
        assert_eq!((elsewhere.end, elsewhere.size), (1, 1));
        let cause = elsewhere
            .verdict
            .broken_at()
            .map(|found| found.cause.clone());
        assert_eq!(cause, Some(BreakCause::MisplacedChunks { first, size: 1 }));
    }
}
