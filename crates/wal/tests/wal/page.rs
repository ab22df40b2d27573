//! The tables of `docs/format/log.md` and of the crate's documentation against the bytes that are
//! written: every row, in order, and no byte between them.

use std::{fs, ops::Range};

use rotortree_wal::{GroupBuffer, HeaderCopy, Position, SECTOR, SegmentHeader};

/// A row of a table whose offset and length are numbers.
struct Row {
    bytes: Range<usize>,
    field: String,
}

/// The text of a file of this repository.
fn text(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The first table behind `heading`, without the rows whose place depends on other fields.
fn table(text: &str, heading: &str) -> Vec<Row> {
    let (_, behind) = text.split_once(heading).expect("the heading is there");
    let lines = behind
        .lines()
        .map(|line| line.trim_start_matches("//!").trim());
    let rows = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let mut cells = row.splitn(4, '|').skip(1).map(str::trim);
        let (offset, length) = (
            cells.next()?.parse::<usize>().ok()?,
            cells.next()?.parse::<usize>().ok()?,
        );
        let field = cells.next()?.trim_end_matches('|').trim().to_owned();
        Some(Row {
            bytes: offset..offset + length,
            field,
        })
    })
    .collect()
}

/// Both tables of a layout: the page's and the crate's.
fn tables(page: &str, docs: &str) -> [Vec<Row>; 2] {
    [
        table(&text("../../docs/format/log.md"), page),
        table(&text("src/lib.rs"), docs),
    ]
}

/// The content of a field.
enum Content {
    Bytes(Vec<u8>),
    /// A checksum, which other tests recompute.
    Checksum,
}

use Content::{Bytes, Checksum};

fn number(value: u64) -> Content {
    Bytes(value.to_le_bytes().to_vec())
}

fn short(value: u32) -> Content {
    Bytes(value.to_le_bytes().to_vec())
}

fn zeros(count: usize) -> Content {
    Bytes(vec![0; count])
}

/// Holds a table to the bytes of one value of its layout, given what each row's field begins with
/// and contains.
fn assert_holds(rows: &[Row], written: &[u8], fields: Vec<(&str, Content)>) {
    let mut end = 0;
    for (row, (name, content)) in rows.iter().zip(&fields) {
        assert_eq!(
            row.bytes.start, end,
            "a gap or an overlap before `{}`",
            row.field
        );
        end = row.bytes.end;
        assert!(row.field.contains(name), "`{}` is not `{name}`", row.field);
        if let Bytes(bytes) = content {
            assert_eq!(&written[row.bytes.clone()], bytes, "`{}`", row.field);
        }
    }
    assert_eq!(
        (rows.len(), end),
        (fields.len(), written.len()),
        "the table ends where the layout does"
    );
}

fn position(seed: u8) -> Position {
    Position {
        sequence: 0x0101_0101 * u64::from(seed),
        size: 0x0001_0101_0101 * u64::from(seed),
        root: [seed; 32],
    }
}

#[test]
fn the_segment_header_is_as_its_tables_say() {
    let previous = HeaderCopy {
        number: 0x0302_0104,
        salt: 0x4142_4344_4546_4748,
        base: position(3),
        attested: 0x0404_0404,
        copied: 0x51,
    };
    let header = SegmentHeader {
        tree_id: *b"sixteen id bytes",
        salt: 0x0123_4567_89ab_cdef,
        number: 0x0302_0105,
        arity: 0x0607,
        fingerprint: [0xfe; 32],
        base: position(5),
        attested: 0x0606_0606,
        copied: 0x52,
        previous: Some(previous),
        remains: 0x1000,
    };
    let copied = [
        &previous.number.to_le_bytes()[..],
        &previous.salt.to_le_bytes(),
        &previous.base.sequence.to_le_bytes(),
        &previous.base.size.to_le_bytes(),
        &previous.base.root,
        &previous.attested.to_le_bytes(),
        &previous.copied.to_le_bytes(),
    ]
    .concat();
    for rows in tables("### Segment header", "//! Segment header, 512 bytes.") {
        let fields = vec![
            ("magic", Bytes(b"ROTORWAL".to_vec())),
            ("format version, 2", Bytes(vec![2, 0])),
            ("zero", zeros(2)),
            ("CRC", Checksum),
            ("tree id", Bytes(header.tree_id.to_vec())),
            ("salt", number(header.salt)),
            ("segment number", number(header.number)),
            ("base: sequence", number(header.base.sequence)),
            ("base: size", number(header.base.size)),
            ("base: root", Bytes(header.base.root.to_vec())),
            ("attested", number(header.attested)),
            ("N", short(header.arity)),
            ("zero", zeros(4)),
            ("fingerprint", Bytes(header.fingerprint.to_vec())),
            ("copied: ", number(header.copied)),
            ("the header of the segment", Bytes(copied.clone())),
            ("remains", number(header.remains)),
            ("zero", zeros(272)),
        ];
        assert_holds(&rows, &header.encode(), fields);
    }
}

#[test]
fn the_group_header_is_as_its_tables_say() {
    let after = position(7);
    let mut group = GroupBuffer::new(after.sequence - 1);
    group.push_leaf(&[1; 32]);
    group.push_leaf(&[2; 32]);
    let sealed = group.seal(0x5eed, 0x0101, &after).to_vec();
    group.clear();
    let mark = group.seal(0x5eed, 0x0102, &after);
    for rows in tables("### Group header", "//! Group header, 128 bytes") {
        let fields = |first: u64, records: u32, attested: u64| {
            vec![
                ("magic", Bytes(b"ROTG".to_vec())),
                ("CRC", Checksum),
                ("length of the records", number(u64::from(records) * 48)),
                ("sequence of the first record", number(first)),
                ("number of records", short(records)),
                ("zero", zeros(4)),
                ("attested", number(attested)),
                ("size", number(after.size)),
                ("root", Bytes(after.root.to_vec())),
                ("salt", number(0x5eed)),
                ("zero", zeros(40)),
            ]
        };
        assert_holds(&rows, &sealed[..128], fields(after.sequence - 1, 2, 0x0101));
        assert_holds(&rows, &mark[..128], fields(after.sequence + 1, 0, 0x0102));
        assert_eq!(mark.len(), SECTOR);
    }
}

#[test]
fn the_record_header_is_as_its_tables_say() {
    for (leaves, metadata, more, flags) in [
        (2, None, true, 1),
        (1, Some(&b"block 17"[..]), false, 2),
        (0, Some(b""), false, 2),
    ] {
        let mut group = GroupBuffer::new(1);
        let leaves = vec![[9; 32]; leaves];
        group.push_part(&leaves, metadata, more).expect("valid");
        let after = if more { Position::START } else { position(1) };
        let after = Position {
            sequence: u64::from(!more),
            ..after
        };
        let sealed = group.seal(0x5eed, 0, &after);
        let record = &sealed[128..144];
        for rows in tables("### Record", "//! Record, a multiple of 16 bytes") {
            let fields = vec![
                ("CRC", Checksum),
                ("number of leaves", short(leaves.len() as u32)),
                (
                    "length of the metadata",
                    short(metadata.map_or(0, <[u8]>::len) as u32),
                ),
                ("flags", Bytes(vec![flags])),
                ("number of chunks", zeros(3)),
            ];
            assert_holds(&rows, record, fields);
        }
        // The rows behind it, whose place depends on the counts.
        let (start, stored) = (144 + 32 * leaves.len(), metadata.unwrap_or_default());
        assert!(sealed[144..start].iter().all(|byte| *byte == 9));
        assert_eq!(&sealed[start..start + stored.len()], stored);
    }
}
