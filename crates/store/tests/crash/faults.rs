//! Failing calls: every call of short workloads, in operation and in recovery, fails once or for
//! good in every way; then the process goes on in the same boot, and then the power goes. Rows 5,
//! 6, 7 and 9 of the fault table.

use std::{
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    RotorTreeError, StorageError,
    test_util::sim_files::{Bound, Call, Effect, Fault, SimFiles},
};

use crate::silence::silence_planned_panics;

use super::{
    check::{Reference, recover},
    workload::{History, State, Step, Tree, config, leaf, storage},
};

/// Ends the process, saying where, if a case hangs: no fault may make a thread wait forever.
pub(crate) struct Watchdog(Arc<Mutex<(u64, String)>>);

impl Watchdog {
    pub(crate) fn start() -> Self {
        let case = Arc::new(Mutex::new((0u64, String::new())));
        let watched = Arc::downgrade(&case);
        thread::spawn(move || {
            let mut last = (u64::MAX, 0);
            loop {
                thread::sleep(Duration::from_secs(5));
                let Some(case) = watched.upgrade() else {
                    return;
                };
                let (number, told) = case.lock().unwrap().clone();
                last = if last.0 == number {
                    (number, last.1 + 1)
                } else {
                    (number, 0)
                };
                if last.1 > 24 {
                    println!("hangs: {told}");
                    std::process::abort();
                }
            }
        });
        Self(case)
    }

    pub(crate) fn case(&self, told: String) {
        let mut case = self.0.lock().unwrap();
        *case = (case.0 + 1, told);
    }

    pub(crate) fn told(&self) -> String {
        self.0.lock().unwrap().1.clone()
    }
}

/// A test that fails names its case.
impl Drop for Watchdog {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}", self.told());
        }
    }
}

/// A run in which any call may fail: acknowledged entries must be durable.
pub(crate) struct Run<const N: usize> {
    history: History,
    durable: usize,
    tree: Option<Tree<N>>,
    failed: bool,
}

impl<const N: usize> Run<N> {
    pub(crate) fn new() -> Self {
        let history = History {
            states: vec![State {
                size: 0,
                metadata: None,
            }],
            ..History::default()
        };
        Self {
            history,
            durable: 0,
            tree: None,
            failed: false,
        }
    }

    pub(crate) fn is_failed(&self) -> bool {
        self.failed || self.tree.is_none()
    }

