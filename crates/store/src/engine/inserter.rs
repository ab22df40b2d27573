//! [`Inserter`]: the insert methods. Admits an entry, then passes it to the tree, the log and the
//! readers.

use std::{error::Error, io, mem, sync::Arc, time::Instant};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::TreeError;
use rotortree_wal::{GroupBuffer, MAX_METADATA_BYTES};

use super::{
    checkpointer::Checkpointer,
    chunk_put::{self, ChunkPut, Split},
    committer::Committer,
    entry::{Admission, Appends, Entry},
    figures::InsertFigures,
    outbox,
    policy::Lag,
    token::DurabilityToken,
    writer::{Writer, WriterGuard},
};
use crate::{
    InsertHook, RotorTreeError, StorageError,
    hashing::{append, append_alone, uses_pool},
    settings::Settings,
};

/// Inserts entries into one tree.
pub(super) struct Inserter<H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    writer: Arc<Writer<H, N, MAX_DEPTH>>,
    committer: Arc<Committer>,
    checkpointer: Arc<Checkpointer<H, N, MAX_DEPTH>>,
    max_unflushed_bytes: usize,
    large_batch_bytes: usize,
    hook: Option<Arc<dyn InsertHook>>,
    pub(super) figures: InsertFigures,
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Inserter<H, N, MAX_DEPTH> {
    pub(super) fn new(
        writer: Arc<Writer<H, N, MAX_DEPTH>>,
        committer: Arc<Committer>,
        checkpointer: Arc<Checkpointer<H, N, MAX_DEPTH>>,
        config: &Settings,
    ) -> Self {
        Self {
            writer,
            committer,
            checkpointer,
            max_unflushed_bytes: config.max_unflushed_bytes,
            large_batch_bytes: config.large_batch_bytes,
            hook: config.hook.clone(),
            figures: InsertFigures::default(),
        }
    }

    /// Takes the writer lock with room for `bytes` in the pending group, or with an empty group,
    /// and for the nodes of `leaves` more leaves in memory. Refuses if that takes waiting and
    /// `admission` forbids it. A wrong size of the tree is reported before the search for room.
    fn admit(
        &self,
        bytes: usize,
        leaves: usize,
        expected_size: Option<u64>,
        admission: Admission,
    ) -> Result<WriterGuard<'_, H, N, MAX_DEPTH>, RotorTreeError> {
        let status = &self.writer.status;
        status.check_process()?;
        status.check_reentry()?;
        loop {
            let state = match admission {
                Admission::Wait => self.writer.lock(),
                Admission::Refuse => self.writer.glance()?,
            };
            status.check()?;
            let actual = state.tree.size();
            // With a batch on its way, the size is of a tree that no reader sees yet.
            let is_wrong = |size: &u64| !state.streaming && *size != actual;
            if let Some(expected) = expected_size.filter(is_wrong) {
                return Err(TreeError::SizeMismatch { expected, actual }.into());
            }
            let pending = state.pending_bytes();
            let crowded = pending > 0 && pending + bytes > self.max_unflushed_bytes;
            let lag = self.writer.lag(&state, leaves);
            if !crowded && !state.streaming && lag == Lag::No {
                return Ok(state);
            }
            if admission == Admission::Refuse {
                return Err(StorageError::WouldBlock.into());
            }
            self.figures.stalls_now();
            let started = Instant::now();
            if crowded && !state.streaming {
                let last = state.pending.last_batch_end();
                drop(state);
                self.committer.wait_durable(last)?;
            } else if lag == Lag::Make && !state.streaming {
                drop(state);
                self.checkpointer.make_due();
            } else {
                drop(state);
                self.writer.wait_for_room(|state| {
                    state.streaming || self.writer.lag(state, leaves) == Lag::Wait
                });
            }
            let took = started.elapsed();
            self.figures.stalled(took);
            self.committer.figures.meter.stalled(took);
        }
    }

    /// Appends leaves, metadata or both as one entry.
    fn append_entry(
        &self,
        entry: &Entry<'_>,
        admission: Admission,
    ) -> Result<DurabilityToken, RotorTreeError> {
        let Entry {
            leaves, metadata, ..
        } = *entry;
        let _outbox = outbox::scope();
        if leaves.is_empty() && metadata.is_none() {
            self.writer.status.check()?;
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
        // Reports a failure under the writer lock once the lock is free.
        let _notice = self.committer.group.notice_failure();
        let mut state = self.admit(bytes, leaves.len(), entry.expected_size, admission)?;
        let first_leaf = state.tree.size();
        let hook = self.hook.as_deref().filter(|_| !leaves.is_empty());
        let is_single = leaves.len() == 1 && metadata.is_none();
        // The tree checks a single leaf when it inserts it.
        if hook.is_some() || !(is_single || leaves.is_empty()) {
            self.check(&mut state, leaves)?;
        }
        let streams = bytes > self.max_unflushed_bytes;
        let sequence;
        if let ([leaf], None) = (leaves, metadata) {
            self.writer
                .hash(&mut state, false, |tree| tree.insert(*leaf))?;
            sequence = self
                .writer
                .status
                .fail_on_panic("recording a leaf", || state.pending.push_leaf(leaf));
        } else {
            (state, sequence) = self.append_batch(state, entry, streams, admission)?;
        }
        let due = self.writer.status.fail_on_panic("publishing an entry", || {
            // A hook that panics may lack these leaves.
            if let Some(hook) = hook {
                self.writer.call_hook(|| hook.inserted(first_leaf, leaves));
            }
            self.writer.publish(&mut state)
        });
        let head = state.tree.head();
        drop(state);
        if streams || size_of_val(leaves) >= self.large_batch_bytes {
            self.writer.wake();
        }
        let may_wait = admission == Admission::Wait;
        self.committer.inserted(may_wait);
        if due {
            self.checkpointer.ask(may_wait);
        }
        Ok(DurabilityToken::new(
            Arc::clone(&self.committer.group),
            sequence,
            first_leaf,
            head,
        ))
    }

    /// Refuses leaves before the first change: in the name of the tree, then of the hook.
    fn check(
        &self,
        state: &mut WriterGuard<'_, H, N, MAX_DEPTH>,
        leaves: &[Hash],
    ) -> Result<(), RotorTreeError> {
        self.writer
            .hash(state, false, |tree| tree.check_append(leaves))?;
        let first = state.tree.size();
        self.hook.as_deref().map_or(Ok(()), |hook| {
            self.writer.call_hook(|| hook.check(first, leaves))
        })
    }

    /// Appends a batch to the tree and to the pending records. Returns its sequence.
    fn append_batch<'a>(
        &'a self,
        mut state: WriterGuard<'a, H, N, MAX_DEPTH>,
        entry: &Entry<'_>,
        streams: bool,
        admission: Admission,
    ) -> Result<(WriterGuard<'a, H, N, MAX_DEPTH>, u64), RotorTreeError> {
        let Entry {
            leaves, metadata, ..
        } = *entry;
        let piece = self.piece();
        let mut rest = leaves;
        let split = Split::of(leaves, state.tree.size(), self.large_batch_bytes);
        if let Some(split) = split.filter(|_| admission == Admission::Wait) {
            return self.append_in_place(state, entry, split);
        }
        if streams && leaves.len() > piece {
            if admission == Admission::Refuse {
                return Err(StorageError::WouldBlock.into());
            }
            (state, rest) = self
                .writer
                .status
                .fail_on_panic("writing a large batch", || {
                    self.stream(state, leaves, piece)
                })?;
        }
        // Only a lack of memory for the nodes and a panic of the hasher can refuse the batch from
        // here on. Streamed pieces are then an unfinished batch in the log.
        let mut append = || match admission {
            _ if leaves.is_empty() => Ok(()),
            Admission::Wait => self
                .writer
                .hash(&mut state, uses_pool::<H>(leaves.len()), |tree| {
                    append(tree, leaves)
                }),
            // Other trees may keep the hashing threads busy.
            Admission::Refuse => self
                .writer
                .hash(&mut state, false, |tree| append_alone(tree, leaves)),
        };
        if rest.len() == leaves.len() {
            append()?;
        } else if let Err(error) = self
            .writer
            .status
            .fail_on_panic("hashing a large batch", append)
        {
            let partly = "a batch that was partly written could not be appended";
            self.writer.status.record_failure(io::Error::other(partly));
            return Err(error.into());
        }
        if let Some(metadata) = metadata {
            state.tree.set_metadata(Some(metadata.into()));
        }
        let recorded = self.writer.status.fail_on_panic("recording a batch", || {
            state.pending.push_part(rest, metadata, false)
        });
        match recorded {
            Ok(sequence) => {
                state.streaming = false;
                Ok((state, sequence))
            }
            Err(error) => Err(self.record_failure(error).into()),
        }
    }

    /// Appends a large batch: puts its whole chunks where a checkpoint would, and records where
    /// they are. While the device writes, the batch is hashed; the lock is released for the
    /// storage's calls, and `streaming` keeps other inserts out. If the storage fails, the batch is
    /// recorded leaf by leaf.
    fn append_in_place<'a>(
        &'a self,
        mut state: WriterGuard<'a, H, N, MAX_DEPTH>,
        entry: &Entry<'_>,
        split: Split<'_>,
    ) -> Result<(WriterGuard<'a, H, N, MAX_DEPTH>, u64), RotorTreeError> {
        let Entry {
            leaves, metadata, ..
        } = *entry;
        let Committer {
            storage, catalog, ..
        } = &*self.committer;
        state.streaming = true;
        drop(state);
        let stream = StreamGuard(&self.writer);
        let tree_id = catalog.manifest().tree_id;
        let put = match self.committer.begin_now() {
            Ok(()) => ChunkPut::start(&**storage, &tree_id, split),
            Err(StorageError::Unavailable(error)) => Err(io::Error::other(error)),
            Err(error) => return Err(error.into()),
        };
        let mut state = self.writer.lock();
        self.writer
            .hash(&mut state, uses_pool::<H>(leaves.len()), |tree| {
                append(tree, leaves)
            })?;
        drop(state);
        // The tree contains the batch now, and no reader sees it: a panic would leave it so.
        let status = &self.writer.status;
        let runs = status.fail_on_panic("writing a large batch", || put.and_then(ChunkPut::finish));
        let mut state = self.writer.lock();
        state.streaming = false;
        mem::forget(stream);
        let recorded = status.fail_on_panic("recording a batch", || match &runs {
            Ok(runs) => chunk_put::push(&mut state.pending, split, runs, metadata),
            Err(_) => state.pending.push_batch(leaves, metadata),
        });
        let sequence = recorded.map_err(|error| self.record_failure(error))?;
        state.ahead.extend(runs.into_iter().flatten());
        if let Some(metadata) = metadata {
            state.tree.set_metadata(Some(metadata.into()));
        }
        Ok((state, sequence))
    }

    /// Leaves in a piece of a batch that is larger than the bound.
    fn piece(&self) -> usize {
        (self.max_unflushed_bytes / 2 / size_of::<Hash>()).max(1)
    }

    /// Writes the front of a batch that is larger than the bound to the log, piece by piece, before
    /// any of it is published. The writer lock is released for each piece; `streaming` keeps other
    /// inserts out.
    fn stream<'a, 'l>(
        &'a self,
        mut state: WriterGuard<'a, H, N, MAX_DEPTH>,
        leaves: &'l [Hash],
        piece: usize,
    ) -> Result<(WriterGuard<'a, H, N, MAX_DEPTH>, &'l [Hash]), StorageError> {
        let mut rest = leaves;
        while rest.len() > piece {
            state.streaming = true;
            let (front, behind) = rest.split_at(piece);
            if let Err(error) = state.pending.push_part(front, None, true) {
                return Err(self.record_failure(error));
            }
            rest = behind;
            drop(state);
            let lead = self.committer.group.take_lead();
            let synced = lead.and_then(|lead| self.committer.sync(lead, |_| Ok(())));
            state = self.writer.lock();
            match synced {
                // A piece that could not be written waits with the pieces behind it, above the
                // bound.
                Ok(()) | Err(StorageError::Unavailable(_)) => {}
                Err(error) => {
                    state.streaming = false;
                    return Err(error);
                }
            }
        }
        Ok((state, rest))
    }

    /// Fails the tree for good with the writer lock held.
    fn record_failure(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> StorageError {
        let failure = io::Error::other(error);
        StorageError::FlushFailed(self.writer.status.record_failure(failure))
    }
}

/// Ends the exclusion of other inserts if the batch does not get into the tree.
struct StreamGuard<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    &'a Writer<H, N, MAX_DEPTH>,
);

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Drop for StreamGuard<'_, H, N, MAX_DEPTH> {
    fn drop(&mut self) {
        // A tree that failed takes no entry any more, and may contain the batch.
        if self.0.status.check_failure().is_ok() {
            self.0.lock().streaming = false;
        }
        self.0.wake();
    }
}

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Appends for Inserter<H, N, MAX_DEPTH> {
    fn append(
        &self,
        entry: &Entry<'_>,
        admission: Admission,
    ) -> Result<DurabilityToken, RotorTreeError> {
        self.append_entry(entry, admission)
            .inspect_err(|_| self.figures.refused.add(1))
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
