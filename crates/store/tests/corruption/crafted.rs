//! Files whose checksums hold and whose contents do not fit together: manifests with other fields
//! or of an earlier time, and logs that state another tree than their records make.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    ReadOnly, RecoveryMode, RotorTreeError, StorageError,
    fs::FsStorage,
    manifest::Manifest,
    storage::Storage,
    test_util::sim_files::{Bound, SimFiles},
};
use rotortree_wal::{Event, GroupBuffer, InvalidReason, Position, SECTOR, Scanner, SegmentHeader};

use super::store::{Outcome, Sample, Tree, config, open};

const MANIFEST: &str = "/tree/MANIFEST";

fn manifest(files: &SimFiles) -> Manifest {
    Manifest::decode(MANIFEST, &files.read_file(MANIFEST).unwrap()).unwrap()
}

fn is_damage(outcome: &Result<Tree, RotorTreeError>) -> bool {
    matches!(
        outcome,
        Err(RotorTreeError::Storage(
            StorageError::DataCorruption { .. } | StorageError::CrcMismatch { .. }
        ))
    )
}

#[test]
fn a_manifest_whose_checksum_holds_and_whose_fields_are_not_the_stores_is_refused() {
    let sample = Sample::new(7, true);
    type Change = fn(&mut Manifest);
    let changes: [(&str, Change); 8] = [
        ("root", |manifest| manifest.root[3] ^= 1),
        ("node of a tail", |manifest| {
            manifest.levels[0].nodes[0][0] ^= 1
        }),
        ("checksum of a tail", |manifest| {
            manifest.levels[0].sums[0] ^= 1
        }),
        ("tree id", |manifest| manifest.tree_id[0] ^= 1),
        ("entry", |manifest| manifest.sequence += 1),
        ("newest segment", |manifest| manifest.newest.number += 1),
        ("root at the close", |manifest| {
            manifest.clean_close.as_mut().unwrap().root[0] ^= 1
        }),
        ("size at the close", |manifest| {
            manifest.clean_close.as_mut().unwrap().size += 1
        }),
    ];
    for (told, change) in changes {
        let damaged = sample.copy();
        let mut manifest = manifest(&damaged);
        change(&mut manifest);
        damaged.write_file(MANIFEST, &manifest.encode());
        for mode in [RecoveryMode::StopAtLastValid, RecoveryMode::Strict] {
            let outcome = open(&damaged.settled(), config(mode));
            assert!(is_damage(&outcome), "{told}: {outcome:?}");
        }
    }
}

#[test]
fn a_node_that_leads_to_another_root_is_refused_without_verification_too() {
    // Nothing stands behind the checkpoint whose root would be compared.
    let files = SimFiles::new();
    let tree = open(&files, config(RecoveryMode::Strict)).unwrap();
    let leaves = reference::sample_leaves(7, 150);
    tree.append(&leaves).submit().unwrap();
    tree.checkpoint().unwrap();
    let damaged = files.settled();
    drop(tree);
    let mut manifest = manifest(&damaged);
    // Of the levels that are stored, level 7 is the next: its one complete node at 150 leaves is a
    // part of the right edge.
    assert_eq!((manifest.size, manifest.levels[1].nodes.len()), (150, 1));
    manifest.levels[1].nodes[0][0] ^= 1;
    damaged.write_file(MANIFEST, &manifest.encode());
    let unverified = config(RecoveryMode::StopAtLastValid).verify_checkpoint(false);
    assert!(is_damage(&open(&damaged, unverified)));
}

#[test]
fn a_manifest_of_an_earlier_time_is_an_error_or_the_identical_tree() {
    for closed in [true, false] {
        let (sample, earlier) = Sample::with_earlier_manifests(8, closed);
        let now = sample.files.read_file(MANIFEST).unwrap();
        let mut refused = 0;
        for (k, bytes) in earlier
            .iter()
            .enumerate()
            .filter(|(_, bytes)| **bytes != now)
        {
            let damaged = sample.copy();
            damaged.write_file(MANIFEST, bytes);
            let told = format!("the manifest of step {k}, closed: {closed}");
            refused += u32::from(sample.judge(&damaged, &told, false) == Outcome::Refused);
            let seen = view(&damaged).map(|seen| seen.size() + 1 >= sample.leaves.len() as u64);
            assert_ne!(seen, Some(false), "{told}: a view that shows less");
        }
        assert!(refused > 1, "{refused} refused");
    }
}

