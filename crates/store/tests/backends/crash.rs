//! The filesystem backend over simulated files: its promises hold after a crash at every operation,
//! nothing is left in part, and a fault at any call ends in an error that names a file.
//!
//! Each crash test also runs over files that only pretend to sync, and must then fail.

use std::{
    error::Error,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rotortree_store::{
    StorageError,
    fs::FsStorage,
    storage::{Storage, WriteError},
    test_util::{
        conformance,
        sim_files::{Bound, Call, Effect, Fault, SimFiles},
    },
};

use crate::intercepted::{Intercepted, Step};

mod session;

use session::{Fact, Facts, ROOT, check, session};

/// A disk with the directories above the root, and an unrelated file.
fn disk() -> SimFiles {
    let files = SimFiles::new();
    files.write_file("/disk/user/.profile", b"unrelated");
    files
}

fn open(files: &SimFiles) -> FsStorage<SimFiles> {
    FsStorage::with_files(files.clone(), ROOT)
}

/// Holds the crash at every operation to the facts promised before it. Returns how many images
/// there were.
fn check_crashes(files: &SimFiles, facts: &Facts, images: usize) -> usize {
    let mut seen = 0;
    for point in files.journal().points() {
        let promised = facts.iter().filter(|(at, _)| *at <= point.operations());
        let promised: Vec<&Fact> = promised.map(|(_, fact)| fact).collect();
        for image in point.images(Bound::new(images, 7)) {
            seen += 1;
            let checked = catch_unwind(AssertUnwindSafe(|| check(&image.files, &promised)));
            assert!(
                checked.is_ok(),
                "crash after operation {} ({}), picks {:?}",
                point.operations(),
                point.after(),
                image.picks
            );
        }
    }
    seen
}

#[test]
fn simulated_files_keep_the_contract() {
    conformance::run(|| {
        let files = SimFiles::new();
        move || {
            // Nothing here asks what happened, and the histories are long.
            files.rebase();
            FsStorage::with_shard_chunks(files.clone(), "/a/b/tree", 1024)
        }
    });
}

#[test]
fn a_crash_at_any_operation_leaves_what_was_promised_and_nothing_in_part() {
    let files = disk();
    let mut facts = Facts::new();
    for _ in 0..3 {
        session(&open(&files), &files, &mut facts).unwrap();
    }
    let images = check_crashes(&files, &facts, 1024);
    assert!(images > 5_000, "{images} images");
}

#[test]
fn files_that_only_pretend_to_sync_are_found_out() {
    let (files_too, names_too) = ([Step::Sync, Step::SyncAll], [Step::SyncDir; 2]);
    for lies in [files_too, names_too] {
        let files = disk();
        let mut facts = Facts::new();
        let layer = Intercepted::new(&files, move |step| !lies.contains(&step));
        let storage = FsStorage::with_files(layer, ROOT);
        session(&storage, &files, &mut facts).unwrap();
        let checked = catch_unwind(AssertUnwindSafe(|| check_crashes(&files, &facts, 64)));
        assert!(
            checked.is_err(),
            "no check noticed that {lies:?} did nothing"
        );
    }
}

#[test]
fn what_crashes_leave_can_be_opened_and_worked_on() {
    let files = disk();
    session(&open(&files), &files, &mut Facts::new()).unwrap();
    let mut images = 0;
    for point in files.journal().points() {
        for image in point.images(Bound::new(12, 3)) {
            images += 1;
            let mut facts = Facts::new();
            session(&open(&image.files), &image.files, &mut facts).unwrap();
            check_crashes(&image.files, &facts, 2);
        }
    }
    assert!(images > 100, "{images} images");
}

/// A disk on which a store was opened, worked on and closed.
fn disk_with_store() -> SimFiles {
    let files = disk();
    let worked = session(&open(&files), &files, &mut Facts::new());
    worked.expect("nothing fails here");
    files.settled()
}

/// Runs a session that meets the fault, then one on the healed machine, without a crash between
/// them. Checks every crash of both against the promises. Returns whether the first session failed.
fn fault_then_session(disk: &SimFiles, fault: Fault) -> (SimFiles, Result<(), StorageError>) {
    let files = disk.settled();
    files.inject(fault);
    let mut facts = Facts::new();
    let first = session(&open(&files), &files, &mut facts);
    files.heal();
    let second = session(&open(&files), &files, &mut facts);
    second.expect("the machine is healed");
    check_crashes(&files, &facts, 6);
    (files, first)
}

/// Every call of a session in turn, until a fault strikes no more; the session that creates a store
/// and one that goes on with it.
fn at_every_call(effect: Effect, mut then: impl FnMut(Result<(), StorageError>)) {
    for disk in [disk(), disk_with_store()] {
        let mut number = 0;
        loop {
            let (files, first) = fault_then_session(&disk, Fault::new(number, effect));
            if files.struck() == 0 {
                break;
            }
            then(first);
            number += 1;
        }
        assert!(number > 50, "a session makes more than {number} calls");
    }
}

fn expect_named(error: &StorageError, kind: io::ErrorKind) {
    let error = match error {
        StorageError::Io(error) => error,
        StorageError::Unavailable(error) | StorageError::FlushFailed(error) => &**error,
        other => panic!("{other:?} is not the system's"),
    };
    assert_eq!(error.kind(), kind);
    assert!(error.to_string().contains("/disk"), "{error}");
    assert!(error.to_string().starts_with("cannot "), "{error}");
    assert!(
        error.source().is_none(),
        "the text holds the cause: {error}"
    );
}

#[test]
fn an_error_at_any_call_is_told_by_name_and_costs_nothing_promised() {
    let mut failed = 0;
    at_every_call(Effect::Error(io::ErrorKind::TimedOut), |first| {
        if let Err(error) = first {
            failed += 1;
            expect_named(&error, io::ErrorKind::TimedOut);
        }
    });
    assert!(failed > 30, "{failed} sessions failed");
}

#[test]
fn an_error_after_any_call_took_effect_is_told_by_name_and_costs_nothing_promised() {
    at_every_call(Effect::ErrorAfter(io::ErrorKind::TimedOut), |first| {
        if let Err(error) = first {
            // A name that was taken after all may be met again as such.
            assert!(error.to_string().contains("/disk"), "{error}");
        }
    });
}

#[test]
fn a_sync_that_fails_and_is_forgotten_costs_nothing_promised() {
    at_every_call(Effect::LoseSync(io::ErrorKind::TimedOut), |_| {});
}

#[test]
fn short_results_are_made_up_for() {
    at_every_call(Effect::Short(1), |first| first.unwrap());
}

#[test]
fn interrupted_reads_and_writes_are_repeated() {
    for call in [Call::ReadAt, Call::WriteAt] {
        for number in 0.. {
            let fault = Fault::new(number, Effect::Error(io::ErrorKind::Interrupted)).on(call);
            let (files, first) = fault_then_session(&disk_with_store(), fault);
            first.unwrap();
            if files.struck() == 0 {
                break;
            }
        }
    }
}

#[test]
fn a_write_that_writes_nothing_and_a_read_that_ends_early_are_errors() {
    let mut kinds = Vec::new();
    at_every_call(Effect::Short(0), |first| {
        if let Err(StorageError::Io(error)) = first {
            kinds.push(error.kind());
        }
    });
    assert!(kinds.contains(&io::ErrorKind::WriteZero), "{kinds:?}");
    let early = |kind| {
        matches!(
            kind,
            io::ErrorKind::WriteZero | io::ErrorKind::UnexpectedEof
        )
    };
    assert!(kinds.into_iter().all(early));
}

#[test]
fn a_machine_that_fails_for_good_costs_nothing_promised() {
    for number in (0..200).step_by(3) {
        let effect = Effect::Error(io::ErrorKind::TimedOut);
        let (files, first) = fault_then_session(&disk(), Fault::new(number, effect).for_good());
        if files.struck() == 0 {
            first.unwrap();
            return;
        }
        expect_named(&first.unwrap_err(), io::ErrorKind::TimedOut);
    }
    panic!("a session makes fewer than 200 calls");
}

#[test]
fn a_disk_that_is_full_at_any_byte_is_an_error_and_costs_nothing_promised() {
    let needed = {
        let files = disk();
        session(&open(&files), &files, &mut Facts::new()).unwrap();
        files.used()
    };
    let mut full = 0;
    for capacity in (0..needed + 2000).step_by(211) {
        let files = disk();
        files.set_capacity(Some(capacity));
        let mut facts = Facts::new();
        if let Err(error) = session(&open(&files), &files, &mut facts) {
            full += 1;
            expect_named(&error, io::ErrorKind::StorageFull);
        }
        files.set_capacity(None);
        session(&open(&files), &files, &mut facts).unwrap();
        check_crashes(&files, &facts, 4);
    }
    assert!(full > 20, "{full} disks were full");
}

#[test]
fn a_failed_segment_takes_nothing_more() {
    let lost = Fault::new(0, Effect::LoseSync(io::ErrorKind::TimedOut)).on(Call::Sync);
    let panics = Fault::new(0, Effect::Panic).on(Call::WriteAt);
    for fault in [lost, panics] {
        let files = disk();
        let storage = open(&files);
        let _owner = storage.acquire().unwrap();
        storage.create_segment(1, &[1; 512]).unwrap();
        files.inject(fault);
        let commit = || storage.commit_group(1, 512, &[2; 512]);
        let committed = catch_unwind(AssertUnwindSafe(commit));
        assert!(!matches!(committed, Ok(Ok(()))));
        storage.release_idle();
        for offset in [512, 1024] {
            let error = storage.commit_group(1, offset, &[2; 512]).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("an earlier write to it failed"), "{text}");
            storage.commit_mark(1, offset, &[2; 512]).unwrap_err();
        }
        storage.create_segment(2, &[3; 512]).unwrap();
        storage.commit_group(2, 512, &[4; 512]).unwrap();
    }
}

