//! The log under each checkpoint policy.

use std::time::Duration;

use rotortree_store::{CheckpointPolicy, test_util::sim_files::SimFiles};

use super::{Tree, by_hand, leaf, open};
use crate::builder::Builder;

const THRESHOLD: u64 = 64 << 10;
const LONG: Duration = Duration::from_secs(300);

fn bounded() -> Builder {
    by_hand().checkpoint_policy(CheckpointPolicy::MemoryThreshold(THRESHOLD as usize))
}

/// Bytes that the log takes on the disk.
fn log_on(files: &SimFiles) -> u64 {
    let paths = files.list_files().into_iter();
    let log = paths.filter(|path| path.starts_with("/tree/log"));
    log.filter_map(|path| files.read_file(path))
        .map(|bytes| bytes.len() as u64)
        .sum()
}

/// The most that the log behind the last checkpoint may hold: what inserts wait at, and
/// one more group.
fn most(group: u64) -> u64 {
    THRESHOLD + THRESHOLD / 4 + group
}

fn grow(tree: &Tree, entries: u64, group: u64, insert: impl Fn(&Tree, u64)) {
    for entry in 0..entries {
        insert(tree, entry);
        let behind = tree.stats().log_bytes;
        assert!(
            behind <= most(group),
            "entry {entry}: {behind} bytes of log"
        );
    }
    assert!(tree.wait_for_checkpoint(LONG), "no checkpoint");
}

#[test]
fn metadata_alone_makes_checkpoints_due_and_the_log_stays_bounded() {
    let files = SimFiles::new();
    let tree = open(&files, bounded());
    grow(&tree, 400, 5 << 10, |tree, entry| {
        let metadata = vec![entry as u8; 4 << 10];
        tree.append(&[]).metadata(&metadata).submit().unwrap();
        tree.flush().unwrap();
    });
    tree.close().unwrap();
    assert!(log_on(&files) <= most(6 << 10), "{} bytes", log_on(&files));
    // Control: 400 entries are 1.6 MB of log where no policy bounds it.
    assert_eq!(400 * (4 << 10) / THRESHOLD, 25);
}

#[test]
fn single_durable_leaves_make_checkpoints_due_by_the_log_that_they_take() {
    let files = SimFiles::new();
    let tree = open(&files, bounded());
    grow(&tree, 1000, 512, |tree, index| {
        tree.insert(leaf(index)).unwrap().1.wait().unwrap();
    });
    // Their nodes alone would not have.
    assert!(64 * tree.size() < THRESHOLD);
    tree.close().unwrap();
    assert!(log_on(&files) <= most(2048), "{} bytes", log_on(&files));
}

#[test]
fn a_log_that_an_earlier_run_left_makes_a_checkpoint_due_at_once() {
    let files = SimFiles::new();
    let tree = open(&files, by_hand());
    for index in 0..200 {
        tree.insert(leaf(index)).unwrap().1.wait().unwrap();
    }
    let left = tree.stats().log_bytes;
    assert!(left > THRESHOLD, "{left} bytes of log");
    tree.close().unwrap();

    // Small logs are written anew as a whole, without the padding of their groups: this one is
    // still too much.
    let tree = open(
        &files,
        by_hand().checkpoint_policy(CheckpointPolicy::MemoryThreshold(8 << 10)),
    );
    assert!(tree.wait_for_checkpoint(LONG), "no checkpoint");
    assert_eq!(tree.stats().checkpointed_size, 200);
    tree.close().unwrap();
    assert!(log_on(&files) < 4096, "{} bytes", log_on(&files));
}

#[test]
fn a_checkpoint_that_failed_leaves_the_log_as_due_as_it_was() {
    use rotortree_store::test_util::sim_files::{Call, Effect, Fault};
    let files = SimFiles::new();
    let tree = open(&files, bounded());
    for index in 0..64 {
        tree.insert(leaf(index)).unwrap().1.wait().unwrap();
    }
    let manifests = Fault::new(1, Effect::Error(std::io::ErrorKind::StorageFull));
    files.inject(manifests.on(Call::CreateNew).within("/tree/MANIFEST.tmp"));
    tree.checkpoint().unwrap_err();
    assert_eq!(files.struck(), 1);
    // Half of the threshold was there before: another half makes it due.
    for index in 64..140 {
        tree.insert(leaf(index)).unwrap().1.wait().unwrap();
    }
    assert!(tree.wait_for_checkpoint(LONG), "no checkpoint");
    tree.close().unwrap();
}

#[test]
fn a_threshold_of_nothing_makes_no_checkpoint_due_without_anything_new() {
    for threshold in [0, 1, 511] {
        let files = SimFiles::new();
        let config = by_hand().checkpoint_policy(CheckpointPolicy::MemoryThreshold(threshold));
        let tree = open(&files, config);
        for index in 0..20 {
            tree.insert(leaf(index)).unwrap().1.wait().unwrap();
        }
        while tree.stats().checkpointed_size < 20 {
            assert!(tree.wait_for_checkpoint(LONG), "no checkpoint");
        }
        let made = tree.stats().checkpoints;
        // Each looks once more when it ends, and finds nothing.
        assert!(made <= 2 * 20 + 2, "{made} checkpoints of 20 leaves");
        tree.close().unwrap();
    }
}

#[test]
fn under_the_other_policies_the_log_grows_until_the_caller_or_the_entries_end_it() {
    for policy in [
        CheckpointPolicy::Manual,
        CheckpointPolicy::OnClose,
        CheckpointPolicy::EveryNEntries(1000),
    ] {
        let files = SimFiles::new();
        let config = by_hand().checkpoint_policy(policy);
        let tree = open(&files, config);
        for entry in 0..300u64 {
            let metadata = vec![entry as u8; 4 << 10];
            tree.append(&[]).metadata(&metadata).submit().unwrap();
            tree.flush().unwrap();
        }
        let stats = tree.stats();
        assert_eq!(stats.checkpoints, 0, "{policy:?}");
        assert!(
            stats.log_bytes > 300 << 12,
            "{policy:?}: {}",
            stats.log_bytes
        );
        tree.checkpoint().unwrap();
        let left = tree.stats().log_bytes;
        assert!(left < 1024, "{policy:?}: {left}");
        tree.close().unwrap();
    }
}
