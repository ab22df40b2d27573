//! Backups by a view: crashes and faults while one is made and extended, and a writer that goes on
//! before every step of it.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_store::{
    BackupReport, ReadOnly, RotorTreeError,
    fs::FsStorage,
    test_util::sim_files::{Bound, Effect, Fault, SimFiles},
};

use super::{
    backup::{place, restored},
    check::Reference,
    faults::Watchdog,
    workload::{Tree, config, leaf, storage},
};
use crate::intercepted::Intercepted;

fn view(files: &SimFiles) -> ReadOnly<Blake3Hasher, 2, 32> {
    let builder = config::<2>().storage(storage(files));
    builder.open_read_only(Blake3Hasher).unwrap()
}

fn writer(files: &SimFiles) -> Tree<2> {
    let builder = config::<2>().storage(storage(files));
    builder.open(Blake3Hasher).unwrap()
}

/// A backup by a view, which leaves every byte of the tree alone.
fn back_up(files: &SimFiles) -> Result<BackupReport, RotorTreeError> {
    let before = files.files_below("/tree");
    let outcome = view(files).backup_to(place(files));
    assert!(files.files_below("/tree") == before, "the tree was changed");
    outcome
}

#[test]
fn a_backup_by_a_view_survives_every_crash_and_every_failing_call_of_its_making() {
    let watchdog = Watchdog::start();
    let leaves: Vec<Hash> = (0..500).map(leaf).collect();
    let mut reference = Reference::default();
    let files = SimFiles::new();
    let tree = writer(&files);
    // The second record attests the first: a view sees the leaves before any checkpoint.
    tree.append(&leaves[..200]).durable().unwrap();
    tree.append(&[]).metadata(b"attests").durable().unwrap();
    let begun = files.operations();
    assert_eq!(back_up(&files).unwrap().leaves, 0..200);
    let made = files.operations();
    tree.append(&leaves[200..])
        .metadata(b"cursor")
        .submit()
        .unwrap();
    tree.checkpoint().unwrap();
    assert_eq!(back_up(&files).unwrap().leaves, 200..500);
    let extended = files.operations();
    for point in files
        .journal()
        .points()
        .filter(|point| point.operations() >= begun)
    {
        let sizes: &[u64] = match point.operations() {
            at if at < made => &[0, 200],
            at if at < extended => &[200, 500],
            _ => &[500],
        };
        watchdog.case(format!("a crash after operation {}", point.operations()));
        for image in point.images(Bound::new(16, 7)) {
            restored(&image.files, sizes, &leaves, &mut reference);
            // The original still has no owner, and the backup is completed by another attempt.
            let size = back_up(&image.files).unwrap().leaves.end;
            let complete = restored(&image.files, &[size], &leaves, &mut reference);
            assert_eq!(complete, view(&image.files).size());
        }
    }
    for number in 0.. {
        watchdog.case(format!("call {number} fails"));
        let copy = files.settled();
        copy.remove_file("/tree/LOCK");
        // The view is older than the leaf, and the backup has it all the same.
        let reader = view(&copy);
        let original = writer(&copy);
        original.append(&[leaf(500)]).submit().unwrap();
        original.checkpoint().unwrap();
        copy.inject(Fault::new(number, Effect::Error(ErrorKind::Other)));
        let outcome = reader.backup_to(place(&copy));
        if copy.struck() == 0 {
            outcome.unwrap();
            break;
        }
        copy.heal();
        assert!(original.failure().is_none(), "a view is none of the tree's");
        reader.backup_to(place(&copy)).unwrap();
        let all = [&leaves[..], &[leaf(500)]].concat();
        assert_eq!(restored(&copy, &[501], &all, &mut reference), 501);
    }
}

#[test]
fn a_writer_that_goes_on_before_any_step_of_a_backup_by_a_view_does_not_disturb_it() {
    let watchdog = Watchdog::start();
    let leaves: Vec<Hash> = (0..900).map(leaf).collect();
    let mut reference = Reference::default();
    for number in 0.. {
        watchdog.case(format!("a checkpoint before step {number}"));
        let files = SimFiles::new();
        let tree = writer(&files);
        tree.append(&leaves[..300]).submit().unwrap();
        tree.checkpoint().unwrap();
        // A part of the leaves is in the log alone, whose segments the checkpoint removes.
        tree.append(&leaves[300..500]).durable().unwrap();
        tree.append(&[]).metadata(b"attests").durable().unwrap();
        let steps = Arc::new(AtomicU64::new(0));
        let (counted, beside, more) = (Arc::clone(&steps), tree.clone(), leaves[500..].to_vec());
        let layer = Intercepted::new(&files, move |_| {
            if counted.fetch_add(1, Ordering::Relaxed) == number {
                for part in more.chunks(200) {
                    beside.append(part).submit().unwrap();
                    beside.checkpoint().unwrap();
                }
            }
            true
        });
        let builder = config::<2>().storage(Arc::new(FsStorage::with_files(layer, "/tree")));
        let reader = builder.open_read_only(Blake3Hasher).unwrap();
        let end = reader.backup_to(place(&files)).unwrap().leaves.end;
        restored(&files, &[500, 700, 900], &leaves, &mut reference);
        assert_eq!(restored(&files, &[end], &leaves, &mut reference), end);
        // The owner extends what the view has made.
        assert_eq!(tree.backup_to(place(&files)).unwrap().leaves.start, end);
        restored(&files, &[tree.size()], &leaves, &mut reference);
        if steps.load(Ordering::Relaxed) <= number {
            assert_eq!(tree.size(), 500, "no step was left");
            break;
        }
    }
}