/// A backup tool put back yesterday's manifest alone, and what would show it is damaged.
#[test]
fn an_earlier_manifest_and_a_damaged_header_behind_it_lose_nothing_silently() {
    let mut refused = 0;
    for closed in [true, false] {
        let (sample, earlier) = Sample::with_earlier_manifests(15, closed);
        let now = sample.files.read_file(MANIFEST).unwrap();
        let all = sample.leaves.len() as u64;
        let newest = manifest(&sample.files).last_segment();
        for (k, bytes) in earlier
            .iter()
            .enumerate()
            .filter(|(_, bytes)| **bytes != now)
        {
            let last = Manifest::decode(MANIFEST, bytes).unwrap().last_segment();
            for number in last..=newest {
                for at in [0, 8, 12, 40, 200, 511, SECTOR] {
                    let damaged = sample.copy();
                    damaged.write_file(MANIFEST, bytes);
                    let Some(mut segment_bytes) = damaged.read_file(segment(number)) else {
                        continue;
                    };
                    // The last one: the whole header is blank.
                    match segment_bytes
                        .get_mut(..SECTOR)
                        .and_then(|header| header.get_mut(at))
                    {
                        Some(byte) => *byte ^= 1,
                        None => segment_bytes[..SECTOR].fill(0),
                    }
                    damaged.write_file(segment(number), &segment_bytes);
                    let told = format!(
                        "the manifest of step {k}, byte {at} of segment {number}, closed: {closed}"
                    );
                    refused += u32::from(sample.judge(&damaged, &told, false) == Outcome::Refused);
                    let seen = view(&damaged);
                    // A view may trail a writer by the group that nothing attests.
                    assert!(
                        seen.as_ref().is_none_or(|seen| seen.size() + 1 >= all),
                        "{told}: a view of {:?} leaves",
                        seen.map(|seen| seen.size())
                    );
                }
            }
        }
    }
    assert!(refused > 20, "{refused} refused");
}

fn view(files: &SimFiles) -> Option<ReadOnly<Blake3Hasher, 2, 32>> {
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
    let config = config(RecoveryMode::StopAtLastValid);
    config.storage(storage).open_read_only(Blake3Hasher).ok()
}

/// The newest segment of a store in use, and what its last group says.
struct Newest {
    path: PathBuf,
    bytes: Vec<u8>,
    header: SegmentHeader,
    last: Position,
}

fn newest(files: &SimFiles) -> Newest {
    let number = manifest(files).last_segment();
    let path = segment(number);
    let mut bytes = files.read_file(&path).unwrap();
    let header = SegmentHeader::decode(&bytes).unwrap();
    let mut scanner = Scanner::new(&bytes[..], header.salt);
    let (mut last, mut end) = (header.base, bytes.len());
    while let Some(event) = scanner.next().unwrap() {
        match event {
            Event::Group(group) => {
                last = Position {
                    sequence: group.last_sequence(),
                    size: group.size_after,
                    root: group.root_after,
                };
            }
            Event::Record(_) => {}
            Event::Invalid {
                offset,
                reason: InvalidReason::Blank,
                ..
            } => end = offset as usize,
            other => panic!("{other:?}"),
        }
    }
    // Without the room behind the last group.
    bytes.truncate(end);
    Newest {
        path,
        bytes,
        header,
        last,
    }
}

fn segment(number: u64) -> PathBuf {
    Path::new("/tree/log").join(format!("{number:016}.wal"))
}

#[test]
fn a_group_that_states_another_tree_than_its_records_make_is_refused() {
    let sample = Sample::new(9, false);
    let newest = newest(&sample.files);
    let leaf: Hash = [9; 32];
    let mut group = GroupBuffer::new(newest.last.sequence + 1);
    let sequence = group.push_leaf(&leaf);
    let root = {
        let tree = open(&sample.copy(), config(RecoveryMode::Strict)).unwrap();
        tree.insert(leaf).unwrap().0
    };
    let size = newest.last.size + 1;
    let mut with = |size, root| {
        let after = Position {
            sequence,
            size,
            root,
        };
        let sealed = group.seal(newest.header.salt, newest.last.sequence, &after);
        let files = sample.copy();
        files.write_file(&newest.path, &[&newest.bytes[..], sealed].concat());
        open(&files, config(RecoveryMode::StopAtLastValid))
    };
    assert_eq!(with(size, root).unwrap().root(), Some(root));
    assert!(is_damage(&with(size, [1; 32])));
    assert!(is_damage(&with(size + 1, root)));
}

#[test]
fn a_mark_alone_shows_that_a_manifest_named_the_segment() {
    let sample = Sample::new(14, false);
    // An opening that crashes before its manifest is in force leaves a segment that no manifest
    // names.
    let files = sample.copy();
    let tree = open(&files, config(RecoveryMode::Strict)).unwrap();
    let (newest, root) = (newest(&files.settled()), tree.root());
    drop(tree);
    assert!(newest.header.copied > 0 && newest.header.attested < newest.last.sequence);
    let with = |bytes: &[u8]| {
        let files = sample.copy();
        files.write_file(&newest.path, bytes);
        open(&files, config(RecoveryMode::StopAtLastValid))
    };
    // Once its manifest is in force, an opening attests what it copied.
    let (created, mark) = newest.bytes.split_at(newest.bytes.len() - SECTOR);
    let last = &newest.last;
    let mut empty = GroupBuffer::new(last.sequence + 1);
    assert_eq!(mark, empty.seal(newest.header.salt, last.sequence, last));
    assert_eq!(with(created).unwrap().root(), root);
    assert!(is_damage(&with(&newest.bytes)));
}

