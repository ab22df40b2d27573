//! Bytes that are not a manifest are refused.

use rotortree_store::{StorageError, manifest::Manifest};

use super::samples;

/// Sizes with tails of every kind, small enough to flip each bit.
fn small() -> Vec<Manifest> {
    vec![
        samples::full(4, 6),
        samples::full(2, 257),
        samples::plain(3, 130, [7; 32]),
        samples::plain(2, 0, [0; 32]),
    ]
}

#[test]
fn every_flipped_bit_is_an_error() {
    for manifest in small() {
        let mut bytes = manifest.encode();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Manifest::decode("MANIFEST", &bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(Manifest::decode("MANIFEST", &bytes).unwrap(), manifest);
    }
}

#[test]
fn every_truncation_is_an_error_that_names_the_file() {
    for manifest in small() {
        let bytes = manifest.encode();
        for len in 0..bytes.len() {
            match Manifest::decode("tree/MANIFEST", &bytes[..len]) {
                Err(StorageError::DataCorruption { file, offset, .. }) => {
                    assert_eq!(file, "tree/MANIFEST");
                    assert!(offset <= len as u64 || offset == 16, "{offset} of {len}");
                }
                other => panic!("{len} of {} bytes: {other:?}", bytes.len()),
            }
        }
    }
}

#[test]
fn bytes_behind_the_end_are_an_error() {
    for manifest in small() {
        let bytes = manifest.encode();
        for more in [1, 4, 4096] {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + more, 0);
            assert!(Manifest::decode("MANIFEST", &longer).is_err());
            // The same with length and checksum that agree.
            let len = longer.len() as u64;
            longer[16..24].copy_from_slice(&len.to_le_bytes());
            samples::seal(&mut longer);
            let refused = Manifest::decode("MANIFEST", &longer).unwrap_err();
            assert!(
                matches!(&refused, StorageError::DataCorruption { offset, .. } if *offset == bytes.len() as u64 - 4),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_wrong_checksum_is_told_with_both_values() {
    let mut bytes = samples::full(4, 600).encode();
    let right = crc32c::crc32c(&bytes[..bytes.len() - 4]);
    *bytes.last_mut().unwrap() ^= 0x80;
    match Manifest::decode("MANIFEST", &bytes) {
        Err(StorageError::CrcMismatch {
            file,
            expected,
            actual,
            ..
        }) => {
            assert_eq!(file, "MANIFEST");
            assert_eq!((expected, actual), (right ^ 0x8000_0000, right));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_version_is_told_with_both_numbers_whatever_follows() {
    let mut bytes = samples::full(4, 600).encode();
    for version in [1, 3, 7, u32::MAX] {
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        for bytes in [&bytes[..], &bytes[..12]] {
            let refused = Manifest::decode("MANIFEST", bytes);
            assert!(matches!(
                refused,
                Err(StorageError::UnsupportedFormat { found, supported: 2, .. }) if found == version
            ));
        }
    }
    bytes[8..12].fill(0);
    samples::seal(&mut bytes);
    assert!(matches!(
        Manifest::decode("MANIFEST", &bytes),
        Err(StorageError::DataCorruption { offset: 8, .. })
    ));
}
