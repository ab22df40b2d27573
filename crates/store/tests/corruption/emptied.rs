//! A store with leaves does not open empty: damage to one header loses nothing, and a cut that
//! leaves nothing is refused unless the caller accepts it.

use std::{path::PathBuf, sync::Arc};

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::{TreeHead, reference};
use rotortree_store::{
    ReadOnly, RecoveryMode, RotorTreeError, StorageError, StoreIdentity, fs::FsStorage,
    storage::Storage, test_util::sim_files::SimFiles,
};

use super::store::{config, open};
use crate::builder::Builder;

const LEAVES: usize = 1000;
const SECTOR: usize = 512;
const DEFAULT: RecoveryMode = RecoveryMode::StopAtLastValid;

type View = ReadOnly<Blake3Hasher, 2, 32>;

fn place(files: &SimFiles, path: &str) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files.clone(), path))
}

fn view(files: &SimFiles, mode: RecoveryMode) -> Result<View, RotorTreeError> {
    config(mode)
        .storage(place(files, "/tree"))
        .open_read_only(Blake3Hasher)
}

fn one_segment(mode: RecoveryMode) -> Builder {
    config(mode).segment_bytes(1 << 20)
}

/// A store without a checkpoint, in one segment and two groups, closed in an orderly way.
fn closed() -> (SimFiles, TreeHead) {
    let files = SimFiles::new();
    let tree = open(&files, one_segment(RecoveryMode::Strict)).unwrap();
    let leaves = reference::sample_leaves(3, LEAVES);
    for half in leaves.chunks(LEAVES / 2) {
        tree.append(half).durable().unwrap();
    }
    let head = tree.head().unwrap();
    tree.close().unwrap();
    (files.settled(), head)
}

fn only_segment(files: &SimFiles) -> PathBuf {
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|name| name == "wal");
    let mut segments = files.list_files().into_iter().filter(is_segment);
    let segment = segments.next().unwrap();
    assert_eq!(segments.next(), None);
    segment
}

/// The store with one bit of its segment changed.
fn flipped(files: &SimFiles, at: usize) -> SimFiles {
    let damaged = files.settled();
    let segment = only_segment(&damaged);
    let mut bytes = damaged.read_file(&segment).unwrap();
    bytes[at] ^= 1;
    damaged.write_file(&segment, &bytes);
    damaged
}

fn listing(files: &SimFiles) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = files.list_files().into_iter();
    paths
        .map(|path| (path.clone(), files.read_file(&path).unwrap()))
        .collect()
}

#[test]
fn a_damaged_segment_header_costs_nothing_and_is_told() {
    let (files, head) = closed();
    for at in 0..SECTOR {
        let damaged = flipped(&files, at);
        for mode in [DEFAULT, RecoveryMode::Strict] {
            let seen = view(&damaged, mode).unwrap();
            assert_eq!(seen.head(), Some(head), "byte {at}");
            assert_eq!(seen.recovery_report().restored_headers.len(), 1);
            let tree = open(&damaged.settled(), config(mode)).unwrap();
            assert_eq!(tree.head(), Some(head), "byte {at}");
            let report = tree.recovery_report();
            assert_eq!((report.damage, report.cuts), (None, Vec::new()));
            let [told] = &report.restored_headers[..] else {
                panic!("byte {at}: {:?}", report.restored_headers);
            };
            assert!(told.ends_with("2.wal"), "{told}");
        }
    }
}

