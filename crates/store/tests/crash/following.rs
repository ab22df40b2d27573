//! A view that stays open while the store changes under it. After each change a refresh shows what
//! a view shows that is opened then and expects the head of the first one: that view reads
//! everything, and is the reference. If it is refused, so is the refresh, and the view stays.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex},
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::TreeHead;
use rotortree_store::{
    ReadOnly, RecoveryReport, RotorTreeError, StorageError, forward_storage,
    storage::{Locator, Ownership, SegmentWriter, Storage, UnitWriter, WriteError},
    test_util::sim_files::{Bound, CrashPoint, SimFiles},
};
use rotortree_wal::SECTOR;

use super::{
    check::{Reference, recover},
    faults::Watchdog,
    workload::{History, State, Step, Tree, config, leaf, storage},
};

/// A place whose files are exchanged, for a reader, which writes nothing.
#[derive(Clone, Debug)]
struct Exchanged {
    files: Arc<Mutex<Arc<dyn Storage>>>,
    readable_is_durable: bool,
}

impl Exchanged {
    fn new(files: &SimFiles) -> Self {
        Self {
            files: Arc::new(Mutex::new(storage(files))),
            readable_is_durable: false,
        }
    }

    fn exchange(&self, files: &SimFiles) {
        *self.files.lock().unwrap() = storage(files);
    }

    fn now(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.files.lock().unwrap())
    }
}

impl Storage for Exchanged {
    fn readable_is_durable(&self) -> bool {
        self.readable_is_durable
    }
    fn acquire(&self) -> Result<Box<dyn Ownership>, StorageError> {
        unreachable!("a reader owns nothing")
    }
    fn sweep(&self) -> Result<(), StorageError> {
        unreachable!("a reader removes nothing")
    }
    fn start_segment(&self, _: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        unreachable!("a reader starts no segment")
    }
    fn commit_group(&self, _: u64, _: u64, _: &[u8]) -> Result<(), WriteError> {
        unreachable!("a reader commits no group")
    }
    fn commit_mark(&self, _: u64, _: u64, _: &[u8]) -> Result<bool, WriteError> {
        unreachable!("a reader commits no mark")
    }
    fn remove_segment(&self, _: u64) -> io::Result<()> {
        unreachable!("a reader removes no segment")
    }
    fn start_units(&self, _: &[&Locator]) -> io::Result<Box<dyn UnitWriter + '_>> {
        unreachable!("a reader puts no chunk")
    }
    fn commit_manifest(&self, _: u64, _: &[u8]) -> Result<(), WriteError> {
        unreachable!("a reader commits no manifest")
    }
    fn quarantine(&self, _: &str, _: &mut dyn Read) -> io::Result<String> {
        unreachable!("a reader keeps nothing aside")
    }

    forward_storage!(|place| place.now() => describe name inspect list_segments read_segment
        region load_manifest is_in_force);
}

type View = ReadOnly<Blake3Hasher, 2, 32>;

