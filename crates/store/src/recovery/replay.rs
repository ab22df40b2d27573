//! The second pass: applies the log's records to the tree, and writes those that the new segment must hold.
//!
//! Memory beyond the tree is bounded: records gather to [`GATHER`] leaves before they are hashed, and a batch that is larger
//! goes into the tree in parts, which is invisible until opening returns.

use std::{io, sync::Arc};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeError};
use rotortree_wal::{
    Assessment, Event, GroupBuffer, Position, RecordView, Replay, Scanner, Window,
};

use super::segments::{Bytes, LiveLog, Start};
use crate::{
    RotorTreeError, StorageError,
    config::{OpenProgress, ProgressCallback},
    hashing,
};

/// Leaves hashed at once: 1 MiB of them.
const GATHER: usize = 1 << 15;
/// Records gathered at most, so that groups of single leaves stay bounded as well.
const GATHER_BYTES: usize = 2 << 20;

/// Applies records in order, up to the assessment's end.
pub(crate) struct Replayer<'a, H: Hasher, const N: usize, const D: usize> {
    log: &'a LiveLog,
    tree: &'a mut LeanIMT<H, N, D>,
    pick: Replay,
    /// The segment being read, its index and what it attests to compare with.
    at: usize,
    scanner: Option<(Scanner<Bytes>, u64)>,
    window: Window,
    gathered: Vec<Hash>,
    /// How many of the gathered leaves belong to batches that have ended.
    ended: usize,
    metadata: Option<Arc<[u8]>>,
    /// State after the last batch that is in the tree as a whole.
    position: Position,
    /// The sequence of the last batch end that was gathered.
    end_sequence: u64,
    /// What the last group that was read whole says the tree is after it.
    claim: Option<Claim>,
    relog: Option<Relog>,
    /// The last look at the tree before the new segment is finished.
    accept: Option<&'a Accept<'a, H, N, D>>,
    progress: Option<&'a ProgressCallback>,
    /// Bytes of the segments read to their end, and the place in the one being read.
    bytes_done: u64,
    offset: u64,
    pub(crate) records: u64,
    pub(crate) leaves: u64,
    /// A failure that the storage backend cannot carry; told after it.
    pub(crate) refused: Option<RotorTreeError>,
}

#[derive(Clone, Copy)]
struct Claim {
    last_sequence: u64,
    size: u64,
    root: Hash,
}

/// Refuses a tree that is not the expected one.
pub(crate) type Accept<'a, H, const N: usize, const D: usize> =
    dyn Fn(&LeanIMT<H, N, D>) -> Result<(), RotorTreeError> + 'a;

/// Records that go into the new segment.
struct Relog {
    salt: u64,
    attested: u64,
    group: GroupBuffer,
    out: Vec<u8>,
    out_at: usize,
}

