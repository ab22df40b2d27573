//! The second pass: replays the records that the first pass has left.
//!
//! Memory beyond the tree is bounded: records gather in a [`ReplayBatch`] before they are hashed. A
//! larger entry goes into the tree in parts, which is invisible until opening returns.

use std::mem;

use rotortree_hasher::Hasher;
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{Event, Position};

use super::{
    batch::ReplayBatch,
    eager::ReplayedPrefix,
    log_scanner::{LogPlace, LogScanner},
    progress::{Progress, ReplayCounts},
    segments::{LiveLog, LiveSegment},
    tail::GroupEnd,
    target::ReplayTarget,
};
use crate::{
    RotorTreeError, StorageError,
    ahead::{ChunkReader, ChunksAhead},
};

/// Reads records and pushes them into the tree.
pub(super) struct Replayer<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    scanner: LogScanner<'a>,
    chunks: ChunkReader,
    batch: ReplayBatch,
    target: ReplayTarget<'a, H, N, MAX_DEPTH>,
    counts: ReplayCounts,
    progress: Progress<'a>,
}

impl<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> Replayer<'a, H, N, MAX_DEPTH> {
    /// A replay from the place at which the first pass left `tree`.
    pub(super) fn new(
        log: &'a LiveLog,
        tree: &'a mut LeanIMT<H, N, MAX_DEPTH>,
        replayed: &ReplayedPrefix,
        progress: Progress<'a>,
    ) -> Self {
        Self {
            scanner: LogScanner::starting_at(log, replayed.place),
            chunks: ChunkReader::default(),
            batch: ReplayBatch::default(),
            target: ReplayTarget {
                log,
                tree,
                position: replayed.position,
                ahead: Vec::new(),
                shares: true,
            },
            counts: replayed.counts,
            progress,
        }
    }

    pub(super) fn position(&self) -> Position {
        self.target.position
    }

    /// The group that was read last, or else where the replay begins.
    pub(super) fn place(&self) -> LogPlace {
        self.scanner.place()
    }

    /// The chunks that the records replayed by [`run`](Self::run) refer to.
    pub(super) fn take_ahead(&mut self) -> Vec<ChunksAhead> {
        mem::take(&mut self.target.ahead)
    }

    pub(super) fn counts(&self) -> ReplayCounts {
        self.counts
    }

    /// Replays the records up to `end`, the end of an entry. Where a copy of them may end groups.
    pub(super) fn run(&mut self, end: u64) -> Result<Vec<GroupEnd>, RotorTreeError> {
        let mut ends = Vec::new();
        let mut next = self.position().sequence + 1;
        while next <= end {
            let cap = self.scanner.cap();
            match self.scanner.next().map_err(StorageError::Io)? {
                Some(Event::Group(group)) => self.batch.group(group),
                Some(Event::Record(record)) if record.sequence == next && next <= cap => {
                    next += 1;
                    self.counts.count(&record);
                    let log = self.target.log;
                    let gathered = self.chunks.gather(&**log.storage(), &log.tree_id, &record);
                    let leaves = gathered.map_err(StorageError::Io)?.map_err(|chunk| {
                        log.changed(&format!("chunk {chunk} changed while the log was read"))
                    })?;
                    self.batch.push(&record, leaves);
                }
                Some(_) => continue,
                None => {
                    self.apply()?;
                    self.next_segment()?;
                    continue;
                }
            }
            if self.batch.is_full() || next > end {
                self.apply()?;
                ends.push(GroupEnd {
                    sequence: next - 1,
                    after: self.position(),
                });
            }
        }
        self.check_bases_ahead()?;
        Ok(ends)
    }

    fn next_segment(&mut self) -> Result<(), StorageError> {
        let Some(segment) = self.scanner.next_segment()? else {
            let gone = "the log changed while it was read: a record that was there is gone";
            return Err(self.target.log.changed(gone));
        };
        match segment.header() {
            Some(header) => self.target.check_base(&header.base),
            None => Ok(()),
        }
    }

    /// Applies the gathered records.
    fn apply(&mut self) -> Result<(), RotorTreeError> {
        self.target.apply(&mut self.batch)?;
        self.progress.report(self.scanner.place());
        Ok(())
    }

    /// Compares the tree with the bases of the remaining segments, which hold no records to replay.
    fn check_bases_ahead(&self) -> Result<(), StorageError> {
        let mut headers = self
            .scanner
            .segments_ahead()
            .iter()
            .filter_map(LiveSegment::header);
        headers.try_for_each(|header| self.target.check_base(&header.base))
    }
}
