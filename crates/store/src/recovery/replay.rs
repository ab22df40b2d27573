//! The second pass: applies the remaining records of the log to the tree, and writes the records of
//! the new segment.
//!
//! Memory beyond the tree is bounded: records gather to [`GATHER`] leaves before they are
//! hashed, and a batch that is larger goes into the tree in parts, which is invisible until
//! opening returns.

use std::io;

use rotortree_hasher::Hasher;
use rotortree_lean_imt::LeanIMT;
use rotortree_wal::{
    Assessment, Event, GroupBuffer, Position, RecordView, Replay, Scanner, Window,
};

use super::{
    front::Applied,
    gathered::{GATHER, Gathered, Grown},
    segments::{LiveLog, LiveSegment},
};
use crate::{
    RotorTreeError, StorageError, config::OpenProgress, settings::ProgressCallback,
    storage::SegmentReader,
};

/// Records gathered at most, so that groups of single leaves stay bounded as well.
const GATHER_BYTES: usize = 2 << 20;

/// Applies records in order, up to the assessment's end.
pub(crate) struct Replayer<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> {
    log: &'a LiveLog,
    grown: Grown<'a, H, N, MAX_DEPTH>,
    pick: Replay,
    /// The index of the next segment to read, and where in it to begin.
    at: usize,
    begin: u64,
    scanner: Option<(Scanner<SegmentReader>, u64)>,
    window: Window,
    gathered: Gathered,
    relog: Option<Relog>,
    /// The last look at the tree before the new segment is finished.
    accept: Option<&'a Accept<'a, H, N, MAX_DEPTH>>,
    progress: Option<&'a ProgressCallback>,
    /// Bytes of the segments read to their end, and the place in the one being read.
    bytes_done: u64,
    offset: u64,
    pub(crate) records: u64,
    pub(crate) leaves: u64,
    /// A failure that the storage backend cannot carry; told after it.
    pub(crate) refused: Option<RotorTreeError>,
}

/// Refuses a tree that is not the expected one.
pub(crate) type Accept<'a, H, const N: usize, const MAX_DEPTH: usize> =
    dyn Fn(&LeanIMT<H, N, MAX_DEPTH>) -> Result<(), RotorTreeError> + 'a;

/// Records that go into the new segment.
struct Relog {
    salt: u64,
    attested: u64,
    group: GroupBuffer,
    out: Vec<u8>,
    out_at: usize,
}

impl<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> Replayer<'a, H, N, MAX_DEPTH> {
    /// A replay from where the first pass left `tree` up to `stop`, where a batch ends.
    pub(crate) fn new(
        log: &'a LiveLog,
        tree: &'a mut LeanIMT<H, N, MAX_DEPTH>,
        applied: &Applied,
        stop: u64,
        assessment: &Assessment,
        progress: Option<&'a ProgressCallback>,
    ) -> Self {
        let mut first = assessment.clone();
        first.end = stop;
        let position = applied.position;
        let before = log.segments.iter().take(applied.segment);
        Self {
            log,
            grown: Grown {
                log,
                tree,
                position,
                shares: true,
            },
            pick: Replay::new(position.sequence, &first),
            at: applied.segment,
            begin: applied.offset,
            scanner: None,
            window: Window::new(),
            gathered: Gathered::default(),
            relog: None,
            accept: None,
            progress,
            bytes_done: before.map(|segment| segment.len).sum(),
            offset: applied.offset,
            records: applied.records,
            leaves: applied.leaves,
            refused: None,
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.grown.position
    }

    /// Applies the records up to where this replay stops.
    pub(crate) fn run(&mut self) -> Result<(), RotorTreeError> {
        while self.step()? {}
        Ok(())
    }

    /// Goes on to the end of the log; the records now also go into a new segment, read from `self`
    /// as a stream behind `header`.
    pub(crate) fn relog(
        &mut self,
        header: &[u8],
        salt: u64,
        assessment: &Assessment,
        accept: &'a Accept<'a, H, N, MAX_DEPTH>,
    ) {
        self.accept = Some(accept);
        self.pick = Replay::new(self.grown.position.sequence, assessment);
        let attested = assessment.attested.min(assessment.end);
        let group = GroupBuffer::new(self.grown.position.sequence + 1);
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
                    let gone = "the log changed while it was read: a record that was there is gone";
                    return Err(self.log.changed(gone).into());
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
            Some(Event::Group(group)) => self.gathered.group(group),
            Some(Event::Record(record)) => {
                if self.pick.takes(&record, cap) {
                    self.gather(&record).map_err(StorageError::Io)?;
                }
            }
            Some(_) => {}
        }
        self.scanner = Some((scanner, cap));
        if self.gathered.leaves.len() >= GATHER
            || self
                .relog
                .as_ref()
                .is_some_and(|relog| relog.group.byte_len() >= GATHER_BYTES)
        {
            self.settle()?;
        }
        Ok(true)
    }

    fn next_segment(&mut self) -> Result<Option<(Scanner<SegmentReader>, u64)>, RotorTreeError> {
        while let Some(segment) = self.log.segments.get(self.at) {
            self.at += 1;
            if let Some(header) = segment.header() {
                self.settle()?;
                self.grown.check_base(&header.base)?;
                let window = std::mem::take(&mut self.window);
                let bytes = self.log.open(segment.number).map_err(StorageError::Io)?;
                let scanner = Scanner::with_window(bytes, header.salt, window)
                    .starting_at(std::mem::take(&mut self.begin));
                return Ok(Some((scanner, segment.cap)));
            }
        }
        Ok(None)
    }

    fn gather(&mut self, record: &RecordView<'_>) -> io::Result<()> {
        self.records += 1;
        self.offset = record.offset;
        self.leaves += record.leaves.len() as u64;
        self.gathered.record(record);
        match &mut self.relog {
            Some(relog) => relog
                .group
                .push_record(record)
                .map(drop)
                .map_err(io::Error::other),
            None => Ok(()),
        }
    }

    /// Applies the gathered records, and seals them for the new segment.
    fn settle(&mut self) -> Result<(), RotorTreeError> {
        self.grown.settle(&mut self.gathered)?;
        if let Some(progress) = self.progress {
            let done = self.bytes_done + self.offset;
            progress.report(OpenProgress::Replayed {
                done,
                total: self.log.total_bytes(),
            });
        }
        if let Some(relog) = &mut self.relog {
            relog.seal(&self.grown.position);
        }
        Ok(())
    }

    /// Keeps an error that the storage backend cannot carry.
    fn refuse(&mut self, error: RotorTreeError) -> io::Error {
        let told = io::Error::other(error.to_string());
        self.refused = Some(error);
        told
    }

    /// Compares the tree with the bases of the remaining segments without records.
    fn check_bases_ahead(&self) -> Result<(), StorageError> {
        let ahead = self.log.segments.get(self.at..).unwrap_or_default();
        let mut headers = ahead.iter().filter_map(LiveSegment::header);
        headers.try_for_each(|header| self.grown.check_base(&header.base))
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
impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> io::Read for Replayer<'_, H, N, MAX_DEPTH> {
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
                Ok(false) => match self.accept.take().map(|accept| accept(self.grown.tree)) {
                    None => return Ok(0),
                    Some(Ok(())) => {}
                    Some(Err(error)) => return Err(self.refuse(error)),
                },
                Err(error) => return Err(self.refuse(error)),
            }
        }
    }
}