/// A fresh view; `None` where there is no store.
fn open(place: Arc<dyn Storage>, expected: Option<TreeHead>) -> Result<View, StorageError> {
    let mut builder = config::<2>().verify_checkpoint(false).storage(place);
    if let Some(head) = expected {
        builder = builder.expect_head(head);
    }
    match builder.open_read_only(Blake3Hasher) {
        Ok(view) => Ok(view),
        Err(RotorTreeError::Storage(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// What a view shows and tells, without the work that it took.
fn shown(view: &View) -> (Option<TreeHead>, Option<Vec<u8>>, RecoveryReport) {
    let mut report = view.recovery_report();
    (report.replayed_records, report.replayed_leaves) = (0, 0);
    (view.head(), view.metadata(), report)
}

/// The view of a place, from when there is a store.
struct Follower {
    place: Exchanged,
    view: Option<View>,
    /// Whether what is told of the end of the log is that of this moment. A view that finds nothing
    /// new behind a group does not read the group again, which a loss of power may tear until
    /// something attests it.
    tells_end: bool,
    looks: usize,
    refused: usize,
}

impl Follower {
    fn new() -> Self {
        Self {
            place: Exchanged::new(&SimFiles::new()),
            view: None,
            tells_end: true,
            looks: 0,
            refused: 0,
        }
    }

    /// Exchanges the files and refreshes.
    fn look(&mut self, files: &SimFiles) {
        self.place.exchange(files);
        self.looks += 1;
        let Some(view) = &self.view else {
            self.view = open(Arc::new(self.place.clone()), None).ok();
            return;
        };
        let before = shown(view);
        match (view.refresh(), open(storage(files), view.head())) {
            (Ok(is_new), Ok(fresh)) => {
                let [mut told, mut expected] = [view, &fresh].map(shown);
                if !self.tells_end {
                    (told.2.tear, expected.2.tear) = (None, None);
                    (told.2.cut_records, expected.2.cut_records) = (0, 0);
                    (told.2.cut_leaves, expected.2.cut_leaves) = (0, 0);
                }
                assert_eq!(told, expected);
                let changed = (&before.0, &before.1) != (&view.head(), &view.metadata());
                assert_eq!(is_new, changed, "it tells what is new");
                let leaves = [view, &fresh].map(|view| view.leaves(..).unwrap());
                let [shown, expected] = leaves.map(|leaves| leaves.map(Result::unwrap));
                assert!(shown.eq(expected), "each leaf is read from the right place");
                assert!(!view.refresh().unwrap(), "nothing is new by now");
            }
            (Err(RotorTreeError::Storage(refused)), Err(expected)) => {
                assert_eq!(refused.to_string(), expected.to_string());
                assert_eq!(shown(view), before, "a refused refresh changes nothing");
                self.refused += 1;
            }
            (refreshed, fresh) => panic!("{refreshed:?}, and a fresh view: {fresh:?}"),
        }
    }
}

/// Histories with all that happens to a log and a checkpoint.
const WORKLOADS: [&[Step]; 5] = [
    &[
        Step::Insert,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Insert,
        Step::Checkpoint,
        Step::Insert,
        Step::Flush,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Batch,
        Step::Checkpoint,
        Step::Stream,
        Step::Metadata,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Checkpoint,
        Step::Metadata,
        Step::Checkpoint,
    ],
    &[
        Step::Insert,
        Step::Large,
        Step::Flush,
        Step::Insert,
        Step::Large,
        Step::Checkpoint,
        Step::Large,
        Step::Reopen,
        Step::Large,
        Step::Flush,
    ],
    &[
        Step::Insert,
        Step::Reopen,
        Step::Insert,
        Step::Flush,
        Step::Reopen,
        Step::Reopen,
        Step::Batch,
        Step::Checkpoint,
        Step::Reopen,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Checkpoint,
    ],
];

/// The files after each operation of a run of `steps`, from `start` on.
fn points(start: &SimFiles, history: &mut History, steps: &[Step]) -> Vec<CrashPoint> {
    let tree = history.run::<2>(start, steps);
    let points = start.journal().points().collect();
    drop(tree);
    points
}

#[test]
fn a_view_beside_a_writer_shows_after_each_operation_what_a_new_one_shows() {
    let watchdog = Watchdog::start();
    for steps in WORKLOADS {
        let mut follower = Follower::new();
        for point in points(&SimFiles::new(), &mut History::default(), steps) {
            watchdog.case(format!("{steps:?} up to {}", point.operations()));
            follower.look(&point.seen());
        }
        assert_eq!(follower.refused, 0);
        assert!(follower.looks > 50, "only {} looks", follower.looks);
    }
}

#[test]
fn a_view_finds_its_way_from_every_state_of_a_store_to_every_later_and_earlier_one() {
    let watchdog = Watchdog::start();
    let stride = if super::setting("ROTORTREE_CRASH_DEPTH", 3) > 3 {
        1
    } else {
        7
    };
    let (mut looks, mut refused) = (0, 0);
    for steps in WORKLOADS {
        let points = points(&SimFiles::new(), &mut History::default(), steps);
        let seen: Vec<SimFiles> = points.iter().map(CrashPoint::seen).collect();
        for (from, first) in seen.iter().enumerate().step_by(stride) {
            for (to, then) in seen.iter().enumerate().skip(from % 3).step_by(3) {
                watchdog.case(format!("{steps:?}, from {from} to {to}"));
                let mut follower = Follower::new();
                follower.look(first);
                follower.look(then);
                looks += follower.looks;
                refused += follower.refused;
            }
        }
    }
    println!("views: {looks} looks, {refused} refused");
    assert!(refused > 100, "an earlier state is told");
}

#[test]
fn a_view_follows_the_next_process_after_a_kill_and_after_a_loss_of_power() {
    let watchdog = Watchdog::start();
    let next = [
        Step::Insert,
        Step::Flush,
        Step::Checkpoint,
        Step::Insert,
        Step::Flush,
    ];
    let mut looks = 0;
    let mut reference = Reference::default();
    for steps in WORKLOADS {
        let mut history = History::default();
        let points = points(&SimFiles::new(), &mut history, steps);
        for (number, point) in points.iter().enumerate() {
            // A store is one once its creation is durable.
            let is_store = point.operations() >= history.marks[0].operations;
            let wrote = point.after().starts_with("write") && point.after().contains("log");
            if !is_store || number % 5 != 0 && !wrote {
                continue;
            }
            let bounds = history.bounds_at(point.operations());
            let lost = point.images(Bound::new(2, number as u64));
            let lost = lost.map(|image| image.files.crash_point());
            for start in [point.killed().crash_point()].into_iter().chain(lost) {
                watchdog.case(format!("{steps:?}, stopped after {number}"));
                let (tree, found) = recover::<2>(&start.killed(), &history, bounds, &mut reference);
                drop(tree);
                let size = history.states[found].size as usize;
                let mut later = History::starting_with(
                    history.leaves[..size].to_vec(),
                    history.states[..=found].to_vec(),
                    bounds.0,
                );
                let mut follower = Follower::new();
                follower.tells_end = false;
                follower.look(&points[number - number % 3].seen());
                follower.look(&point.seen());
                let points = self::points(&start.killed(), &mut later, &next);
                points.iter().for_each(|point| follower.look(&point.seen()));
                // A loss of power may take back an attestation, until the next opening.
                let refused = follower.refused;
                follower.look(&points[points.len() - 1].seen());
                assert_eq!(follower.refused, refused, "what a view has shown stays");
                looks += follower.looks;
            }
        }
    }
    println!("views after a stop: {looks} looks");
    assert!(looks > 5000, "the views have lost their sight");
}

#[test]
fn a_view_refuses_a_log_that_was_cut_under_it() {
    let watchdog = Watchdog::start();
    let steps = [
        Step::Insert,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Insert,
        Step::Flush,
    ];
    let files = SimFiles::new();
    let mut history = History::default();
    history.run::<2>(&files, &steps).close().unwrap();
    let log = files.files_below("/tree/log").pop().unwrap();
    for offset in (600..log.1.len()).step_by(256) {
        watchdog.case(format!("damage at byte {offset}"));
        let mut follower = Follower::new();
        follower.look(&files);
        let cut = files.settled();
        let mut damaged = log.1.clone();
        damaged[offset] ^= 1;
        cut.write_file(&log.0, &damaged);
        // The opening cuts the log, and the leaves that follow are others.
        let tree = config::<2>().storage(storage(&cut)).open(Blake3Hasher);
        let tree = tree.unwrap();
        if tree.recovery_report().damage.is_none() {
            continue;
        }
        for image in [true, false] {
            follower.look(&cut);
            assert_eq!(follower.refused, 1 + usize::from(!image));
            tree.append(&others(300)).durable().unwrap();
        }
        tree.checkpoint().unwrap();
        follower.look(&cut);
        assert_eq!(follower.refused, 3);
        drop(tree);
    }
}

/// Leaves that no other history has.
fn others(count: u64) -> Vec<Hash> {
    (10_000..10_000 + count).map(leaf).collect()
}

#[test]
fn a_view_refuses_another_history_of_its_tree() {
    let watchdog = Watchdog::start();
    let mut refused = 0;
    for steps in WORKLOADS {
        // An older copy is put back, and goes on with other leaves.
        let older = points(&SimFiles::new(), &mut History::default(), &steps[..2]);
        let older = older[older.len() - 1].seen();
        let files = older.crash_point().killed();
        let tree = config::<2>().storage(storage(&files)).open(Blake3Hasher);
        let tree = tree.unwrap();
        for count in [1, 1, 130, 1] {
            tree.append(&others(count)).durable().unwrap();
            if count > 1 {
                tree.checkpoint().unwrap();
            }
        }
        drop(tree);
        let other: Vec<CrashPoint> = files.journal().points().collect();
        let size = open(storage(&older), None).unwrap().size();
        let mut history = History::starting_with(
            (0..size).map(leaf).collect(),
            vec![State {
                size,
                metadata: None,
            }],
            0,
        );
        let ours = points(&older, &mut history, &steps[2..]);
        for (from, ours) in ours.iter().enumerate().step_by(5) {
            for (to, other) in other.iter().enumerate().step_by(3) {
                watchdog.case(format!("{steps:?}, from {from} to {to} of another history"));
                let mut follower = Follower::new();
                follower.look(&ours.seen());
                follower.look(&other.seen());
                refused += follower.refused;
            }
        }
    }
    println!("views of another history: {refused} refused");
    assert!(refused > 500, "the histories are too much alike");
}

/// The other history ends where the view reads on, so that no group behind it gives it away.
#[test]
fn a_view_refuses_a_segment_of_its_number_with_other_leaves_as_long() {
    let files = SimFiles::new();
    let open = |files: &SimFiles| -> Tree<2> {
        let config = config::<2>().storage(storage(files));
        config.open(Blake3Hasher).unwrap()
    };
    open(&files).close().unwrap();
    let [ours, other] = [(); 2].map(|()| files.settled());
    let tree = open(&ours);
    // The second group attests the first.
    for index in 0..2 {
        tree.append(&[leaf(index)]).durable().unwrap();
    }
    let mut follower = Follower::new();
    follower.look(&ours.settled());
    assert_eq!(follower.view.as_ref().unwrap().size(), 1);
    let tree = open(&other);
    tree.append(&others(1)).durable().unwrap();
    tree.close().unwrap();
    follower.look(&other);
    assert_eq!(follower.refused, 1);
}

/// Where readable bytes count as durable, a group may show in part before it is whole, at the same
/// place and in a file of the same length.
#[test]
fn a_group_that_shows_in_part_is_read_again() {
    let files = SimFiles::new();
    let tree = config::<2>().storage(storage(&files));
    let tree: Tree<2> = tree.open(Blake3Hasher).unwrap();
    tree.append(&[leaf(0)]).durable().unwrap();
    let log = || files.files_below("/tree/log").pop().unwrap();
    let (path, before) = log();
    tree.append(&others(3)).durable().unwrap();
    let whole = log().1;
    let first = before.iter().rposition(|byte| *byte != 0).unwrap();
    let start = (first + 1).next_multiple_of(SECTOR);
    let show = |log: &[u8]| {
        let shown = files.settled();
        shown.write_file(&path, log);
        shown
    };
    let mut none = whole.clone();
    none[start..].fill(0);
    // The group's header, and the header of its record.
    let mut part = none.clone();
    part[start..start + 144].copy_from_slice(&whole[start..start + 144]);
    let place = Exchanged {
        readable_is_durable: true,
        ..Exchanged::new(&show(&none))
    };
    let view = open(Arc::new(place.clone()), None).unwrap();
    for (log, size) in [(&none, 1), (&part, 1), (&part, 1), (&whole, 4), (&whole, 4)] {
        place.exchange(&show(log));
        let before = view.size();
        assert_eq!(view.refresh().unwrap(), size > before);
        assert_eq!(view.size(), size);
    }
}

#[test]
fn a_view_refuses_a_long_log_that_was_cut_behind_the_part_it_reads_on_from() {
    // Too long to be rewritten by the opening, so that the segment of the view stays.
    let files = SimFiles::new();
    let builder = || {
        config::<2>()
            .segment_bytes(64 << 20)
            .max_unflushed_bytes(64 << 20)
            .large_batch_bytes(usize::MAX)
            .storage(storage(&files))
    };
    let tree = builder().open(Blake3Hasher).unwrap();
    for first in [0, 140_000, 140_001, 140_002] {
        let count = if first == 0 { 140_000 } else { 1 };
        let leaves: Vec<Hash> = (first..first + count).map(leaf).collect();
        tree.append(&leaves).durable().unwrap();
    }
    tree.close().unwrap();
    let follower = Follower::new();
    follower.place.exchange(&files);
    let view = open(Arc::new(follower.place.clone()), None).unwrap();
    assert_eq!(view.size(), 140_003);
    // The records of the second group from the end; the mark of the close is no group.
    let (path, mut log) = files.files_below("/tree/log").pop().unwrap();
    let at = log.len() - 2 * 512 + 140;
    log[at] ^= 1;
    files.write_file(&path, &log);
    let tree = builder().open(Blake3Hasher).unwrap();
    assert_eq!(tree.recovery_report().size, 140_001);
    for more in [0, 1, 3] {
        if more > 0 {
            tree.append(&others(more)).durable().unwrap();
            tree.append(&others(1)).durable().unwrap();
        }
        follower.place.exchange(&files);
        match view.refresh() {
            Err(RotorTreeError::Storage(StorageError::UnexpectedHead { size, .. })) => {
                assert_eq!(size, 140_003);
            }
            other => panic!("after {more} more: {other:?}"),
        }
    }
}
