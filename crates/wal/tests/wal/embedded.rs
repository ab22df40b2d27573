//! Leaves and metadata that contain whole groups: bytes of an adversary never pass for
//! the log's own.

use rotortree_wal::{GroupBuffer, InvalidReason, MAX_METADATA_BYTES, SECTOR};

use crate::support::{SALT, Seen, invalid, leaf, position, records, scan};

/// A valid group of one leaf, under this salt.
fn evil(salt: u64) -> Vec<u8> {
    let mut group = GroupBuffer::new(2);
    group.push_leaf(&[0x66; 32]);
    group.seal(salt, 1, &position(2)).to_vec()
}

/// A segment of one group whose leaves hold `inner` on every sector boundary, and nothing that
/// could be parsed before it.
fn carrier(inner: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x77; SECTOR - 128 - 16];
    for _ in 0..3 {
        bytes.extend_from_slice(inner);
    }
    let (leaves, rest) = bytes.as_chunks::<32>();
    let mut group = GroupBuffer::new(1);
    group
        .push_batch(leaves, Some(rest))
        .expect("the batch is valid");
    let mut segment = vec![0; SECTOR];
    segment.extend(group.seal(SALT, 0, &position(1)));
    assert_eq!(
        &segment[2 * SECTOR..3 * SECTOR],
        inner,
        "the inner group is sector-aligned"
    );
    segment
}

#[test]
fn a_group_within_a_leaf_is_leaf_bytes_while_the_outer_group_is_valid() {
    for salt in [SALT, SALT + 1] {
        let segment = carrier(&evil(salt));
        assert_eq!(
            scan(&segment, SALT).len(),
            2,
            "the outer group and its record"
        );
    }
}

#[test]
fn a_group_of_another_segment_never_passes_when_the_outer_header_is_gone() {
    let mut segment = carrier(&evil(SALT + 1));
    segment[SECTOR] ^= 1;
    let seen = scan(&segment, SALT);
    assert!(matches!(&seen[..], [Seen::Invalid(it)] if it.reason == InvalidReason::NoGroup));
}

#[test]
fn records_of_another_segment_never_pass_under_a_header_of_this_one() {
    let group = |salt: u64| {
        let mut group = GroupBuffer::new(1);
        for sequence in 1..=20 {
            group.push_leaf(&leaf(sequence));
        }
        let after = position(20);
        group.seal(salt, 0, &after).to_vec()
    };
    let mut segment = vec![0; SECTOR];
    segment.extend(group(SALT));
    assert_eq!(records(&segment, SALT).len(), 20);
    // A write that was torn over the same records of the segment that was in the file before.
    segment[2 * SECTOR..].copy_from_slice(&group(SALT + 1)[SECTOR..]);
    assert_eq!(
        records(&segment, SALT).len(),
        8,
        "those of the first sector"
    );
}

#[test]
fn nothing_but_the_salt_keeps_such_a_group_out() {
    let mut segment = carrier(&evil(SALT));
    segment[SECTOR] ^= 1;
    assert_eq!(
        records(&segment, SALT)[0].leaves,
        [[0x66; 32]],
        "who knows the salt can forge"
    );
}

#[test]
fn a_whole_segment_of_another_salt_says_nothing() {
    let mut segment = vec![0; SECTOR];
    segment.extend(evil(SALT + 1));
    assert_eq!(records(&segment, SALT), []);
    assert_eq!(records(&segment, SALT + 1).len(), 1);
}

/// A segment of one group with three single leaves.
fn three() -> Vec<u8> {
    let mut group = GroupBuffer::new(1);
    for sequence in 1..=3 {
        group.push_leaf(&leaf(sequence));
    }
    let mut segment = vec![0; SECTOR];
    segment.extend(group.seal(SALT, 0, &position(3)));
    segment
}

#[test]
fn records_that_were_swapped_or_repeated_within_a_group_fail() {
    let first = SECTOR + 128;
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        let mut repeated = three();
        repeated.copy_within(first + from * 48..first + (from + 1) * 48, first + to * 48);
        assert_eq!(
            records(&repeated, SALT).len(),
            to,
            "record {from} over {to}"
        );
        assert_eq!(invalid(&repeated, SALT).len(), 1);
    }
}

#[test]
fn metadata_is_as_harmless_as_leaves() {
    let mut metadata = vec![0x77; SECTOR - 128 - 16];
    metadata.extend(evil(SALT + 1));
    metadata.resize(MAX_METADATA_BYTES, 0x77);
    let mut group = GroupBuffer::new(1);
    group
        .push_batch(&[], Some(&metadata))
        .expect("the metadata is within its limit");
    let mut segment = vec![0; SECTOR];
    segment.extend(group.seal(SALT, 0, &position(1)));
    segment[SECTOR + 9] ^= 1;
    assert_eq!(records(&segment, SALT), []);
}
