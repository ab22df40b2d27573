//! The insert methods: admission, append, record, publish - in that order, under the writer lock.

use std::{
    hint::spin_loop,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, SpareSnapshot, TreeError};
use rotortree_wal::{GroupBuffer, MAX_METADATA_BYTES};

use super::{
    append::{Admission, Entry},
    core::Core,
    group_commit::Tick,
    outbox,
    policy::Lag,
    token::DurabilityToken,
};
use crate::{
    FlushPolicy, RotorTreeError, StorageError,
    hashing::{append, append_alone, uses_pool},
    sync::{MutexGuard, fence, lock, try_lock},
};

/// How long a waiting insert sleeps at most before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How often an insert that must not wait tries the writer lock: about a microsecond, in which a
/// background thread that looks at what is pending is through, and no batch is hashed.
const GLANCES: u32 = 64;

/// What the writer lock guards.
pub(crate) struct Writer<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    pub(super) tree: LeanIMT<H, N, MAX_DEPTH>,
    /// Records that no leader has taken yet.
    pub(super) pending: GroupBuffer,
    /// A batch larger than the bound is on its way into the log: nobody else may insert.
    pub(super) streaming: bool,
    /// Entries since the tree was opened.
    pub(super) entries: u64,
    /// The size at which the checkpoint policy is worth another look.
    pub(super) look_at_size: u64,
    /// The snapshot that the published one replaced, for the next insert.
    pub(super) spare: SpareSnapshot<N, MAX_DEPTH>,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Writer<H, N, MAX_DEPTH> {
    /// Lets go of what is kept for speed.
    pub(super) fn release(&mut self) {
        self.pending.release();
        self.spare.clear();
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Core<H, N, MAX_DEPTH> {
    /// Takes the writer lock with room for `bytes` in the pending group (or an empty one), or
    /// refuses where that takes waiting. A tree of another size than the entry demands is told
    /// before room is looked for.
    fn admit(
        &self,
        bytes: usize,
        expected_size: Option<u64>,
        admission: Admission,
    ) -> Result<MutexGuard<'_, Writer<H, N, MAX_DEPTH>>, RotorTreeError> {
        self.status.check_process()?;
        self.check_reentry()?;
        loop {
            let writer = match admission {
                Admission::Wait => lock(&self.writer),
                Admission::Refuse => self.glance_at_writer()?,
            };
            self.status.check()?;
            let actual = writer.tree.size();
            if let Some(expected) = expected_size.filter(|&size| size != actual) {
                return Err(TreeError::SizeMismatch { expected, actual }.into());
            }
            let crowded = !writer.pending.is_empty()
                && writer.pending.byte_len() + bytes > self.config.max_unflushed_bytes;
            let lag = self.checkpoint_lags(&writer);
            if !crowded && !writer.streaming && lag == Lag::No {
                return Ok(writer);
            }
            if admission == Admission::Refuse {
                return Err(StorageError::WouldBlock.into());
            }
            self.counters.stalls.fetch_add(1, Ordering::Relaxed);
            let started = Instant::now();
            if crowded && !writer.streaming {
                let last = writer.pending.last_batch_end();
                drop(writer);
                self.wait_durable(last)?;
            } else if lag == Lag::Make && !writer.streaming {
                drop(writer);
                self.background_checkpoint();
            } else {
                let waited = self.admission.wait_timeout(writer, LOOK_AGAIN);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
            self.counters.stalled(started.elapsed());
        }
    }

    /// The writer lock, if no thread keeps it for longer than a look takes.
    fn glance_at_writer(&self) -> Result<MutexGuard<'_, Writer<H, N, MAX_DEPTH>>, StorageError> {
        for _ in 0..GLANCES {
            if let Some(writer) = try_lock(&self.writer) {
                return Ok(writer);
            }
            spin_loop();
        }
        self.status.check()?;
        Err(StorageError::WouldBlock)
    }

    /// Appends leaves, metadata or both as one entry.
    pub(super) fn append_entry(
        self: &Arc<Self>,
        entry: &Entry<'_>,
        admission: Admission,
    ) -> Result<DurabilityToken, RotorTreeError> {
        let Entry {
            leaves, metadata, ..
        } = *entry;
        let _outbox = outbox::scope();
        if leaves.is_empty() && metadata.is_none() {
            self.status.check()?;
            return Err(TreeError::EmptyBatch.into());
        }
        if let Some(metadata) = metadata
            && metadata.len() > MAX_METADATA_BYTES
        {
            return Err(StorageError::MetadataTooLong {
                len: metadata.len(),
                max: MAX_METADATA_BYTES,
            }
            .into());
        }
        let bytes = GroupBuffer::batch_bytes(leaves.len(), metadata.map_or(0, <[u8]>::len));
        let mut writer = self.admit(bytes, entry.expected_size, admission)?;
        let first_leaf = writer.tree.size();
        let streams = bytes > self.config.max_unflushed_bytes;
        let sequence;
        if let ([leaf], None) = (leaves, metadata) {
            self.hash(&mut writer, false, |tree| tree.insert(*leaf))?;
            sequence = self.fail_on_panic("recording a leaf", || writer.pending.push_leaf(leaf));
        } else {
            (writer, sequence) = self.append_batch(writer, entry, streams, admission)?;
        }
        let due = self.fail_on_panic("publishing an entry", || self.publish(&mut writer));
        let head = writer.tree.head();
        drop(writer);
        if streams {
            self.admission.notify_all();
        }
        self.after_insert(due, admission);
        Ok(DurabilityToken::new(
            Arc::clone(&self.commit),
            sequence,
            first_leaf,
            head,
        ))
    }

    /// Appends a batch to the tree and to what is pending; its sequence.
    fn append_batch<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer<H, N, MAX_DEPTH>>,
        entry: &Entry<'_>,
        streams: bool,
        admission: Admission,
    ) -> Result<(MutexGuard<'a, Writer<H, N, MAX_DEPTH>>, u64), RotorTreeError> {
        let Entry {
            leaves, metadata, ..
        } = *entry;
        if !leaves.is_empty() {
            self.hash(&mut writer, false, |tree| tree.check_append(leaves))?;
        }
        let piece = self.piece();
        let mut rest = leaves;
        if streams && leaves.len() > piece {
            if admission == Admission::Refuse {
                return Err(StorageError::WouldBlock.into());
            }
            (writer, rest) = self.fail_on_panic("writing a large batch", || {
                self.stream(writer, leaves, piece)
            })?;
        }
        // The last things that can refuse are memory for the nodes and a hasher that panics; what
        // was streamed is then an unfinished batch in the log.
        let mut append = || match admission {
            _ if leaves.is_empty() => Ok(()),
            Admission::Wait => self.hash(&mut writer, uses_pool(leaves.len()), |tree| {
                append(tree, leaves)
            }),
            // Other trees may keep the hashing threads busy.
            Admission::Refuse => self.hash(&mut writer, false, |tree| append_alone(tree, leaves)),
        };
        if rest.len() == leaves.len() {
            append()?;
        } else if let Err(error) = self.fail_on_panic("hashing a large batch", append) {
            self.fail(std::io::Error::other(
                "a batch that was partly written could not be appended",
            ));
            return Err(error.into());
        }
        if let Some(metadata) = metadata {
            writer.tree.set_metadata(Some(metadata.into()));
        }
        let recorded = self.fail_on_panic("recording a batch", || {
            writer.pending.push_part(rest, metadata, false)
        });
        match recorded {
            Ok(sequence) => {
                writer.streaming = false;
                Ok((writer, sequence))
            }
            Err(error) => {
                Err(StorageError::FlushFailed(self.fail(std::io::Error::other(error))).into())
            }
        }
    }

    /// Leaves in a piece of a batch that is larger than the bound.
    fn piece(&self) -> usize {
        (self.config.max_unflushed_bytes / 2 / size_of::<Hash>()).max(1)
    }

    /// Writes the front of a batch that is larger than the bound to the log, piece by piece, before
    /// anything of it is published. The writer lock is let go for each piece; `streaming` keeps
    /// others out.
    fn stream<'a, 'l>(
        &'a self,
        mut writer: MutexGuard<'a, Writer<H, N, MAX_DEPTH>>,
        leaves: &'l [Hash],
        piece: usize,
    ) -> Result<(MutexGuard<'a, Writer<H, N, MAX_DEPTH>>, &'l [Hash]), StorageError> {
        let mut rest = leaves;
        while rest.len() > piece {
            writer.streaming = true;
            let (front, behind) = rest.split_at(piece);
            if let Err(error) = writer.pending.push_part(front, None, true) {
                return Err(StorageError::FlushFailed(
                    self.fail(std::io::Error::other(error)),
                ));
            }
            rest = behind;
            drop(writer);
            let led = self.take_lead().and_then(|lead| self.lead(lead));
            writer = lock(&self.writer);
            match led {
                // A piece that could not be written waits with those behind it, above the bound.
                Ok(()) | Err(StorageError::Unavailable(_)) => {}
                Err(error) => {
                    writer.streaming = false;
                    return Err(error);
                }
            }
        }
        Ok((writer, rest))
    }

    /// Runs the hasher: the only code of others that runs under a lock. Its panic leaves the tree
    /// as it was, and a call of a method that needs the lock is told instead of waiting for it.
    fn hash<R>(
        &self,
        writer: &mut Writer<H, N, MAX_DEPTH>,
        on_pool: bool,
        run: impl FnOnce(&mut LeanIMT<H, N, MAX_DEPTH>) -> Result<R, TreeError>,
    ) -> Result<R, TreeError> {
        let _mark = self.hashing.begin(on_pool);
        run(&mut writer.tree)
    }

    /// Makes the tree as it is visible to readers; whether a checkpoint is due that the caller is
    /// to ask for.
    #[must_use]
    pub(super) fn publish(&self, writer: &mut Writer<H, N, MAX_DEPTH>) -> bool {
        let snapshot = writer.spare.snapshot(&writer.tree);
        let head = snapshot.head();
        let replaced = self.published.swap(Arc::clone(&snapshot));
        if let Some(unlike) = writer.spare.keep(replaced, &snapshot) {
            outbox::discard(unlike);
        }
        self.commit.inserted(writer.pending.last_batch_end());
        // Not before: nobody may find what is not to be seen yet.
        self.heads.record(head);
        writer.entries += 1;
        if self.size_waiters.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.size_lock));
            self.size_changed.notify_all();
        }
        self.consider_checkpoint(writer)
    }

    /// Has the background do what the insert makes due; called without a lock. Where it has no
    /// thread, this one does it, unless it must not wait: then the next insert that may does.
    fn after_insert(&self, checkpoint_is_due: bool, admission: Admission) {
        let may_wait = admission == Admission::Wait;
        if let FlushPolicy::Interval(interval) = self.config.flush_policy
            && !self.commit.is_due(Tick::Flush)
            && !self.commit.schedule(Tick::Flush, interval)
        {
            self.counters.unserved.fetch_add(1, Ordering::Relaxed);
            if may_wait {
                // The outcome reaches those who wait through the status.
                drop(self.flush_all());
            }
        }
        if checkpoint_is_due {
            self.ask_checkpoint(may_wait);
        }
    }

    /// Waits until the published tree has at least `size` leaves; whether it has.
    pub(crate) fn wait_for_size(&self, size: u64, timeout: Duration) -> bool {
        let reached = || self.published.load().size() >= size;
        if reached() || self.status.check_process().is_err() || self.hashing.is_here() {
            return reached();
        }
        let deadline = Instant::now().checked_add(timeout);
        self.size_waiters.fetch_add(1, Ordering::SeqCst);
        // Whoever publishes looks for waiters afterwards: seen by neither, this waiter and that
        // size would miss each other.
        fence(Ordering::SeqCst);
        let mut guard = lock(&self.size_lock);
        while !reached() && self.status.check().is_ok() {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                break;
            }
            let waited = self.size_changed.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(guard);
        self.size_waiters.fetch_sub(1, Ordering::SeqCst);
        reached()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
