//! Any bytes as a log: reading never panics, valid groups are exactly those that the writer writes,
//! and the two passes agree. Of the chunks that records refer to, those with an odd checksum are
//! not there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::wal_log::Log;
use rotortree_wal::{
    Event, GroupBuffer, GroupHeader, InvalidReason, LogRules, MAX_RECORD_BYTES, Position,
    RecordView, SECTOR, Scanner, SegmentHeader, SegmentStart, Verdict, Window, caps,
};

fuzz_target!(|input: &[u8]| {
    if let Some(log) = Log::decode(input) {
        check(&log);
    }
});

fn check(log: &Log) {
    let mut heads = Vec::new();
    let mut unreadable = false;
    let starts: Vec<SegmentStart> = log.segments.iter().map(|segment| start(segment)).collect();
    for start in &starts {
        if let SegmentStart::Header(header) = start {
            heads.push(header.base.sequence);
        }
    }
    let mut next_cap = caps(&heads).into_iter();
    let segments: Vec<(&[u8], &SegmentStart, u64)> = log
        .segments
        .iter()
        .zip(&starts)
        .map(|(bytes, start)| {
            let has_header = matches!(start, SegmentStart::Header(_));
            let cap = if has_header { next_cap.next() } else { None };
            (&bytes[..], start, cap.unwrap_or(u64::MAX))
        })
        .collect();

    let position = Position {
        sequence: log.start,
        size: log.start,
        root: [1; 32],
    };
    let mut rules = LogRules::new(&position, 0);
    let mut window = Window::new();
    for (number, (bytes, start, cap)) in (0..).zip(&segments) {
        match start {
            SegmentStart::Header(header) => {
                rules.segment(header, *cap);
                window = scan(bytes, header, window, |event| match event {
                    Event::Record(record) if rules.comes_next(record) => {
                        let lacking = lacks_chunk(record).then(|| chunk_mismatch(record));
                        rules.event(lacking.as_ref().unwrap_or(event));
                    }
                    _ => rules.event(event),
                });
                unreadable = false;
            }
            SegmentStart::Blank => {}
            SegmentStart::Unreadable(error) => {
                rules.unreadable_segment(number, error.clone());
                unreadable = true;
            }
        }
    }
    let assessment = rules.finish();
    assert!(assessment.end >= log.start && assessment.attested >= log.start);
    assert!(!unreadable || assessment.is_damaged());
    assert!(assessment.lost() == 0 || assessment.is_damaged());
    assert_eq!(
        assessment.verdict == Verdict::Whole,
        assessment.verdict.broken_at().is_none()
    );

    let (mut size, mut last) = (log.start, log.start);
    let mut complete = true;
    for (bytes, start, cap) in &segments {
        let SegmentStart::Header(header) = start else {
            continue;
        };
        window = scan(bytes, header, window, |event| {
            if let Event::Record(record) = event
                && record.sequence == last + 1
                && record.sequence <= assessment.end.min(*cap)
            {
                last = record.sequence;
                assert!(!lacks_chunk(record));
                size += record.leaf_count();
                complete = !record.more;
            }
        });
    }
    assert!(complete);
    assert_eq!((last, size), (assessment.end, assessment.size));
}

fn lacks_chunk(record: &RecordView<'_>) -> bool {
    let sums = record.chunks.map_or(&[][..], |run| run.sums);
    sums.iter().any(|sum| sum[0] % 2 == 1)
}

fn chunk_mismatch(record: &RecordView<'_>) -> Event<'static> {
    Event::Invalid {
        offset: record.offset,
        len: record.encoded_len() as u64,
        reason: InvalidReason::ChunkMismatch {
            sequence: record.sequence,
            chunk: record.chunks.map_or(0, |run| run.first),
        },
    }
}

/// The start of a segment. A header equals the one that the writer writes.
fn start(bytes: &[u8]) -> SegmentStart {
    let start = SegmentStart::read(&mut &bytes[..]).expect("reads stay within the slice");
    match &start {
        SegmentStart::Header(header) => assert_eq!(header.encode(), bytes[..SECTOR]),
        SegmentStart::Blank => assert!(bytes.len() < SECTOR || bytes.iter().all(|byte| *byte == 0)),
        SegmentStart::Unreadable(_) => assert!(SegmentHeader::decode(bytes).is_err()),
    }
    start
}

/// A group that is being written again, record by record.
struct Copy {
    header: GroupHeader,
    buffer: GroupBuffer,
}

/// Scans a segment, checks that events lie end to end, and writes every whole group again.
fn scan(
    bytes: &[u8],
    header: &SegmentHeader,
    window: Window,
    mut each: impl FnMut(&Event<'_>),
) -> Window {
    let mut scanner = Scanner::with_window(bytes, header.salt, window);
    let mut copy: Option<Copy> = None;
    let mut end = SECTOR as u64;
    while let Some(event) = scanner.next().expect("reads stay within the slice") {
        match event {
            Event::Group(group) => {
                written_again(bytes, header.salt, copy.take());
                assert_eq!(group.offset, end);
                end = group.end();
                copy = Some(Copy {
                    header: *group,
                    buffer: GroupBuffer::new(group.first_sequence),
                });
            }
            Event::Record(record) => {
                let copy = copy.as_mut().expect("a group stands before its records");
                assert_eq!(copy.buffer.push_record(&record), Ok(record.sequence));
                assert_eq!(copy.buffer.record_count(), record.index + 1);
            }
            Event::Invalid { offset, len, .. } => {
                let whole = copy.take().filter(|copy| offset >= copy.header.end());
                written_again(bytes, header.salt, whole);
                assert!(offset <= end);
                end = offset + len;
            }
            _ => unreachable!("there are no other events"),
        }
        each(&event);
    }
    written_again(bytes, header.salt, copy);
    assert!(end >= bytes.len() as u64);
    let window = scanner.into_window();
    assert!(window.capacity() <= MAX_RECORD_BYTES + SECTOR);
    window
}

/// Checks that the writer reproduces a whole group, except for the padding, which is never read.
fn written_again(bytes: &[u8], salt: u64, copy: Option<Copy>) {
    let Some(Copy { header, mut buffer }) = copy else {
        return;
    };
    assert_eq!(buffer.record_count(), header.record_count);
    let sequence = buffer.last_batch_end();
    let after = Position {
        sequence,
        size: header.size_after,
        root: header.root_after,
    };
    let written = buffer.seal(salt, header.attested, &after);
    let (from, to) = (header.offset as usize, header.payload_end() as usize);
    assert_eq!(written[..to - from], bytes[from..to]);
}