    /// Why the tree failed for good, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        let failure = self.tree.as_ref()?.failure()?;
        Some(failure.to_string())
    }

    /// Whether everything that was accepted was acknowledged as durable.
    pub(crate) fn is_durable(&self) -> bool {
        self.durable == self.history.states.len() - 1
    }

    pub(crate) fn is_open(&self) -> bool {
        self.tree.is_some()
    }

    /// Lets go of the tree, which may fail to close.
    pub(crate) fn abandon(&mut self) {
        drop(catch_unwind(AssertUnwindSafe(|| drop(self.tree.take()))));
    }

    pub(crate) fn into_history(self) -> (History, usize) {
        (self.history, self.durable)
    }

    pub(crate) fn open(&mut self, files: &SimFiles) {
        // A panic while opening is an error like any other; the second attempt meets no fault that
        // strikes once.
        for _ in 0..2 {
            if let Ok(Ok(tree)) = catch_unwind(AssertUnwindSafe(|| {
                config::<N>().storage(storage(files)).open(Blake3Hasher)
            })) {
                let snapshot = tree.snapshot();
                let state = State {
                    size: snapshot.size(),
                    metadata: snapshot.metadata().map(<[u8]>::to_vec),
                };
                let found = (self.durable..self.history.states.len())
                    .find(|&at| self.history.states[at] == state)
                    .unwrap_or_else(|| {
                        panic!(
                            "recovered {state:?}, durable was {:?}",
                            self.history.states[self.durable]
                        )
                    });
                // The recovered state is the tree's history from now on.
                self.history.states.truncate(found + 1);
                self.history.leaves.truncate(state.size as usize);
                self.durable = found;
                self.tree = Some(tree);
                self.failed = false;
                return;
            }
        }
    }

    fn append(&mut self, count: u64, metadata: Option<Vec<u8>>) {
        let Some(tree) = self.tree.clone() else {
            return;
        };
        let before = tree.head();
        let size = self.history.leaves.len() as u64;
        let batch: Vec<_> = (size..size + count).map(leaf).collect();
        let appended = catch_unwind(AssertUnwindSafe(|| {
            let entry = tree.append(&batch);
            match &metadata {
                Some(metadata) => entry.metadata(metadata).submit(),
                None => entry.submit(),
            }
        }));
        match appended {
            Ok(Ok(token)) => {
                assert!(!self.failed, "a failed tree took an insert");
                assert_eq!(token.leaf_range(), size..size + count);
                self.history.leaves.extend_from_slice(&batch);
                let metadata =
                    metadata.or_else(|| self.history.states.last().unwrap().metadata.clone());
                self.history.states.push(State {
                    size: size + count,
                    metadata,
                });
            }
            Ok(Err(error)) => {
                assert_eq!(tree.head(), before, "an insert that fails changes nothing");
                match error {
                    RotorTreeError::Storage(StorageError::FlushFailed(_)) => self.failed = true,
                    RotorTreeError::Storage(StorageError::Unavailable(_)) => {
                        assert!(tree.failure().is_none(), "{:?}", tree.failure());
                    }
                    error => panic!("{error}"),
                }
            }
            Err(_) => {
                // Before a large batch is hashed, a panic of the storage leaves the tree as it was.
                self.failed = tree.failure().is_some();
                assert!(
                    self.failed || count > 700,
                    "a panic leaves a record in doubt"
                );
                assert_eq!(tree.head(), before, "an insert that panics changes nothing");
            }
        }
    }

    fn acknowledge(&mut self, outcome: thread::Result<Result<(), StorageError>>) {
        match outcome {
            Ok(Ok(())) => {
                assert!(!self.failed, "a failed tree acknowledged something");
                self.durable = self.history.states.len() - 1;
            }
            Ok(Err(StorageError::CheckpointFailed(_))) => assert!(!self.failed),
            Ok(Err(StorageError::Unavailable(_))) => {
                let failure = self.tree.as_ref().and_then(Tree::failure);
                assert!(failure.is_none() && !self.failed, "{failure:?}");
            }
            Ok(Err(error)) => {
                assert!(matches!(error, StorageError::FlushFailed(_)), "{error}");
                self.failed = true;
            }
            Err(_) => self.failed = true,
        }
        if let (true, Some(tree)) = (self.failed, &self.tree) {
            assert!(tree.failure().is_some() && tree.stats().failure.is_some());
            assert!(matches!(tree.flush(), Err(StorageError::FlushFailed(_))));
            // Reads go on, and what had been durable is still said to be.
            let size = self.history.states[self.durable].size;
            assert!(tree.durable_snapshot().size() >= size && tree.snapshot().size() >= size);
        }
    }

    pub(crate) fn step(&mut self, files: &SimFiles, step: Step) {
        match step {
            Step::Insert => self.append(1, None),
            Step::Batch => self.append(127, None),
            Step::Stream => self.append(700, None),
            Step::Large => self.append(895, None),
            Step::Metadata => self.append(0, Some(vec![7; 5])),
            Step::Flush => {
                let Some(tree) = self.tree.clone() else {
                    return;
                };
                self.acknowledge(catch_unwind(AssertUnwindSafe(|| tree.flush())));
            }
            Step::Checkpoint => {
                let Some(tree) = self.tree.clone() else {
                    return;
                };
                self.acknowledge(catch_unwind(AssertUnwindSafe(|| tree.checkpoint())));
            }
            Step::Reopen => {
                if let Some(tree) = self.tree.take()
                    && let Ok(Ok(())) = catch_unwind(AssertUnwindSafe(|| tree.close()))
                {
                    self.durable = self.history.states.len() - 1;
                }
                self.open(files);
            }
            Step::Read => {
                let read = || {
                    config::<N>()
                        .storage(storage(files))
                        .open_read_only(Blake3Hasher)
                };
                // An error is one that is injected, or what it left.
                if let Ok(Ok(reader)) = catch_unwind(read) {
                    let shown = self.history.state_of(&reader.snapshot());
                    self.durable = self.durable.max(shown);
                }
            }
        }
    }
}

fn fail_everywhere<const N: usize>(
    steps: &[Step],
    effects: &[(Effect, Option<Call>, bool)],
    reference: &mut Reference,
    watchdog: &Watchdog,
) -> u64 {
    let mut cases = 0;
    for &(effect, call, for_good) in effects {
        for number in 0.. {
            watchdog.case(format!(
                "{steps:?}, {effect:?} on {call:?} number {number}, for good: {for_good}"
            ));
            let files = SimFiles::new();
            let mut fault = Fault::new(number, effect);
            if let Some(call) = call {
                fault = fault.on(call);
            }
            files.inject(if for_good { fault.for_good() } else { fault });
            let mut run = Run::<N>::new();
            run.open(&files);
            steps.iter().for_each(|&step| run.step(&files, step));
            run.abandon();
            let struck = files.struck();
            files.heal();
            // The same boot: the page cache shows what may never have reached the disk.
            let history = &run.history;
            let accepted = history.states.len() - 1;
            let (tree, found) = recover::<N>(&files, history, (run.durable, accepted), reference);
            // Then the power goes.
            for image in files.crash_images(Bound::new(4, number)) {
                drop(recover::<N>(
                    &image.files,
                    history,
                    (found, found),
                    reference,
                ));
            }
            drop(tree);
            assert!(files.violations().is_empty(), "{:?}", files.violations());
            if struck == 0 {
                break;
            }
            cases += 1;
        }
    }
    cases
}

