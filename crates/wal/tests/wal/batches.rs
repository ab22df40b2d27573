//! Batches of every shape: their records and their limits.

use rotortree_wal::{
    GroupBuffer, MAX_METADATA_BYTES, MAX_RECORD_BYTES, Position, RecordError, SECTOR,
};

use crate::support::{Record, SALT, Seen, leaf, position, records, scan};

const FULL: usize = MAX_RECORD_BYTES / 32;

fn leaves(count: usize) -> Vec<[u8; 32]> {
    (0..count as u64).map(leaf).collect()
}

/// The records read back of one batch, and the bytes it took.
fn written(leaves: &[[u8; 32]], metadata: Option<&[u8]>) -> (Vec<Record>, u64) {
    let mut group = GroupBuffer::new(1);
    let last = group
        .push_batch(leaves, metadata)
        .expect("the batch is within the limits");
    assert_eq!(
        (last, group.last_batch_end(), group.next_sequence()),
        (last, last, last + 1)
    );
    assert_eq!(group.leaf_count(), leaves.len() as u64);
    let after = Position {
        sequence: last,
        size: leaves.len() as u64,
        root: [1; 32],
    };
    let expected_len = group.byte_len();
    let sealed = group.seal(SALT, 0, &after).to_vec();
    assert_eq!(sealed.len(), expected_len);
    let mut segment = vec![0; SECTOR];
    segment.extend(sealed);
    let seen = scan(&segment, SALT);
    let Some(Seen::Group(group)) = seen.first() else {
        panic!("a group stands first: {seen:?}")
    };
    assert_eq!(group.last_sequence(), last);
    assert!(
        !seen.iter().any(|seen| matches!(seen, Seen::Invalid(_))),
        "all of it is valid"
    );
    (records(&segment, SALT), group.payload_len)
}

#[test]
fn a_batch_is_split_at_the_record_limit_and_all_parts_but_the_last_say_so() {
    let metadata = [7; 1000];
    for count in [
        1,
        2,
        FULL - 1,
        FULL,
        FULL + 1,
        2 * FULL,
        2 * FULL + 1,
        3 * FULL + 77,
    ] {
        for metadata in [None, Some(&metadata[..])] {
            let leaves = leaves(count);
            let (records, len) = written(&leaves, metadata);
            let read: Vec<[u8; 32]> = records
                .iter()
                .flat_map(|record| record.leaves.clone())
                .collect();
            assert_eq!(read, leaves, "{count} leaves");
            let (last, before) = records.split_last().expect("a batch has a record");
            assert!(!last.more);
            assert_eq!(last.metadata.as_deref(), metadata);
            assert!(
                before
                    .iter()
                    .all(|part| part.more && part.metadata.is_none())
            );
            let bytes = GroupBuffer::batch_bytes(count, metadata.map_or(0, <[u8]>::len));
            assert_eq!(
                bytes as u64, len,
                "{count} leaves take what was said they would"
            );
        }
    }
}

#[test]
fn metadata_that_does_not_fit_beside_the_last_leaves_gets_a_record_of_its_own() {
    let metadata = vec![5; MAX_METADATA_BYTES];
    let beside = FULL - MAX_METADATA_BYTES / 32;
    let (records, _) = written(&leaves(beside), Some(&metadata));
    assert_eq!(records.len(), 1);
    let (records, len) = written(&leaves(beside + 1), Some(&metadata));
    assert_eq!(records.len(), 2);
    assert_eq!(
        (
            records[0].leaves.len(),
            records[0].more,
            records[0].metadata.is_some()
        ),
        (beside + 1, true, false)
    );
    assert_eq!(
        (
            records[1].leaves.len(),
            records[1].more,
            records[1].metadata.is_some()
        ),
        (0, false, true)
    );
    assert_eq!(
        len,
        GroupBuffer::batch_bytes(beside + 1, MAX_METADATA_BYTES) as u64
    );
}

