//! [`ReadOnly`]: a view of a store that another process may own.

mod newer;

use std::{
    ops::RangeBounds,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{Leaves, TreeError, TreeHead, TreeSnapshot};

use crate::{
    RecoveryReport, RotorTreeError, StorageError, fork::Process, hashing::is_pool_thread,
    manifest::Manifest, recovery, settings::Settings, spans, storage::Storage, sync::thread_token,
};

/// The number of tries when the writer changes the store during a read.
const ATTEMPTS: usize = 100;

/// A view of a store without ownership: takes no lock, writes nothing, works beside a live writer
/// and on a read-only mount, and shows only states that are known to be durable.
///
/// A view stays with the directory that it opened, as the writer does. It follows a moved
/// directory, and ignores a new one at the old path. After the directory is removed,
/// [`refresh`](Self::refresh) fails with that reason, and the snapshot keeps serving. Open another
/// view for a new directory at the path.
///
/// The writer attests a sync with the next one or shortly after going idle, so the view trails the
/// last sync by that much. A view sees the states at which it was refreshed, but not the appends
/// between them. So, unlike the writer's `find_head`, it cannot tell whether a root belonged to one
/// of these appends. If the size is known too, `snapshot_at(size)` of its snapshot tells.
///
/// [`RotorTree::open_read_only`](crate::RotorTree::open_read_only) opens one. A view is a cheap
/// handle: clones share one view, and a [`refresh`](Self::refresh) of any clone updates all.
pub struct ReadOnly<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    view: Arc<View<H, N, MAX_DEPTH>>,
}

/// The state that the handles share.
struct View<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    hasher: H,
    storage: Arc<dyn Storage>,
    config: Settings,
    current: ArcSwap<TreeSnapshot<N, MAX_DEPTH>>,
    seen: ArcSwap<Seen>,
    process: Process,
    /// Held by the refreshing call.
    refresh: Refresh,
    /// The number of newer states shown since opening.
    version: AtomicU64,
}

/// One refresh at a time.
#[derive(Default)]
struct Refresh {
    running: Mutex<()>,
    /// The token of the refreshing thread, or 0.
    on: AtomicUsize,
}

/// Held by the refreshing call.
struct Refreshing<'a> {
    on: &'a AtomicUsize,
    _running: MutexGuard<'a, ()>,
}

impl Refresh {
    fn begin(&self, process: &Process) -> Result<Refreshing<'_>, StorageError> {
        // A subscriber, a callback or a hasher within a refresh may ask for another one. A refresh
        // may wait for any thread of the pool, so no thread of the pool may wait for a refresh.
        match self.on.load(Ordering::Relaxed) {
            0 => {}
            thread if thread == thread_token() || is_pool_thread() => {
                return Err(StorageError::Reentered);
            }
            _ => {}
        }
        let running = process
            .lock_unless_forked(&self.running)
            .ok_or(StorageError::Closed)?;
        self.on.store(thread_token(), Ordering::Relaxed);
        Ok(Refreshing {
            on: &self.on,
            _running: running,
        })
    }
}

impl Drop for Refreshing<'_> {
    fn drop(&mut self) {
        self.on.store(0, Ordering::Relaxed);
    }
}

struct Seen {
    report: RecoveryReport,
    tree_id: [u8; 16],
    /// The version of the state, if all reads saw the same moment.
    version: Option<Version>,
}

/// Distinguishes the states of a place without reading the log: every change by a writer replaces
/// the manifest or lengthens its newest segment.
#[derive(PartialEq, Eq)]
struct Version {
    tree_id: [u8; 16],
    generation: u64,
    /// The salt of the newest segment.
    salt: u64,
    /// The length of that segment.
    length: u64,
}