#[test]
fn a_cut_to_nothing_is_refused_in_leaves_and_taken_only_if_it_is_asked_for() {
    let (files, head) = closed();
    for at in [512, 520, 600, 700, 16_000] {
        let damaged = flipped(&files, at);
        let before = listing(&damaged);
        for mode in [DEFAULT, RecoveryMode::Strict] {
            let opened = open(&damaged, config(mode)).map(drop).unwrap_err();
            let seen = view(&damaged, mode).map(drop).unwrap_err();
            for error in [opened, seen] {
                let told = error.to_string();
                assert!(told.contains("1000"), "byte {at}: {told}");
                match (mode, error) {
                    (
                        DEFAULT,
                        RotorTreeError::Storage(StorageError::NothingLeft {
                            known_size, lost, ..
                        }),
                    ) => {
                        assert_eq!((known_size, lost.map(|head| *head)), (1000, Some(head)));
                        assert!(told.contains("RecoveryMode::AcceptLoss"), "{told}");
                    }
                    (
                        RecoveryMode::Strict,
                        RotorTreeError::Storage(StorageError::WalCorrupted {
                            valid_size,
                            lost,
                            ..
                        }),
                    ) => assert_eq!((valid_size, lost.map(|head| *head)), (0, Some(head))),
                    (_, error) => panic!("byte {at}: {error:?}"),
                }
            }
        }
        let changed: Vec<_> = listing(&damaged)
            .into_iter()
            .filter(|file| !before.contains(file))
            .collect();
        assert_eq!(changed, [], "byte {at}: a refusal changes nothing");

        assert_eq!(view(&damaged, RecoveryMode::AcceptLoss).unwrap().size(), 0);
        let tree = open(&damaged, config(RecoveryMode::AcceptLoss)).unwrap();
        assert_eq!(tree.size(), 0);
        let damage = tree.recovery_report().damage.unwrap();
        assert_eq!(
            (damage.lost, damage.lost_leaves()),
            (Some(head), Some(1000))
        );
        // The kept bytes hold everything from the damage on, behind the header.
        let kept = damaged.read_file(&damage.quarantined[0]).unwrap();
        let segment = flipped(&files, at);
        let segment = segment.read_file(only_segment(&segment)).unwrap();
        let (header, cut) = kept.split_at(SECTOR);
        assert!(header == &segment[..SECTOR] && segment.ends_with(cut));
        assert!(cut.len() + at >= segment.len(), "byte {at}");
    }
}

#[test]
fn a_cut_is_told_by_everything_until_it_is_acknowledged() {
    let (files, head) = closed();
    // In the second group: half of the leaves are left.
    let damaged = flipped(&files, 20_000);
    let seen = view(&damaged, DEFAULT).unwrap();
    let damage = seen.recovery_report().damage.unwrap();
    assert_eq!((seen.size(), damage.lost), (500, Some(head)));
    let tree = open(&damaged, config(DEFAULT)).unwrap();
    assert_eq!(tree.size(), 500);
    let cuts = tree.recovery_report().cuts;
    assert_eq!(cuts.len(), 1);
    assert_eq!(
        (cuts[0].lost, cuts[0].lost_leaves()),
        (Some(head), Some(500))
    );
    tree.append(&reference::sample_leaves(4, 300))
        .durable()
        .unwrap();
    tree.checkpoint().unwrap();
    let backup = place(&damaged, "/backup");
    tree.backup_to(Arc::clone(&backup)).unwrap();
    tree.close().unwrap();

    for told in [place(&damaged, "/tree"), backup] {
        let identity = StoreIdentity::read(&*told).unwrap().unwrap();
        assert_eq!(identity.cuts, cuts, "{}", told.describe());
        let view = config(DEFAULT)
            .storage(Arc::clone(&told))
            .open_read_only(Blake3Hasher)
            .unwrap();
        assert_eq!(view.recovery_report().cuts, cuts, "{}", told.describe());
        let tree = config(DEFAULT).storage(told).open(Blake3Hasher).unwrap();
        assert_eq!(tree.recovery_report().damage, None);
        assert_eq!(tree.recovery_report().cuts, cuts);
        assert_eq!(tree.stats().unacknowledged_cuts, 1);
        tree.close().unwrap();
    }

    let tree = open(&damaged, config(DEFAULT)).unwrap();
    assert_eq!(tree.acknowledge_cuts().unwrap(), cuts);
    assert_eq!(tree.acknowledge_cuts().unwrap(), [], "once is enough");
    assert_eq!(tree.recovery_report().cuts, []);
    assert_eq!(tree.stats().unacknowledged_cuts, 0);
    // Without a close, acknowledged entries survive a loss of power.
    let after = damaged.settled();
    let identity = StoreIdentity::read(&*place(&after, "/tree")).unwrap();
    assert_eq!(identity.unwrap().cuts, []);
    tree.clone().close().unwrap();
    assert!(matches!(tree.acknowledge_cuts(), Err(StorageError::Closed)));
}

