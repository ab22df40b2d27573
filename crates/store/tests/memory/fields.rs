//! Every number in every header set to hostile values, with valid checksums. The layouts are
//! written down here a second time, from `docs/format.md`. Chunks and sums have no field
//! that is a length.

use std::{path::Path, sync::Arc, time::Duration};

use rotortree_store::{RecoveryMode, manifest::Manifest, test_util::sim_files::SimFiles};
use rotortree_wal::{MAX_SEQUENCE, SegmentHeader};

use crate::{
    counting::{alone, peak},
    store::{BOUND, MODES, Watchdog, is_prefix, make, open, place, read_only},
};

const PLACE: &str = "/tree";
const MANIFEST: &str = "/tree/MANIFEST";

/// The widest values, those around the limits of the formats, and lengths that a machine might try
/// to allocate.
const HOSTILE: [u64; 9] = [
    u64::MAX,
    u64::MAX - 15,
    1 << 63,
    (1 << 63) - 1,
    (1 << 62) - 1,
    1 << 48,
    u32::MAX as u64,
    1 << 31,
    0,
];

/// Offset and width of the numbers of a manifest.
const MANIFEST_NUMBERS: [(usize, usize); 26] = [
    (8, 4),
    (12, 4),
    (16, 8),
    (24, 8),
    (48, 4),
    (52, 4),
    (88, 8),
    (96, 8),
    (104, 8),
    (144, 8),
    // The newest segment's header: number, salt, base, attested, copied.
    (152, 8),
    (160, 8),
    (168, 8),
    (176, 8),
    (216, 8),
    (224, 8),
    // The durable state.
    (232, 8),
    (240, 8),
    // The orderly close.
    (280, 8),
    (288, 8),
    (296, 8),
    (304, 8),
    // The length of the metadata, then the fields of a manifest without an orderly close.
    (344, 4),
    (280, 4),
    (348, 8),
    (356, 8),
];

const SEGMENT_NUMBERS: [(usize, usize); 16] = [
    (8, 2),
    (10, 2),
    (32, 8),
    (40, 8),
    (48, 8),
    (56, 8),
    (96, 8),
    (104, 4),
    (108, 4),
    (144, 8),
    // Its predecessor's: number, salt, base, attested, copied.
    (152, 8),
    (160, 8),
    (168, 8),
    (176, 8),
    (216, 8),
    (224, 8),
];

const GROUP_NUMBERS: [(usize, usize); 6] = [(8, 8), (16, 8), (24, 4), (28, 4), (32, 8), (40, 8)];

const RECORD_NUMBERS: [(usize, usize); 3] = [(4, 4), (8, 4), (12, 4)];

const SECTOR: usize = 512;
const GROUP_HEADER: usize = 128;

fn crc(parts: &[&[u8]]) -> [u8; 4] {
    let sum = parts
        .iter()
        .fold(0, |sum, part| crc32c::crc32c_append(sum, part));
    sum.to_le_bytes()
}

fn seal_manifest(bytes: &mut [u8]) {
    let (covered, sum) = bytes.split_at_mut(bytes.len() - 4);
    sum.copy_from_slice(&crc(&[covered]));
}

fn seal_segment(bytes: &mut [u8]) {
    let sum = crc(&[&bytes[..12], &bytes[16..SECTOR]]);
    bytes[12..16].copy_from_slice(&sum);
}

fn seal_group(bytes: &mut [u8], at: usize) {
    let salt: [u8; 8] = bytes[32..40].try_into().unwrap();
    let header = &bytes[at..at + GROUP_HEADER];
    let sum = crc(&[&salt, &header[..4], &header[8..]]);
    bytes[at + 4..at + 8].copy_from_slice(&sum);
}

/// The checksum of a record that ends where it did before its fields were changed.
fn seal_record(bytes: &mut [u8], group: usize, at: usize, end: usize) {
    let salt: [u8; 8] = bytes[32..40].try_into().unwrap();
    let sequence: [u8; 8] = bytes[group + 16..group + 24].try_into().unwrap();
    let sum = crc(&[&salt, &sequence, &bytes[at + 4..end]]);
    bytes[at..at + 4].copy_from_slice(&sum);
}