impl Version {
    /// The current version of the place. O(manifest).
    fn of(storage: &dyn Storage) -> Option<Self> {
        let manifest = recovery::load_manifest(storage).ok()?;
        let newest = storage.read_segment(manifest.last_segment()).ok()?;
        Some(Self {
            tree_id: manifest.tree_id,
            generation: manifest.generation,
            salt: manifest.newest.salt,
            length: newest.len(),
        })
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ReadOnly<H, N, MAX_DEPTH> {
    pub(crate) fn open(
        hasher: H,
        storage: Arc<dyn Storage>,
        config: Settings,
    ) -> Result<Self, RotorTreeError> {
        config.check(MAX_DEPTH)?;
        let storage = storage.pinned()?.unwrap_or(storage);
        // Noted before any read, so that a child that is forked later is recognized.
        let process = Process::current();
        let span = spans::open_read_only(&*storage);
        let (snapshot, seen) = span.run(|| read(&hasher, &storage, &config))?;
        let view = View {
            hasher,
            storage,
            config,
            current: ArcSwap::from_pointee(snapshot),
            seen: ArcSwap::from_pointee(seen),
            process,
            refresh: Refresh::default(),
            version: AtomicU64::new(0),
        };
        Ok(Self {
            view: Arc::new(view),
        })
    }

    /// Updates the view to the current durable state. Returns whether it is new. O(manifest) if the
    /// store is unchanged: no byte of the log is read then. Otherwise the log is read again:
    /// O(levels + shards + log). Blocks on these reads; to await a newer state, see
    /// [`newer_than`](Self::newer_than).
    ///
    /// # Errors
    /// As [`RotorTree::open_read_only`](crate::RotorTree::open_read_only).
    /// [`StorageError::UnexpectedHead`] if the store no longer contains the state of this view,
    /// which then stays unchanged. [`StorageError::Closed`] in a child that was forked during a
    /// refresh of this view. [`StorageError::Reentered`] from code that a refresh of this view
    /// calls: a subscriber, a progress callback, the hasher.
    pub fn refresh(&self) -> Result<bool, RotorTreeError> {
        spans::refresh(&*self.view.storage).run(|| self.move_forward())
    }

    fn move_forward(&self) -> Result<bool, RotorTreeError> {
        let _refreshing = self.view.refresh.begin(&self.view.process)?;
        let seen = self.view.seen.load_full();
        if seen.version.is_some() && seen.version == Version::of(&*self.view.storage) {
            return Ok(false);
        }
        let mut config = self.view.config.clone();
        let before = self.view.current.load_full();
        config.expect_head = before.head();
        // The nodes verified at opening stay verified; new chunks are checked at each read.
        config.verify_checkpoint = false;
        let (snapshot, now) = read(&self.view.hasher, &self.view.storage, &config)?;
        if now.tree_id != seen.tree_id {
            let size = before.size();
            return Err(StorageError::UnexpectedHead {
                size,
                reason: "another tree stands there now".into(),
            }
            .into());
        }
        let is_new = snapshot.size() > before.size() || snapshot.metadata() != before.metadata();
        self.view.seen.store(Arc::new(now));
        if is_new {
            self.view.current.store(Arc::new(snapshot));
            self.view.version.fetch_add(1, Ordering::Release);
        }
        Ok(is_new)
    }

    /// The durable state of the last refresh, for the cost of a reference count.
    #[must_use]
    pub fn snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.view.current.load_full()
    }

    /// The root, or `None` while the tree is empty.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.view.current.load().root()
    }

    /// Size and root, or `None` while the tree is empty.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.view.current.load().head()
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.view.current.load().size()
    }

    /// The number of hash layers above the leaves.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.view.current.load().depth()
    }

    /// The application's metadata. It belongs to the head of the same [`snapshot`](Self::snapshot):
    /// read both from one snapshot if they must match.
    #[must_use]
    pub fn metadata(&self) -> Option<Vec<u8>> {
        self.view.current.load().metadata().map(<[u8]>::to_vec)
    }

    /// Leaf `index`.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn get_leaf(&self, index: u64) -> Result<Hash, TreeError> {
        self.snapshot().get_leaf(index)
    }

    /// The leaves of a range, `..` for all, of the state of the last refresh.
    ///
    /// # Errors
    /// As [`TreeSnapshot::leaves`].
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }

    /// The findings of the last refresh.
    #[must_use]
    pub fn recovery_report(&self) -> RecoveryReport {
        self.view.seen.load().report.clone()
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Clone for ReadOnly<H, N, MAX_DEPTH> {
    fn clone(&self) -> Self {
        Self {
            view: Arc::clone(&self.view),
        }
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> std::fmt::Debug
    for ReadOnly<H, N, MAX_DEPTH>
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadOnly")
            .field("storage", &self.view.storage.describe())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Reads a state that a live writer may change meanwhile. Repeats a read that fails while the
/// manifest changes.
fn read<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    hasher: &H,
    storage: &Arc<dyn Storage>,
    config: &Settings,
) -> Result<(TreeSnapshot<N, MAX_DEPTH>, Seen), RotorTreeError> {
    let generation = || -> Option<u64> {
        recovery::load_manifest(&**storage)
            .ok()
            .map(|manifest: Manifest| manifest.generation)
    };
    if storage.load_manifest().map_err(StorageError::Io)?.is_none() {
        // Damage and foreign files give the errors of opening for writing.
        recovery::refuse_foreign(&**storage)?;
        return Err(recovery::missing(&**storage).into());
    }
    let mut attempt = 1;
    loop {
        let before = generation();
        // Taken before the log is read: the next call finds later changes.
        let version = Version::of(&**storage);
        let mut report = RecoveryReport::default();
        match recovery::read_durable::<H, N, MAX_DEPTH>(hasher, storage, config, &mut report) {
            Ok((tree, manifest)) => {
                return Ok((
                    tree.snapshot(),
                    Seen {
                        report,
                        tree_id: manifest.tree_id,
                        version: version
                            .filter(|version| version.generation == manifest.generation),
                    },
                ));
            }
            Err(error) if generation() == before => return Err(error),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            // Nothing shows that the last state seen is more than a store in motion.
            Err(error) => {
                let busy = format!(
                    "{}: its writer made a checkpoint during each of {ATTEMPTS} attempts to read \
                     it (the last ended with: {error}); try again",
                    storage.describe()
                );
                return Err(StorageError::Io(std::io::Error::new(
                    std::io::ErrorKind::ResourceBusy,
                    busy,
                ))
                .into());
            }
        }
    }
}
