//! Segments built for tests, and the events of a scanner as values that can be compared.

use rotortree_wal::{
    Assessment, Event, GroupBuffer, GroupHeader, InvalidReason, LogRules, Position, Scanner,
    SegmentHeader, caps,
};

pub(crate) const SALT: u64 = 0x5eed_5a17_0bad_cafe;

/// A record that owns what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: u64,
    pub(crate) sequence: u64,
    pub(crate) leaves: Vec<[u8; 32]>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) more: bool,
}

/// A stretch of a segment without anything valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) reason: InvalidReason,
}

/// An event that owns what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Group(GroupHeader),
    Record(Record),
    Invalid(Invalid),
}

impl Seen {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Group(group) => Self::Group(**group),
            Event::Record(record) => Self::Record(Record {
                offset: record.offset,
                sequence: record.sequence,
                leaves: record.leaves.to_vec(),
                metadata: record.metadata.map(<[u8]>::to_vec),
                more: record.more,
            }),
            &Event::Invalid {
                offset,
                len,
                reason,
            } => Self::Invalid(Invalid {
                offset,
                len,
                reason,
            }),
            other => panic!("an event this test does not know: {other:?}"),
        }
    }
}

/// Everything that a scanner says of a segment.
pub(crate) fn scan(segment: &[u8], salt: u64) -> Vec<Seen> {
    let mut scanner = Scanner::new(segment, salt);
    let mut seen = Vec::new();
    while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
        seen.push(Seen::of(&event));
    }
    seen
}

/// The records among everything that a scanner says of a segment.
pub(crate) fn records(segment: &[u8], salt: u64) -> Vec<Record> {
    let records = scan(segment, salt)
        .into_iter()
        .filter_map(|seen| match seen {
            Seen::Record(record) => Some(record),
            _ => None,
        });
    records.collect()
}

/// The invalid stretches among everything that a scanner says of a segment.
pub(crate) fn invalid(segment: &[u8], salt: u64) -> Vec<Invalid> {
    let stretches = scan(segment, salt)
        .into_iter()
        .filter_map(|seen| match seen {
            Seen::Invalid(invalid) => Some(invalid),
            _ => None,
        });
    stretches.collect()
}

/// A segment header with the given place in the log.
pub(crate) fn header(number: u64, base: Position) -> SegmentHeader {
    SegmentHeader {
        tree_id: *b"a tree for tests",
        salt: SALT + number,
        number,
        arity: 4,
        fingerprint: [0xf1; 32],
        base,
        attested: base.sequence,
        copied: 0,
        previous: None,
        remains: 0,
    }
}

/// The state after a sequence, where every record has one leaf and the root does not matter.
pub(crate) fn position(sequence: u64) -> Position {
    let root = if sequence == 0 {
        [0; 32]
    } else {
        leaf(sequence)
    };
    Position {
        sequence,
        size: sequence,
        root,
    }
}

/// A leaf that shows its number.
pub(crate) fn leaf(number: u64) -> [u8; 32] {
    let mut leaf = [0x1e; 32];
    leaf[..8].copy_from_slice(&number.to_le_bytes());
    leaf
}

/// A segment in the making.
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) bytes: Vec<u8>,
}

impl Segment {
    pub(crate) fn new(number: u64, base: u64) -> Self {
        let header = header(number, position(base));
        Self {
            bytes: header.encode().to_vec(),
            header,
        }
    }

    /// Appends a group of single leaves whose sequences are those of the range.
    pub(crate) fn group(mut self, sequences: std::ops::RangeInclusive<u64>, attested: u64) -> Self {
        let mut group = GroupBuffer::new(*sequences.start());
        for sequence in sequences {
            group.push_leaf(&leaf(sequence));
        }
        let after = position(group.last_batch_end());
        self.bytes
            .extend(group.seal(self.header.salt, attested, &after));
        self
    }

    /// Appends a group of one record whose batch goes on in the next one.
    pub(crate) fn part(mut self, sequence: u64, more: bool) -> Self {
        let mut group = GroupBuffer::new(sequence);
        group
            .push_part(&[leaf(sequence)], None, more)
            .expect("the part has a leaf");
        let after = position(group.last_batch_end());
        self.bytes.extend(group.seal(self.header.salt, 0, &after));
        self
    }

    /// Appends so many bytes of this value.
    pub(crate) fn filled(mut self, value: u8, len: usize) -> Self {
        self.bytes.resize(self.bytes.len() + len, value);
        self
    }
}

/// The assessment of a log of these segments.
pub(crate) fn assess(segments: &[&Segment], start: u64, attested: u64) -> Assessment {
    let bases: Vec<u64> = segments
        .iter()
        .map(|segment| segment.header.base.sequence)
        .collect();
    let mut rules = LogRules::new(&position(start), attested);
    for (segment, cap) in segments.iter().zip(caps(&bases)) {
        rules.segment(&segment.header, cap);
        let mut scanner = Scanner::new(&segment.bytes[..], segment.header.salt);
        while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
            rules.event(&event);
        }
    }
    rules.finish()
}
