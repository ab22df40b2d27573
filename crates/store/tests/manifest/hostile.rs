//! Manifests whose checksum is right and whose fields are not.

use rotortree_store::{StorageError, manifest::Manifest};

use super::samples;

/// Writes `field` at `offset`, seals, and expects a refusal that names `blamed`.
fn refused(manifest: &Manifest, offset: usize, field: &[u8], blamed: u64) {
    let mut bytes = manifest.encode();
    bytes[offset..offset + field.len()].copy_from_slice(field);
    samples::seal(&mut bytes);
    match Manifest::decode("MANIFEST", &bytes) {
        Err(StorageError::DataCorruption { file, offset, .. }) => {
            assert_eq!((&*file, offset), ("MANIFEST", blamed));
        }
        other => panic!("{field:?} at {offset}: {other:?}"),
    }
}

fn at(manifest: &Manifest, offset: usize, field: &[u8]) {
    refused(manifest, offset, field, offset as u64);
}

#[test]
fn every_field_outside_its_range_is_refused_where_it_stands() {
    let full = samples::full(4, 600);
    at(&full, 0, b"ROTORWAL");
    at(&full, 12, &64u32.to_le_bytes());
    at(&full, 12, &u32::MAX.to_le_bytes());
    for arity in [0, 1_u32] {
        at(&full, 48, &arity.to_le_bytes());
    }
    for depth in [0, 65, u16::MAX] {
        at(&full, 52, &depth.to_le_bytes());
    }
    // 4^4 nodes are more than a block has.
    for stride in [0, 4, u16::MAX] {
        at(&full, 54, &stride.to_le_bytes());
    }
    at(&full, 88, &1u64.to_le_bytes());
    for huge in [1 << 62, u64::MAX] {
        for offset in [24, 96, 152, 232, 288, 296] {
            at(&full, offset, &u64::to_le_bytes(huge));
        }
    }
    refused(&full, 52, &4u16.to_le_bytes(), 104);
    at(&full, 144, &0u64.to_le_bytes());
    at(&full, 152, &7u64.to_le_bytes());
    // The newest segment's header is one field, and refused as one.
    refused(&full, 152, &0u64.to_le_bytes(), 152);
    for huge in [160 + 8, 216, 224] {
        refused(&full, huge, &u64::MAX.to_le_bytes(), 152);
    }
    at(&full, 232, &75u64.to_le_bytes());
    at(&full, 240, &599u64.to_le_bytes());
    at(&full, 248, &[1; 32]);
    let empty = samples::plain(2, 0, [0; 32]);
    at(&empty, 112, &[1; 32]);
    let len = full.encode().len() as u64;
    for stated in [0, 1, len - 1, len + 1, u64::MAX] {
        at(&full, 16, &stated.to_le_bytes());
    }
}

#[test]
fn an_end_of_the_log_that_contradicts_the_checkpoint_is_refused() {
    let full = samples::full(4, 600);
    for segment in [0, 7, 10, u64::MAX] {
        at(&full, 280, &u64::to_le_bytes(segment));
    }
    at(&full, 288, &0u64.to_le_bytes());
    at(&full, 296, &75u64.to_le_bytes());
    at(&full, 304, &599u64.to_le_bytes());
    refused(&full, 304, &600u64.to_le_bytes(), 312);
    let mut shallow = samples::full(4, 600);
    shallow.max_depth = 5;
    at(&shallow, 304, &1025u64.to_le_bytes());
    let mut empty = samples::full(4, 0);
    empty.clean_close = empty
        .clean_close
        .map(|close| rotortree_store::manifest::CleanClose {
            size: 0,
            root: [0; 32],
            ..close
        });
    at(&empty, 312, &[1; 32]);
}

#[test]
fn cut_notices_that_no_release_has_written_are_refused() {
    let full = samples::full(4, 600);
    for count in [0, 17, u32::MAX] {
        at(&full, 368, &count.to_le_bytes());
    }
    // A lost head that is neither known nor unknown; one that is unknown and stated all the same;
    // too many labels.
    for (offset, value) in [(384, 2u32), (384, 0), (488, 9), (488, u32::MAX)] {
        refused(&full, offset, &value.to_le_bytes(), 372);
    }
    // A label longer than a name may be, and one that is no text.
    refused(&full, 492, &300u16.to_le_bytes(), 492);
    refused(&full, 494, &[0xff], 492);
}

#[test]
fn lengths_beyond_what_is_left_are_refused_before_anything_is_allocated() {
    let full = samples::full(4, 600);
    for len in [0, 1, u32::MAX as u64, u64::MAX] {
        at(&full, 16, &len.to_le_bytes());
    }
    // Within the limit of metadata, but not there; and beyond every limit.
    let mut short = samples::full(4, 0);
    (short.backup_of, short.cuts) = (None, Vec::new());
    refused(&short, 344, &60_000u32.to_le_bytes(), 348);
    refused(&short, 344, &70_000u32.to_le_bytes(), 344);
    refused(&short, 344, &u32::MAX.to_le_bytes(), 344);
    // A size whose levels are not there: the first tail that is missing is blamed.
    let plain = samples::plain(2, 1, [9; 32]);
    refused(&plain, 104, &u64::MAX.to_le_bytes(), 240);
    refused(&plain, 104, &0u64.to_le_bytes(), 112);
    // More levels than the size has.
    let more = samples::plain(2, 3, [9; 32]);
    refused(&more, 104, &1u64.to_le_bytes(), 312);
}

#[test]
fn every_level_of_the_largest_trees_is_read_back() {
    for arity in [2, 3, 4, 16, 33, 1000, u32::MAX] {
        let manifest = samples::plain(arity, u64::MAX, [9; 32]);
        let bytes = manifest.encode();
        assert!(bytes.len() < 300_000, "{} bytes", bytes.len());
        assert_eq!(Manifest::decode("MANIFEST", &bytes).unwrap(), manifest);
    }
}

#[test]
#[should_panic(
    expected = "level 0 ends in 4 nodes and 0 checksums where the size asks for 3 and 0"
)]
fn a_manifest_that_would_be_refused_is_not_encoded() {
    let mut manifest = samples::plain(2, 3, [9; 32]);
    manifest.levels[0].nodes.push([0; 32]);
    let _ = manifest.encode();
}
