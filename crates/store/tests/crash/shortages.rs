//! Passing shortages: at every call that takes a descriptor or room there is none, once, and the
//! moment after there is. Row 17 of the fault table: nothing fails for good unless a byte was in
//! doubt, all waiters are notified, and the next flush writes the pending records.

use std::io::ErrorKind;

use rotortree_store::test_util::sim_files::{Bound, Call, Effect, Fault, SimFiles, Strike};

use super::{
    check::{Reference, recover},
    faults::{HISTORIES, Run, Watchdog},
    workload::Step,
};

/// Histories that fall idle, rotate and checkpoint between syncs, beside those of the
/// failing calls.
const MORE: [&[Step]; 2] = [
    &[
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Checkpoint,
        Step::Batch,
        Step::Checkpoint,
        Step::Checkpoint,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Stream,
        Step::Stream,
        Step::Flush,
        Step::Metadata,
        Step::Stream,
        Step::Checkpoint,
    ],
];

/// Whether a failing call leaves the content of the disk in doubt: the log's groups and syncs, and
/// changes of names. Zeros that are written ahead of the log are nothing that counts.
fn leaves_doubt(strike: &Strike) -> bool {
    // A segment is opened under its temporary name, which it loses once it is whole.
    let in_segment = strike.path.starts_with("/tree/log") && !strike.is_named
        || strike.path.extension().is_some_and(|end| end == "wal");
    match strike.call {
        Call::Rename | Call::SyncDir => true,
        Call::WriteAt if strike.is_blank => false,
        Call::WriteAt | Call::Sync => in_segment,
        _ => false,
    }
}

struct Outcome {
    struck: bool,
    in_doubt: bool,
    /// Whether the call was to write zeros ahead of the log.
    is_ahead: bool,
}

fn run_through<const N: usize>(
    steps: &[Step],
    fault: Fault,
    number: u64,
    reference: &mut Reference,
) -> Outcome {
    let files = SimFiles::new();
    files.inject(fault);
    let mut run = Run::<N>::new();
    run.open(&files);
    steps.iter().for_each(|&step| run.step(&files, step));
    let struck = files.last_struck();
    files.heal();
    let in_doubt = struck.as_ref().is_some_and(leaves_doubt);
    if !in_doubt {
        assert!(!run.is_failed(), "{struck:?}: {:?}", run.failure());
        // The shortage is over: nothing that was accepted is lost, and the log and the checkpoints
        // go on.
        for step in [Step::Flush, Step::Insert, Step::Checkpoint, Step::Batch] {
            run.step(&files, step);
        }
        run.step(&files, Step::Flush);
        assert!(run.is_durable() && !run.is_failed(), "{struck:?}");
    }
    run.abandon();
    let (history, durable) = run.into_history();
    let accepted = history.states.len() - 1;
    // The power goes.
    for image in files.crash_images(Bound::new(3, number)) {
        drop(recover::<N>(
            &image.files,
            &history,
            (durable, accepted),
            reference,
        ));
    }
    drop(recover::<N>(
        &files,
        &history,
        (durable, accepted),
        reference,
    ));
    Outcome {
        is_ahead: struck.as_ref().is_some_and(|strike| strike.is_blank),
        struck: struck.is_some(),
        in_doubt,
    }
}

#[test]
fn a_passing_shortage_at_any_call_fails_nothing_for_good_unless_a_byte_is_in_doubt() {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    // The number of "no descriptor" has no kind of its own.
    let descriptors = [
        Call::OpenDir,
        Call::Open,
        Call::OpenWrite,
        Call::CreateNew,
        Call::List,
    ];
    let room = [
        Call::CreateNew,
        Call::CreateDir,
        Call::Allocate,
        Call::WriteAt,
    ];
    let memory = [Call::Map];
    let none = |kind: ErrorKind| move |call: Call| (call, kind);
    let shortages = descriptors
        .map(none(ErrorKind::Other))
        .into_iter()
        .chain(room.map(none(ErrorKind::StorageFull)))
        .chain(memory.map(none(ErrorKind::OutOfMemory)));
    let (mut clean, mut doubtful, mut ahead) = (0u64, 0u64, 0u64);
    for (call, kind) in shortages {
        for steps in HISTORIES.iter().chain(&MORE) {
            for number in 0.. {
                watchdog.case(format!("{steps:?}, {kind:?} at {call:?} number {number}"));
                let fault = Fault::new(number, Effect::Error(kind)).on(call);
                let outcome = run_through::<2>(steps, fault, number, &mut reference);
                if !outcome.struck {
                    break;
                }
                ahead += u64::from(outcome.is_ahead);
                *(if outcome.in_doubt {
                    &mut doubtful
                } else {
                    &mut clean
                }) += 1;
            }
        }
    }
    println!(
        "{clean} shortages with nothing in doubt, {ahead} of them at zeros ahead, {doubtful} with a \
         byte in doubt"
    );
    assert!(clean > 300 && ahead > 10, "the shortages do not strike");
}
