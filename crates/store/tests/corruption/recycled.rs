//! A segment that was created in a file with remains, and that no manifest names yet.

use std::path::{Path, PathBuf};

use rotortree_store::{RecoveryMode, manifest::Manifest, test_util::sim_files::SimFiles};
use rotortree_wal::{SECTOR, SegmentHeader};

use super::store::{Outcome, Sample, config, open};

const MANIFEST: &str = "/tree/MANIFEST";

fn segment(number: u64) -> PathBuf {
    Path::new("/tree/log").join(format!("{number:016}.wal"))
}

/// A crash right after a rotation leaves such a segment, and its groups are those of an earlier
/// one. With a sound header they are known for that. With a damaged one they look like the groups
/// of a segment that a newer manifest named, so that the opening refuses, and says what to do.
#[test]
fn the_remains_in_a_segment_that_no_manifest_names_are_told_from_its_groups_by_its_header_alone() {
    let sample = Sample::new(31, false);
    let manifest = sample.files.read_file(MANIFEST).unwrap();
    let manifest = Manifest::decode(MANIFEST, &manifest).unwrap();
    let last = manifest.last_segment();
    let mut bytes = sample.files.read_file(segment(last)).unwrap();
    assert!(bytes.len() > 2 * SECTOR);
    let before = SegmentHeader::decode(&bytes).unwrap();
    let header = SegmentHeader {
        salt: !before.salt,
        number: last + 1,
        base: manifest.durable,
        attested: manifest.durable.sequence,
        copied: 0,
        previous: Some(before.copy()),
        remains: bytes.len() as u64,
        ..before
    };
    bytes[..SECTOR].copy_from_slice(&header.encode());
    let with = |bytes: &[u8]| {
        let files = sample.copy();
        files.write_file(segment(last + 1), bytes);
        files
    };
    let judged = |files: &SimFiles, told: &str| sample.judge(files, told, false);
    assert_eq!(judged(&with(&bytes), "sound"), Outcome::Whole);
    for at in [0, 40, 200, SECTOR - 1] {
        bytes[at] ^= 1;
        let damaged = with(&bytes);
        match open(&damaged, config(RecoveryMode::StopAtLastValid)) {
            Err(error) => {
                let told = error.to_string();
                assert!(told.contains("remove the file"), "{told}");
            }
            Ok(_) => panic!("byte {at}: opened"),
        }
        damaged.remove_file(segment(last + 1));
        assert_eq!(judged(&damaged, "removed"), Outcome::Whole);
        bytes[at] ^= 1;
    }
}
