//! [`Writer`]: the tree and its pending records behind one lock.
//!
//! An entry is hashed, recorded and published under that lock, in this order. The writer does not
//! know the disk: a leader takes the records through [`PendingSource`].

use std::{
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::{LeanIMT, SpareSnapshot, TreeError};
use rotortree_wal::{GroupBuffer, Position};

use super::{
    locks::{Guard, Monitor, Rank},
    outbox,
    pending::{PendingSource, Taken},
    policy::{Lag, Policy},
    publication::Publication,
    status::Status,
};
use crate::{StorageError, ahead::ChunksAhead, chunk::CHUNK_NODES, cold::ColdNodes};

/// The longest sleep of a waiting insert before it looks again.
const RECHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The number of tries for the writer lock of an insert that must not wait. They take about a
/// microsecond: enough for a background thread to look at the pending records, too short to hash a
/// batch.
const GLANCES: u32 = 64;

/// The writing side of the tree.
pub(super) struct Writer<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    state: Monitor<WriterState<H, N, MAX_DEPTH>>,
    pub(super) publication: Arc<Publication<N, MAX_DEPTH>>,
    pub(super) status: Arc<Status>,
    policy: Arc<Policy>,
    /// The last record of the last inserted batch, for readers without the lock.
    inserted: AtomicU64,
}

/// State behind the writer lock.
pub(super) struct WriterState<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(super) tree: LeanIMT<H, N, MAX_DEPTH>,
    /// Records that no leader has taken yet.
    pub(super) pending: GroupBuffer,
    /// A large batch is on its way to storage: no other entry may come between. The tree may
    /// contain the batch already.
    pub(super) streaming: bool,
    /// The chunks ahead of the checkpoint in force that records refer to.
    pub(super) ahead: Vec<ChunksAhead>,
    /// Entries since the tree was opened.
    entries: u64,
    /// The size at which the checkpoint policy is to be asked again.
    recheck_at_size: u64,
    /// The snapshot that the published one replaced, for the next insert.
    pub(super) spare: SpareSnapshot<N, MAX_DEPTH>,
}

