//! A reader looks at every operation of an opening and of the work after it; then the power goes.
//! The state that the reader saw is still there.
//!
//! Openings of every kind are looked at: after a process that was killed at any operation, in the
//! same boot, so that what the new one finds may be in the cache alone; and after one whose sync
//! failed and was forgotten, so that no later sync of that file helps.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    RecoveryMode, RotorTreeError, StorageError,
    fs::FsStorage,
    test_util::sim_files::{Bound, Call, CrashPoint, Effect, Fault, SimFiles},
};

use crate::{intercepted::Intercepted, silence::silence_planned_panics};

use super::{
    check::{Reference, recover},
    faults::{Run, Watchdog},
    setting,
    workload::{History, State, Step, config, leaf, storage},
};

/// The steps of the second process, so that a reader sees rotations by size, checkpoints and
/// orderly closes too.
const AFTERWARDS: [&[Step]; 5] = [
    &[],
    &[Step::Batch, Step::Flush, Step::Batch, Step::Flush],
    &[Step::Insert, Step::Checkpoint, Step::Insert],
    &[Step::Large, Step::Flush, Step::Checkpoint, Step::Large],
    &[Step::Insert, Step::Reopen],
];

#[derive(Default)]
struct Tally {
    reference: Reference,
    looks: usize,
    images: usize,
    starts: usize,
}

/// The state that a reader finds at `point`, by its index; `None` where there is no store yet.
fn shown(
    point: &CrashPoint,
    states: &[State],
    reference: &mut Reference,
    history: &History,
) -> Option<usize> {
    let strict = config::<2>().recovery(RecoveryMode::Strict);
    match strict
        .storage(storage(&point.seen()))
        .open_read_only(Blake3Hasher)
    {
        Ok(reader) => {
            let snapshot = reader.snapshot();
            reference.assert_equals(&snapshot, &history.leaves[..snapshot.size() as usize]);
            let state = State {
                size: snapshot.size(),
                metadata: snapshot.metadata().map(<[u8]>::to_vec),
            };
            let index = states.iter().position(|known| *known == state);
            Some(index.unwrap_or_else(|| panic!("a reader was shown {state:?}")))
        }
        Err(RotorTreeError::Storage(StorageError::Io(error)))
            if error.kind() == ErrorKind::NotFound =>
        {
            None
        }
        Err(error) => panic!("a reader was told {error}"),
    }
}

/// Lets a process open what another one left at `start`, and go on with `steps`, while a reader
/// looks after each operation.
fn watch(
    start: &CrashPoint,
    before: &History,
    bounds: (usize, usize),
    steps: &[Step],
    bound: usize,
    tally: &mut Tally,
    watchdog: &Watchdog,
) {
    let case = watchdog.told();
    let reference = &mut tally.reference;
    tally.starts += 1;
    let (tree, found) = recover::<2>(&start.killed(), before, bounds, reference);
    drop(tree);
    let size = before.states[found].size as usize;
    let mut history = History::starting_with(
        before.leaves[..size].to_vec(),
        before.states[..=found].to_vec(),
        bounds.0,
    );
    let files = start.killed();
    let tree = history.run::<2>(&files, steps);
    let mut least = bounds.0;
    for point in files.journal().points() {
        if let Some(index) = shown(&point, &history.states, reference, &history) {
            tally.looks += 1;
            least = least.max(index);
        }
        let seed = point.operations() as u64;
        for image in point.images(Bound::new(bound, seed)) {
            tally.images += 1;
            let told = (point.operations(), point.after().to_owned(), image.picks);
            watchdog.case(format!(
                "{case}; {steps:?} afterwards, power lost after operation {told:?}"
            ));
            let bounds = (least, history.states.len() - 1);
            drop(recover::<2>(&image.files, &history, bounds, reference));
        }
    }
    drop(tree);
}

const FIRST: [&[Step]; 4] = [
    &[
        Step::Insert,
        Step::Flush,
        Step::Batch,
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
    ],
    &[
        Step::Insert,
        Step::Large,
        Step::Flush,
        Step::Large,
        Step::Flush,
    ],
    &[
        Step::Insert,
        Step::Reopen,
        Step::Insert,
        Step::Flush,
        Step::Insert,
        Step::Flush,
    ],
];

