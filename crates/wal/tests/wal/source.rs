//! Reading through a window: pieces that records straddle, sources that fail and are asked again.

use std::io;

use rotortree_wal::{GroupBuffer, OutOfBounds, SECTOR, Scanner, SegmentBytes, Window};

use crate::support::{SALT, Seen, position, records, scan};

/// A segment of a few MiB with records of all sizes, so that windows end within headers, leaves
/// and metadata.
fn large() -> Vec<u8> {
    let mut group = GroupBuffer::new(1);
    let mut segment = vec![0; SECTOR];
    for round in 0..60_u64 {
        for count in [1, 2000, 333, 31, 1, 1, (round as usize * 977) % 9000 + 1] {
            let leaves = vec![[round as u8 ^ count as u8; 32]; count];
            let metadata = vec![3; count % 300];
            group
                .push_batch(&leaves, Some(&metadata))
                .expect("the batch is within the limits");
        }
        let last = group.last_batch_end();
        segment.extend(group.seal(SALT, 0, &position(last)));
        group.clear();
    }
    segment
}

/// Fails every second read.
struct Flaky<'a> {
    bytes: &'a [u8],
    fails: bool,
    failures: usize,
}

impl SegmentBytes for Flaky<'_> {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.fails = !self.fails;
        if self.fails {
            self.failures += 1;
            buf.fill(0xee);
            return Err(io::Error::other("the disk hiccups"));
        }
        self.bytes.read_at(offset, buf).map_err(io::Error::other)
    }
}

#[test]
fn records_that_straddle_reads_come_back_whole() {
    let segment = large();
    assert!(segment.len() > 4 << 20);
    let read = records(&segment, SALT);
    assert_eq!(read.len(), 60 * 7);
    for record in &read {
        assert!(record.leaves.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(record.metadata, Some(vec![3; record.leaves.len() % 300]));
    }
}

#[test]
fn a_read_that_failed_can_be_tried_again_without_losing_anything() {
    let mut garbage = vec![0; 1 << 20];
    garbage.resize(2 << 20, 0xee);
    for segment in [large(), garbage] {
        let mut source = Flaky {
            bytes: &segment,
            fails: false,
            failures: 0,
        };
        let mut scanner = Scanner::new(&mut source, SALT);
        let mut seen = Vec::new();
        for _ in 0..10_000 {
            match scanner.next() {
                Ok(Some(event)) => seen.push(Seen::of(&event)),
                Ok(None) => break,
                Err(error) => assert_eq!(error.to_string(), "the disk hiccups"),
            }
        }
        assert!(seen == scan(&segment, SALT), "the same, failures or not");
        assert!(source.failures >= 8, "{} failures", source.failures);
    }
}

#[test]
fn a_window_handed_on_says_nothing_of_the_segment_before() {
    let segment = large();
    let mut window = Window::new();
    for other in [
        vec![0; 2000],
        segment.clone(),
        segment[..5000].to_vec(),
        segment,
    ] {
        let mut scanner = Scanner::with_window(&other[..], SALT, window);
        assert_eq!(scanner.segment_len(), other.len() as u64);
        let mut seen = Vec::new();
        while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
            seen.push(Seen::of(&event));
        }
        assert_eq!(seen, scan(&other, SALT));
        window = scanner.into_window();
    }
}

#[test]
fn a_slice_refuses_what_it_does_not_hold() {
    let mut bytes: &[u8] = &[0; 10];
    let mut buf = [0; 4];
    assert_eq!(bytes.read_at(6, &mut buf), Ok(()));
    for offset in [7, 10, 11, u64::MAX] {
        let error = OutOfBounds {
            offset,
            wanted: 4,
            len: 10,
        };
        assert_eq!(bytes.read_at(offset, &mut buf), Err(error));
    }
}

#[test]
fn a_segment_shorter_than_its_header_is_at_its_end() {
    for len in [0, 1, 511, 512] {
        assert_eq!(scan(&vec![0xff; len], SALT), []);
    }
}

#[test]
fn a_scanner_that_starts_at_a_group_sees_what_follows_and_one_that_peeks_goes_on_as_before() {
    let segment = large();
    let all = scan(&segment, SALT);
    let groups: Vec<_> = all
        .iter()
        .filter_map(|seen| match seen {
            Seen::Group(group) => Some(*group),
            _ => None,
        })
        .collect();
    let mut scanner = Scanner::new(&segment[..], SALT);
    let mut seen = Vec::new();
    let mut peeked = Vec::new();
    while let Some(event) = scanner.next().expect("the segment can be read") {
        let is_group = matches!(event, rotortree_wal::Event::Group(_));
        seen.push(Seen::of(&event));
        if is_group {
            peeked.extend(scanner.peek_group().expect("the segment can be read"));
        }
    }
    assert_eq!(seen, all);
    assert_eq!(peeked, groups[1..]);

    for group in groups {
        let mut scanner = Scanner::new(&segment[..], SALT).starting_at(group.offset);
        let mut seen = Vec::new();
        while let Some(event) = scanner.next().expect("the segment can be read") {
            seen.push(Seen::of(&event));
        }
        let from = all.iter().position(|seen| *seen == Seen::Group(group));
        assert_eq!(seen, all[from.expect("it is one of them")..]);
    }
}
