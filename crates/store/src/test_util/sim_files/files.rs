//! [`SimFiles`]: the files and the state that their handles share.

use std::{
    collections::BTreeSet,
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    dir::NodeId,
    disk::{Disk, Op},
    fault::{Calls, Fault, Strike},
    history::{Entry, History},
};
use crate::lock::lock;

/// Simulated files. Clones share them.
///
/// ```
/// use rotortree_store::{fs::FsStorage, storage::Storage, test_util::sim_files::{Bound, SimFiles}};
///
/// let files = SimFiles::new();
/// let storage = FsStorage::with_files(files.clone(), "/tree");
/// let owner = storage.acquire()?;
/// storage.create_segment(1, &[7; 512])?;
/// let acknowledged = files.operations();
/// storage.commit_group(1, 512, &[8; 1024])?;
///
/// for point in files.journal().points() {
///     for image in point.images(Bound::new(64, 1)) {
///         let crashed = FsStorage::with_files(image.files.clone(), "/tree");
///         if point.operations() >= acknowledged {
///             assert!(crashed.read_segment(1)?.len() >= 512);
///         }
///     }
/// }
/// # drop(owner);
/// # Ok::<(), rotortree_store::StorageError>(())
/// ```
#[derive(Clone)]
pub struct SimFiles {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) state: Mutex<State>,
}

/// Devices made so far, of which no two are one.
static DEVICES: AtomicU64 = AtomicU64::new(1);

pub(super) struct State {
    /// Tells this device from every other.
    pub(super) device: u64,
    pub(super) disk: Disk,
    pub(super) history: History,
    pub(super) locked: BTreeSet<NodeId>,
    pub(super) calls: Calls,
    pub(super) capacity: Option<u64>,
    pub(super) violations: Vec<String>,
}

impl State {
    /// Changes the disk and records it.
    pub(super) fn perform(&mut self, path: &Path, op: Op) {
        let entry = Entry {
            op,
            path: path.to_owned(),
        };
        self.history.perform(&mut self.disk, entry);
    }
}

impl SimFiles {
    /// An empty disk.
    pub fn new() -> Self {
        Self::with_disk(Disk::new())
    }

    pub(super) fn with_disk(disk: Disk) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    device: DEVICES.fetch_add(1, Ordering::Relaxed),
                    history: History::since(&disk),
                    disk,
                    locked: BTreeSet::new(),
                    calls: Calls::default(),
                    capacity: None,
                    violations: Vec::new(),
                }),
            }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    // --- crashes ---

    /// Operations recorded so far. State that is acknowledged now must survive a crash at any
    /// [`CrashPoint`](super::CrashPoint) of at least this number.
    pub fn operations(&self) -> usize {
        self.state().history.len()
    }

    /// Forgets the operations so far. Unsynced state stays unsynced.
    pub fn rebase(&self) {
        let mut state = self.state();
        state.history = History::since(&state.disk);
    }

    /// A copy with the content that programs see, all of it synced: the disk after a clean
    /// shutdown.
    pub fn settled(&self) -> Self {
        let copy = Self::new();
        {
            let (state, mut fresh) = (self.state(), copy.state());
            for dir in state.disk.dirs() {
                fresh.make_dir(&dir);
            }
            for (path, bytes) in state.disk.files() {
                fresh.put_file(&path, &bytes);
            }
        }
        copy.rebase();
        copy
    }

    // --- faults ---

    /// Plans a fault.
    pub fn inject(&self, fault: Fault) {
        self.state().calls.faults.push(fault);
    }

    /// Ends all faults, planned and lasting.
    pub fn heal(&self) {
        self.state().calls.faults.clear();
    }

    /// Calls made so far, reads included.
    pub fn calls(&self) -> u64 {
        self.state().calls.made
    }

    /// Does something, once, before the call of this number, as [`calls`](Self::calls) counts
    /// them. What it does with the files is done past every rule: a call of its own would come
    /// before itself.
    pub fn before_call(&self, number: u64, deed: impl FnOnce() + Send + 'static) {
        self.state().calls.interlude = Some((number, Box::new(deed)));
    }

    /// Calls that a fault struck so far.
    pub fn struck(&self) -> u64 {
        self.state().calls.struck
    }

    /// The call that a fault struck last.
    pub fn last_struck(&self) -> Option<Strike> {
        self.state().calls.last_struck.clone()
    }

    /// Lets all files together take at most this many bytes; a write beyond is cut at the bound,
    /// and fails there with `StorageFull`.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// Bytes that all files take together, with the room that is reserved behind their ends.
    pub fn used(&self) -> u64 {
        self.state().disk.used()
    }

    // --- violations ---

    /// The forbidden writes to mappings so far.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Takes the violations, so that dropping the last handle does not panic because of them.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.state().violations)
    }
}

impl Default for SimFiles {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SimFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let files = state.disk.files();
        f.debug_struct("SimFiles")
            .field("operations", &state.history.len())
            .field(
                "files",
                &files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let violations = &self
            .state
            .get_mut()
            .unwrap_or_else(|e| e.into_inner())
            .violations;
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("mapped bytes were changed: {}", violations.join("; "));
        }
    }
}