#[test]
fn what_a_reader_was_shown_beside_an_opening_after_a_kill_survives_every_loss_of_power() {
    let watchdog = Watchdog::start();
    let (bound, every) = extent();
    let mut tally = Tally::default();
    for first in FIRST {
        let files = SimFiles::new();
        let mut history = History::default();
        let tree = history.run::<2>(&files, first);
        for point in files.journal().points() {
            let at = point.operations();
            // A group that is written and not synced yet is what an opening may find in
            // the cache alone.
            if !(at.is_multiple_of(every)
                || point.after().starts_with("write") && point.after().contains("log"))
            {
                continue;
            }
            watchdog.case(format!(
                "{first:?}, killed after operation {at} ({})",
                point.after()
            ));
            let bounds = history.bounds_at(at);
            let steps = AFTERWARDS[at % AFTERWARDS.len()];
            watch(
                &point, &history, bounds, steps, bound, &mut tally, &watchdog,
            );
        }
        drop(tree);
    }
    tell("after a kill", &tally);
}

#[test]
fn what_a_reader_was_shown_beside_an_opening_after_a_forgotten_sync_survives_every_loss_of_power() {
    let watchdog = Watchdog::start();
    let (bound, _) = extent();
    let mut tally = Tally::default();
    silence_planned_panics();
    for first in FIRST {
        for number in 0.. {
            watchdog.case(format!("{first:?}, sync {number} fails and is forgotten"));
            let files = SimFiles::new();
            files.inject(Fault::new(number, Effect::LoseSync(ErrorKind::Other)).on(Call::Sync));
            let mut run = Run::<2>::new();
            run.open(&files);
            first.iter().for_each(|&step| run.step(&files, step));
            run.abandon();
            if files.struck() == 0 {
                break;
            }
            files.heal();
            let (history, durable) = run.into_history();
            let bounds = (durable, history.states.len() - 1);
            let start = files.crash_point();
            let steps = AFTERWARDS[number as usize % AFTERWARDS.len()];
            watch(
                &start, &history, bounds, steps, bound, &mut tally, &watchdog,
            );
        }
    }
    tell("after a forgotten sync", &tally);
}

/// Images for each crash point, and which of the first process's operations it is killed after.
fn extent() -> (usize, usize) {
    let depth = setting("ROTORTREE_CRASH_DEPTH", 3);
    if depth > 3 {
        (setting("ROTORTREE_CRASH_IMAGES", 32), 1)
    } else {
        (6, 7)
    }
}

fn tell(what: &str, tally: &Tally) {
    println!(
        "readers {what}: {} openings, {} looks, {} images",
        tally.starts, tally.looks, tally.images
    );
    assert!(
        tally.looks > 500 && tally.images > 1000,
        "the readers have lost their sight"
    );
}

/// A reader is overtaken at each of its calls by a writer whose checkpoints cover the segment that
/// the reader has open, and whose next segment is written over it.
#[test]
fn a_reader_is_not_misled_by_a_segment_that_the_writer_writes_over() {
    const KNOWN: u64 = 9;
    let mut overtaken = 0;
    for call in 0.. {
        let files = SimFiles::new();
        let tree = config::<2>()
            .segment_bytes(1 << 20)
            .storage(storage(&files))
            .open(Blake3Hasher)
            .unwrap();
        for index in 0..=KNOWN {
            tree.insert_durable(leaf(index)).unwrap();
        }
        let calls = AtomicU64::new(0);
        let writer = tree.clone();
        let layer = Intercepted::new(&files, move |_| {
            if calls.fetch_add(1, Ordering::Relaxed) == call {
                let insert = || writer.insert_durable(leaf(writer.size())).unwrap();
                for _ in 0..2 {
                    insert();
                    writer.checkpoint().unwrap();
                }
                // Over all that the reader's segment held.
                for _ in 0..KNOWN + 3 {
                    insert();
                }
            }
            true
        });
        let reader = config::<2>()
            .recovery(RecoveryMode::Strict)
            .storage(Arc::new(FsStorage::with_files(layer, "/tree")))
            .open_read_only(Blake3Hasher)
            .unwrap();
        assert!(reader.size() >= KNOWN, "call {call}: {}", reader.size());
        if tree.size() == KNOWN + 1 {
            break;
        }
        overtaken += 1;
    }
    assert!(overtaken > 10, "{overtaken}");
}
