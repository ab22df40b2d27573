//! The segment header: refused headers, and the order of the checks.

use rotortree_wal::{HeaderCopy, Position, SECTOR, SegmentError, SegmentHeader, SegmentStart};

use crate::support::header;

/// A header with a field overwritten and the checksum made right again.
fn forged(at: usize, value: &[u8]) -> Vec<u8> {
    let base = Position {
        sequence: 3,
        size: 5,
        root: [7; 32],
    };
    let mut head = header(2, base);
    head.previous = Some(header(1, base).copy());
    let mut bytes = head.encode().to_vec();
    bytes[at..at + value.len()].copy_from_slice(value);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

#[test]
fn every_field_comes_back() {
    let base = Position {
        sequence: u64::MAX >> 3,
        size: u64::MAX,
        root: [7; 32],
    };
    let header = SegmentHeader {
        tree_id: [1; 16],
        salt: u64::MAX,
        number: u64::MAX,
        arity: u32::MAX,
        fingerprint: [3; 32],
        base,
        attested: base.sequence + 9,
        copied: 17,
        previous: Some(HeaderCopy {
            number: u64::MAX - 1,
            salt: 23,
            base,
            attested: base.sequence + 7,
            copied: 5,
        }),
        remains: u64::MAX,
    };
    let mut bytes = header.encode().to_vec();
    assert_eq!(SegmentHeader::decode(&bytes), Ok(header.clone()));
    bytes.extend([0xee; 100]);
    assert_eq!(
        SegmentHeader::decode(&bytes),
        Ok(header),
        "what follows the header does not matter"
    );
}

#[test]
fn a_header_is_restored_from_its_copy_in_all_but_its_own_predecessor() {
    let base = Position {
        sequence: 3,
        size: 5,
        root: [7; 32],
    };
    let mut original = header(9, base);
    (original.attested, original.copied) = (8, 5);
    let copy = HeaderCopy::decode(&original.copy().encode()).expect("the copy is valid");
    let restored = copy.restore(original.tree_id, original.arity, original.fingerprint);
    original.remains = u64::MAX;
    assert_eq!(restored, original, "there may be remains anywhere");
    assert_eq!(
        HeaderCopy::decode(&[0; HeaderCopy::BYTES]),
        None,
        "segments count from 1"
    );
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = header(
        9,
        Position {
            sequence: 3,
            size: 5,
            root: [7; 32],
        },
    )
    .encode();
    for bit in 0..SECTOR * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = SegmentHeader::decode(&flipped).expect_err("a flipped bit is noticed");
        let expected = if bit < 64 { "NotASegment" } else { "Checksum" };
        assert!(
            format!("{error:?}").starts_with(expected),
            "bit {bit}: {error:?}"
        );
    }
}

#[test]
fn a_short_header_says_how_short() {
    let bytes = header(9, Position::START).encode();
    for len in 0..SECTOR {
        assert_eq!(
            SegmentHeader::decode(&bytes[..len]),
            Err(SegmentError::TooShort { found: len })
        );
    }
}

#[test]
fn a_newer_version_is_told_before_anything_else_is_judged() {
    let [low, high] = [8, 9].map(|at| header(1, Position::START).encode()[at]);
    let supported = u16::from_le_bytes([low, high]);
    let found = supported + 1;
    let newer = found.to_le_bytes();
    let unsupported = SegmentError::UnsupportedVersion { found, supported };
    assert_eq!(
        SegmentHeader::decode(&forged(8, &newer)),
        Err(unsupported.clone())
    );

    let mut with_unknown_fields = forged(8, &newer);
    with_unknown_fields[500] = 1;
    let crc = crc32c::crc32c_append(
        crc32c::crc32c(&with_unknown_fields[..12]),
        &with_unknown_fields[16..],
    );
    with_unknown_fields[12..16].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(
        SegmentHeader::decode(&with_unknown_fields),
        Err(unsupported)
    );

    let mut damaged = forged(8, &newer);
    damaged[500] = 1;
    assert!(matches!(
        SegmentHeader::decode(&damaged),
        Err(SegmentError::Checksum { .. })
    ));
}

#[test]
fn impossible_fields_are_refused_though_the_checksum_holds() {
    let cases: [(&str, usize, &[u8]); 16] = [
        ("flags", 10, &[1]),
        ("reserved behind the arity", 108, &[1]),
        ("reserved behind the remains", 240, &[1]),
        ("a predecessor of number 0", 152, &[0]),
        ("a predecessor that is the segment itself", 152, &[2]),
        ("a predecessor's base", 168, &[0xff; 8]),
        ("a predecessor's leaves before the first", 168, &[0; 8]),
        ("the root of a predecessor's empty tree", 176, &[0; 8]),
        ("what a predecessor attests", 216, &[0xff; 8]),
        ("what a predecessor copied", 224, &[0xff; 8]),
        ("the last byte", 511, &[1]),
        ("a base past the largest sequence", 48, &[0xff; 8]),
        ("attested past the largest sequence", 96, &[0xff; 8]),
        ("copies past the largest sequence", 144, &[0xff; 8]),
        ("leaves before the first record", 48, &[0; 8]),
        ("the root of an empty tree", 56, &[0; 8]),
    ];
    for (name, at, value) in cases {
        assert_eq!(
            SegmentHeader::decode(&forged(at, value)),
            Err(SegmentError::Malformed),
            "{name}"
        );
    }
}

#[test]
fn the_root_of_an_empty_tree_is_written_as_zeros() {
    let encoded = header(
        1,
        Position {
            sequence: 4,
            size: 0,
            root: [7; 32],
        },
    )
    .encode();
    let decoded = SegmentHeader::decode(&encoded).expect("the header is valid");
    assert_eq!(
        decoded.base,
        Position {
            sequence: 4,
            size: 0,
            root: [0; 32]
        }
    );
}

#[test]
fn what_a_crashed_creation_leaves_is_blank_and_anything_else_is_not() {
    let read =
        |bytes: &[u8]| SegmentStart::read(&mut &bytes[..]).expect("reads stay within the slice");
    let valid = header(1, Position::START);
    let encoded = valid.encode();
    assert_eq!(read(&encoded), SegmentStart::Header(valid));
    for len in [0, 1, 100, SECTOR - 1] {
        assert_eq!(
            read(&encoded[..len]),
            SegmentStart::Blank,
            "a header cut short at {len}"
        );
    }
    for len in [SECTOR, SECTOR + 1, 300_000] {
        let mut zeros = vec![0; len];
        assert_eq!(read(&zeros), SegmentStart::Blank, "{len} zeros");
        zeros[len - 1] = 1;
        assert_eq!(
            read(&zeros),
            SegmentStart::Unreadable(SegmentError::NotASegment),
            "{len} zeros but the last"
        );
    }
    let newer = SegmentError::UnsupportedVersion {
        found: 3,
        supported: 2,
    };
    assert_eq!(read(&forged(8, &[3, 0])), SegmentStart::Unreadable(newer));
    for never_released in [0, 1] {
        let found = SegmentHeader::decode(&forged(8, &[never_released, 0]));
        assert!(matches!(
            found,
            Err(SegmentError::UnsupportedVersion { .. })
        ));
    }
}
