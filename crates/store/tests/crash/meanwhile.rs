//! Events during other operations: a log that fails while a checkpoint is being written, and a
//! writer that moves on while a reader reads.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    RotorTreeError, StorageError,
    file_layer::{FileLayer, FileStatus},
    fs::FsStorage,
    test_util::sim_files::{Call, Effect, Fault, SimDir, SimFile, SimFiles, SimLock, SimMap},
};

use super::{
    faults::Watchdog,
    workload::{Tree, config, leaf, storage},
};

type Deed = Box<dyn FnOnce() + Send>;

/// Simulated files that do something before the next call of a kind: a sync of several files
/// together, which only a checkpoint makes, or a look into a directory.
#[derive(Clone)]
struct Meanwhile {
    files: SimFiles,
    before: Call,
    deed: Arc<Mutex<Option<Deed>>>,
}

impl Meanwhile {
    fn new(files: &SimFiles, before: Call) -> Self {
        Self {
            files: files.clone(),
            before,
            deed: Arc::default(),
        }
    }

    fn plan(&self, deed: impl FnOnce() + Send + 'static) {
        *self.deed.lock().unwrap() = Some(Box::new(deed));
    }

    fn is_about_to(&self, call: Call) {
        if call == self.before {
            let deed = self.deed.lock().unwrap().take();
            if let Some(deed) = deed {
                deed();
            }
        }
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}

impl FileLayer for Meanwhile {
    type Dir = SimDir;
    type File = SimFile;
    type Map = SimMap;
    type Lock = SimLock;

    fn open_dir(&self, path: &Path) -> io::Result<SimDir> {
        self.files.open_dir(path)
    }
    fn open_dir_at(&self, dir: &SimDir, path: &Path) -> io::Result<SimDir> {
        self.files.open_dir_at(dir, path)
    }
    fn parent(&self, dir: &SimDir) -> io::Result<Option<SimDir>> {
        self.files.parent(dir)
    }
    fn status_at(&self, dir: &SimDir, path: &Path) -> io::Result<FileStatus> {
        self.files.status_at(dir, path)
    }
    fn create_new(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.files.create_new(dir, path)
    }
    fn open(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.files.open(dir, path)
    }
    fn open_write(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.files.open_write(dir, path)
    }
    fn read_at(&self, file: &SimFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.files.read_at(file, buf, offset)
    }
    fn write_at(&self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.files.write_at(file, bytes, offset)
    }
    fn status(&self, file: &SimFile) -> io::Result<FileStatus> {
        self.files.status(file)
    }
    fn truncate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.files.truncate(file, len)
    }
    fn allocate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.files.allocate(file, len)
    }
    fn sync(&self, file: &SimFile) -> io::Result<()> {
        self.files.sync(file)
    }
    fn sync_all(&self, files: &[&SimFile]) -> Result<(), (usize, io::Error)> {
        self.is_about_to(Call::Sync);
        self.files.sync_all(files)
    }
    fn rename(&self, dir: &SimDir, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(dir, from, to)
    }
    fn remove(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.files.remove(dir, path)
    }
    fn create_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.files.create_dir(dir, path)
    }
    fn sync_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.files.sync_dir(dir, path)
    }
    fn list(&self, dir: &SimDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        self.is_about_to(Call::List);
        self.files.list(dir, path)
    }
    fn map(&self, file: &SimFile, len: u64) -> io::Result<SimMap> {
        self.files.map(file, len)
    }
    fn lock_dir(&self, dir: &Arc<SimDir>) -> io::Result<SimLock> {
        self.files.lock_dir(dir)
    }
}

#[test]
fn what_came_while_a_checkpoint_was_written_is_not_taken_for_durable() {
    let watchdog = Watchdog::start();
    watchdog.case("metadata that comes while a checkpoint is being written".into());
    let files = SimFiles::new();
    let layer = Meanwhile::new(&files, Call::Sync);
    let storage = Arc::new(FsStorage::with_files(layer.clone(), "/tree"));
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
    let layer = Meanwhile::new(&files, Call::Sync);
    let storage = Arc::new(FsStorage::with_files(layer.clone(), "/tree"));
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
    let layer = Meanwhile::new(&files, Call::List);
    let writer = tree.clone();
    let more = leaves[300..].to_vec();
    layer.plan(move || {
        writer.append(&more).submit().unwrap();
        writer.checkpoint().unwrap();
    });
    let place = Arc::new(FsStorage::with_files(layer.clone(), "/tree"));
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
    let layer = Meanwhile::new(&files, Call::Sync);
    let place = Arc::new(FsStorage::with_files(layer.clone(), "/tree"));
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
