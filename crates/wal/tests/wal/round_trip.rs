//! Written batches are read back, and writing them again gives the same bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rotortree_wal::{Event, GroupBuffer, Position, SECTOR, Scanner};

use crate::support::{Record, SALT, Seen, scan};

/// A batch: leaves given by a byte each, and metadata.
type Batch = (Vec<u8>, Option<Vec<u8>>);

fn batches() -> impl Strategy<Value = Vec<Vec<Batch>>> {
    let batch = (vec(any::<u8>(), 0..40), option::of(vec(any::<u8>(), 0..70)))
        .prop_filter("a batch carries something", |(leaves, metadata)| {
            !leaves.is_empty() || metadata.is_some()
        });
    vec(vec(batch, 0..6), 0..6)
}

fn write(groups: &[Vec<Batch>], first: u64) -> (Vec<u8>, Vec<Record>) {
    let mut buffer = GroupBuffer::new(first);
    let mut segment = vec![0; SECTOR];
    let mut expected = Vec::new();
    let mut after = Position {
        sequence: first - 1,
        size: first,
        root: [first as u8; 32],
    };
    for group in groups {
        let mut offset = segment.len() + 128;
        for (leaves, metadata) in group {
            let leaves: Vec<[u8; 32]> = leaves.iter().map(|byte| [*byte; 32]).collect();
            let sequence = match (&leaves[..], metadata) {
                ([leaf], None) => buffer.push_leaf(leaf),
                _ => buffer
                    .push_batch(&leaves, metadata.as_deref())
                    .expect("within the limits"),
            };
            after.sequence = sequence;
            after.size += leaves.len() as u64;
            let len = GroupBuffer::batch_bytes(leaves.len(), metadata.as_ref().map_or(0, Vec::len));
            let metadata = metadata.clone();
            expected.push(Record {
                offset: offset as u64,
                sequence,
                leaves,
                metadata,
                more: false,
            });
            offset += len;
        }
        segment.extend(buffer.seal(SALT, first - 1, &after));
        assert_eq!(
            segment.len(),
            offset.next_multiple_of(SECTOR),
            "the lengths add up"
        );
        buffer.clear();
    }
    (segment, expected)
}

proptest! {
    #[test]
    fn groups_of_batches_come_back_as_they_were_written(groups in batches(), first in 1..1000u64) {
        let (segment, expected) = write(&groups, first);
        let mut records = Vec::new();
        let mut headers = 0;
        for seen in scan(&segment, SALT) {
            match seen {
                Seen::Group(group) => {
                    headers += 1;
                    prop_assert_eq!(group.attested, first - 1);
                    let before = records.last().map_or(first - 1, |record: &Record| record.sequence);
                    prop_assert_eq!(group.first_sequence, before + 1);
                }
                Seen::Record(record) => records.push(record),
                Seen::Invalid(invalid) => prop_assert!(false, "{:?}", invalid),
            }
        }
        prop_assert_eq!(headers, groups.len());
        prop_assert_eq!(records, expected);
    }

    #[test]
    fn records_copied_into_another_segment_differ_in_nothing_but_checksums(groups in batches()) {
        let (segment, expected) = write(&groups, 1);
        let mut copy = GroupBuffer::new(1);
        let mut scanner = Scanner::new(&segment[..], SALT);
        let mut after = Position::START;
        let mut index = 0;
        while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
            match event {
                Event::Group(group) => {
                    index = 0;
                    (after.size, after.root) = (group.size_after, group.root_after);
                }
                Event::Record(record) => {
                    let metadata = record.metadata.map_or(0, <[u8]>::len);
                    let len = GroupBuffer::batch_bytes(record.leaves.len(), metadata);
                    prop_assert_eq!(record.encoded_len(), len);
                    prop_assert_eq!(record.index, index);
                    index += 1;
                    let sequence = copy.push_record(&record).expect("what was read can be written");
                    prop_assert_eq!(sequence, record.sequence);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        after.sequence = copy.last_batch_end();
        let mut copied = vec![0; SECTOR];
        copied.extend(copy.seal(!SALT, 0, &after));
        let read: Vec<Record> = crate::support::records(&copied, !SALT);
        prop_assert_eq!(read.len(), expected.len());
        for (old, new) in expected.iter().zip(&read) {
            prop_assert_eq!(old, &Record { offset: old.offset, ..new.clone() });
            let len = GroupBuffer::batch_bytes(old.leaves.len(), old.metadata.as_ref().map_or(0, Vec::len));
            let (old, new) = (old.offset as usize + 4, new.offset as usize + 4);
            prop_assert_eq!(&segment[old..old + len - 4], &copied[new..new + len - 4]);
        }
    }

    #[test]
    fn a_sealed_group_that_takes_over_the_one_behind_it_is_one_group_of_both(
        groups in batches(),
        front_ends_within_a_batch: bool,
    ) {
        let mut whole = GroupBuffer::new(7);
        let mut front = GroupBuffer::new(7);
        for (number, group) in groups.iter().enumerate() {
            let mut behind = GroupBuffer::new(7);
            behind.follow(&front);
            for buffer in [&mut whole, &mut behind] {
                for (leaves, metadata) in group {
                    let leaves: Vec<[u8; 32]> = leaves.iter().map(|byte| [*byte; 32]).collect();
                    buffer.push_batch(&leaves, metadata.as_deref()).expect("within the limits");
                }
                if front_ends_within_a_batch {
                    let more = number + 1 < groups.len();
                    buffer.push_part(&[[number as u8; 32]], None, more).expect("within the limits");
                }
            }
            let after = Position { sequence: front.last_batch_end(), ..Position::START };
            front.seal(!SALT, 3, &after);
            front.take_over(&mut behind);
            prop_assert!(behind.is_empty());
            prop_assert_eq!(behind.next_sequence(), front.next_sequence());
        }
        prop_assert_eq!(front.next_sequence(), whole.next_sequence());
        prop_assert_eq!(front.last_batch_end(), whole.last_batch_end());
        prop_assert_eq!(front.leaf_count(), whole.leaf_count());
        let after = Position { sequence: whole.last_batch_end(), ..Position::START };
        prop_assert_eq!(front.seal(SALT, 3, &after), whole.seal(SALT, 3, &after));
    }

    #[test]
    fn no_bytes_whatever_make_the_scanner_panic_or_lose_its_place(
        mut bytes in vec(any::<u8>(), 0..5000),
        groups in batches(),
        at in 0..4usize,
    ) {
        bytes.resize(bytes.len().next_multiple_of(SECTOR).max((at + 1) * SECTOR), 0);
        bytes.extend_from_slice(&write(&groups, 1).0[SECTOR..]);
        let mut end = SECTOR as u64;
        for seen in scan(&bytes, SALT) {
            match seen {
                Seen::Group(group) => {
                    prop_assert_eq!(group.offset, end);
                    end = group.end();
                }
                Seen::Record(record) => prop_assert!(record.offset < end),
                Seen::Invalid(invalid) => {
                    prop_assert!(invalid.offset <= end && invalid.len > 0);
                    end = invalid.offset + invalid.len;
                }
            }
        }
        prop_assert_eq!(end, (bytes.len() as u64).max(SECTOR as u64));
    }
}
