//! A log that is too long to be copied whole when it is recovered: records above the point that it
//! attests may only be in the cache, and are copied before they count as durable. The short
//! workloads of the other files are always copied whole.

use std::{io::ErrorKind, path::PathBuf};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    StorageError,
    test_util::sim_files::{Bound, Call, Effect, Fault, SimFiles},
};
use rotortree_wal::{GroupBuffer, Position, SegmentHeader};

use super::{
    faults::Watchdog,
    workload::{Tree, config, leaf, storage},
};

/// More than the 4 MiB up to which a log is copied whole.
const LEAVES: u64 = 140_000;

fn open(files: &SimFiles) -> Tree<2> {
    let config = config::<2>()
        .segment_bytes(64 << 20)
        .max_unflushed_bytes(64 << 20)
        .large_batch_bytes(usize::MAX);
    config.storage(storage(files)).open(Blake3Hasher).unwrap()
}

#[test]
fn what_a_long_log_holds_above_what_it_attests_is_copied_before_it_counts_as_durable() {
    let watchdog = Watchdog::start();
    watchdog.case("a long log with a lost sync at its end".into());
    let files = SimFiles::new();
    let tree = open(&files);
    let leaves: Vec<Hash> = (0..LEAVES + 2).map(leaf).collect();
    let (front, last) = leaves.split_at(LEAVES as usize);
    // Small enough for the first pass to apply them as they come.
    for batch in front.chunks(1000) {
        tree.append(batch).submit().unwrap();
    }
    tree.flush().unwrap();
    tree.insert(last[0]).unwrap().1.wait().unwrap();
    // The last leaf stays readable in this boot and never reaches the disk.
    tree.insert(last[1]).unwrap();
    files.inject(Fault::new(0, Effect::LoseSync(ErrorKind::Other)).on(Call::Sync));
    assert!(matches!(tree.flush(), Err(StorageError::FlushFailed(_))));
    drop(tree);
    files.heal();
    let before = files.list_files().len();

    // Everything that opening gives is durable, so it outlives the power.
    let tree = open(&files);
    assert_eq!(tree.durable_snapshot().size(), LEAVES + 2);
    assert!(
        files.list_files().len() > before,
        "the long segment stays, and another one goes on behind it"
    );
    let root = reference::root(&Blake3Hasher, 2, &leaves);
    let images = files.crash_images(Bound::new(4, 3));
    assert!(!images.is_empty());
    for image in images {
        let again = open(&image.files);
        assert_eq!((again.size(), again.root()), (LEAVES + 2, root));
        assert!(again.recovery_report().damage.is_none());
    }
    drop(tree);
}

#[test]
fn a_record_that_a_later_segment_supersedes_is_not_replayed() {
    let files = SimFiles::new();
    let tree = open(&files);
    let leaves: Vec<Hash> = (0..LEAVES).map(leaf).collect();
    for batch in leaves.chunks(1000) {
        tree.append(batch).submit().unwrap();
    }
    tree.flush().unwrap();
    let last = Position {
        sequence: LEAVES / 1000,
        size: LEAVES,
        root: tree.root().unwrap(),
    };
    let crashed = files.settled();
    drop(tree);
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|it| it == "wal");
    let segments = || crashed.list_files().into_iter().filter(is_segment);
    let path = segments().next().unwrap();
    let bytes = crashed.read_file(&path).unwrap();
    let salt = SegmentHeader::decode(&bytes).unwrap().salt;
    let mut unfinished = GroupBuffer::new(last.sequence + 1);
    unfinished.push_part(&[leaf(1)], None, true).unwrap();
    let sealed = unfinished.seal(salt, last.sequence, &last);
    crashed.write_file(&path, &[&bytes[..], sealed].concat());

    let tree = open(&crashed);
    assert_eq!(tree.root(), Some(last.root), "the batch is cut");
    tree.insert(leaf(2)).unwrap().1.wait().unwrap();
    let again = crashed.settled();
    assert_eq!(segments().count(), 2, "the long segment stays");
    let again = open(&again);
    assert_eq!((again.size(), again.root()), (tree.size(), tree.root()));
}