/// Opens the files for writing and for reading in every mode: an error, or the tree of a prefix,
/// and never more memory than the bound.
fn judge(files: &SimFiles, told: &str, most: &mut usize) {
    let leaves = crate::store::leaves();
    for mode in MODES {
        let copy = files.settled();
        let storage = place(copy, Path::new(PLACE));
        let (reader, taken) = peak(|| read_only(&storage, mode));
        *most = taken.max(*most);
        assert!(
            taken <= BOUND,
            "{told}, {mode:?}: reading took {taken} bytes"
        );
        if let Ok(reader) = reader {
            assert!(is_prefix(reader.root(), reader.size(), &leaves), "{told}");
        }
        let (tree, taken) = peak(|| open(&storage, mode));
        *most = taken.max(*most);
        assert!(
            taken <= BOUND,
            "{told}, {mode:?}: opening took {taken} bytes"
        );
        if let Ok(tree) = tree {
            assert!(
                is_prefix(tree.snapshot().root(), tree.size(), &leaves),
                "{told}"
            );
        }
    }
}

/// Sets each number to each value; `seal` makes the checksum fit again.
fn each_number(
    files: &SimFiles,
    path: &Path,
    numbers: impl Iterator<Item = (usize, usize)>,
    seal: impl Fn(&mut [u8]),
    most: &mut usize,
) -> usize {
    let honest = files.read_file(path).unwrap();
    let mut cases = 0;
    for (at, width) in numbers {
        for value in HOSTILE {
            let mut bytes = honest.clone();
            let Some(field) = bytes.get_mut(at..at + width) else {
                continue;
            };
            field.copy_from_slice(&value.to_le_bytes()[..width]);
            seal(&mut bytes);
            let damaged = files.settled();
            damaged.write_file(path, &bytes);
            judge(
                &damaged,
                &format!(
                    "{value:#x} in the {width} bytes at {at} of {}",
                    path.display()
                ),
                most,
            );
            cases += 1;
        }
    }
    cases
}

fn sample(closed: bool) -> SimFiles {
    let files = SimFiles::new();
    let tree = make(&place(files.clone(), Path::new(PLACE)));
    let killed = files.settled();
    tree.close().unwrap();
    if closed { files.settled() } else { killed }
}

#[test]
fn no_length_in_any_header_makes_anybody_allocate_it() {
    let _watchdog = Watchdog::start("hostile fields", Duration::from_secs(300));
    alone(|| {
        let (mut cases, mut most) = (0, 0);
        for closed in [true, false] {
            let files = sample(closed);
            let numbers = MANIFEST_NUMBERS.into_iter();
            cases += each_number(
                &files,
                Path::new(MANIFEST),
                numbers,
                seal_manifest,
                &mut most,
            );
            let logs = files.list_files().into_iter();
            for path in logs.filter(|path| path.extension().is_some_and(|name| name == "wal")) {
                let bytes = files.read_file(&path).unwrap();
                let numbers = SEGMENT_NUMBERS.into_iter();
                cases += each_number(&files, &path, numbers, seal_segment, &mut most);
                let groups = (SECTOR..bytes.len()).step_by(SECTOR);
                for group in groups.filter(|&at| bytes[at..].starts_with(b"ROTG")) {
                    let numbers = GROUP_NUMBERS.map(|(at, width)| (group + at, width));
                    let seal = |bytes: &mut [u8]| seal_group(bytes, group);
                    cases += each_number(&files, &path, numbers.into_iter(), seal, &mut most);
                    let payload: [u8; 8] = bytes[group + 8..group + 16].try_into().unwrap();
                    let record = group + GROUP_HEADER;
                    let end = record + u64::from_le_bytes(payload) as usize;
                    let numbers = RECORD_NUMBERS.map(|(at, width)| (record + at, width));
                    let seal = |bytes: &mut [u8]| seal_record(bytes, group, record, end);
                    cases += each_number(&files, &path, numbers.into_iter(), seal, &mut most);
                }
            }
        }
        println!("hostile fields: {cases} cases, {most} bytes at most");
        assert!(cases > 400, "the fields are not found: {cases}");
    });
}