#[test]
fn a_segment_that_continues_from_another_tree_is_refused() {
    let sample = Sample::new(10, false);
    let newest = newest(&sample.files);
    let number = newest.header.number + 1;
    let with = |base: Position| {
        let header = SegmentHeader {
            number,
            base,
            attested: base.sequence,
            copied: 0,
            ..newest.header.clone()
        };
        let files = sample.copy();
        let mut manifest = manifest(&files);
        manifest.newest = header.copy();
        files.write_file(MANIFEST, &manifest.encode());
        files.write_file(segment(number), &header.encode());
        open(&files, config(RecoveryMode::StopAtLastValid))
    };
    let right = newest.last;
    assert_eq!(with(right).unwrap().root(), Some(right.root));
    assert!(is_damage(&with(Position {
        root: [1; 32],
        ..right
    })));
    assert!(is_damage(&with(Position {
        size: right.size + 1,
        ..right
    })));
}

#[test]
fn a_first_segment_that_continues_from_elsewhere_than_the_checkpoint_is_refused() {
    let sample = Sample::new(12, true);
    let path = segment(manifest(&sample.files).first_segment);
    let bytes = sample.files.read_file(&path).unwrap();
    for (by, leaves) in [(1, 0), (1, 1), (0, 1)] {
        let mut header = SegmentHeader::decode(&bytes).unwrap();
        header.base.sequence += by;
        header.base.size += leaves;
        let damaged = sample.copy();
        damaged.write_file(&path, &[&header.encode()[..], &bytes[512..]].concat());
        let outcome = open(&damaged, config(RecoveryMode::StopAtLastValid));
        assert!(is_damage(&outcome), "{by}, {leaves}: {outcome:?}");
    }
}

/// The copy of its header would refuse each of these as well, without a word on what it is.
#[test]
fn a_foreign_segment_is_told_as_what_it_is() {
    let sample = Sample::new(15, true);
    let other = Sample::new(16, true);
    let manifest = manifest(&sample.files);
    let (first, last) = (manifest.first_segment, manifest.last_segment());
    assert!(first < last, "the log has several segments");
    let reason = |number: u64, bytes: Vec<u8>| {
        let damaged = sample.copy();
        damaged.write_file(segment(number), &bytes);
        match open(&damaged, config(RecoveryMode::StopAtLastValid)) {
            Err(RotorTreeError::Storage(StorageError::DataCorruption { file, reason, .. })) => {
                assert!(file.contains(&format!("{number}.wal")), "{file}");
                reason
            }
            outcome => panic!("segment {number}: {outcome:?}"),
        }
    };
    let bytes = |files: &SimFiles, number| files.read_file(segment(number)).unwrap();
    for number in [first, last] {
        assert_eq!(
            reason(number, bytes(&other.files, number)),
            "the segment belongs to another tree"
        );
    }
    for (number, neighbour) in [(first, last), (last, first)] {
        assert_eq!(
            reason(number, bytes(&sample.files, neighbour)),
            format!("the file holds segment {neighbour}")
        );
    }
    let mut bytes = bytes(&sample.files, first);
    let mut header = SegmentHeader::decode(&bytes).unwrap();
    header.base.size += 1;
    bytes[..512].copy_from_slice(&header.encode());
    let told = reason(first, bytes);
    assert!(
        told.starts_with("the segment continues from entry"),
        "{told}"
    );
}

#[test]
fn what_recovery_wrote_is_known_to_be_durable_from_the_start() {
    // Its last leaf is durable because recovery has kept it, and for no other reason.
    let sample = Sample::unattested(11);
    let files = sample.copy();
    let tree = open(&files, config(RecoveryMode::Strict)).unwrap();
    // As it is, and after a loss of power at the moment when opening has returned.
    let mut disks = vec![files.settled()];
    disks.extend(
        files
            .crash_images(Bound::new(4, 11))
            .into_iter()
            .map(|image| image.files),
    );
    drop(tree);
    for recovered in disks {
        let newest = newest(&recovered);
        let mut refused = 0;
        for at in (512..newest.bytes.len()).step_by(40) {
            let damaged = recovered.settled();
            let mut bytes = newest.bytes.clone();
            bytes[at] ^= 4;
            damaged.write_file(&newest.path, &bytes);
            let told = format!("byte {at} of what recovery wrote");
            refused += u32::from(sample.judge(&damaged, &told, false) == Outcome::Cut);
        }
        assert!(refused > 50, "{refused} bytes mattered");
    }
}
