//! Crashes and faults while a backup is made and extended: it has its old or its new state, and can
//! be extended again.

use std::{io::ErrorKind, sync::Arc};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_store::{
    RecoveryMode,
    fs::FsStorage,
    storage::Storage,
    test_util::sim_files::{Bound, Effect, Fault, SimFiles},
};

use super::{
    check::Reference,
    faults::Watchdog,
    workload::{config, leaf, storage},
};

pub(crate) fn place(files: &SimFiles) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_files(files.clone(), "/backup"))
}

/// Opens a copy of the backup strictly, since opening the backup itself would make it a tree of its
/// own; its size, which must be one of `sizes`.
pub(crate) fn restored(
    files: &SimFiles,
    sizes: &[u64],
    leaves: &[Hash],
    reference: &mut Reference,
) -> u64 {
    let strict = config::<2>().recovery(RecoveryMode::Strict);
    let tree = strict
        .storage(place(&files.settled()))
        .open(Blake3Hasher)
        .unwrap();
    assert!(
        sizes.contains(&tree.size()),
        "{} leaves, not one of {sizes:?}",
        tree.size()
    );
    reference.assert_equals(&tree.snapshot(), &leaves[..tree.size() as usize]);
    tree.size()
}

#[test]
fn a_target_that_is_full_at_any_byte_keeps_the_earlier_backup_and_harms_no_tree() {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    let leaves: Vec<Hash> = (0..500).map(leaf).collect();
    for had_backup in [false, true] {
        let mut completed = false;
        for room in (0..).step_by(1021) {
            watchdog.case(format!(
                "{room} bytes of room, earlier backup: {had_backup}"
            ));
            let files = SimFiles::new();
            let tree = config::<2>()
                .storage(storage(&files))
                .open(Blake3Hasher)
                .unwrap();
            tree.append(&leaves[..200]).submit().unwrap();
            tree.flush().unwrap();
            if had_backup {
                tree.backup_to(place(&files)).unwrap();
            }
            tree.append(&leaves[200..]).submit().unwrap();
            tree.checkpoint().unwrap();
            files.set_capacity(Some(files.used() + room));
            let outcome = tree.backup_to(place(&files));
            files.set_capacity(None);
            assert!(tree.failure().is_none(), "the target is not the tree's");
            completed = outcome.is_ok();
            if let Err(error) = outcome {
                let told = error.to_string();
                assert!(told.contains("/backup"), "{told}");
                // The place holds the earlier backup, or nothing yet.
                let sizes: &[u64] = if had_backup { &[200] } else { &[0] };
                restored(&files, sizes, &leaves, &mut reference);
            }
            tree.backup_to(place(&files)).unwrap();
            restored(&files, &[500], &leaves, &mut reference);
            if completed {
                break;
            }
        }
        assert!(completed);
    }
}

#[test]
fn a_backup_survives_every_crash_and_every_failing_call_of_its_making() {
    let watchdog = Watchdog::start();
    let leaves: Vec<Hash> = (0..500).map(leaf).collect();
    let mut reference = Reference::default();
    let files = SimFiles::new();
    let tree = config::<2>()
        .storage(storage(&files))
        .open(Blake3Hasher)
        .unwrap();
    tree.append(&leaves[..200]).submit().unwrap();
    tree.flush().unwrap();
    let begun = files.operations();
    tree.backup_to(place(&files)).unwrap();
    let made = files.operations();
    tree.append(&leaves[200..])
        .metadata(b"cursor")
        .submit()
        .unwrap();
    tree.checkpoint().unwrap();
    tree.backup_to(place(&files)).unwrap();
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
            // The original is there too, and the backup is completed by another attempt.
            let original = config::<2>()
                .storage(storage(&image.files))
                .open(Blake3Hasher)
                .unwrap();
            original.backup_to(place(&image.files)).unwrap();
            let size = original.size();
            assert_eq!(
                restored(&image.files, &[size], &leaves, &mut reference),
                size
            );
        }
    }
    for number in 0.. {
        watchdog.case(format!("call {number} fails"));
        let copy = files.settled();
        copy.remove_file("/backup/LOCK");
        let original = config::<2>()
            .storage(storage(&copy))
            .open(Blake3Hasher)
            .unwrap();
        original.insert(leaf(500)).unwrap();
        copy.inject(Fault::new(number, Effect::Error(ErrorKind::Other)).within("/backup"));
        let outcome = original.backup_to(place(&copy));
        if copy.struck() == 0 {
            outcome.unwrap();
            break;
        }
        copy.heal();
        assert!(
            original.failure().is_none(),
            "a backup that fails is no failure of the tree"
        );
        original.backup_to(place(&copy)).unwrap();
        let all = [&leaves[..], &[leaf(500)]].concat();
        assert_eq!(restored(&copy, &[501], &all, &mut reference), 501);
    }
}