/// Sets the counts of a store that was closed; its log is the header of one segment then.
fn with_counts(generation: u64, segment: u64, sequence: u64) -> SimFiles {
    let files = sample(true);
    let bytes = files.read_file(MANIFEST).unwrap();
    let mut manifest = Manifest::decode(MANIFEST, &bytes).unwrap();
    let log = |number: u64| format!("{PLACE}/log/{number:016}.wal");
    let mut header = files.read_file(log(manifest.first_segment)).unwrap();
    header.truncate(SECTOR);
    for (at, value) in [(40, segment), (48, sequence), (96, sequence)] {
        header[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    header[152..232].fill(0);
    seal_segment(&mut header);
    for number in manifest.first_segment..=manifest.last_segment() {
        files.remove_file(log(number));
    }
    files.write_file(log(segment), &header);
    (manifest.generation, manifest.sequence) = (generation, sequence);
    manifest.first_segment = segment;
    manifest.newest = SegmentHeader::decode(&header).unwrap().copy();
    manifest.durable = manifest.position();
    manifest.clean_close = None;
    files.write_file(MANIFEST, &manifest.encode());
    files
}

#[test]
fn a_store_whose_counts_are_at_their_end_can_be_read_and_is_refused_for_writing() {
    let _watchdog = Watchdog::start("counts at their end", Duration::from_secs(60));
    const END: u64 = MAX_SEQUENCE;
    const LAST: u64 = END / 2;
    alone(|| {
        for (generation, segment, sequence, takes_writes) in [
            (END, 1, 5, false),
            (5, END, 5, false),
            (5, 1, END, false),
            (LAST + 1, 1, 5, false),
            (LAST, LAST, LAST, true),
        ] {
            let told = format!("generation {generation}, segment {segment}, entry {sequence}");
            let files = with_counts(generation, segment, sequence);
            let storage = place(files.clone(), Path::new(PLACE));
            let reader = read_only(&storage, RecoveryMode::Strict).unwrap();
            assert_eq!(reader.size(), 300, "{told}");
            match open(&storage, RecoveryMode::Strict) {
                Ok(tree) => {
                    assert!(takes_writes, "{told}");
                    tree.insert([1; 32]).unwrap().1.wait().unwrap();
                    tree.checkpoint().unwrap();
                    tree.close().unwrap();
                }
                Err(error) => {
                    assert!(!takes_writes, "{told}: {error}");
                    assert!(error.to_string().contains("no room"), "{told}: {error}");
                }
            }
        }
        // As far as the manifest is concerned there is room; the log has one entry more.
        let files = with_counts(5, 1, LAST);
        let storage = place(files, Path::new(PLACE));
        let tree = open(&storage, RecoveryMode::Strict).unwrap();
        tree.insert([1; 32]).unwrap().1.wait().unwrap();
        tree.close().unwrap();
        let error = open(&storage, RecoveryMode::Strict).expect_err("the log is at its end");
        let error = error.to_string();
        assert!(
            error.starts_with("/tree/log:") && error.contains("no room"),
            "{error}"
        );
        let reader = read_only(&storage, RecoveryMode::Strict).unwrap();
        assert_eq!(reader.size(), 301);
    });
}

#[test]
fn a_backup_whose_counts_are_at_their_end_is_not_extended() {
    let _watchdog = Watchdog::start("a backup at its end", Duration::from_secs(60));
    alone(|| {
        let tree = make(&place(SimFiles::new(), Path::new("/original")));
        let files = SimFiles::new();
        let target = place(files.clone(), Path::new(PLACE));
        tree.backup_to(Arc::clone(&target)).unwrap();
        let bytes = files.read_file(MANIFEST).unwrap();
        let mut manifest = Manifest::decode(MANIFEST, &bytes).unwrap();
        manifest.generation = MAX_SEQUENCE / 2 + 1;
        files.write_file(MANIFEST, &manifest.encode());
        let error = tree
            .backup_to(Arc::clone(&target))
            .expect_err("it is at its end");
        assert!(error.to_string().contains("no room"), "{error}");
    });
}
