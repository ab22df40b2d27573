//! A log that fails while a checkpoint is being written: the checkpoint does not commit.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    Engine, StorageError,
    file_layer::FileLayer,
    fs::FsStorage,
    test_util::sim_files::{Call, Effect, Fault, SimFile, SimFiles, SimLock, SimMap},
};

use crate::{
    faults::Watchdog,
    workload::{Tree, config, leaf},
};

type Deed = Box<dyn FnOnce() + Send>;

/// Simulated files that do something when several are next synced together, which only a checkpoint does.
#[derive(Clone)]
struct Meanwhile {
    files: SimFiles,
    deed: Arc<Mutex<Option<Deed>>>,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}

impl FileLayer for Meanwhile {
    type File = SimFile;
    type Map = SimMap;
    type Lock = SimLock;

    fn create_new(&self, path: &Path) -> io::Result<SimFile> {
        self.files.create_new(path)
    }
    fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.files.open(path)
    }
    fn open_write(&self, path: &Path) -> io::Result<SimFile> {
        self.files.open_write(path)
    }
    fn read_at(&self, file: &SimFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.files.read_at(file, buf, offset)
    }
    fn write_at(&self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.files.write_at(file, bytes, offset)
    }
    fn len(&self, file: &SimFile) -> io::Result<u64> {
        self.files.len(file)
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
        let deed = self.deed.lock().unwrap().take();
        if let Some(deed) = deed {
            deed();
        }
        self.files.sync_all(files)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.files.create_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.files.sync_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        self.files.list(path)
    }
    fn map(&self, file: &SimFile, len: u64) -> io::Result<SimMap> {
        self.files.map(file, len)
    }
    fn lock_dir(&self, path: &Path) -> io::Result<SimLock> {
        self.files.lock_dir(path)
    }
}

#[test]
fn a_checkpoint_whose_log_failed_meanwhile_does_not_commit() {
    let watchdog = Watchdog::start();
    watchdog.case("a log that fails while a checkpoint is being written".into());
    let files = SimFiles::new();
    let layer = Meanwhile {
        files: files.clone(),
        deed: Arc::default(),
    };
    let storage = Arc::new(FsStorage::with_files(layer.clone(), "/tree"));
    let tree: Tree<2> = Engine::open(Blake3Hasher, storage, config()).unwrap();
    let leaves: Vec<_> = (0..300).map(leaf).collect();
    tree.append(&leaves, None, None).unwrap();
    let before = Arc::new(Mutex::new(Vec::new()));
    let (beside, kept) = (tree.clone(), Arc::clone(&before));
    *layer.deed.lock().unwrap() = Some(Box::new(move || {
        *kept.lock().unwrap() = files.read_file("/tree/MANIFEST").unwrap();
        beside.insert(leaf(300)).unwrap();
        files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));
        let failed = beside.flush();
        assert!(
            matches!(failed, Err(StorageError::FlushFailed(_))),
            "{failed:?}"
        );
        files.heal();
    }));
    let outcome = tree.checkpoint();
    assert!(
        matches!(outcome, Err(StorageError::FlushFailed(_))),
        "{outcome:?}"
    );
    let after = layer.files.read_file("/tree/MANIFEST").unwrap();
    assert_eq!(*before.lock().unwrap(), after, "no manifest was committed");
}
