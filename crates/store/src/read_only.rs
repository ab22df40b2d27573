//! [`ReadOnly`]: a view of a store that another process may own.

mod backup;
mod beginning;
mod following;
mod meter;
mod newer;

use std::{
    ops::RangeBounds,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{Leaves, TreeError, TreeHead, TreeSnapshot};

pub use self::following::Following;
use self::{
    beginning::{contradicts, read},
    meter::ReaderMeter,
};
use crate::{
    RecoveryReport, RotorTreeError, StorageError,
    fork::Process,
    hashing::is_pool_thread,
    recovery::{GoneOn, Reading},
    settings::Settings,
    spans,
    storage::Storage,
    sync::thread_token,
};

/// A view of a store without ownership: takes no lock, writes nothing, works beside a live writer
/// and on a read-only mount, and shows only states that are known to be durable.
///
/// A view stays with the directory that it opened, as the writer does. It follows a moved
/// directory, and ignores a new one at the old path. After the directory is removed,
/// [`refresh`](Self::refresh) fails with that reason, and the snapshot keeps serving what it has
/// opened. Open another view for a new directory at the path.
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
    report: ArcSwap<RecoveryReport>,
    process: Process,
    refresh: Refresh<H, N, MAX_DEPTH>,
    progress: RefreshProgress,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> View<H, N, MAX_DEPTH> {
    /// Records a refresh as metrics: how long it took, unless it failed.
    fn tell(&self, took: Option<Duration>) {
        // A thread of the parent may have held a lock of the recorder.
        if self.process.is_current() {
            let size = self.current.load().size();
            self.progress.meter.refreshed(&*self.storage, took, size);
        }
    }
}

/// The refreshes so far.
struct RefreshProgress {
    /// The number of newer states shown since opening.
    version: AtomicU64,
    /// The beginning of the last refresh that succeeded.
    at: ArcSwap<Instant>,
    meter: ReaderMeter,
}

/// One refresh at a time.
struct Refresh<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    tree_id: [u8; 16],
    /// The state to go on from. `None` after a refresh that failed.
    reading: Mutex<Option<Reading<H, N, MAX_DEPTH>>>,
    /// The token of the refreshing thread, or 0.
    on: AtomicUsize,
}

