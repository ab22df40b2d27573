//! A tree that was closed in order does not open empty, and a loss is reported until it is
//! acknowledged, by every handle of the facade.

use std::fs;

use rotortree::{
    AnyTreeBuilder, Blake3Hasher, RecoveryMode, RotorTreeError, StorageError, TreeHead, inspect,
};

use crate::support::{Tree, leaves, open, quiet, storage_error};

const LEAVES: u64 = 100_000;

/// 100,000 leaves in a log that no checkpoint covers, in entries of 1000.
fn closed() -> (tempfile::TempDir, TreeHead) {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<4>(dir.path());
    for start in (0..LEAVES).step_by(1000) {
        tree.insert_many(&leaves(start..start + 1000)).unwrap();
        tree.flush().unwrap();
    }
    let head = tree.head().unwrap();
    tree.close().unwrap();
    (dir, head)
}

/// The same store with one bit of its segment changed.
fn flipped(from: &std::path::Path, at: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(from.join("MANIFEST"), dir.path().join("MANIFEST")).unwrap();
    fs::create_dir(dir.path().join("log")).unwrap();
    let segment = fs::read_dir(from.join("log")).unwrap().next().unwrap();
    let segment = segment.unwrap();
    let mut bytes = fs::read(segment.path()).unwrap();
    bytes[at] ^= 1;
    fs::write(dir.path().join("log").join(segment.file_name()), bytes).unwrap();
    dir
}

#[test]
fn no_bit_of_the_only_segment_empties_a_closed_tree_of_100_000_leaves() {
    let (dir, head) = closed();
    for at in [0, 8, 12, 16, 40, 200, 511] {
        let damaged = flipped(dir.path(), at);
        let view = Tree::<4>::open_read_only(Blake3Hasher, quiet(damaged.path())).unwrap();
        assert_eq!(view.head(), Some(head), "byte {at}");
        let tree = open::<4>(damaged.path());
        assert_eq!(tree.head(), Some(head), "byte {at}");
        assert_eq!(tree.recovery_report().restored_headers.len(), 1);
    }
    for at in [512, 600, 30_000] {
        let damaged = flipped(dir.path(), at);
        let seen = Tree::<4>::open_read_only(Blake3Hasher, quiet(damaged.path()));
        let opened = Tree::<4>::open(Blake3Hasher, quiet(damaged.path()));
        for error in [seen.map(drop), opened.map(drop)].map(storage_error) {
            let told = error.to_string();
            let StorageError::NothingLeft {
                known_size, lost, ..
            } = error
            else {
                panic!("byte {at}: {told}");
            };
            assert_eq!((known_size, lost.map(|lost| *lost)), (LEAVES, Some(head)));
            assert!(
                told.contains("100000") && told.contains("AcceptLoss"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_cut_is_told_through_every_handle_until_it_is_acknowledged() {
    let (dir, head) = closed();
    let damaged = flipped(dir.path(), 40_000);
    let path = damaged.path();
    let strict = Tree::<4>::builder(quiet(path))
        .recovery(RecoveryMode::Strict)
        .open(Blake3Hasher);
    let RotorTreeError::Storage(error) = strict.map(drop).unwrap_err() else {
        panic!("another error");
    };
    assert!(error.to_string().contains("(1000 leaves)"), "{error}");

    let tree = open::<4>(path);
    let cuts = tree.recovery_report().cuts;
    assert_eq!(cuts.len(), 1);
    assert_eq!((cuts[0].kept.size, cuts[0].lost), (1000, Some(head)));
    assert_eq!(cuts[0].lost_leaves(), Some(99_000));
    let told = tree.recovery_report().to_string();
    assert!(
        told.contains(&format!("NOT ACKNOWLEDGED: {}", cuts[0])),
        "{told}"
    );
    assert!(
        path.join("aside")
            .join(format!("{}.bytes", cuts[0].files[0]))
            .exists()
    );
    tree.close().unwrap();

    assert_eq!(inspect(path).unwrap().unwrap().cuts, cuts);
    let view = Tree::<4>::open_read_only(Blake3Hasher, quiet(path)).unwrap();
    assert_eq!(view.recovery_report().cuts, cuts);
    let tree = open::<4>(path);
    assert_eq!(tree.stats().unacknowledged_cuts, 1);
    tree.close().unwrap();

    let any = AnyTreeBuilder::new(quiet(path)).open(Blake3Hasher).unwrap();
    assert_eq!(any.recovery_report().cuts, cuts);
    assert_eq!(any.acknowledge_cuts().unwrap(), cuts);
    assert_eq!(any.stats().unacknowledged_cuts, 0);
    any.close().unwrap();
    assert_eq!(inspect(path).unwrap().unwrap().cuts, []);
    assert_eq!(open::<4>(path).recovery_report().cuts, []);
}