#[test]
fn more_cuts_than_a_manifest_holds_are_merged_and_counted() {
    let (files, _) = closed();
    let mut files = files;
    for cut in 1..=20 {
        let segment = only_segment(&files);
        let mut bytes = files.read_file(&segment).unwrap();
        // The last group: each time that of the last insert.
        let last = bytes
            .chunks(SECTOR)
            .rposition(|sector| sector.starts_with(b"ROTG"))
            .unwrap();
        bytes[last * SECTOR + 130] ^= 1;
        files.write_file(&segment, &bytes);
        let tree = open(&files, one_segment(DEFAULT)).unwrap();
        assert!(tree.recovery_report().damage.is_some(), "cut {cut}");
        let cuts = tree.recovery_report().cuts;
        assert_eq!(cuts.len(), 16.min(cut), "cut {cut}");
        assert_eq!(tree.stats().unacknowledged_cuts, cut as u64);
        let named = cuts.iter().map(|cut| cut.file_count).sum::<u32>();
        assert_eq!(named as usize, cut, "each cut keeps a file");
        for leaf in reference::sample_leaves(cut as u64, 2) {
            tree.append(&[leaf]).durable().unwrap();
        }
        tree.close().unwrap();
        files = files.settled();
    }
}

#[test]
fn a_view_says_whether_the_store_was_closed() {
    let (files, _) = closed();
    let seen = view(&files, DEFAULT).unwrap();
    assert!(seen.recovery_report().was_closed);
    let tree = open(&files, config(DEFAULT)).unwrap();
    assert!(!seen.refresh().unwrap());
    assert!(seen.recovery_report().was_closed, "nothing was written yet");
    tree.append(&[[7; 32]]).durable().unwrap();
    assert!(seen.refresh().is_ok());
    assert!(!seen.recovery_report().was_closed);
    drop(tree);
}

/// Entries that an opening recovered are durable when it returns, also if only the page cache had
/// them before: the manifest says so.
#[test]
fn a_reopened_store_whose_newest_segment_was_cut_to_its_header_is_damaged() {
    let files = SimFiles::new();
    let tree = open(&files, config(DEFAULT)).unwrap();
    tree.append(&reference::sample_leaves(5, 10))
        .durable()
        .unwrap();
    // Nothing attests the group yet.
    let stopped = files.settled();
    drop(tree);
    let tree = open(&stopped, config(DEFAULT)).unwrap();
    assert_eq!(tree.size(), 10);
    let again = stopped.settled();
    drop(tree);
    let segment = only_segment(&again);
    let header = again.read_file(&segment).unwrap()[..SECTOR].to_vec();
    again.write_file(&segment, &header);
    let refused = open(&again, config(DEFAULT)).map(drop).unwrap_err();
    assert!(
        matches!(
            &refused,
            RotorTreeError::Storage(StorageError::NothingLeft { known_size: 10, .. })
        ),
        "{refused}"
    );
}

