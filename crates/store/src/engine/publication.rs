//! [`Publication`]: the readers' view of the tree, now and as of the last sync, and the threads
//! that wait for a size.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::{AnySnapshot, TreeHead, TreeSnapshot};

use super::{
    heads::RecentHeads,
    locks::{Monitor, Rank},
    outbox,
    status::Status,
};
use crate::{
    hook::Snapshots,
    sync::{ArcSwap, AtomicUsize, fence},
};

/// The published and the durable snapshot. Readers take no lock.
pub(crate) struct Publication<const N: usize, const MAX_DEPTH: usize> {
    published: ArcSwap<TreeSnapshot<N, MAX_DEPTH>>,
    durable: ArcSwap<TreeSnapshot<N, MAX_DEPTH>>,
    /// Recorded right after publishing.
    heads: RecentHeads,
    /// Callers in [`wait_for_size`](Self::wait_for_size). Inserts check this count before they wake
    /// any.
    size_waiters: AtomicUsize,
    size: Monitor<()>,
    status: Arc<Status>,
}

impl<const N: usize, const MAX_DEPTH: usize> Publication<N, MAX_DEPTH> {
    /// The publication of a tree that was opened with `opened`, all of which is durable.
    pub(super) fn new(
        opened: Arc<TreeSnapshot<N, MAX_DEPTH>>,
        recent_heads: usize,
        status: Arc<Status>,
    ) -> Self {
        Self {
            published: ArcSwap::new(Arc::clone(&opened)),
            heads: RecentHeads::new(recent_heads, opened.head()),
            durable: ArcSwap::new(opened),
            size_waiters: AtomicUsize::new(0),
            size: Monitor::new(Rank::Size, ()),
            status,
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.published.load_full()
    }

    pub(crate) fn durable_snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.durable.load_full()
    }

    /// Runs `read` on the published tree, without a reference count.
    pub(crate) fn with<R>(&self, read: impl FnOnce(&TreeSnapshot<N, MAX_DEPTH>) -> R) -> R {
        read(&self.published.load())
    }

    /// Publishes a tree with one more entry. Returns the replaced snapshot. Called with the writer
    /// lock held.
    pub(super) fn publish(
        &self,
        snapshot: Arc<TreeSnapshot<N, MAX_DEPTH>>,
    ) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        let head = snapshot.head();
        let replaced = self.published.swap(snapshot);
        // Recorded after publishing: a lookup must not find a head that readers cannot see.
        self.heads.record(head);
        if self.size_waiters.load(Ordering::SeqCst) > 0 {
            self.size.wake();
        }
        replaced
    }

    /// Publishes the snapshot of a leader's synced records as durable.
    pub(super) fn make_durable(&self, snapshot: Arc<TreeSnapshot<N, MAX_DEPTH>>) {
        outbox::discard(self.durable.swap(snapshot));
    }

    /// Replaces the published snapshot by one of the same tree with its nodes elsewhere, and the
    /// durable one if it has the same state. Called with the writer lock held.
    pub(super) fn renew(&self, renewed: Arc<TreeSnapshot<N, MAX_DEPTH>>, is_durable: bool) {
        if is_durable {
            self.make_durable(Arc::clone(&renewed));
        }
        outbox::discard(self.published.swap(renewed));
    }

    /// The newest recent head with this root.
    pub(crate) fn find_head(&self, root: &Hash) -> Option<TreeHead> {
        if !self.heads.are_kept() {
            return None;
        }
        // A head is recorded once it is published, and after all earlier ones. So the published
        // head covers the time until the ring holds it, the ring holds no head that readers do not
        // see, and the most common lookup needs no lock.
        let newest = self.with(TreeSnapshot::head);
        if let Some(head) = newest.filter(|head| head.root == *root) {
            return Some(head);
        }
        // A forked child does not run the thread that may hold the ring's lock.
        self.heads.find(root, self.status.check_process().is_ok())
    }

    /// Waits until the published tree has at least `size` leaves. Returns whether it has.
    pub(crate) fn wait_for_size(&self, size: u64, timeout: Duration) -> bool {
        let reached = || self.with(TreeSnapshot::size) >= size;
        if reached() || self.status.check_process().is_err() || self.status.hashing.is_here() {
            return reached();
        }
        self.size_waiters.fetch_add(1, Ordering::SeqCst);
        // Publishing checks for waiters afterwards. Without this fence, the waiter could miss the
        // size and the publisher the waiter.
        fence(Ordering::SeqCst);
        let ended = |_: &mut ()| (reached() || self.status.check().is_err()).then_some(());
        self.size.wait_timeout(timeout, ended);
        self.size_waiters.fetch_sub(1, Ordering::SeqCst);
        reached()
    }

    /// Makes the waiting threads check the status.
    pub(super) fn wake(&self) {
        self.size.wake();
    }
}

impl<const N: usize, const MAX_DEPTH: usize> Snapshots for Publication<N, MAX_DEPTH> {
    fn published(&self) -> Arc<dyn AnySnapshot> {
        self.snapshot()
    }

    fn durable(&self) -> Arc<dyn AnySnapshot> {
        self.durable_snapshot()
    }
}
