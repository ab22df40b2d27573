//! Hostile bytes with valid checksums: lengths, counts and flags that no release writes. The layout
//! is written down a second time here, from the crate's tables.

use rotortree_wal::{
    InvalidReason, MAX_METADATA_BYTES, MAX_RECORD_BYTES, MAX_SEQUENCE, OutOfBounds, SECTOR,
    Scanner, SegmentBytes,
};

use crate::support::{SALT, Seen, invalid, records, scan};

#[derive(Clone)]
struct Group {
    payload_len: u64,
    first_sequence: u64,
    record_count: u32,
    flags: u32,
    attested: u64,
    size_after: u64,
    root_after: [u8; 32],
    last_reserved: u8,
}

impl Group {
    fn of(payload_len: u64, record_count: u32) -> Self {
        Self {
            payload_len,
            first_sequence: 1,
            record_count,
            flags: 0,
            attested: 0,
            size_after: 0,
            root_after: [0; 32],
            last_reserved: 0,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = b"ROTG\0\0\0\0".to_vec();
        bytes.extend(self.payload_len.to_le_bytes());
        bytes.extend(self.first_sequence.to_le_bytes());
        bytes.extend(self.record_count.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.attested.to_le_bytes());
        bytes.extend(self.size_after.to_le_bytes());
        bytes.extend(self.root_after);
        bytes.extend(SALT.to_le_bytes());
        bytes.resize(127, 0);
        bytes.push(self.last_reserved);
        let crc = crc32c::crc32c(&[&bytes[..4], &bytes[8..]].concat());
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// A record with these lengths and flags, and a checksum that holds.
fn record(sequence: u64, leaves: u32, metadata: u32, flags: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend(leaves.to_le_bytes());
    bytes.extend(metadata.to_le_bytes());
    bytes.extend(flags);
    bytes.extend(body);
    let seed = [SALT.to_le_bytes(), sequence.to_le_bytes()].concat();
    let crc = crc32c::crc32c(&[&seed, &bytes[4..]].concat());
    bytes[..4].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn segment(group: &Group, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; SECTOR];
    bytes.extend(group.encode());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
    bytes
}

/// A segment of one group with these records.
fn honest(parts: &[Vec<u8>]) -> Vec<u8> {
    let payload = parts.concat();
    segment(
        &Group::of(payload.len() as u64, parts.len() as u32),
        &payload,
    )
}

fn one_leaf(sequence: u64) -> Vec<u8> {
    record(sequence, 1, 0, [0; 4], &[7; 32])
}

/// Why the only invalid stretch is invalid, and how many records stand before it.
fn verdict(segment: &[u8]) -> (usize, InvalidReason) {
    let stretches = invalid(segment, SALT);
    assert_eq!(stretches.len(), 1, "{stretches:?}");
    (records(segment, SALT).len(), stretches[0].reason)
}

#[test]
fn the_second_writing_of_the_layout_is_the_format() {
    let read = records(
        &honest(&[
            one_leaf(1),
            record(2, 0, 3, [2, 0, 0, 0], b"abc\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ]),
        SALT,
    );
    assert_eq!(read[0].leaves, [[7; 32]]);
    assert_eq!(read[1].metadata.as_deref(), Some(&b"abc"[..]));
}

#[test]
fn a_group_header_with_impossible_fields_is_no_group() {
    let good = Group::of(48, 1);
    let cases = [
        (
            "a payload of 2^64-1",
            Group {
                payload_len: u64::MAX,
                ..good.clone()
            },
        ),
        (
            "a payload of 2^64-16",
            Group {
                payload_len: u64::MAX - 15,
                ..good.clone()
            },
        ),
        (
            "a payload past what the records can have",
            Group {
                payload_len: MAX_RECORD_BYTES as u64 + 32,
                ..good.clone()
            },
        ),
        (
            "a payload without records",
            Group {
                record_count: 0,
                ..good.clone()
            },
        ),
        (
            "records without a payload",
            Group {
                payload_len: 0,
                ..good.clone()
            },
        ),
        (
            "more records than the payload has room for",
            Group {
                record_count: 4,
                ..good.clone()
            },
        ),
        (
            "2^32-1 records in 48 bytes",
            Group {
                record_count: u32::MAX,
                ..good.clone()
            },
        ),
        (
            "a payload that is no multiple of 16",
            Group {
                payload_len: 56,
                ..good.clone()
            },
        ),
        (
            "sequence 0",
            Group {
                first_sequence: 0,
                ..good.clone()
            },
        ),
        (
            "a sequence past the last",
            Group {
                first_sequence: MAX_SEQUENCE + 1,
                ..good.clone()
            },
        ),
        (
            "sequence 2^64-1",
            Group {
                first_sequence: u64::MAX,
                ..good.clone()
            },
        ),
        (
            "attesting itself",
            Group {
                attested: 1,
                ..good.clone()
            },
        ),
        (
            "attesting 2^64-1",
            Group {
                attested: u64::MAX,
                ..good.clone()
            },
        ),
        (
            "flags",
            Group {
                flags: 1,
                ..good.clone()
            },
        ),
        (
            "reserved bytes",
            Group {
                last_reserved: 1,
                ..good.clone()
            },
        ),
        (
            "the root of an empty tree",
            Group {
                root_after: [1; 32],
                ..good.clone()
            },
        ),
    ];
    assert_eq!(records(&segment(&good, &one_leaf(1)), SALT).len(), 1);
    for (name, group) in cases {
        let bytes = segment(&group, &one_leaf(1));
        assert_eq!(verdict(&bytes), (0, InvalidReason::NoGroup), "{name}");
    }
}

#[test]
fn a_record_length_is_checked_before_anything_is_read_for_it() {
    let cases: [(&str, u32, u32); 6] = [
        ("2^32-1 leaves", u32::MAX, 0),
        ("2^32-1 bytes of metadata", 1, u32::MAX),
        ("both", u32::MAX, u32::MAX),
        ("a leaf too many", (MAX_RECORD_BYTES / 32) as u32 + 1, 0),
        (
            "a byte of metadata too many",
            0,
            MAX_METADATA_BYTES as u32 + 1,
        ),
        ("together too long", (MAX_RECORD_BYTES / 32) as u32, 1),
    ];
    for (name, leaves, metadata) in cases {
        let bad = record(2, leaves, metadata, [0; 4], &[7; 32]);
        // In a group whose length would allow for it.
        let group = Group::of(48 + 16 + MAX_RECORD_BYTES as u64, 2);
        let bytes = segment(&group, &[one_leaf(1), bad.clone()].concat());
        assert_eq!(
            verdict(&bytes),
            (1, InvalidReason::RecordLength { sequence: 2 }),
            "{name}"
        );
        // In a group that is as long as its bytes are.
        let bytes = honest(&[one_leaf(1), bad]);
        assert_eq!(
            verdict(&bytes),
            (1, InvalidReason::RecordLength { sequence: 2 }),
            "{name}"
        );
    }
}

#[test]
fn limits_hold_for_records_that_are_all_there() {
    let full = MAX_RECORD_BYTES / 32;
    let cases = [
        ("a byte of metadata too many", 0, MAX_METADATA_BYTES + 1),
        ("a leaf too many", full + 1, 0),
        ("leaves and metadata that are too long together", full, 1),
    ];
    for (name, leaves, metadata) in cases {
        let body = vec![0; (leaves * 32 + metadata).next_multiple_of(16)];
        let flags = [if metadata > 0 { 2 } else { 0 }, 0, 0, 0];
        let long = record(1, leaves as u32, metadata as u32, flags, &body);
        // Two records, so that the group's length is one that a group can have.
        let bytes = honest(&[long, one_leaf(2)]);
        assert_eq!(
            verdict(&bytes),
            (0, InvalidReason::RecordLength { sequence: 1 }),
            "{name}"
        );
    }
}

#[test]
fn the_shortest_record_is_read_where_it_ends_the_segment() {
    let mut bytes = honest(&[one_leaf(1), record(2, 0, 0, [2, 0, 0, 0], &[])]);
    bytes.truncate(SECTOR + 128 + 48 + 16);
    assert_eq!(records(&bytes, SALT)[1].metadata.as_deref(), Some(&[][..]));
    assert_eq!(invalid(&bytes, SALT), []);
}

#[test]
fn every_reason_is_a_sentence_that_names_the_record() {
    let reasons = [
        (InvalidReason::Blank, "there are only zeros"),
        (InvalidReason::NoGroup, "there is no valid sync group"),
        (
            InvalidReason::RecordChecksum {
                sequence: 7,
                expected: 1,
                actual: 2,
            },
            "the checksum of record 7 is 0x00000002 where 0x00000001 is stored",
        ),
        (
            InvalidReason::RecordLength { sequence: 7 },
            "the length of record 7 is impossible",
        ),
        (
            InvalidReason::RecordMalformed { sequence: 7 },
            "record 7 has a valid checksum and impossible fields",
        ),
        (
            InvalidReason::Truncated { sequence: 7 },
            "the segment ends within record 7",
        ),
    ];
    for (reason, sentence) in reasons {
        assert_eq!(reason.to_string(), sentence);
    }
}

#[test]
fn records_that_do_not_add_up_to_their_group_are_refused() {
    let three = [one_leaf(1), one_leaf(2), one_leaf(3)].concat();
    // Fewer are announced than there are: the last one announced does not end where the group does.
    let bytes = segment(&Group::of(144, 2), &three);
    assert_eq!(
        verdict(&bytes),
        (1, InvalidReason::RecordLength { sequence: 2 })
    );
    // More are announced than there are: the one that leaves no room for the rest is refused.
    let bytes = segment(&Group::of(144, 4), &three);
    assert_eq!(
        verdict(&bytes),
        (2, InvalidReason::RecordLength { sequence: 3 })
    );
    // The payload is cut short within a record.
    let bytes = segment(&Group::of(128, 3), &three);
    assert_eq!(
        verdict(&bytes),
        (2, InvalidReason::RecordLength { sequence: 3 })
    );
}

#[test]
fn impossible_records_are_refused_though_their_checksums_hold() {
    let cases = [
        ("nothing at all", record(1, 0, 0, [0; 4], &[])),
        (
            "more to come, and nothing",
            record(1, 0, 0, [1, 0, 0, 0], &[]),
        ),
        (
            "more to come behind metadata",
            record(1, 1, 16, [3, 0, 0, 0], &[7; 48]),
        ),
        (
            "metadata without its flag",
            record(1, 1, 16, [0; 4], &[7; 48]),
        ),
        ("an unknown flag", record(1, 1, 0, [8, 0, 0, 0], &[7; 32])),
        ("no chunks", record(1, 1, 0, [4, 0, 0, 0], &[7; 32])),
        ("all flags", record(1, 1, 0, [255, 0, 0, 0], &[7; 32])),
        (
            "chunks without their flag",
            record(1, 1, 0, [0, 1, 0, 0], &[7; 128]),
        ),
        ("padding", record(1, 0, 15, [2, 0, 0, 0], &[7; 16])),
    ];
    for (name, bad) in cases {
        let malformed = InvalidReason::RecordMalformed { sequence: 1 };
        assert_eq!(verdict(&honest(&[bad])), (0, malformed), "{name}");
    }
}

#[test]
fn a_group_longer_than_the_segment_gives_what_is_there_of_it() {
    let group = Group::of(
        u64::from(u32::MAX) * (MAX_RECORD_BYTES as u64 + 16),
        u32::MAX,
    );
    let mut bytes = segment(&group, &[one_leaf(1), one_leaf(2)].concat());
    bytes.truncate(SECTOR + 128 + 96 + 40);
    // Behind the two records stand 40 bytes, of a record that would be 48 long.
    bytes[SECTOR + 128 + 96..].copy_from_slice(&one_leaf(3)[..40]);
    assert_eq!(
        verdict(&bytes),
        (2, InvalidReason::Truncated { sequence: 3 })
    );
    bytes.truncate(SECTOR + 128 + 96 + 15);
    assert_eq!(
        verdict(&bytes),
        (2, InvalidReason::Truncated { sequence: 3 })
    );
    bytes.truncate(SECTOR + 128);
    let [Seen::Group(read), Seen::Invalid(rest)] = &scan(&bytes, SALT)[..] else {
        panic!("a group and nothing in it")
    };
    assert_eq!(
        (read.end(), rest.len),
        (read.payload_end().next_multiple_of(512), 0)
    );
}

/// A segment that is zero almost everywhere, however long, and records its reads.
struct Sparse {
    len: u64,
    at: u64,
    bytes: Vec<u8>,
    tells_holes: bool,
    reads: u64,
    largest: usize,
}

impl SegmentBytes for Sparse {
    type Error = OutOfBounds;

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), OutOfBounds> {
        assert!(
            offset
                .checked_add(buf.len() as u64)
                .is_some_and(|end| end <= self.len)
        );
        self.reads += 1;
        self.largest = self.largest.max(buf.len());
        for (skipped, byte) in buf.iter_mut().enumerate() {
            let position = offset + skipped as u64;
            let held = position
                .checked_sub(self.at)
                .and_then(|at| self.bytes.get(at as usize));
            *byte = held.copied().unwrap_or(0);
        }
        Ok(())
    }

    fn next_data(&mut self, offset: u64) -> Result<u64, OutOfBounds> {
        let end = self.at + self.bytes.len() as u64;
        Ok(match offset {
            _ if !self.tells_holes => offset,
            _ if offset < self.at => self.at,
            _ if offset < end => offset,
            _ => self.len,
        })
    }
}

#[test]
fn holes_that_are_told_are_not_read_however_long_the_segment() {
    let group = segment(&Group::of(48, 1), &one_leaf(1))[SECTOR..].to_vec();
    let mut sparse = Sparse {
        len: u64::MAX,
        at: 1 << 60,
        bytes: group,
        tells_holes: true,
        reads: 0,
        largest: 0,
    };
    let mut scanner = Scanner::new(&mut sparse, SALT);
    let mut seen = Vec::new();
    while let Some(event) = scanner.next().expect("reads stay within the segment") {
        seen.push(Seen::of(&event));
    }
    let [
        Seen::Invalid(before),
        Seen::Group(group),
        Seen::Record(_),
        Seen::Invalid(behind),
    ] = &seen[..]
    else {
        panic!("{seen:?}")
    };
    assert_eq!((before.offset, before.len), (512, (1 << 60) - 512));
    assert_eq!((group.offset, group.end()), (1 << 60, (1 << 60) + 512));
    assert_eq!(
        (behind.reason, behind.offset + behind.len),
        (InvalidReason::Blank, u64::MAX)
    );
    assert!(sparse.reads < 5, "{} reads", sparse.reads);
}

#[test]
fn memory_stays_within_a_window_whatever_the_lengths_say() {
    let full = record(
        1,
        (MAX_RECORD_BYTES / 32) as u32,
        0,
        [0; 4],
        &vec![7; MAX_RECORD_BYTES],
    );
    let mut bytes = honest(&[full]);
    bytes.extend_from_slice(
        &segment(
            &Group::of(u64::from(u32::MAX) * 32, u32::MAX),
            &[0xff; 4000],
        )[SECTOR..],
    );
    let len = 8 << 20;
    let mut sparse = Sparse {
        len,
        at: 0,
        bytes,
        tells_holes: false,
        reads: 0,
        largest: 0,
    };
    let mut scanner = Scanner::new(&mut sparse, SALT);
    let mut invalid = 0;
    while let Some(event) = scanner.next().expect("reads stay within the segment") {
        invalid += usize::from(matches!(Seen::of(&event), Seen::Invalid(_)));
    }
    assert_eq!(
        invalid, 1,
        "the second group is longer than the segment, and its first record bad"
    );
    let capacity = scanner.into_window().capacity();
    assert_eq!(
        capacity,
        MAX_RECORD_BYTES + 16,
        "the largest record, and nothing above it"
    );
    assert!(sparse.largest <= MAX_RECORD_BYTES + 16);
}

#[test]
fn a_small_segment_takes_a_small_window() {
    let bytes = honest(&[one_leaf(1)]);
    let mut scanner = Scanner::new(&bytes[..], SALT);
    assert_eq!(scanner.current_group(), None);
    while scanner
        .next()
        .expect("the scanner stays within the slice")
        .is_some()
    {}
    assert_eq!(
        scanner.current_group().map(|group| group.offset),
        Some(SECTOR as u64)
    );
    assert_eq!(scanner.into_window().capacity(), SECTOR);
}
