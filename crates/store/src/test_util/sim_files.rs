//! [`SimFiles`]: a file layer in memory that knows what a crash would leave, fails when told to, and finds writes into
//! mappings. The crash tests rely on its model, which is stated here in full.
//!
//! # The model
//!
//! **Files.** A file has the bytes that programs read, and the bytes that are certainly on the
//! disk. Writing changes the first; each piece of [`PIECE_BYTES`] that a write touches then has one
//! more *version* that may be on the disk, and so has the length if the file grew or was cut. A
//! successful sync makes the newest versions certain. A crash leaves of each piece and of the
//! length, independently, the certain version or one written since. So a write of many pieces may
//! be torn at each piece boundary, never within a piece; a length may be there without the bytes,
//! which then are zeros (or garbage, if [`Bound::garbage`] asks), and bytes without the length.
//!
//! **Names.** Creating, removing and renaming change a directory. Each change since the directory's
//! last sync may be on the disk or not, independently; a rename is one change. Syncing a file does
//! not make its name certain, and syncing a directory makes neither the bytes of its files nor
//! its own name in its parent certain.
//!
//! **Failed syncs.** With [`Effect::Error`] a sync fails and changes nothing. With
//! [`Effect::LoseSync`] it fails as on Linux: what was unsynced stays readable and counts as
//! synced, but whether it is on the disk remains open at every later crash, whatever syncs succeed,
//! until it is written anew and synced.
//!
//! **Mappings.** A mapping shows the simulated bytes. Since a mapping promises that its bytes never
//! change, writing into a live mapping, truncating below its end, or renaming over or removing a
//! mapped file panics and is kept among the [`violations`](SimFiles::violations); the last handle's
//! drop panics if any is left there, so that a program which catches panics fails its test too.
//!
//! **Crashes.** Every operation that changes the disk is recorded. [`SimFiles::journal`] replays
//! them, and [`Journal::points`] gives the crash at each; [`SimFiles::crash_images`] is the crash
//! now. An image is a new `SimFiles` that holds what the disk held, with no mappings, locks or
//! journal: the page cache is gone. A program that is killed while the machine goes on sees the
//! same `SimFiles` again.
//!
//! **Directories** are nodes as files are: one that is open stays itself when it is moved, removed
//! or replaced, which the methods of the `hands` module do.
//!
//! Paths have no working directory; relative ones begin at the root, which always exists. The model
//! does not rename between directories, and has no symbolic links.

mod calls;
mod crash;
mod dir;
mod disk;
mod fault;
mod file;
mod handles;
mod hands;
mod journal;
mod layer;
mod rng;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

pub use crash::{Bound, CrashPoint, Image};
pub use fault::{Call, Effect, Fault, Strike};
pub use handles::{SimDir, SimFile, SimLock, SimMap};
pub use journal::Journal;

use crate::lock::lock;
use disk::{Disk, NodeId, Op};
use journal::Entry;

/// Bytes that reach the disk whole or not at all.
pub const PIECE_BYTES: usize = file::PIECE;

/// Simulated files. Clones share them.
///
/// ```
/// use rotortree_store::{fs::FsStorage, storage::Storage, test_util::sim_files::{Bound, SimFiles}};
///
/// let files = SimFiles::new();
/// let storage = FsStorage::with_files(files.clone(), "/tree");
/// let owner = storage.acquire()?;
/// storage.create_segment(1, &mut &[7; 512][..])?;
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
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

/// Something that happens to the files while a program works.
type Interlude = Box<dyn FnOnce() + Send>;

/// Devices made so far, of which no two are one.
static DEVICES: AtomicU64 = AtomicU64::new(1);

struct State {
    /// Tells this device from every other.
    device: u64,
    disk: Disk,
    base: Disk,
    entries: Vec<Entry>,
    locked: BTreeSet<NodeId>,
    faults: Vec<Fault>,
    calls: u64,
    /// What is to happen before the call of a number.
    interlude: Option<(u64, Interlude)>,
    struck: u64,
    last_struck: Option<Strike>,
    capacity: Option<u64>,
    violations: Vec<String>,
}

impl State {
    /// Changes the disk and records it.
    fn perform(&mut self, path: &Path, op: Op) {
        self.disk.apply(self.entries.len(), &op);
        self.entries.push(Entry {
            op,
            path: path.to_owned(),
        });
    }
}

impl SimFiles {
    /// An empty disk.
    pub fn new() -> Self {
        Self::with_disk(Disk::new())
    }

    fn with_disk(disk: Disk) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    device: DEVICES.fetch_add(1, Ordering::Relaxed),
                    base: disk.clone(),
                    disk,
                    entries: Vec::new(),
                    locked: BTreeSet::new(),
                    faults: Vec::new(),
                    calls: 0,
                    interlude: None,
                    struck: 0,
                    last_struck: None,
                    capacity: None,
                    violations: Vec::new(),
                }),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    // --- crashes ---

    /// Operations recorded so far. What is acknowledged now must survive a crash at any
    /// [`CrashPoint`] of at least this number.
    pub fn operations(&self) -> usize {
        self.state().entries.len()
    }

    /// The operations since the beginning, or since [`rebase`](Self::rebase).
    pub fn journal(&self) -> Journal {
        let state = self.state();
        Journal {
            base: state.base.clone(),
            entries: state.entries.clone(),
        }
    }

    /// Forgets the operations so far. What is unsynced stays so.
    pub fn rebase(&self) {
        let mut state = self.state();
        state.base = state.disk.clone();
        state.entries.clear();
    }

    /// The crash now.
    pub fn crash_point(&self) -> CrashPoint {
        let state = self.state();
        CrashPoint::new(state.entries.len(), "now".to_owned(), state.disk.clone())
    }

    /// Images of a crash now.
    pub fn crash_images(&self, bound: Bound) -> Vec<Image> {
        self.crash_point().images(bound).collect()
    }

    /// A copy that holds what programs see, all of it synced: the disk after a clean shutdown.
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
        self.state().faults.push(fault);
    }

    /// Ends all faults, planned and lasting.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Calls made so far, reads included.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Does something, once, before the call of this number, as [`calls`](Self::calls) counts
    /// them. What it does with the files is done past every rule: a call of its own would come
    /// before itself.
    pub fn before_call(&self, number: u64, deed: impl FnOnce() + Send + 'static) {
        self.state().interlude = Some((number, Box::new(deed)));
    }

    /// Calls that a fault struck so far.
    pub fn struck(&self) -> u64 {
        self.state().struck
    }

    /// The call that a fault struck last.
    pub fn last_struck(&self) -> Option<Strike> {
        self.state().last_struck.clone()
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
            .field("operations", &state.entries.len())
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
