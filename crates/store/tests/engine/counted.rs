//! What a refresh and an opening cost, counted in calls and bytes, as the table of
//! `docs/performance.md` says.

use std::time::Duration;

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, ReadOnly, RotorTree, RotorTreeBuilder,
    chunk::SHARD_CHUNKS,
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
    let builder = builder(Counter::default().storage(files, SHARD_CHUNKS));
    builder.open(Blake3Hasher).unwrap()
}

/// A view, and the counter of its calls.
fn view_of(files: &SimFiles) -> (View, Counter) {
    let counter = Counter::default();
    let builder = builder(counter.storage(files, SHARD_CHUNKS));
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

/// Waits until the writer fell idle: all that it synced is attested, and its log has no room ahead.
fn await_idle(files: &SimFiles, tree: &Tree) {
    let uncounted =
        || builder(Counter::default().storage(files, SHARD_CHUNKS)).open_read_only(Blake3Hasher);
    let has_room = || {
        let log = files.files_below("/tree/log");
        let ends_in_zeros = |bytes: &[u8]| bytes[bytes.len() - 512..].iter().all(|&byte| byte == 0);
        log.iter().any(|(_, bytes)| ends_in_zeros(bytes))
    };
    while uncounted().unwrap().head() != tree.head() || has_room() {
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

/// A store of 1000 leaves that was closed.
fn closed(files: &SimFiles, is_covered: bool) {
    let tree = builder(Counter::default().storage(files, SHARD_CHUNKS))
        .open(Blake3Hasher)
        .unwrap();
    tree.insert_many(&leaves(0, 1000)).unwrap();
    if is_covered {
        tree.checkpoint().unwrap();
    }
    tree.close().unwrap();
}

/// Header, groups, mark, and zeros behind them as room: a new segment begins with one block.
const BLOCK: usize = 4096;

/// The bytes of the manifest.
fn manifest_len(files: &SimFiles) -> usize {
    files.read_file("/tree/MANIFEST").unwrap().len()
}

/// Opens, and checks that nothing was written.
fn open_counted(counter: &Counter, files: &SimFiles) -> (Tree, Counts) {
    let tree = builder(counter.storage(files, SHARD_CHUNKS))
        .open(Blake3Hasher)
        .unwrap();
    (tree, counter.take())
}

#[test]
fn an_opening_after_an_orderly_close_writes_nothing_and_neither_does_closing_it() {
    for is_covered in [true, false] {
        let files = SimFiles::new();
        closed(&files, is_covered);
        let before = files.files_below("/tree");
        let counter = Counter::default();
        let (tree, opening) = open_counted(&counter, &files);
        let read_only = Counts {
            opened: opening.opened,
            read: opening.read,
            listed: opening.listed,
            ..Counts::default()
        };
        assert_eq!(opening, read_only);
        if is_covered {
            // The manifest, the chunks of level 0, the segment for its header.
            assert_eq!(opening.opened, 1 + 1 + 1, "{opening:?}");
        }
        assert_eq!(tree.size(), 1000);
        tree.flush().unwrap();
        tree.snapshot().generate_proof(5).unwrap();
        assert!(tree.acknowledge_cuts().unwrap().is_empty());
        if is_covered {
            tree.checkpoint().unwrap();
        }
        tree.close().unwrap();
        let closing = counter.take();
        assert_eq!((closing.written, closing.syncs), (0, 0), "{closing:?}");
        assert_eq!((closing.changed, closing.manifests), (0, 0));
        assert!(files.files_below("/tree") == before, "no byte is another");
    }
}

#[test]
fn the_first_write_begins_the_log() {
    let files = SimFiles::new();
    closed(&files, true);
    let counter = Counter::default();
    let (tree, _) = open_counted(&counter, &files);
    tree.insert_durable([1; 32]).unwrap();
    let first = counter.take();
    // The names, twice; segment and manifest, each with its directory; the group.
    assert_eq!((first.syncs, first.manifests), (2 + 2 + 2 + 1, 1));
    assert_eq!(first.written, manifest_len(&files) + BLOCK);
    tree.insert_durable([2; 32]).unwrap();
    let second = counter.take();
    assert_eq!((second.syncs, second.manifests), (1, 0));
    assert_eq!(second.written, 512);
}

#[test]
fn an_opening_after_a_crash_makes_six_syncs() {
    let files = SimFiles::new();
    closed(&files, true);
    let (tree, _) = open_counted(&Counter::default(), &files);
    tree.insert_durable([1; 32]).unwrap();
    let killed = files.crash_point().killed();
    let counter = Counter::default();
    let (again, opening) = open_counted(&counter, &killed);
    assert_eq!(again.head(), tree.head());
    assert_eq!((opening.syncs, opening.manifests), (2 + 2 + 2, 1));
    assert_eq!(opening.written, manifest_len(&killed) + BLOCK);
    again.close().unwrap();
    let closing = counter.take();
    assert_eq!((closing.syncs, closing.manifests), (2, 1));
    assert_eq!(closing.written, manifest_len(&killed));
}
