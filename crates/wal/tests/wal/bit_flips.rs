//! Every bit flip and every length of a small segment: each is either noticed or changes nothing,
//! as the test predicts.

use std::collections::BTreeSet;

use rotortree_wal::{GroupBuffer, InvalidReason, Position, SECTOR, Verdict};

use crate::support::{Seen, Segment, assess, invalid, leaf, position, records, scan};

/// Three groups: two batches and metadata, a single leaf, an attest mark; and the bytes that are
/// padding behind records.
fn small() -> (Segment, BTreeSet<usize>) {
    let mut segment = Segment::new(1, 0);
    let salt = segment.header.salt;
    let mut group = GroupBuffer::new(1);
    let mut padding = BTreeSet::new();
    let mut seal =
        |group: &mut GroupBuffer, bytes: &mut Vec<u8>, payload: usize, attested, size| {
            let records_end = bytes.len() + 128 + payload;
            let after = Position {
                sequence: group.last_batch_end(),
                size,
                root: [4; 32],
            };
            bytes.extend(group.seal(salt, attested, &after));
            padding.extend(records_end..bytes.len());
            group.clear();
        };
    group
        .push_batch(&[leaf(1), leaf(2)], None)
        .expect("the batch is valid");
    group
        .push_batch(&[leaf(3)], Some(b"seventeen bytes.."))
        .expect("the batch is valid");
    let payload = GroupBuffer::batch_bytes(2, 0) + GroupBuffer::batch_bytes(1, 17);
    seal(&mut group, &mut segment.bytes, payload, 0, 3);
    group.push_leaf(&leaf(4));
    seal(&mut group, &mut segment.bytes, 48, 2, 4);
    let after = Position {
        sequence: 3,
        size: 4,
        root: [4; 32],
    };
    padding.extend(segment.bytes.len() + 128..segment.bytes.len() + SECTOR);
    segment
        .bytes
        .extend(GroupBuffer::new(4).seal(salt, 3, &after));
    (segment, padding)
}

#[test]
fn every_flipped_bit_behind_the_header_is_noticed_unless_it_is_padding() {
    let (segment, padding) = small();
    let whole = scan(&segment.bytes, segment.header.salt);
    assert!(whole.iter().all(|seen| !matches!(seen, Seen::Invalid(_))));
    for bit in SECTOR * 8..segment.bytes.len() * 8 {
        let mut flipped = segment.bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let seen = scan(&flipped, segment.header.salt);
        if padding.contains(&(bit / 8)) {
            assert_eq!(seen, whole, "byte {} is redundant", bit / 8);
        } else {
            let bad = invalid(&flipped, segment.header.salt);
            assert_eq!(bad.len(), 1, "byte {}", bit / 8);
            let at = bad[0].offset as usize..(bad[0].offset + bad[0].len) as usize;
            assert!(at.contains(&(bit / 8)), "byte {} lies in {at:?}", bit / 8);
            assert!(
                seen.iter()
                    .all(|seen| matches!(seen, Seen::Invalid(_)) || whole.contains(seen))
            );
        }
    }
}

#[test]
fn a_flipped_bit_is_damage_up_to_what_is_attested_and_a_tear_behind_it() {
    let (segment, padding) = small();
    let bounds = assess(&[&segment], 0, 0);
    assert_eq!((bounds.end, bounds.attested, bounds.size), (3, 3, 4));
    assert_eq!(bounds.verdict, Verdict::Whole);
    for byte in (SECTOR..segment.bytes.len()).filter(|byte| !padding.contains(byte)) {
        let mut flipped = Segment {
            header: segment.header.clone(),
            bytes: segment.bytes.clone(),
        };
        flipped.bytes[byte] ^= 0x10;
        let assessment = assess(&[&flipped], 0, 0);
        let place = assessment
            .verdict
            .broken_at()
            .expect("the flip is noticed")
            .place
            .offset;
        assert!(place as usize <= byte, "byte {byte}, told at {place}");
        let in_mark = byte >= segment.bytes.len() - SECTOR;
        assert_eq!(
            assessment.is_damaged(),
            !in_mark,
            "byte {byte}: {assessment:?}"
        );
        // The mark attested the last record, which is still there.
        assert_eq!(assessment.end == 3, in_mark, "byte {byte}");
    }
}

#[test]
fn every_length_gives_a_prefix_and_says_what_it_cut_into() {
    let (segment, padding) = small();
    let salt = segment.header.salt;
    let whole = records(&segment.bytes, salt);
    let starts: BTreeSet<usize> = scan(&segment.bytes, salt)
        .iter()
        .filter_map(|seen| match seen {
            Seen::Group(group) => Some(group.offset as usize),
            _ => None,
        })
        .collect();
    for len in SECTOR..segment.bytes.len() {
        let cut = &segment.bytes[..len];
        let kept = records(cut, salt);
        assert_eq!(kept, whole[..kept.len()], "length {len}");
        let stretches = invalid(cut, salt);
        // The missing part begins at `len`: a cut in padding or at the start of a group splits
        // nothing.
        if padding.contains(&len) || starts.contains(&len) {
            assert_eq!(stretches, [], "length {len}");
        } else {
            assert_eq!(stretches.len(), 1, "length {len}");
            assert_eq!(
                stretches[0].offset + stretches[0].len,
                len as u64,
                "length {len}"
            );
            let group = starts.range(..len).next_back();
            if group.is_some_and(|group| len >= group + 128) {
                assert!(
                    matches!(stretches[0].reason, InvalidReason::Truncated { .. }),
                    "length {len}: {}",
                    stretches[0].reason
                );
            }
        }
    }
}

#[test]
fn no_length_short_of_the_last_record_passes_when_the_end_is_known() {
    let (segment, _) = small();
    let last = records(&segment.bytes, segment.header.salt)
        .pop()
        .expect("there are records");
    let end = last.offset as usize + 48;
    for len in SECTOR..segment.bytes.len() {
        let cut = Segment {
            header: segment.header.clone(),
            bytes: segment.bytes[..len].to_vec(),
        };
        let assessment = assess(&[&cut], 0, last.sequence);
        assert_eq!(
            assessment.is_damaged(),
            len < end,
            "length {len}: {assessment:?}"
        );
        assert_eq!(assessment.end == last.sequence, len >= end, "length {len}");
        if assessment.is_damaged() {
            assert_eq!(assessment.lost(), last.sequence - assessment.end);
        }
    }
}

#[test]
fn sectors_that_never_reached_the_disk_are_noticed_wherever_they_are() {
    let mut segment = Segment::new(1, 0);
    let salt = segment.header.salt;
    let mut group = GroupBuffer::new(1);
    for sequence in 1..=40 {
        group.push_leaf(&leaf(sequence));
    }
    segment.bytes.extend(group.seal(salt, 0, &position(40)));
    let sectors = segment.bytes.len() / SECTOR - 1;
    assert_eq!(sectors, 4);
    for mask in 0..1 << sectors {
        let mut torn = segment.bytes.clone();
        for sector in (0..sectors).filter(|sector| mask >> sector & 1 == 0) {
            torn[(sector + 1) * SECTOR..(sector + 2) * SECTOR].fill(0);
        }
        let kept = records(&torn, salt);
        let intact = (0..sectors)
            .take_while(|sector| mask >> sector & 1 == 1)
            .count();
        let expected = (intact * SECTOR).saturating_sub(128) / 48;
        assert_eq!(kept.len(), expected.min(40), "mask {mask:#b}");
        assert_eq!(
            invalid(&torn, salt).is_empty(),
            intact == sectors,
            "mask {mask:#b}"
        );
    }
}