#[test]
fn room_ahead_is_in_proportion_to_what_was_written_and_given_back_at_rest() {
    let files = SimFiles::new();
    let storage = open(&files);
    let _owner = storage.acquire().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    let mut end = 512;
    // Counts them, and lets them be.
    let counted = Fault::new(0, Effect::Short(usize::MAX)).on(Call::Allocate);
    files.inject(counted.for_good());
    while end < 600 << 10 {
        storage.commit_group(1, end, &[3; 2048]).unwrap();
        end += 2048;
        assert!(files.used() >= end, "a group without room");
        assert!(files.used() <= 2 * end + 4096, "{} for {end}", files.used());
    }
    let asked = files.struck();
    assert!(
        (5..=10).contains(&asked),
        "room was asked for {asked} times"
    );
    assert!(files.used() > end, "no room ahead");
    storage.release_idle();
    assert_eq!(files.used(), end, "at rest");
    storage.commit_group(1, end, &[3; 512]).unwrap();
    end += 512;
    assert!(files.used() < end + 8192, "an idle log begins small again");
    storage.create_segment(2, &[1; 512]).unwrap();
    assert_eq!(files.used(), end + 512, "behind a segment that ended");
}

#[test]
fn a_group_that_finds_no_room_is_refused_before_its_first_byte_and_can_be_written_later() {
    for group in [512, 4096, 300 << 10] {
        let files = disk();
        let storage = open(&files);
        let _owner = storage.acquire().unwrap();
        storage.create_segment(1, &[1; 512]).unwrap();
        storage.commit_group(1, 512, &[2; 512]).unwrap();
        storage.release_idle();
        let bytes = vec![3; group];
        // Not a byte of it, and all but the last block.
        for free in [0, group as u64 / 4096 * 4096] {
            files.set_capacity(Some(files.used() + free));
            let refused = storage.commit_group(1, 1024, &bytes);
            let Err(WriteError::NotWritten(error)) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            let text = error.to_string();
            assert!(text.starts_with("cannot reserve room in /disk"), "{text}");
            assert_eq!(storage.read_segment(1).unwrap().len(), 1024);
        }
        // Room for the group, and none ahead.
        files.set_capacity(Some(
            files.used() + (1024 + group as u64).next_multiple_of(4096),
        ));
        storage.commit_group(1, 1024, &bytes).unwrap();
        let mut segment = storage.read_segment(1).unwrap();
        let mut read = bytes.clone();
        segment.read_at(1024, &mut read).unwrap();
        assert_eq!(read, bytes);
    }
}

#[test]
fn nothing_but_the_newest_segment_is_written_between_checkpoints() {
    let files = disk();
    let storage = open(&files);
    let _owner = storage.acquire().unwrap();
    storage.create_segment(1, &[1; 512]).unwrap();
    let before = files.calls();
    for group in 1..=10 {
        storage.commit_group(1, group * 512, &[2; 512]).unwrap();
    }
    let told = "a look at its names, one write, one sync and a look at where its name leads a \
                group, and room for several at a time";
    assert_eq!(files.calls() - before, 44, "{told}");
}
