//! The directory under an open tree moved, replaced, removed or linked before every call of a
//! workload, one run for each. Row 16 of the fault table; `rotortree`'s tests do the same on a real
//! file system, operation by operation.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{RotorTreeError, fs::FsStorage, test_util::sim_files::SimFiles};

use super::{
    check::Reference,
    faults::Watchdog,
    workload::{Tree, config, leaf, storage},
};

/// An event for the directory `/tree`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// It is moved to `/moved`, and a copy put in its place.
    Replaced,
    /// It is moved to `/moved`.
    Moved,
    Removed,
    /// `/linked` gets all of its files too.
    Linked,
}

type Files = Vec<(PathBuf, Vec<u8>)>;

/// A run with an event for the directory.
struct Run {
    files: SimFiles,
    /// Leaves that were acknowledged as durable, in the end and when it happened.
    durable: u64,
    durable_then: u64,
    /// Whether it happened in the last step, closing.
    closing: bool,
    error: Option<String>,
    /// The files in the directory's place and in its copy right after the event.
    then: Files,
}

/// As `durable` until the tree begins to close.
const CLOSING: u64 = u64::MAX;

fn open(files: &SimFiles, path: &str) -> Result<Tree<2>, RotorTreeError> {
    let storage = Arc::new(FsStorage::with_files(files.clone(), path));
    config::<2>().storage(storage).open(Blake3Hasher)
}

fn append(tree: &Tree<2>, count: u64) -> Result<u64, RotorTreeError> {
    let size = tree.snapshot().size();
    let batch: Vec<_> = (size..size + count).map(leaf).collect();
    tree.append(&batch).submit()?;
    tree.flush()?;
    Ok(size + count)
}

/// Inserts, flushes, rotations, checkpoints and a close; ends at the first error.
fn work(tree: &Tree<2>, durable: &mut u64, step: &AtomicU64) -> Result<(), RotorTreeError> {
    for round in 0..2 {
        for count in [1, 140, 3] {
            *durable = append(tree, count)?;
            step.store(*durable, Ordering::SeqCst);
        }
        tree.checkpoint()?;
        if round == 0 {
            tree.verify()?;
        }
    }
    *durable = append(tree, 1)?;
    step.store(CLOSING, Ordering::SeqCst);
    Ok(tree.clone().close()?)
}

/// Runs the workload, with the event before its `number`-th call; `None` if it makes fewer.
fn run(event: Event, number: u64) -> Option<Run> {
    let files = SimFiles::new();
    {
        let tree: Tree<2> = config::<2>()
            .storage(storage(&files))
            .open(Blake3Hasher)
            .unwrap();
        append(&tree, 300).unwrap();
        tree.checkpoint().unwrap();
        tree.close().unwrap();
    }
    let tree = open(&files, "/tree").unwrap();
    let held = tree.snapshot();
    let step = Arc::new(AtomicU64::new(300));
    let seen = Arc::new(Mutex::new(None));
    let deed = {
        let (files, step, seen) = (files.clone(), Arc::clone(&step), Arc::clone(&seen));
        move || {
            match event {
                Event::Replaced => {
                    files.move_to("/tree", "/moved");
                    files.copy_dir("/moved", "/tree");
                }
                Event::Moved => files.move_to("/tree", "/moved"),
                Event::Removed => files.remove_dir("/tree"),
                Event::Linked => files.link_dir("/tree", "/linked"),
            }
            let then = files.files_below("/tree");
            *seen.lock().unwrap() = Some((then, step.load(Ordering::SeqCst)));
        }
    };
    files.before_call(files.calls() + number, deed);
    let mut durable = 300;
    let outcome = work(&tree, &mut durable, &step);
    // Its nodes are read from chunks, whatever has become of their files.
    Reference::default().assert_equals(&held, &(0..300).map(leaf).collect::<Vec<_>>());
    drop(tree);
    let (then, step) = seen.lock().unwrap().take()?;
    Some(Run {
        files,
        durable,
        durable_then: step.min(durable),
        closing: step == CLOSING,
        error: outcome.err().map(|error| error.to_string()),
        then,
    })
}

/// Opens what a path leads to and compares every node with those of as many leaves; the size.
fn check(files: &SimFiles, path: &str, reference: &mut Reference) -> u64 {
    let tree = open(files, path).unwrap();
    let size = tree.snapshot().size();
    let leaves: Vec<_> = (0..size).map(leaf).collect();
    reference.assert_equals(&tree.snapshot(), &leaves);
    tree.verify().unwrap();
    tree.close().unwrap();
    size
}

/// Runs with the event before each call in turn.
fn before_every_call(event: Event, mut judge: impl FnMut(&Run, &mut Reference)) {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    let mut runs = 0;
    while let Some(run) = run(event, runs) {
        watchdog.case(format!("{event:?} before call {runs}"));
        judge(&run, &mut reference);
        assert_eq!(run.files.violations(), [""; 0], "{}", watchdog.told());
        runs += 1;
    }
    assert!(runs > 150, "the workload makes only {runs} calls");
}

#[test]
fn a_directory_replaced_before_any_call_goes_on_elsewhere_and_its_copy_is_never_touched() {
    before_every_call(Event::Replaced, |run, reference| {
        assert_eq!(run.error, None);
        assert!(run.files.files_below("/tree") == run.then);
        assert_eq!(check(&run.files, "/moved", reference), run.durable);
        // A copy of one moment is a store of its own.
        let copy = check(&run.files, "/tree", reference);
        assert!((run.durable_then..=run.durable).contains(&copy));
    });
}

#[test]
fn a_directory_moved_before_any_call_goes_on_where_it_is() {
    before_every_call(Event::Moved, |run, reference| {
        assert_eq!(run.error, None);
        assert_eq!(run.files.files_below("/tree"), []);
        assert_eq!(check(&run.files, "/moved", reference), run.durable);
    });
}

#[test]
fn a_directory_removed_before_any_call_is_told_and_not_made_again() {
    before_every_call(Event::Removed, |run, _| {
        match &run.error {
            Some(error) => assert!(error.contains("removed"), "{error}"),
            // Once the last manifest is in force nothing is left to be told.
            None => assert!(run.closing),
        }
        assert_eq!(run.files.files_below("/tree"), []);
        // No more than the step that was under way.
        assert!(run.durable <= run.durable_then + 140);
    });
}

#[test]
fn a_directory_hard_linked_before_any_call_and_its_copy_both_go_on() {
    before_every_call(Event::Linked, |run, reference| {
        assert_eq!(run.error, None);
        let copy = check(&run.files, "/linked", reference);
        assert!((run.durable_then..=run.durable).contains(&copy));
        for path in ["/linked", "/tree"] {
            let tree = open(&run.files, path).unwrap();
            // Leaves of its own, so that shared chunks would differ.
            let own: Vec<_> = (0..300).map(|index| leaf(1_000_000 + index)).collect();
            let shared = if path == "/tree" { &own[..150] } else { &own };
            tree.append(shared).submit().unwrap();
            tree.checkpoint().unwrap();
            tree.close().unwrap();
        }
        for path in ["/linked", "/tree"] {
            let tree = open(&run.files, path).unwrap();
            tree.verify().unwrap();
            tree.close().unwrap();
        }
    });
}
