//! [`Engine`]: the handle on a running engine, and how it is closed.

use std::{
    fmt, io,
    ops::RangeBounds,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    slice,
    sync::{Arc, PoisonError},
    time::Duration,
};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{Leaves, TreeError, TreeHead, TreeSnapshot};

use super::{
    append::Append,
    backup::BackupReport,
    closing::Closer,
    core::Core,
    log::Log,
    outbox,
    shortage::{patiently, with_reserve},
    stats::Stats,
    token::DurabilityToken,
};
use crate::{
    CheckpointPolicy, EngineConfig, ReadOnly, RecoveryReport, RotorTreeError, StorageError,
    isolated::isolated,
    manifest::{CleanClose, CutNotice},
    spans,
    storage::{Storage, WriteError},
    sync::lock,
    verify::{Progress, verify_nodes},
};

/// A durable tree on some storage. A cheap handle: clones share one tree, and closing any of them
/// closes it.
///
/// The last handle closes the tree when it is dropped. Tokens and snapshots outlive it and never
/// keep it open.
pub struct Engine<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    handle: Arc<Handle<H, N, MAX_DEPTH>>,
}

struct Handle<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    core: Arc<Core<H, N, MAX_DEPTH>>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for Handle<H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        // Those who want to know how closing went call `close`. A destructor may run while a panic
        // unwinds, and a second one that leaves it would end the process.
        isolated(|| drop(self.core.close()));
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Clone for Engine<H, N, MAX_DEPTH> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> fmt::Debug for Engine<H, N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.core.fmt(f)
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Engine<H, N, MAX_DEPTH> {
    /// Opens or creates the tree on `storage` and recovers it. O(levels + shards + log), and
    /// O(nodes) with verification.
    ///
    /// # Errors
    /// See [`StorageError`]; [`RotorTreeError::Tree`] if the log holds what this hasher or depth
    /// refuses.
    pub fn open(
        hasher: H,
        storage: Arc<dyn Storage>,
        config: EngineConfig,
    ) -> Result<Self, RotorTreeError> {
        let span = spans::open(&*storage);
        let core = span.run(|| Core::open(hasher, storage, config))?;
        Ok(Self {
            handle: Arc::new(Handle { core }),
        })
    }

    /// Reads the store's durable state, without owning it: takes no lock and writes nothing.
    /// O(levels + shards + log), and O(nodes) with verification.
    ///
    /// # Errors
    /// As [`open`](Self::open), but never [`StorageError::FileLocked`]; a place without a store is
    /// [`StorageError::Io`] of the kind `NotFound`.
    pub fn open_read_only(
        hasher: H,
        storage: Arc<dyn Storage>,
        config: EngineConfig,
    ) -> Result<ReadOnly<H, N, MAX_DEPTH>, RotorTreeError> {
        ReadOnly::open(hasher, storage, config)
    }

    pub(super) fn core(&self) -> &Arc<Core<H, N, MAX_DEPTH>> {
        &self.handle.core
    }

    /// Begins an entry of leaves, metadata or both; see [`Append`].
    pub fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a> {
        Append::new(self.core(), leaves)
    }

    /// Appends one leaf; the new root and a token. The short form of `append(&[leaf]).submit()`.
    ///
    /// # Errors
    /// As [`Append::submit`].
    pub fn insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError> {
        let token = self.append(slice::from_ref(&leaf)).submit()?;
        let root = token
            .head()
            .expect("only an empty tree has no head, and a leaf went in");
        Ok((root.root, token))
    }

    /// The tree as it is now: a reference count.
    #[must_use]
    pub fn snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.core().published.load_full()
    }

    /// The tree as it was at the last sync: the only one whose head may be signed or published.
    #[must_use]
    pub fn durable_snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.core().durable.load_full()
    }

    /// The root, or `None` while the tree is empty.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.core().published.load().root()
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.core().published.load().size()
    }

    /// The number of hash layers above the leaves.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.core().published.load().depth()
    }

    /// Leaf `index`.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn get_leaf(&self, index: u64) -> Result<Hash, TreeError> {
        self.snapshot().get_leaf(index)
    }

    /// The leaves of a range, `..` for all, of the tree as it is now.
    ///
    /// # Errors
    /// As [`TreeSnapshot::leaves`].
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }

    /// Waits until the tree has at least `size` leaves; whether it has.
    #[must_use]
    pub fn wait_for_size(&self, size: u64, timeout: Duration) -> bool {
        self.core().wait_for_size(size, timeout)
    }

    /// Makes everything inserted so far durable.
    ///
    /// # Errors
    /// [`StorageError::Closed`], [`StorageError::FlushFailed`]; [`StorageError::Unavailable`] if
    /// nothing could be written for now, after which everything waits for the next flush.
    pub fn flush(&self) -> Result<(), StorageError> {
        self.core().status.check()?;
        self.core().flush_all()
    }

    /// Makes a checkpoint now.
    ///
    /// # Errors
    /// [`StorageError::CheckpointFailed`] (the tree goes on), [`StorageError::Closed`],
    /// [`StorageError::FlushFailed`].
    pub fn checkpoint(&self) -> Result<(), StorageError> {
        self.core().status.check()?;
        self.core().run_checkpoint(false)
    }

    /// Whether a checkpoint completed since the last call that returned `true`, or does within
    /// `timeout`.
    #[must_use]
    pub fn wait_for_checkpoint(&self, timeout: Duration) -> bool {
        self.core().wait_for_checkpoint(timeout)
    }

    /// Compares every stored node with the hash of its children, and every chunk with its checksum,
    /// on a running tree. A forked child does it on the calling thread alone, and leaves the
    /// manifest to its parent.
    ///
    /// # Errors
    /// [`StorageError::DataCorruption`] for the first that differs; [`StorageError::Closed`] in a
    /// child that was forked while the chunks were being exchanged.
    pub fn verify(
        &self,
        hasher: &H,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StorageError> {
        spans::verify(&*self.core().storage).run(|| self.verify_all(hasher, progress))
    }

    fn verify_all(
        &self,
        hasher: &H,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StorageError> {
        verify_nodes(hasher, &self.snapshot(), progress)?;
        // Levels that are pinned in memory have chunks too, which no snapshot reads.
        let cold = self.core().look(&self.core().cold);
        let cold = Arc::clone(&*cold.ok_or(StorageError::Closed)?);
        cold.check_all(&mut |_| {})?;
        let status = &self.core().status;
        if !status.is_closed() && status.check_process().is_ok() {
            // The nodes and checksums behind whole chunks and sectors are in memory; their stored
            // copies are the manifest's.
            self.core().check_manifest()?;
        }
        Ok(())
    }

    /// Copies everything inserted so far to `target`, durably, while the tree goes on. `target` is
    /// vacant, or holds an earlier backup of this tree, which is extended by what is new. O(new
    /// nodes) of reading and writing.
    ///
    /// # Errors
    /// [`StorageError::ForeignDirectory`] for a target that holds anything else,
    /// [`StorageError::FileLocked`] for one that is open, [`StorageError::CheckpointFailed`]
    /// and [`StorageError::Io`] if writing failed: the backup then is what it was before.
    pub fn backup(&self, target: &Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError> {
        spans::backup(&*self.core().storage, &**target).run(|| self.core().backup(target))
    }

    /// What opening found; its [`cuts`](RecoveryReport::cuts) are those that are not acknowledged
    /// by now.
    #[must_use]
    pub fn recovery_report(&self) -> RecoveryReport {
        RecoveryReport {
            cuts: self.core().cuts(),
            ..self.core().report.clone()
        }
    }

    /// Ends the telling of cuts, durably: says that what recovery cut off although it had been
    /// durable, in this opening or an earlier one, is known and dealt with. Returns the
    /// notices, which nothing tells from then on; none if there were none. What was cut stays in
    /// `aside`. Waits for a sync under way, and commits a manifest if there is anything to
    /// acknowledge.
    ///
    /// # Errors
    /// [`StorageError::Closed`], [`StorageError::FlushFailed`]. [`StorageError::Io`] if the
    /// manifest could not be written: the notices are still on record.
    pub fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError> {
        self.core().acknowledge_cuts()
    }

    /// Why the tree failed for good, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<io::Error>> {
        self.core().failure()
    }

    /// Counters and sizes.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// The newest head with this root among those of the last appends, as many as
    /// [`recent_heads`](EngineConfig::recent_heads). See `RotorTree::find_head` for what is found
    /// when.
    #[must_use]
    pub fn find_head(&self, root: &Hash) -> Option<TreeHead> {
        self.core().find_head(root)
    }

    /// Closes the tree for all its handles: flushes, checkpoints if the policy says so, marks the
    /// store as cleanly closed and gives up ownership, also when something of it fails. The
    /// first call does that; others wait for it.
    ///
    /// Wakers, events and destructors may call it, since none of them runs under a lock. Only a
    /// call that would wait for itself is refused and closes nothing: from within this tree's
    /// hasher, or from what closing itself drops.
    ///
    /// # Errors
    /// [`StorageError::Reentered`] for such a call; [`StorageError::FlushFailed`];
    /// [`StorageError::CheckpointFailed`] if the last checkpoint failed; [`StorageError::Io`]
    /// if the mark could not be written.
    pub fn close(self) -> Result<(), StorageError> {
        self.core().close()
    }

    /// The head of [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.core().published.load().head()
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    pub(super) fn close(&self) -> Result<(), StorageError> {
        if !self.is_own_process() {
            // A forked child holds a copy of the parent's buffers and shares its files. They are
            // the parent's business.
            return Ok(());
        }
        self.check_reentry()?;
        if self.status.is_closed() {
            // The last handle of a tree that was closed: there is nothing to tell.
            return self.close_once();
        }
        spans::close(&*self.storage).run(|| self.close_once())
    }

    fn close_once(&self) -> Result<(), StorageError> {
        let _outbox = outbox::scope();
        let ending = match self.tenure.end()? {
            Closer::This(ending) => ending,
            Closer::Another => return self.status.check_failure(),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.close_steps()));
        // Whatever failed: ownership is given up only when nothing writes any more.
        self.await_checkpoints();
        self.commit.retire();
        self.tell_all();
        self.storage.rest();
        drop(ending);
        super::events::closed(&self.storage.describe());
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn close_steps(&self) -> Result<(), StorageError> {
        {
            let mut writer = lock(&self.writer);
            while writer.streaming && self.status.check_failure().is_ok() {
                let waited = self
                    .admission
                    .wait_timeout(writer, Duration::from_millis(20));
                writer = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            // Inserts look at the status under this lock: none comes after.
            self.status.close();
        }
        // Futures are told by the flush that serves them.
        self.tell_blocked();
        let is_short = |error: &_| matches!(error, StorageError::Unavailable(_));
        patiently(|| self.flush_all(), is_short).map_err(|error| match error {
            // There is no later: what waits to be written ends with this tree.
            StorageError::Unavailable(cause) => StorageError::FlushFailed(
                self.fail(io::Error::new(cause.kind(), cause.to_string())),
            ),
            error => error,
        })?;
        self.await_checkpoints();
        if self.config.checkpoint_policy == CheckpointPolicy::OnClose {
            // A checkpoint that fails takes nothing away from what is durable; it is told once
            // everything else is done.
            drop(self.run_checkpoint(true));
        }
        let lead = self.take_lead()?;
        let marked = self.mark_closed(&lead);
        lead.retire();
        marked?;
        match self.checkpoint_error() {
            Some(cause) => Err(StorageError::CheckpointFailed(cause.to_string())),
            None => Ok(()),
        }
    }

    /// Says in the manifest where the log ends.
    fn mark_closed(&self, log: &Log) -> Result<(), StorageError> {
        {
            let mut manifest = lock(&self.manifest);
            let mut next = manifest.clone();
            next.generation += 1;
            next.durable = log.durable;
            next.clean_close = Some(CleanClose {
                segment: log.header.number,
                length: log.durable_len,
                sequence: log.durable.sequence,
                size: log.durable.size,
                root: log.durable.root,
            });
            let reserve = self.config.runtime.reserve();
            let commit = || {
                self.storage
                    .commit_manifest(next.generation, &next.encode())
            };
            patiently(
                || with_reserve(&reserve, commit),
                |error| matches!(error, WriteError::NotWritten(_)),
            )
            .map_err(|error| match error {
                WriteError::NotWritten(error) => StorageError::Io(error),
                WriteError::Fenced(error) | WriteError::InDoubt(error) => {
                    StorageError::FlushFailed(self.fail(error))
                }
            })?;
            *manifest = next;
        }
        Ok(())
    }
}
