//! Keeps the bytes that recovery cuts from the log, in files named by their content.

use std::{io, ops::Range};

use rotortree_wal::{Event, LogOffset, SECTOR, Scanner, SegmentBytes};

use super::segments::{LiveLog, LiveSegment};
use crate::{StorageError, ahead::read_there, chunk::CHUNK_BYTES, storage::SegmentReader};

/// A hole of at least twice this length is never kept; a shorter hole than this always is.
const LONG_HOLE: u64 = 16 << 20;
/// Bytes per read of the search for the last one that is not zero.
const PIECE: u64 = 64 << 10;
/// The number of names to try if files of these names hold other bytes.
const NAMES: u32 = 100;

/// A stretch of a segment that was kept.
pub(super) struct Kept {
    /// The label of the file within the store.
    pub(super) label: String,
    /// The place of the file.
    pub(super) place: String,
}

impl LiveLog {
    /// Quarantines everything from `place` on, except long holes and the zeros at the end of each
    /// segment, and the chunks that records there refer to: their places may get other bytes.
    /// Reuses the files of an earlier opening.
    pub(super) fn quarantine(&self, place: LogOffset) -> Result<Vec<Kept>, StorageError> {
        let mut kept = Vec::new();
        let cut = |segment: &&LiveSegment| segment.number >= place.segment;
        for segment in self.segments.iter().filter(cut) {
            let from = if segment.number == place.segment {
                place.offset.min(segment.len)
            } else {
                0
            };
            for stretch in stretches(&mut self.open(segment.number)?, from..segment.len)? {
                let Range { start, end } = stretch;
                let name = format!("segment-{:020}-from-{start}-to-{end}", segment.number);
                kept.push(self.keep(&name, || self.content(segment, &stretch))?);
            }
            self.keep_chunks(segment, from, &mut kept)?;
        }
        Ok(kept)
    }

    /// Keeps the chunks that records of a segment from `offset` on refer to, as far as they are
    /// there, whatever they hold.
    fn keep_chunks(
        &self,
        segment: &LiveSegment,
        offset: u64,
        kept: &mut Vec<Kept>,
    ) -> Result<(), StorageError> {
        let Some(header) = segment.header() else {
            return Ok(());
        };
        let mut scanner = Scanner::new(self.open(segment.number)?, header.salt);
        while let Some(event) = scanner.next()? {
            let Event::Record(record) = event else {
                continue;
            };
            let Some(run) = record.chunks.filter(|_| record.offset >= offset) else {
                continue;
            };
            let chunks = read_there(&**self.storage(), &run)?;
            if !chunks.is_empty() {
                let end = run.first + (chunks.len() / CHUNK_BYTES) as u64;
                let name = format!("chunks-{}-to-{end}", run.first);
                kept.push(self.keep(&name, || Ok(&*chunks))?);
            }
        }
        Ok(())
    }

    fn keep<C: io::Read>(
        &self,
        name: &str,
        content: impl Fn() -> io::Result<C>,
    ) -> Result<Kept, StorageError> {
        let checksum = checksum(&mut content()?)?;
        let label = format!("{name}-crc-{checksum:08x}");
        for n in 0..NAMES {
            let label = match n {
                0 => label.clone(),
                n => format!("{label}-{n}"),
            };
            match self.storage().quarantine(&label, &mut content()?) {
                Ok(place) => return Ok(Kept { label, place }),
                // The file of this name has other bytes.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(self.changed(&format!(
            "{NAMES} files of the name {label} hold other bytes"
        )))
    }

    /// A stretch of a segment behind a copy of the segment's header, whose salt is needed to check
    /// the stretch.
    fn content(&self, segment: &LiveSegment, stretch: &Range<u64>) -> io::Result<Tail> {
        let mut bytes = self.open(segment.number)?;
        let mut header = vec![0; stretch.start.min(SECTOR as u64) as usize];
        match (segment.header(), header.len()) {
            (Some(intact), SECTOR) => header.copy_from_slice(&intact.encode()),
            _ => bytes.read_at(0, &mut header)?,
        }
        Ok(Tail {
            header: io::Cursor::new(header),
            bytes,
            at: stretch.start,
            end: stretch.end,
        })
    }
}

fn checksum(content: &mut impl io::Read) -> io::Result<u32> {
    let mut buf = vec![0; 256 << 10];
    let mut checksum = 0;
    loop {
        match content.read(&mut buf)? {
            0 => return Ok(checksum),
            count => checksum = crc32c::crc32c_append(checksum, &buf[..count]),
        }
    }
}

/// The parts of a range of a segment without its long holes, which could fill the disk with zeros,
/// and without the zeros at its end, which are room that was not written to.
fn stretches(bytes: &mut SegmentReader, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
    let mut found = Vec::new();
    let (mut start, mut at) = (range.start, range.start);
    while at < range.end {
        let data = bytes.next_data(at)?.clamp(at, range.end);
        if data - at >= LONG_HOLE {
            found.push(start..at);
            (start, at) = (data, data);
        } else {
            at = (at + LONG_HOLE).min(range.end);
        }
    }
    found.push(start..range.end);
    while let Some(last) = found.last_mut() {
        last.end = data_end(bytes, last)?;
        if !last.is_empty() {
            break;
        }
        found.pop();
    }
    found.retain(|stretch| !stretch.is_empty());
    Ok(found)
}

/// The end of the last sector of a range that is not zero, or the range's start.
fn data_end(bytes: &mut SegmentReader, range: &Range<u64>) -> io::Result<u64> {
    let mut piece = vec![0; PIECE as usize];
    let mut end = range.end;
    while end > range.start {
        let at = range.start.max(end.saturating_sub(1) / PIECE * PIECE);
        let piece = &mut piece[..(end - at) as usize];
        bytes.read_at(at, piece)?;
        if let Some(last) = piece.iter().rposition(|byte| *byte != 0) {
            let data = at + last as u64 + 1;
            return Ok(data.next_multiple_of(SECTOR as u64).min(range.end));
        }
        end = at;
    }
    Ok(range.start)
}

/// A stretch of a segment behind its header as a stream.
struct Tail {
    header: io::Cursor<Vec<u8>>,
    bytes: SegmentReader,
    at: u64,
    end: u64,
}

impl io::Read for Tail {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let of_header = self.header.read(buf)?;
        if of_header > 0 {
            return Ok(of_header);
        }
        let count = (self.end - self.at).min(buf.len() as u64) as usize;
        self.bytes.read_at(self.at, &mut buf[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}