impl<'a, H: Hasher, const N: usize, const D: usize> Replayer<'a, H, N, D> {
    /// A replay from `start`, the state of `tree`, up to `stop`, where a batch ends.
    pub(crate) fn new(
        log: &'a LiveLog,
        tree: &'a mut LeanIMT<H, N, D>,
        start: Position,
        stop: u64,
        assessment: &Assessment,
        progress: Option<&'a ProgressCallback>,
    ) -> Self {
        let mut first = assessment.clone();
        first.end = stop;
        Self {
            log,
            tree,
            pick: Replay::new(start.sequence, &first),
            at: 0,
            scanner: None,
            window: Window::new(),
            gathered: Vec::new(),
            ended: 0,
            metadata: None,
            position: start,
            end_sequence: start.sequence,
            claim: None,
            relog: None,
            accept: None,
            progress,
            bytes_done: 0,
            offset: 0,
            records: 0,
            leaves: 0,
            refused: None,
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Applies the records up to where this replay stops.
    pub(crate) fn run(&mut self) -> Result<(), RotorTreeError> {
        while self.step()? {}
        Ok(())
    }

    /// Goes on to the end of the log; the records now also go into a new segment, read from `self` as a stream behind `header`.
    pub(crate) fn relog(
        &mut self,
        header: &[u8],
        salt: u64,
        assessment: &Assessment,
        accept: &'a Accept<'a, H, N, D>,
    ) {
        self.accept = Some(accept);
        self.pick = Replay::new(self.position.sequence, assessment);
        let attested = assessment.attested.min(assessment.end);
        let group = GroupBuffer::new(self.position.sequence + 1);
        self.relog = Some(Relog {
            salt,
            attested,
            group,
            out: header.to_vec(),
            out_at: 0,
        });
    }

    /// Reads one event and acts on it; `false` at the end of the log.
    fn step(&mut self) -> Result<bool, RotorTreeError> {
        if self.pick.is_done() {
            self.settle()?;
            self.check_bases_ahead()?;
            return Ok(false);
        }
        let (mut scanner, cap) = match self.scanner.take() {
            Some(scanner) => scanner,
            None => match self.next_segment()? {
                Some(scanner) => scanner,
                None => {
                    return Err(changed(
                        "the log changed while it was read: a record that was there is gone",
                    )
                    .into());
                }
            },
        };
        match scanner.next().map_err(StorageError::Io)? {
            None => {
                self.bytes_done += scanner.segment_len();
                self.offset = 0;
                self.window = scanner.into_window();
                return Ok(true);
            }
            Some(Event::Group(group)) if group.record_count > 0 => {
                self.claim = Some(Claim {
                    last_sequence: group.last_sequence(),
                    size: group.size_after,
                    root: group.root_after,
                });
            }
            Some(Event::Record(record)) => {
                if self.pick.takes(&record, cap) {
                    self.gather(&record).map_err(StorageError::Io)?;
                }
            }
            Some(_) => {}
        }
        self.scanner = Some((scanner, cap));
        if self.gathered.len() >= GATHER
            || self
                .relog
                .as_ref()
                .is_some_and(|relog| relog.group.byte_len() >= GATHER_BYTES)
        {
            self.settle()?;
        }
        Ok(true)
    }

    fn next_segment(&mut self) -> Result<Option<(Scanner<Bytes>, u64)>, RotorTreeError> {
        while let Some(segment) = self.log.segments.get(self.at) {
            self.at += 1;
            if let Start::Header(header) = &segment.start {
                self.settle()?;
                self.check_base(&header.base)?;
                let window = std::mem::take(&mut self.window);
                let bytes = self.log.open(segment.number).map_err(StorageError::Io)?;
                return Ok(Some((
                    Scanner::with_window(bytes, header.salt, window),
                    segment.cap,
                )));
            }
        }
        Ok(None)
    }

    fn gather(&mut self, record: &RecordView<'_>) -> io::Result<()> {
        self.records += 1;
        self.offset = record.offset;
        self.leaves += record.leaves.len() as u64;
        self.gathered.extend_from_slice(record.leaves);
        if let Some(metadata) = record.metadata {
            self.metadata = Some(metadata.into());
        }
        if !record.more {
            self.ended = self.gathered.len();
            self.end_sequence = record.sequence;
        }
        match &mut self.relog {
            Some(relog) => relog
                .group
                .push_record(record)
                .map(drop)
                .map_err(io::Error::other),
            None => Ok(()),
        }
    }

    /// Hashes what was gathered: whole batches first, to know the state after them, then the front of an unfinished one.
    fn settle(&mut self) -> Result<(), RotorTreeError> {
        if self.end_sequence > self.position.sequence {
            let (ended, _) = self.gathered.split_at(self.ended);
            append(self.tree, ended)?;
            if let Some(metadata) = self.metadata.take() {
                self.tree.set_metadata(Some(metadata));
            }
            self.position = Position {
                sequence: self.end_sequence,
                size: self.tree.size(),
                root: self.tree.root().unwrap_or_default(),
            };
            self.check_claim()?;
        }
        append(self.tree, &self.gathered[self.ended..])?;
        self.gathered.clear();
        self.ended = 0;
        if let Some(progress) = self.progress {
            let done = self.bytes_done + self.offset;
            progress.report(OpenProgress::Replayed {
                done,
                total: self.log.total_bytes(),
            });
        }
        if let Some(relog) = &mut self.relog {
            relog.seal(&self.position);
        }
        Ok(())
    }

    /// Keeps an error that the storage backend cannot carry.
    fn refuse(&mut self, error: RotorTreeError) -> io::Error {
        let told = io::Error::other(error.to_string());
        self.refused = Some(error);
        told
    }

    /// Compares the tree with what the segment that continues from here says of it.
    fn check_base(&self, base: &Position) -> Result<(), StorageError> {
        if base.sequence == self.position.sequence && *base != self.position {
            return Err(changed(
                "a segment continues from another tree than the one before it leads to",
            )
            .with_file(self.log));
        }
        Ok(())
    }

    /// As [`check_base`](Self::check_base), for the segments that nothing is left to be read from.
    fn check_bases_ahead(&self) -> Result<(), StorageError> {
        let ahead = self.log.segments.get(self.at..).unwrap_or_default();
        ahead.iter().try_for_each(|segment| match &segment.start {
            Start::Header(header) => self.check_base(&header.base),
            Start::Unreadable(_) => Ok(()),
        })
    }

    /// Compares the tree with what the group that ends here says of it.
    fn check_claim(&self) -> Result<(), StorageError> {
        match self.claim {
            Some(claim)
                if claim.last_sequence == self.position.sequence
                    && (claim.size != self.position.size || claim.root != self.position.root) =>
            {
                Err(changed(&format!(
                    "entry {} leads to another tree than the log states ({} leaves where it states {})",
                    self.position.sequence, self.position.size, claim.size
                ))
                .with_file(self.log))
            }
            _ => Ok(()),
        }
    }
}

fn append<H: Hasher, const N: usize, const D: usize>(
    tree: &mut LeanIMT<H, N, D>,
    leaves: &[Hash],
) -> Result<(), TreeError> {
    if leaves.is_empty() {
        Ok(())
    } else {
        hashing::append(tree, leaves)
    }
}

fn changed(reason: &str) -> StorageError {
    StorageError::DataCorruption {
        file: "log".into(),
        offset: 0,
        reason: reason.into(),
    }
}

impl StorageError {
    fn with_file(self, log: &LiveLog) -> Self {
        match self {
            Self::DataCorruption { offset, reason, .. } => {
                let last = log.segments.last().map_or(0, |segment| segment.number);
                Self::DataCorruption {
                    file: log.name(last),
                    offset,
                    reason,
                }
            }
            other => other,
        }
    }
}

impl Relog {
    fn seal(&mut self, after: &Position) {
        if !self.group.is_empty() {
            let bytes = self.group.seal(self.salt, self.attested, after);
            self.out.extend_from_slice(bytes);
            self.group.clear();
        }
    }
}

/// The content of the new segment: reading drives the replay.
impl<H: Hasher, const N: usize, const D: usize> io::Read for Replayer<'_, H, N, D> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(relog) = &mut self.relog {
                let ready = &relog.out[relog.out_at..];
                if !ready.is_empty() {
                    let count = ready.len().min(buf.len());
                    buf[..count].copy_from_slice(&ready[..count]);
                    relog.out_at += count;
                    return Ok(count);
                }
                relog.out.clear();
                relog.out_at = 0;
            }
            match self.step() {
                Ok(true) => {}
                Ok(false)
                    if self
                        .relog
                        .as_ref()
                        .is_some_and(|relog| !relog.out.is_empty()) => {}
                Ok(false) => match self.accept.take().map(|accept| accept(self.tree)) {
                    None => return Ok(0),
                    Some(Ok(())) => {}
                    Some(Err(error)) => return Err(self.refuse(error)),
                },
                Err(error) => return Err(self.refuse(error)),
            }
        }
    }
}