pub(super) type WriterGuard<'a, H, const N: usize, const MAX_DEPTH: usize> =
    Guard<'a, WriterState<H, N, MAX_DEPTH>>;

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> WriterState<H, N, MAX_DEPTH> {
    /// Bytes of records that no leader has taken.
    pub(super) fn pending_bytes(&self) -> usize {
        if self.pending.is_empty() {
            0
        } else {
            self.pending.byte_len()
        }
    }

    /// Entries since the tree was opened.
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Writer<H, N, MAX_DEPTH> {
    /// The writer of a tree whose records, up to `sequence`, are all durable.
    pub(super) fn new(
        tree: LeanIMT<H, N, MAX_DEPTH>,
        ahead: Vec<ChunksAhead>,
        sequence: u64,
        publication: Arc<Publication<N, MAX_DEPTH>>,
        status: Arc<Status>,
        policy: Arc<Policy>,
    ) -> Self {
        let state = WriterState {
            tree,
            pending: GroupBuffer::new(sequence + 1),
            streaming: false,
            ahead,
            entries: 0,
            recheck_at_size: 0,
            spare: SpareSnapshot::default(),
        };
        Self {
            state: Monitor::new(Rank::Writer, state),
            publication,
            status,
            policy,
            inserted: AtomicU64::new(sequence),
        }
    }

    pub(super) fn lock(&self) -> WriterGuard<'_, H, N, MAX_DEPTH> {
        self.state.lock()
    }

    /// The state for a brief look that waits for no thread that may hold the lock for good.
    pub(super) fn lock_briefly(&self) -> Option<WriterGuard<'_, H, N, MAX_DEPTH>> {
        self.status.lock_briefly(&self.state)
    }

    /// The writer lock, if no thread holds it for longer than a brief look.
    pub(super) fn glance(&self) -> Result<WriterGuard<'_, H, N, MAX_DEPTH>, StorageError> {
        for _ in 0..GLANCES {
            if let Some(state) = self.state.try_lock() {
                return Ok(state);
            }
            spin_loop();
        }
        self.status.check()?;
        Err(StorageError::WouldBlock)
    }

    /// Waits for a change that may admit an insert.
    pub(super) fn wait_for_room(&self, is_full: impl Fn(&WriterState<H, N, MAX_DEPTH>) -> bool) {
        let may_go_on = |state: &mut _| {
            let is_over = !is_full(state) || self.status.check().is_err();
            is_over.then_some(())
        };
        self.state.wait_timeout(RECHECK_INTERVAL, may_go_on);
    }

    /// Waits until no batch is on its way into the log, then runs `then` with the lock held. Does
    /// not wait for a batch of a failed tree.
    pub(super) fn between_batches(&self, mut then: impl FnMut()) {
        let mut check = |state: &mut WriterState<H, N, MAX_DEPTH>| {
            let is_between = !state.streaming || self.status.check_failure().is_err();
            is_between.then(&mut then)
        };
        while self
            .state
            .wait_timeout(RECHECK_INTERVAL, &mut check)
            .is_none()
        {}
    }

    /// Wakes the waiting inserts after a change.
    pub(super) fn wake(&self) {
        // The lock is not taken, since hashing may hold it; the inserts look again by themselves.
        self.state.notify();
    }

    /// Runs the hasher. With the hook, it is the only foreign code under a lock. A panic of the
    /// hasher leaves the tree unchanged, and a call from within that needs the lock is refused.
    pub(super) fn hash<R>(
        &self,
        state: &mut WriterState<H, N, MAX_DEPTH>,
        on_pool: bool,
        run: impl FnOnce(&mut LeanIMT<H, N, MAX_DEPTH>) -> Result<R, TreeError>,
    ) -> Result<R, TreeError> {
        let _mark = self.status.hashing.begin(on_pool);
        run(&mut state.tree)
    }

    /// Calls the insert hook, with the lock held. A call from within that needs the lock is
    /// refused.
    pub(super) fn call_hook<R>(&self, call: impl FnOnce() -> R) -> R {
        let _mark = self.status.hashing.begin(false);
        call()
    }

    /// Publishes the tree to readers. Returns whether the caller must ask for a checkpoint.
    #[must_use]
    pub(super) fn publish(&self, state: &mut WriterState<H, N, MAX_DEPTH>) -> bool {
        let snapshot = state.spare.snapshot(&state.tree);
        let replaced = self.publication.publish(Arc::clone(&snapshot));
        if let Some(unlike) = state.spare.keep(replaced, &snapshot) {
            outbox::discard(unlike);
        }
        self.inserted
            .store(state.pending.last_batch_end(), Ordering::Release);
        state.entries += 1;
        self.is_checkpoint_due(state)
    }

    fn is_checkpoint_due(&self, state: &mut WriterState<H, N, MAX_DEPTH>) -> bool {
        let size = state.tree.size();
        self.policy
            .is_due(size, state.entries, &mut state.recheck_at_size)
    }

    /// Whether a checkpoint is due and the caller is to ask for it. Ignores the outcome of earlier
    /// checks.
    pub(super) fn is_checkpoint_due_now(&self) -> bool {
        let mut state = self.lock();
        state.recheck_at_size = 0;
        self.status.check().is_ok() && self.is_checkpoint_due(&mut state)
    }

    /// Records that a checkpoint failed: its extent stays due.
    pub(super) fn stays_due(&self) {
        self.policy.stays_due();
        self.lock().recheck_at_size = 0;
    }

    /// The duty of an insert of `leaves` whose checkpoint lags.
    pub(super) fn lag(&self, state: &WriterState<H, N, MAX_DEPTH>, leaves: usize) -> Lag {
        self.policy
            .lag(state.tree.size().saturating_add(leaves as u64))
    }

    /// Entries since the tree was opened.
    pub(super) fn entries(&self) -> u64 {
        self.lock().entries
    }

    /// The chunks ahead of the checkpoint that a tree of `size` leaves, all of them durable, has.
    pub(super) fn ahead_up_to(&self, size: u64) -> Vec<ChunksAhead> {
        let state = self.lock();
        let ahead = state.ahead.iter();
        let covered = ahead.take_while(|run| run.end() <= size / CHUNK_NODES);
        covered.cloned().collect()
    }

    /// Records that a checkpoint of `size` leaves is in force, which has adopted their chunks.
    pub(super) fn adopted(&self, size: u64) {
        let mut state = self.lock();
        state.ahead.retain(|run| run.end() > size / CHUNK_NODES);
    }

    /// The last record of the last insert. Takes no lock.
    pub(super) fn last_inserted(&self) -> u64 {
        self.inserted.load(Ordering::Acquire)
    }

    /// Serves nodes from chunks and releases their memory. `is_durable` tells whether a record is
    /// durable.
    pub(super) fn serve_from_chunks(
        &self,
        cold: Arc<ColdNodes>,
        lens: &[u64],
        is_durable: impl FnOnce(u64) -> bool,
    ) {
        let mut state = self.lock();
        state.tree.nodes_mut().rebase(cold, lens);
        // The spare snapshot holds the nodes in memory that are released here.
        outbox::discard(std::mem::take(&mut state.spare));
        if state.streaming {
            // The tree may contain a batch that is not published. Publishing it replaces the
            // snapshots, and releases what they hold.
            return;
        }
        let renewed = Arc::new(state.tree.snapshot());
        // If this very state is durable, no record is behind it, and no leader is about to publish
        // another state.
        let is_durable = is_durable(state.pending.last_batch_end());
        self.publication.renew(renewed, is_durable);
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> PendingSource for Writer<H, N, MAX_DEPTH> {
    fn take(&self, group: &mut GroupBuffer) -> Result<Option<Taken<'_>>, StorageError> {
        let mut state = self.lock();
        // Checked with the lock held: a thread that failed, also in the middle of an insert, failed
        // before, and its records stay here.
        self.status.check_failure()?;
        if state.pending.is_empty() {
            return Ok(None);
        }
        group.follow(&state.pending);
        std::mem::swap(group, &mut state.pending);
        // Published snapshots end where batches end, as does the position that the group states.
        let snapshot = self.publication.snapshot();
        Ok(Some(Taken {
            after: Position {
                sequence: group.last_batch_end(),
                size: snapshot.size(),
                root: snapshot.root().unwrap_or_default(),
            },
            make_durable: Box::new(move || self.publication.make_durable(snapshot)),
        }))
    }

    fn put_back(&self, group: &mut GroupBuffer) {
        let mut state = self.lock();
        group.take_over(&mut state.pending);
        std::mem::swap(group, &mut state.pending);
    }

    fn has_pending(&self) -> bool {
        !self.lock().pending.is_empty()
    }

    fn last_batch_end(&self) -> u64 {
        self.lock().pending.last_batch_end()
    }

    fn release_idle(&self) {
        let mut state = self.lock();
        state.pending.release();
        state.spare.clear();
    }
}