/// Held by the refreshing call.
struct Refreshing<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    on: &'a AtomicUsize,
    reading: MutexGuard<'a, Option<Reading<H, N, MAX_DEPTH>>>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Refresh<H, N, MAX_DEPTH> {
    /// Refuses another tree's state.
    fn accept(
        &self,
        reading: Reading<H, N, MAX_DEPTH>,
        size: u64,
    ) -> Result<Reading<H, N, MAX_DEPTH>, RotorTreeError> {
        if reading.manifest.tree_id == self.tree_id {
            return Ok(reading);
        }
        let reason = "another tree stands there now".into();
        Err(StorageError::UnexpectedHead { size, reason }.into())
    }

    fn begin(&self, process: &Process) -> Result<Refreshing<'_, H, N, MAX_DEPTH>, StorageError> {
        // A subscriber, a callback or a hasher within a refresh may ask for another one. A refresh
        // may wait for any thread of the pool, so no thread of the pool may wait for a refresh.
        match self.on.load(Ordering::Relaxed) {
            0 => {}
            thread if thread == thread_token() || is_pool_thread() => {
                return Err(StorageError::Reentered);
            }
            _ => {}
        }
        let reading = process
            .lock_unless_forked(&self.reading)
            .ok_or(StorageError::Closed)?;
        self.on.store(thread_token(), Ordering::Relaxed);
        Ok(Refreshing {
            on: &self.on,
            reading,
        })
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for Refreshing<'_, H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        self.on.store(0, Ordering::Relaxed);
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> ReadOnly<H, N, MAX_DEPTH> {
    pub(crate) fn open(
        hasher: H,
        storage: Arc<dyn Storage>,
        config: Settings,
    ) -> Result<Self, RotorTreeError> {
        config.check(N, MAX_DEPTH)?;
        let storage = storage.pinned()?.unwrap_or(storage);
        // Noted before any read, so that a child that is forked later is recognized.
        let process = Process::current();
        let span = spans::open_read_only(&*storage);
        let began = Instant::now();
        let reading = span.run(|| read(&hasher, &storage, &config))?;
        let meter = ReaderMeter::of(&*storage);
        let view = View {
            hasher,
            storage,
            config,
            current: ArcSwap::from_pointee(reading.tree.snapshot()),
            report: ArcSwap::from_pointee(reading.report.clone()),
            process,
            progress: RefreshProgress {
                version: AtomicU64::new(0),
                at: ArcSwap::from_pointee(began),
                meter,
            },
            refresh: Refresh {
                tree_id: reading.manifest.tree_id,
                reading: Mutex::new(Some(reading)),
                on: AtomicUsize::new(0),
            },
        };
        view.tell(Some(began.elapsed()));
        Ok(Self {
            view: Arc::new(view),
        })
    }

    /// Updates the view to the current durable state. Returns whether it is new.
    ///
    /// O(1) if the store is unchanged: one look at its manifest and one at the end of its log.
    /// Otherwise only the new part of the log is read: O(new bytes), and O(levels + segments) if
    /// another manifest is in force. The whole view is read again, O(levels + shards + log), if the
    /// store was checkpointed beyond the state of the view, or its log was rewritten by an opening
    /// or from outside.
    ///
    /// Blocks on these reads; to await a newer state, see [`newer_than`](Self::newer_than).
    ///
    /// # Errors
    /// As [`RotorTree::open_read_only`](crate::RotorTree::open_read_only).
    /// [`StorageError::UnexpectedHead`] if the store no longer contains the state of this view,
    /// which then stays unchanged. [`StorageError::Closed`] in a child that was forked during a
    /// refresh of this view. [`StorageError::Reentered`] from code that a refresh of this view
    /// calls: a subscriber, a progress callback, the hasher.
    pub fn refresh(&self) -> Result<bool, RotorTreeError> {
        let began = Instant::now();
        let outcome = spans::refresh(&*self.view.storage).run(|| self.move_forward());
        self.view.tell(outcome.is_ok().then(|| began.elapsed()));
        outcome
    }

    fn move_forward(&self) -> Result<bool, RotorTreeError> {
        self.move_forward_in(&mut self.view.refresh.begin(&self.view.process)?)
    }

    fn move_forward_in(
        &self,
        refreshing: &mut Refreshing<'_, H, N, MAX_DEPTH>,
    ) -> Result<bool, RotorTreeError> {
        let View {
            hasher,
            storage,
            config,
            refresh,
            progress,
            ..
        } = &*self.view;
        let began = Arc::new(Instant::now());
        let before = self.view.current.load_full();
        let known = refreshing.reading.take();
        let reading = match known.map(|known| known.go_on(hasher, config)) {
            Some(GoneOn::Same(reading)) => {
                *refreshing.reading = Some(reading);
                progress.at.store(began);
                return Ok(false);
            }
            Some(GoneOn::Further(reading)) => reading,
            Some(GoneOn::Astray) | None => {
                let mut config = config.clone();
                config.expect_head = before.head();
                // The nodes verified at opening stay verified; new chunks are checked at each read.
                config.verify_checkpoint = Some(false);
                let reading = read(hasher, storage, &config)
                    .and_then(|reading| refresh.accept(reading, before.size()));
                reading.inspect_err(|error| {
                    if contradicts(error) {
                        storage.release_idle();
                    }
                })?
            }
        };
        let snapshot = reading.tree.snapshot();
        let is_new = snapshot.size() > before.size() || snapshot.metadata() != before.metadata();
        self.view.report.store(Arc::new(reading.report.clone()));
        *refreshing.reading = Some(reading);
        if is_new {
            self.view.current.store(Arc::new(snapshot));
            progress.version.fetch_add(1, Ordering::Release);
        }
        progress.at.store(began);
        Ok(is_new)
    }

    /// The time of the last refresh, or else of opening: every state that was known to be durable
    /// by then is part of the view. A view that is refreshed in vain moves it forward; a refresh
    /// that fails does not.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let config = RotorTreeConfig::new(dir.path());
    /// # RotorTree::<_, 2, 32>::open(Blake3Hasher, config.clone())?.close()?;
    /// let view = RotorTree::<_, 2, 32>::open_read_only(Blake3Hasher, config)?;
    /// let opened = view.refreshed_at();
    /// view.refresh()?;
    /// assert!(view.refreshed_at() > opened);
    /// assert!(view.refreshed_at().elapsed().as_secs() < 60, "the view is up to date");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn refreshed_at(&self) -> Instant {
        **self.view.progress.at.load()
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
        RecoveryReport::clone(&self.view.report.load())
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
