//! Format version 2, byte for byte. The file is never changed: a release that cannot read it, or
//! that writes version 2 otherwise, is broken.

use std::fmt::Write;

use rotortree_wal::{
    ChunkRun, GroupBuffer, HeaderCopy, LogRules, Position, SECTOR, Scanner, SegmentHeader,
    SegmentStart, Verdict,
};

use crate::support::{Segment, records};

const GOLDEN: &str = include_str!("../golden/segment-v2.hex");

/// The content of the golden file.
fn segment() -> Segment {
    let mut header = SegmentHeader {
        tree_id: *b"golden tree id 1",
        salt: 0x0123_4567_89ab_cdef,
        number: 42,
        arity: 4,
        fingerprint: [0xfe; 32],
        base: Position {
            sequence: 1000,
            size: 5000,
            root: [0xb0; 32],
        },
        attested: 1000,
        copied: 0,
        previous: Some(HeaderCopy {
            number: 41,
            salt: 0xfedc_ba98_7654_3210,
            base: Position {
                sequence: 900,
                size: 4500,
                root: [0xaf; 32],
            },
            attested: 950,
            copied: 60,
        }),
        remains: 0,
    };
    let mut bytes = vec![0; SECTOR];
    let mut group = GroupBuffer::new(1001);
    group.push_leaf(&[0x11; 32]);
    group
        .push_batch(&[[0x21; 32], [0x22; 32], [0x23; 32]], Some(b"block 17"))
        .expect("valid");
    group
        .push_batch(&[], Some(b"a cursor moves on without leaves"))
        .expect("valid");
    group.push_batch(&[[0x31; 32]], Some(b"")).expect("valid");
    group
        .push_part(&[[0x41; 32], [0x42; 32]], None, true)
        .expect("valid");
    let after = Position {
        sequence: 1004,
        size: 5005,
        root: [0xa1; 32],
    };
    bytes.extend(group.seal(header.salt, 1000, &after));
    group.clear();
    group
        .push_part(&[[0x43; 32]], Some(b"the end of a batch"), false)
        .expect("valid");
    let after = Position {
        sequence: 1006,
        size: 5008,
        root: [0xa2; 32],
    };
    bytes.extend(group.seal(header.salt, 1004, &after));
    group.clear();
    // 112 leaves complete chunk 39; chunks 40 to 42 stand on level 0.
    let run = ChunkRun {
        first: 40,
        front: 112,
        locator: b"a pack",
        sums: &[[0xc0; 4], [0xc1; 4], [0xc2; 4]],
    };
    let leaves = [[0x51; 32]; 113];
    group
        .push_chunks(&leaves, run, Some(b"a large batch"), false)
        .expect("valid");
    let after = Position {
        sequence: 1007,
        size: 5505,
        root: [0xa3; 32],
    };
    bytes.extend(group.seal(header.salt, 1006, &after));
    group.clear();
    bytes.extend(group.seal(header.salt, 1007, &after));
    // Of the segment that was in the file before.
    let mut earlier = GroupBuffer::new(907);
    earlier.push_leaf(&[0x0f; 32]);
    let after = Position {
        sequence: 907,
        size: 4507,
        root: [0x9f; 32],
    };
    bytes.extend(earlier.seal(0xfedc_ba98_7654_3210, 906, &after));
    header.remains = bytes.len() as u64;
    bytes[..SECTOR].copy_from_slice(&header.encode());
    Segment { header, bytes }
}

/// 32 bytes a line; a line of zeros only is left empty.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        if line.iter().any(|byte| *byte != 0) {
            for byte in line {
                write!(text, "{byte:02x}").expect("writing to a string succeeds");
            }
        }
        text.push('\n');
    }
    text
}

fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        let start = bytes.len();
        for at in (0..line.len()).step_by(2) {
            bytes.push(u8::from_str_radix(&line[at..at + 2], 16).expect("the file is hex"));
        }
        bytes.resize(start + 32, 0);
    }
    bytes
}

#[test]
fn version_2_is_written_as_it_always_was() {
    let written = hex(&segment().bytes);
    assert!(
        written == GOLDEN.replace("\r\n", "\n"),
        "what is written now:\n{written}"
    );
}

#[test]
fn version_2_is_read_as_it_always_was() {
    let bytes = bytes_of(GOLDEN);
    let expected = segment();
    let start = SegmentStart::read(&mut &bytes[..]).expect("reads stay within the slice");
    assert_eq!(start, SegmentStart::Header(expected.header.clone()));

    let read: Vec<_> = records(&bytes, expected.header.salt)
        .into_iter()
        .map(|it| {
            let leaves: Vec<u8> = it.leaves.iter().map(|leaf| leaf[0]).collect();
            (
                it.sequence,
                leaves,
                it.metadata
                    .map(|it| String::from_utf8_lossy(&it).into_owned()),
                it.more,
            )
        })
        .collect();
    let cursor = "a cursor moves on without leaves";
    assert_eq!(
        read,
        [
            (1001, vec![0x11], None, false),
            (
                1002,
                vec![0x21, 0x22, 0x23],
                Some("block 17".to_owned()),
                false
            ),
            (1003, vec![], Some(cursor.to_owned()), false),
            (1004, vec![0x31], Some(String::new()), false),
            (1005, vec![0x41, 0x42], None, true),
            (
                1006,
                vec![0x43],
                Some("the end of a batch".to_owned()),
                false
            ),
            (
                1007,
                vec![0x51; 113],
                Some("a large batch".to_owned()),
                false
            ),
        ]
    );

    let mut rules = LogRules::new(&expected.header.base, 0);
    rules.segment(&expected.header, u64::MAX);
    let mut scanner = Scanner::new(&bytes[..], expected.header.salt);
    while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
        rules.event(&event);
    }
    let assessment = rules.finish();
    assert_eq!((assessment.end, assessment.attested), (1007, 1007));
    assert_eq!(assessment.size, 5505);
    assert_eq!(assessment.verdict, Verdict::Whole);
}