#[test]
fn metadata_of_every_length_around_the_padding_comes_back_with_and_without_leaves() {
    for len in (0..=33).chain([MAX_METADATA_BYTES - 1, MAX_METADATA_BYTES]) {
        let metadata: Vec<u8> = (0..len).map(|at| at as u8 | 1).collect();
        for count in [0, 1, 3] {
            let (records, _) = written(&leaves(count), Some(&metadata));
            assert_eq!(records.len(), 1);
            assert_eq!(records[0].metadata.as_deref(), Some(&metadata[..]));
            assert_eq!(records[0].leaves, leaves(count));
        }
    }
}

#[test]
fn the_room_for_absurd_batches_saturates() {
    assert_eq!(GroupBuffer::batch_bytes(usize::MAX, 0), usize::MAX);
    assert_eq!(GroupBuffer::batch_bytes(usize::MAX, usize::MAX), usize::MAX);
    assert!(GroupBuffer::batch_bytes(0, usize::MAX) >= usize::MAX / 2);
    assert!(GroupBuffer::batch_bytes(FULL, usize::MAX) > MAX_RECORD_BYTES);
}

#[test]
fn empty_metadata_is_not_the_same_as_none() {
    assert_eq!(
        written(&[leaf(1)], Some(&[])).0[0].metadata,
        Some(Vec::new())
    );
    assert_eq!(written(&[leaf(1)], None).0[0].metadata, None);
}

#[test]
fn what_is_refused_leaves_the_group_as_it_was() {
    let mut group = GroupBuffer::new(8);
    group.push_leaf(&leaf(8));
    let before = group.seal(SALT, 0, &position(8)).to_vec();
    let long = vec![0; MAX_METADATA_BYTES + 1];
    assert_eq!(group.push_batch(&[], None), Err(RecordError::Empty));
    assert_eq!(group.push_part(&[], None, true), Err(RecordError::Empty));
    let too_long = RecordError::MetadataTooLong {
        len: MAX_METADATA_BYTES + 1,
    };
    assert_eq!(group.push_batch(&[leaf(9)], Some(&long)), Err(too_long));
    let early = group.push_part(&[leaf(9)], Some(b"early"), true);
    assert_eq!(early, Err(RecordError::MetadataBeforeEnd));
    assert_eq!(
        (
            group.record_count(),
            group.next_sequence(),
            group.last_batch_end()
        ),
        (1, 9, 8)
    );
    assert_eq!(group.seal(SALT, 0, &position(8)), before);
}

#[test]
fn a_batch_streamed_through_several_groups_keeps_its_sequences() {
    let before = position(4);
    let mut group = GroupBuffer::new(5);
    let mut segment = vec![0; SECTOR];
    for part in 0..3 {
        let more = part < 2;
        let metadata = (!more).then_some(&b"end"[..]);
        assert_eq!(
            group.push_part(&leaves(FULL + 1), metadata, more),
            Ok(6 + 2 * part)
        );
        let after = if more {
            before
        } else {
            Position {
                sequence: 10,
                size: 99,
                root: [9; 32],
            }
        };
        assert_eq!(group.last_batch_end(), after.sequence);
        segment.extend(group.seal(SALT, 4, &after));
        group.clear();
    }
    let seen = scan(&segment, SALT);
    let groups: Vec<_> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Group(group) => Some((group.first_sequence, group.size_after, group.attested)),
            _ => None,
        })
        .collect();
    assert_eq!(
        groups,
        [(5, 4, 4), (7, 4, 4), (9, 99, 4)],
        "an open batch does not count"
    );
    let records = records(&segment, SALT);
    let shape: Vec<_> = records
        .iter()
        .map(|record| (record.sequence, record.leaves.len(), record.more))
        .collect();
    let expected = [
        (5, FULL, true),
        (6, 1, true),
        (7, FULL, true),
        (8, 1, true),
        (9, FULL, true),
        (10, 1, false),
    ];
    assert_eq!(shape, expected);
    assert_eq!(records[5].metadata.as_deref(), Some(&b"end"[..]));
}