/// Two runs start a segment of one number from the same store, as after a restored copy: one's
/// segment is not the other's.
#[test]
fn a_segment_of_another_run_of_the_same_tree_is_refused() {
    let (files, _) = closed();
    let runs = [6, 7].map(|seed| {
        let files = files.settled();
        let tree = open(&files, config(DEFAULT)).unwrap();
        let leaves = reference::sample_leaves(seed, 2);
        tree.append(&leaves).durable().unwrap();
        files.settled()
    });
    let newest = |files: &SimFiles| {
        let is_segment = |path: &PathBuf| path.extension().is_some_and(|name| name == "wal");
        let path = files.list_files().into_iter().rfind(is_segment).unwrap();
        let bytes = files.read_file(&path).unwrap();
        (path, bytes)
    };
    let (path, bytes) = newest(&runs[1]);
    assert_eq!(path, newest(&runs[0]).0);
    runs[0].write_file(path, &bytes);
    for refused in [
        open(&runs[0], config(DEFAULT)).map(drop),
        view(&runs[0], DEFAULT).map(drop),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("another segment of this number"), "{error}");
    }
}

/// Without its own header and without the second one, how much a segment held is not known: it is
/// not taken for nothing.
#[test]
fn a_log_whose_headers_are_damaged_twice_over_does_not_come_up_empty() {
    let files = SimFiles::new();
    let tree = open(&files, config(DEFAULT)).unwrap();
    // Three segments of 4096 bytes.
    for leaf in reference::sample_leaves(8, 20) {
        tree.append(&[leaf]).durable().unwrap();
    }
    let stopped = files.settled();
    drop(tree);
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|name| name == "wal");
    let segments: Vec<_> = stopped
        .list_files()
        .into_iter()
        .filter(is_segment)
        .collect();
    assert!(segments.len() > 2);
    for segment in &segments[..2] {
        let mut bytes = stopped.read_file(segment).unwrap();
        bytes[40] ^= 1;
        stopped.write_file(segment, &bytes);
    }
    // The second is read from its copy in the third; with it went the first one's.
    let refused = open(&stopped, config(DEFAULT)).map(drop).unwrap_err();
    assert!(
        matches!(refused, RotorTreeError::Storage(StorageError::NothingLeft { known_size, .. }) if known_size > 10),
        "{refused}"
    );
}

/// The limits: what looks like a crash, or like a store in order, from within the directory.
#[test]
fn what_only_knowledge_from_outside_can_tell_is_refused_by_an_expected_head() {
    let files = SimFiles::new();
    let tree = open(&files, one_segment(DEFAULT)).unwrap();
    let early = files.settled();
    tree.append(&reference::sample_leaves(9, 10))
        .durable()
        .unwrap();
    let head = tree.durable_snapshot().head().unwrap();
    let stopped = files.settled();
    drop(tree);
    let with_segment = |change: fn(&mut Vec<u8>)| {
        let changed = stopped.settled();
        let segment = only_segment(&changed);
        let mut bytes = changed.read_file(&segment).unwrap();
        change(&mut bytes);
        changed.write_file(segment, &bytes);
        changed
    };
    for (name, changed) in [
        ("cut short", with_segment(|bytes| bytes.truncate(SECTOR))),
        ("blanked", with_segment(|bytes| bytes[SECTOR..].fill(0))),
        (
            "its last group damaged",
            with_segment(|bytes| bytes[SECTOR + 200] ^= 1),
        ),
        ("put back", early),
        ("emptied", SimFiles::new()),
    ] {
        let expecting = config(DEFAULT).expect_head(head);
        for expecting in [
            expecting.clone(),
            expecting.recovery(RecoveryMode::AcceptLoss),
        ] {
            let refused = open(&changed.settled(), expecting).map(drop).unwrap_err();
            assert!(
                matches!(
                    refused,
                    RotorTreeError::Storage(StorageError::UnexpectedHead { size: 10, .. })
                ),
                "{name}: {refused}"
            );
        }
        // Without it no mode can tell.
        for mode in [DEFAULT, RecoveryMode::Strict] {
            let tree = open(&changed.settled(), config(mode)).unwrap();
            assert_eq!(tree.size(), 0, "{name}");
        }
    }
}