pub(crate) const HISTORIES: [&[Step]; 5] = [
    &[
        Step::Insert,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Checkpoint,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Insert,
        Step::Large,
        Step::Flush,
        Step::Checkpoint,
        Step::Large,
        Step::Reopen,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Stream,
        Step::Metadata,
        Step::Flush,
        Step::Reopen,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Batch,
        Step::Batch,
        Step::Checkpoint,
        Step::Insert,
        Step::Checkpoint,
        Step::Reopen,
        Step::Insert,
        Step::Flush,
    ],
    &[
        Step::Insert,
        Step::Reopen,
        Step::Insert,
        Step::Insert,
        Step::Reopen,
        Step::Batch,
        Step::Reopen,
    ],
];

#[test]
fn no_failing_call_loses_what_was_acknowledged_or_makes_anybody_hang() {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    let mut effects = Vec::new();
    for for_good in [false, true] {
        effects.push((Effect::Error(ErrorKind::Other), None, for_good));
        effects.push((
            Effect::LoseSync(ErrorKind::Other),
            Some(Call::Sync),
            for_good,
        ));
        effects.push((
            Effect::Error(ErrorKind::StorageFull),
            Some(Call::WriteAt),
            for_good,
        ));
    }
    effects.push((Effect::ErrorAfter(ErrorKind::Other), None, false));
    effects.push((Effect::Short(100), Some(Call::ReadAt), false));
    effects.push((Effect::Short(100), Some(Call::WriteAt), true));
    effects.push((Effect::Panic, None, false));
    silence_planned_panics();
    let cases: u64 = HISTORIES
        .iter()
        .map(|steps| fail_everywhere::<2>(steps, &effects, &mut reference, &watchdog))
        .sum();
    println!("{cases} fault points");
    assert!(cases > 500, "the faults do not strike");
}

#[test]
fn a_full_disk_is_an_error_and_a_later_open_is_clean() {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    for capacity in (0..60_000u64).step_by(977) {
        watchdog.case(format!("a disk of {capacity} bytes"));
        let files = SimFiles::new();
        files.set_capacity(Some(capacity));
        let mut run = Run::<2>::new();
        run.open(&files);
        for step in HISTORIES[0].iter().chain(HISTORIES[2]) {
            run.step(&files, *step);
        }
        drop(run.tree.take());
        files.set_capacity(None);
        let accepted = run.history.states.len() - 1;
        drop(recover::<2>(
            &files,
            &run.history,
            (run.durable, accepted),
            &mut reference,
        ));
    }
}

#[test]
fn a_manifest_of_which_nobody_knows_whether_it_is_in_force_fails_the_tree_for_good() {
    let watchdog = Watchdog::start();
    for effect in [
        Effect::Error(ErrorKind::Other),
        Effect::ErrorAfter(ErrorKind::Other),
    ] {
        // The renames of a checkpoint: the segment that it starts, the manifest that names it, the
        // manifest of the checkpoint.
        for number in 0..3 {
            watchdog.case(format!("{effect:?} on rename {number} of a checkpoint"));
            let files = SimFiles::new();
            let tree = config::<2>()
                .storage(storage(&files))
                .open(Blake3Hasher)
                .unwrap();
            let leaves: Vec<_> = (0..50).map(leaf).collect();
            tree.append(&leaves).submit().unwrap();
            files.inject(Fault::new(number, effect).on(Call::Rename));
            let outcome = tree.checkpoint();
            assert_eq!(files.struck(), 1);
            files.heal();
            assert!(
                matches!(outcome, Err(StorageError::FlushFailed(_))),
                "{effect:?} on rename {number}: {outcome:?}"
            );
            assert!(tree.failure().is_some() && tree.insert(leaf(50)).is_err());
            drop(tree);
            let tree = config::<2>()
                .storage(storage(&files))
                .open(Blake3Hasher)
                .unwrap();
            assert_eq!(tree.size(), 50);
        }
    }
}
