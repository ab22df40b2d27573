//! Events during other operations: a log that fails while a checkpoint is being written, and a
//! writer that moves on while a reader reads.

use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    RotorTreeError, StorageError,
    fs::FsStorage,
    test_util::sim_files::{Call, Effect, Fault, SimFiles},
};

use crate::intercepted::{Intercepted, Step};

use super::{
    faults::Watchdog,
    workload::{Tree, config, leaf, storage},
};

type Deed = Box<dyn FnOnce() + Send>;

/// Work that comes before the next [`Step`] of one kind, once.
#[derive(Clone)]
struct Meanwhile {
    files: SimFiles,
    before: Step,
    deed: Arc<Mutex<Option<Deed>>>,
}

impl Meanwhile {
    fn new(files: &SimFiles, before: Step) -> Self {
        Self {
            files: files.clone(),
            before,
            deed: Arc::default(),
        }
    }

    fn plan(&self, deed: impl FnOnce() + Send + 'static) {
        *self.deed.lock().unwrap() = Some(Box::new(deed));
    }

    /// The store's place, on files that do the work.
    fn storage(&self) -> Arc<FsStorage<Intercepted>> {
        let Self { before, deed, .. } = self.clone();
        let layer = Intercepted::new(&self.files, move |step| {
            if step == before {
                // The work may come here again: the lock is free by then.
                let deed = deed.lock().unwrap().take();
                if let Some(deed) = deed {
                    deed();
                }
            }
            true
        });
        Arc::new(FsStorage::with_files(layer, "/tree"))
    }
}

#[test]
fn what_came_while_a_checkpoint_was_written_is_not_taken_for_durable() {
    let watchdog = Watchdog::start();
    watchdog.case("metadata that comes while a checkpoint is being written".into());
    let files = SimFiles::new();
    let layer = Meanwhile::new(&files, Step::SyncAll);
    let storage = layer.storage();
    let tree: Tree<2> = config::<2>().storage(storage).open(Blake3Hasher).unwrap();
    let leaves: Vec<_> = (0..300).map(leaf).collect();
    tree.append(&leaves).metadata(b"before").submit().unwrap();
    let beside = tree.clone();
    // Without leaves, so that size and root are those of the state that is durable.
    layer.plan(move || drop(beside.append(&[]).metadata(b"meanwhile").submit().unwrap()));
    tree.checkpoint().unwrap();
    assert_eq!(tree.snapshot().metadata(), Some(&b"meanwhile"[..]));
    assert_eq!(tree.durable_snapshot().metadata(), Some(&b"before"[..]));
    tree.flush().unwrap();
    assert_eq!(tree.durable_snapshot().metadata(), Some(&b"meanwhile"[..]));
}

#[test]
fn a_checkpoint_whose_log_failed_meanwhile_does_not_commit() {
    let watchdog = Watchdog::start();
    watchdog.case("a log that fails while a checkpoint is being written".into());
    let files = SimFiles::new();
    let layer = Meanwhile::new(&files, Step::SyncAll);
    let storage = layer.storage();
    let tree: Tree<2> = config::<2>().storage(storage).open(Blake3Hasher).unwrap();
    let leaves: Vec<_> = (0..300).map(leaf).collect();
    tree.append(&leaves).submit().unwrap();
    let before = Arc::new(Mutex::new(Vec::new()));
    let (beside, kept) = (tree.clone(), Arc::clone(&before));
    layer.plan(move || {
        *kept.lock().unwrap() = files.read_file("/tree/MANIFEST").unwrap();
        beside.insert(leaf(300)).unwrap();
        files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));
        let failed = beside.flush();
        assert!(
            matches!(failed, Err(StorageError::FlushFailed(_))),
            "{failed:?}"
        );
        files.heal();
    });
    let outcome = tree.checkpoint();
    assert!(
        matches!(outcome, Err(StorageError::FlushFailed(_))),
        "{outcome:?}"
    );
    let after = layer.files.read_file("/tree/MANIFEST").unwrap();
    assert_eq!(*before.lock().unwrap(), after, "no manifest was committed");
}

#[test]
fn a_reader_tries_again_when_the_writer_moves_on_beside_it() {
    let watchdog = Watchdog::start();
    watchdog.case("a checkpoint while a reader reads".into());
    let files = SimFiles::new();
    let tree: Tree<2> = config::<2>()
        .storage(storage(&files))
        .open(Blake3Hasher)
        .unwrap();
    let leaves: Vec<_> = (0..400).map(leaf).collect();
    tree.append(&leaves[..300]).submit().unwrap();
    tree.flush().unwrap();
    // The reader has loaded the manifest when it looks for the segments; then they are gone.
    let layer = Meanwhile::new(&files, Step::List);
    let writer = tree.clone();
    let more = leaves[300..].to_vec();
    layer.plan(move || {
        writer.append(&more).submit().unwrap();
        writer.checkpoint().unwrap();
    });
    let place = layer.storage();
    let reader = config::<2>()
        .storage(place)
        .open_read_only(Blake3Hasher)
        .unwrap();
    assert!(layer.deed.lock().unwrap().is_none(), "nothing came between");
    assert_eq!(reader.head(), tree.head());
}

#[test]
fn a_reader_shows_nothing_of_a_group_whose_sync_failed() {
    let watchdog = Watchdog::start();
    watchdog.case("a reader behind a failed sync".into());
    let files = SimFiles::new();
    let tree: Tree<2> = config::<2>()
        .storage(storage(&files))
        .open(Blake3Hasher)
        .unwrap();
    for size in 0..3 {
        tree.insert(leaf(size)).unwrap();
        if size == 2 {
            files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));
        }
        assert_eq!(tree.flush().is_ok(), size < 2);
    }
    files.heal();
    // All three groups can be read in this boot; the third one attests the second, and nothing
    // attests the third.
    let reader = config::<2>()
        .storage(storage(&files))
        .open_read_only(Blake3Hasher)
        .unwrap();
    assert_eq!(reader.head(), tree.durable_snapshot().head());
    assert_eq!((reader.size(), tree.size()), (2, 3));
}

#[test]
fn a_tree_that_failed_is_not_given_up_while_a_checkpoint_still_writes() {
    let watchdog = Watchdog::start();
    watchdog.case("closing a failed tree while a checkpoint is being written".into());
    let files = SimFiles::new();
    let layer = Meanwhile::new(&files, Step::SyncAll);
    let place = layer.storage();
    let tree: Tree<2> = config::<2>().storage(place).open(Blake3Hasher).unwrap();
    let leaves: Vec<_> = (0..300).map(leaf).collect();
    tree.append(&leaves).submit().unwrap();
    let closed = Arc::new(Mutex::new(None));
    let (beside, closing, place) = (tree.clone(), Arc::clone(&closed), files.clone());
    layer.plan(move || {
        beside.insert(leaf(300)).unwrap();
        files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));
        beside.flush().unwrap_err();
        files.heal();
        *closing.lock().unwrap() = Some(thread::spawn(move || beside.close()));
        // Time enough to give the place up, for a tree that would.
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(10));
            let second = config::<2>().storage(storage(&place)).open(Blake3Hasher);
            assert!(
                matches!(
                    second,
                    Err(RotorTreeError::Storage(StorageError::FileLocked))
                ),
                "{second:?}"
            );
        }
    });
    tree.checkpoint().unwrap_err();
    let closing = closed.lock().unwrap().take();
    let outcome = closing.expect("it was begun").join().unwrap();
    assert!(
        matches!(outcome, Err(StorageError::FlushFailed(_))),
        "{outcome:?}"
    );
}
