//! A fork with inserts that no sync has taken yet: the child writes none of them, and the parent
//! writes all.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rotortree::{Blake3Hasher, LeanIMT, StorageError};

use crate::{
    common::{PATIENCE, Tree, leaf, leaves, quiet, storage_error},
    forked::{Ending, fork},
    use_in_child::{every_write_is_refused, the_directory_is_taken},
};

/// A log whose files are the same for so long rests: some times the delay of the background's work.
const RESTED: Duration = Duration::from_millis(200);

/// Every file below a directory with its bytes, sorted.
fn contents(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

/// The fate of a child's copy of the tree.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Dropped,
    Closed,
    Left,
}

/// Forks with 400 leaves pending; the tree after the parent has gone on is the one that it would
/// have been.
fn a_child_changes_nothing<const N: usize>(fate: Fate, ending: Ending) {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::<N>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    tree.insert_many(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many_durable(&leaves(1000..1100)).unwrap();
    // The mark that follows a sync is the background's, in its own time, and so is the room behind
    // it that is given back. From then on nothing writes that is not asked to.
    let started = Instant::now();
    let mut looked = contents(dir.path());
    loop {
        assert!(started.elapsed() < PATIENCE, "the log never rests");
        thread::sleep(RESTED);
        let reader = Tree::<N>::open_read_only(Blake3Hasher, quiet(dir.path())).unwrap();
        let now = contents(dir.path());
        if reader.head() == tree.head() && now == looked {
            break;
        }
        looked = now;
    }
    let durable = tree.durable_snapshot();
    let token = tree.insert_many(&leaves(1100..1500)).unwrap().1;
    let before = contents(dir.path());

    // The child takes its copies of the only handle and the only token out of here: with them goes
    // all that it has of the tree.
    let mut held = Some((tree, token));
    let child = fork(ending, || {
        let (tree, token) = held.take().unwrap();
        every_write_is_refused(&tree, &token);
        the_directory_is_taken(dir.path(), &durable);
        match fate {
            Fate::Dropped => drop((tree, token)),
            Fate::Closed => {
                let clone = tree.clone();
                tree.close().unwrap();
                every_write_is_refused(&clone, &token);
            }
            Fate::Left => std::mem::forget((tree, token)),
        }
        the_directory_is_taken(dir.path(), &durable);
    });
    child.ends_well();
    assert!(
        contents(dir.path()) == before,
        "a child whose tree was {fate:?} and that ended {ending:?} changed files"
    );

    let (tree, token) = held.take().unwrap();
    assert!(!token.is_durable());
    let outcome = Tree::<N>::open(Blake3Hasher, quiet(dir.path()));
    assert!(matches!(storage_error(outcome), StorageError::FileLocked));
    tree.insert_many(&leaves(1500..1600)).unwrap();
    tree.flush().unwrap();
    assert!(token.is_durable());
    tree.insert_many(&leaves(1600..1700)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many(&leaves(1700..1800)).unwrap();
    tree.close().unwrap();

    let again = Tree::<N>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    let report = again.recovery_report();
    assert!(
        report.damage.is_none() && report.tear.is_none(),
        "{report:?}"
    );
    let mut expected = LeanIMT::<_, N, 32>::new(Blake3Hasher);
    expected.insert_many(&leaves(0..1800)).unwrap();
    assert_eq!(again.head(), expected.head());
    again.verify().unwrap();
}

#[test]
fn a_forked_child_writes_nothing_of_what_is_pending_and_unlocks_nothing() {
    for fate in [Fate::Dropped, Fate::Closed, Fate::Left] {
        for ending in [Ending::AtOnce, Ending::Orderly, Ending::Killed] {
            a_child_changes_nothing::<2>(fate, ending);
        }
    }
    a_child_changes_nothing::<4>(Fate::Dropped, Ending::AtOnce);
}

/// The lock is shared with the children, so a parent that closes must unlock it by name.
#[test]
fn a_parent_that_closes_frees_the_directory_while_its_children_live() {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::<2>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    tree.insert_many(&leaves(0..10)).unwrap();
    let (go, mut told) = std::io::pipe().unwrap();
    let held = tree.clone();
    let child = fork(Ending::AtOnce, || {
        // Lives, with all its copies, until the parent has opened the tree again.
        let mut byte = [0];
        (&go).read_exact(&mut byte).unwrap();
        assert!(matches!(held.flush(), Err(StorageError::Closed)));
    });
    tree.close().unwrap();
    drop(held);
    let again = Tree::<2>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    assert_eq!(again.size(), 10);
    told.write_all(b"!").unwrap();
    child.ends_well();
    again.insert_durable(leaf(10)).unwrap();
}
