//! Room on the disk: an opening that has none for a second copy of the log, and what an idle or
//! closed tree keeps.

use rotortree_lean_imt::reference;
use rotortree_store::test_util::sim_files::SimFiles;

use super::{by_hand, leaf, open};

#[test]
fn a_log_goes_on_on_a_disk_that_has_no_room_for_a_second_copy_of_it() {
    let files = SimFiles::new();
    let tree = open(&files, by_hand());
    let leaves = reference::sample_leaves(0, 100_000);
    for batch in leaves.chunks(1000) {
        tree.append(batch).submit().unwrap();
        tree.flush().unwrap();
    }
    let mut head = tree.head();
    tree.close().unwrap();
    let log = files.used();
    assert!((3_100_000..4_000_000).contains(&log), "{log} bytes");

    // Less than the log takes; then hardly more than a header and a manifest; then enough, and the
    // log becomes one segment.
    for (number, free) in [3_000_000, 16 << 10, 8_000_000].into_iter().enumerate() {
        let number = number as u64;
        files.set_capacity(Some(files.used() + free));
        let tree = open(&files, by_hand());
        assert_eq!(tree.head(), head, "with {free} bytes free");
        assert_eq!(tree.recovery_report().replayed_leaves, 100_000 + number);
        assert_eq!(tree.stats().log_segments, 1 + number, "nothing was written");
        tree.insert(leaf(100_000 + number))
            .unwrap()
            .1
            .wait()
            .unwrap();
        let segments = if free < log { 2 + number } else { 1 };
        assert_eq!(tree.stats().log_segments, segments);
        let there = files.files_below("/tree/log").len() as u64;
        assert_eq!(there, segments, "what was replaced is removed");
        head = tree.head();
        tree.close().unwrap();
    }
    assert_eq!(open(&files, by_hand()).head(), head);
}

#[test]
fn what_no_sync_had_attested_is_copied_before_it_counts_also_without_room_for_the_rest() {
    let files = SimFiles::new();
    let tree = open(&files, by_hand());
    for batch in reference::sample_leaves(0, 20_000).chunks(1000) {
        tree.append(batch).submit().unwrap();
        tree.flush().unwrap();
    }
    let head = tree.head();
    // As a process that is killed: the last group is attested by nothing.
    std::mem::forget(tree);
    let killed = files.settled();
    killed.set_capacity(Some(killed.used() + (100 << 10)));
    let tree = open(&killed, by_hand());
    assert_eq!((tree.head(), tree.durable_snapshot().head()), (head, head));
    drop(tree);
}

#[test]
fn a_tree_that_is_idle_or_closed_keeps_no_room_that_it_does_not_use() {
    let files = SimFiles::new();
    let config = by_hand().segment_bytes(64 << 10);
    let tree = open(&files, config);
    let leaves = reference::sample_leaves(0, 1500);
    let ahead = || files.used() - bytes(&files);
    let mut most = 0;
    for batch in leaves.chunks(100) {
        tree.append(batch).submit().unwrap();
        tree.flush().unwrap();
        most = most.max(ahead());
    }
    assert!(most > 16 << 10, "room ahead was {most} bytes");
    assert_eq!(tree.stats().rotations, 0);
    while ahead() > 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    tree.append(&leaves).submit().unwrap();
    tree.append(&leaves).submit().unwrap();
    tree.flush().unwrap();
    tree.close().unwrap();
    assert_eq!(ahead(), 0, "closed");
}

/// Bytes that the files hold, without the zeros at the end of each segment.
fn bytes(files: &SimFiles) -> u64 {
    let held = files.list_files().into_iter().filter_map(|path| {
        let bytes = files.read_file(&path)?;
        if path.extension().is_none_or(|suffix| suffix != "wal") {
            return Some(bytes.len());
        }
        let last = bytes.iter().rposition(|byte| *byte != 0)?;
        Some((last + 1).next_multiple_of(512))
    });
    held.sum::<usize>() as u64
}

#[cfg(target_os = "linux")]
#[test]
fn blocks_that_a_real_file_system_reserved_are_given_back() {
    use std::os::linux::fs::MetadataExt;

    use rotortree_store::{fs::FsStorage, storage::Storage};

    // Memory reserves wherever there is Linux; the usual place may lie on a file system
    // that does not.
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let dir = dir.unwrap();
    let storage = FsStorage::new(dir.path().join("tree"));
    let owner = storage.acquire().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    let group = vec![7; 1 << 20];
    let mut end = 512;
    for _ in 0..7 {
        storage.commit_group(1, end, &group).unwrap();
        end += group.len() as u64;
    }
    let blocks = || {
        let log = std::fs::read_dir(dir.path().join("tree/log")).unwrap();
        let segment = log.map(|entry| entry.unwrap().metadata().unwrap());
        segment.map(|file| file.st_blocks() * 512).sum::<u64>()
    };
    // Maps of extents take blocks too.
    let most = end + (64 << 10);
    assert!(blocks() > most, "this file system reserves nothing");
    storage.release_idle();
    assert!(blocks() <= most, "at rest: {} of {end}", blocks());
    storage.commit_group(1, end, &group).unwrap();
    end += group.len() as u64;
    storage.create_segment(2, &[1; 512]).unwrap();
    let both = end + (128 << 10);
    assert!(
        blocks() <= both,
        "behind an ended segment: {} of {end}",
        blocks()
    );
    drop(owner);
}