#[test]
fn a_group_can_be_sealed_again_for_another_segment_and_pushed_to_further() {
    let mut group = GroupBuffer::new(1);
    group.push_leaf(&leaf(1));
    let first = group.seal(SALT, 0, &position(1)).to_vec();
    let other = group.seal(SALT + 1, 0, &position(1)).to_vec();
    assert_ne!(first, other);
    assert_eq!(
        group.seal(SALT, 0, &position(1)),
        first,
        "sealing has no memory"
    );
    group.push_leaf(&leaf(2));
    let pushed_late = group.seal(SALT, 0, &position(2)).to_vec();

    let mut at_once = GroupBuffer::new(1);
    at_once.push_leaf(&leaf(1));
    at_once.push_leaf(&leaf(2));
    assert_eq!(at_once.seal(SALT, 0, &position(2)), pushed_late);
}

#[test]
fn one_leaf_is_the_same_pushed_alone_or_as_a_batch() {
    let mut alone = GroupBuffer::new(1);
    assert_eq!(alone.push_leaf(&leaf(1)), 1);
    let mut batch = GroupBuffer::new(1);
    assert_eq!(batch.push_batch(&[leaf(1)], None), Ok(1));
    assert_eq!(alone.leaf_count(), batch.leaf_count());
    assert_eq!(alone.last_batch_end(), batch.last_batch_end());
    assert_eq!(
        alone.seal(SALT, 0, &position(1)),
        batch.seal(SALT, 0, &position(1))
    );
}

#[test]
fn a_group_never_attests_itself() {
    let mut group = GroupBuffer::new(5);
    group.push_leaf(&leaf(5));
    let mut segment = vec![0; SECTOR];
    segment.extend(group.seal(SALT, 5, &position(5)));
    let Some(Seen::Group(header)) = scan(&segment, SALT).into_iter().next() else {
        panic!("the group is valid")
    };
    assert_eq!(header.attested, 4);
}

#[test]
fn memory_is_made_with_the_first_record_kept_while_needed_and_given_back_when_not() {
    let mut group = GroupBuffer::new(1);
    assert_eq!(group.capacity(), 0);
    group
        .push_batch(&leaves(100_000), None)
        .expect("the batch is within the limits");
    let large = group.capacity();
    group.clear();
    assert_eq!(
        group.capacity(),
        large,
        "a group that filled the allocation keeps it"
    );
    group.clear();
    group.reset(1);
    assert_eq!(
        group.capacity(),
        large,
        "an empty group says nothing about the need"
    );
    group.push_leaf(&leaf(1));
    group.clear();
    assert!(
        group.capacity() <= 16 << 10,
        "one that hardly used it does not: {}",
        group.capacity()
    );
    let small = group.capacity();
    for _ in 0..10 {
        group.push_leaf(&leaf(1));
        group.clear();
    }
    assert_eq!(group.capacity(), small, "a small allocation stays");
    group.release();
    assert_eq!(group.capacity(), 0);
    group.push_leaf(&leaf(1));
    group.reset(77);
    assert_eq!(
        (
            group.first_sequence(),
            group.last_batch_end(),
            group.leaf_count()
        ),
        (77, 76, 0)
    );
}

#[test]
fn a_buffer_that_follows_another_goes_on_where_that_ended_also_within_a_batch() {
    let mut first = GroupBuffer::new(5);
    first.push_leaf(&leaf(5));
    first
        .push_part(&[leaf(6)], None, true)
        .expect("the part has a leaf");
    let mut second = GroupBuffer::new(99);
    second.push_leaf(&leaf(99));
    second.follow(&first);
    assert!(second.is_empty());
    assert_eq!((second.first_sequence(), second.next_sequence()), (7, 7));
    assert_eq!(second.last_batch_end(), 5, "the batch is still open");
    assert_eq!(second.push_part(&[leaf(7)], None, false), Ok(7));
    assert_eq!(second.last_batch_end(), 7);
}
