//! What a refresh costs, counted in calls and bytes, as the table of `docs/performance.md` says.

use std::time::Duration;

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, ReadOnly, RotorTree, RotorTreeBuilder,
    storage::{Reads, Storage},
    test_util::{sim_files::SimFiles, watchdog::limit_this_process},
};
use std::sync::Arc;

use crate::{
    builder::unset,
    common_counted::{Counter, Counts},
};

type Tree = RotorTree<Blake3Hasher, 2, 32>;
type View = ReadOnly<Blake3Hasher, 2, 32>;

fn builder(storage: Arc<dyn Storage>) -> RotorTreeBuilder<Tree> {
    unset()
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .reads(Reads::Positioned)
        .verify_checkpoint(false)
        .storage(storage)
}

fn written(files: &SimFiles) -> Tree {
    let builder = builder(Counter::default().storage(files));
    builder.open(Blake3Hasher).unwrap()
}

/// A view, and the counter of its calls.
fn view_of(files: &SimFiles) -> (View, Counter) {
    let counter = Counter::default();
    let builder = builder(counter.storage(files));
    (builder.open_read_only(Blake3Hasher).unwrap(), counter)
}

fn leaves(first: u64, count: u64) -> Vec<Hash> {
    (first..first + count)
        .map(|index| reference::sample_leaves(index, 1)[0])
        .collect()
}

/// The bytes of all segments.
fn log_len(files: &SimFiles) -> usize {
    let log = files.files_below("/tree/log");
    log.iter().map(|(_, bytes)| bytes.len()).sum()
}

/// Waits until the writer fell idle: all that it synced is attested.
fn await_idle(files: &SimFiles, tree: &Tree) {
    let uncounted = || builder(Counter::default().storage(files)).open_read_only(Blake3Hasher);
    while uncounted().unwrap().head() != tree.head() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The first bytes of the manifest, and the header of the last group, behind which the file ends.
const LOOK: Counts = Counts {
    opened: 2,
    read: 280 + 128,
    written: 0,
    syncs: 0,
    manifests: 0,
    listed: 0,
    changed: 0,
};

#[test]
fn a_refresh_reads_what_is_new_and_nothing_else() {
    limit_this_process();
    let files = SimFiles::new();
    let tree = written(&files);
    tree.insert_many(&leaves(0, 1000)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many(&leaves(1000, 1000)).unwrap();
    tree.flush().unwrap();
    await_idle(&files, &tree);
    let (view, counter) = view_of(&files);
    counter.take();
    for _ in 0..3 {
        assert!(!view.refresh().unwrap());
        assert_eq!(counter.take(), LOOK, "nothing is new");
    }
    for groups in [1, 2, 7] {
        let before = log_len(&files);
        for _ in 0..groups {
            tree.insert_many(&leaves(tree.size(), 40)).unwrap();
            tree.flush().unwrap();
        }
        await_idle(&files, &tree);
        let new = log_len(&files) - before;
        assert!(new >= 512 * (groups * 3 + 1), "groups and a mark");
        assert!(view.refresh().unwrap());
        assert_eq!(view.head(), tree.head());
        // And at the end another look whether the manifest still names what was read.
        let expected = Counts {
            opened: LOOK.opened + 2,
            read: LOOK.read + new + 280,
            ..LOOK
        };
        assert_eq!(counter.take(), expected, "{groups} groups");
        assert!(!view.refresh().unwrap());
        assert_eq!(counter.take(), LOOK, "nothing is new");
    }
}

#[test]
fn a_view_goes_on_behind_a_checkpoint_that_it_had_caught_up_with() {
    limit_this_process();
    let files = SimFiles::new();
    let tree = written(&files);
    tree.insert_many(&leaves(0, 5000)).unwrap();
    tree.flush().unwrap();
    await_idle(&files, &tree);
    let (view, counter) = view_of(&files);
    tree.checkpoint().unwrap();
    counter.take();
    assert!(!view.refresh().unwrap(), "no leaf is new");
    let manifest = files.read_file("/tree/MANIFEST").unwrap().len();
    let read = counter.take().read;
    let tails = 13 * (127 * 32 + 512);
    assert!(
        (manifest..manifest + LOOK.read + tails).contains(&read),
        "{read} bytes: the manifest, headers and ends of levels, no leaf"
    );
    assert_eq!(view.recovery_report().checkpoint_size, 5000);
    assert!(!view.refresh().unwrap());
    assert_eq!(counter.take().read, 280, "a new segment has no last group");
}
