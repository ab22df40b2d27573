//! [`LogScanner`]: reads the segments of a log, one after the other.

use std::{io, mem};

use rotortree_wal::{Event, GroupHeader, SECTOR, Scanner, SegmentHeader, Window};

use super::segments::{LiveLog, LiveSegment};
use crate::storage::SegmentReader;

/// A place in the log at the start of a group or segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogPlace {
    /// The segment, as an index.
    pub(super) segment: usize,
    /// Bytes of the segments before it.
    pub(super) before: u64,
    /// Offset in it.
    pub(super) offset: u64,
}

impl LogPlace {
    /// The place at `offset` in a segment that another state of `log` has too.
    pub(super) fn within(log: &LiveLog, earlier: &LiveSegment, offset: u64) -> Option<Self> {
        let copy = |segment: &LiveSegment| segment.header().map(SegmentHeader::copy);
        let known = copy(earlier)?;
        let mut segments = log.segments.iter();
        let segment = segments.position(|segment| copy(segment) == Some(known))?;
        Some(Self {
            segment,
            before: log.segments[..segment]
                .iter()
                .map(|before| before.len)
                .sum(),
            offset,
        })
    }
}

/// Reads all segments through one window.
pub(super) struct LogScanner<'a> {
    log: &'a LiveLog,
    /// The current segment, and the offset in it at which reading begins.
    place: LogPlace,
    /// The current segment, if one was begun.
    segment: Option<&'a LiveSegment>,
    /// `None` for a segment without a readable header, and for one that is no longer than that.
    scanner: Option<Scanner<SegmentReader>>,
    window: Window,
}

impl<'a> LogScanner<'a> {
    /// A scanner whose first segment is that of `place`, read from that place on.
    pub(super) fn starting_at(log: &'a LiveLog, place: LogPlace) -> Self {
        Self {
            log,
            place,
            segment: None,
            scanner: None,
            window: Window::new(),
        }
    }

    /// Moves to the next segment; `None` behind the last one.
    pub(super) fn next_segment(&mut self) -> io::Result<Option<&'a LiveSegment>> {
        if let Some(ended) = self.segment.take() {
            self.place = LogPlace {
                segment: self.place.segment + 1,
                before: self.place.before + ended.len,
                offset: 0,
            };
        }
        if let Some(ended) = self.scanner.take() {
            self.window = ended.into_window();
        }
        let Some(segment) = self.log.segments.get(self.place.segment) else {
            return Ok(None);
        };
        // Many a log is a header alone.
        let has_groups = segment.len > SECTOR as u64;
        if let Some(header) = segment.header().filter(|_| has_groups) {
            let bytes = self.log.open(segment.number)?;
            let window = mem::take(&mut self.window);
            let scanner = Scanner::with_window(bytes, header.salt, window);
            self.scanner = Some(scanner.starting_at(self.place.offset));
        }
        self.segment = Some(segment);
        Ok(Some(segment))
    }

    /// The next event of the current segment; `None` at its end.
    #[inline]
    pub(super) fn next(&mut self) -> io::Result<Option<Event<'_>>> {
        match &mut self.scanner {
            Some(scanner) => scanner.next(),
            None => Ok(None),
        }
    }

    /// The group right behind the last one, if it counts. A group beyond the segment's cap is dead
    /// and attests nothing.
    pub(super) fn peek_group(&mut self) -> io::Result<Option<GroupHeader>> {
        let cap = self.cap();
        match &mut self.scanner {
            Some(scanner) => Ok(scanner
                .peek_group()?
                .filter(|group| group.first_sequence <= cap)),
            None => Ok(None),
        }
    }

    /// The last sequence of the current segment that counts.
    pub(super) fn cap(&self) -> u64 {
        self.segment.map_or(0, |segment| segment.cap)
    }

    /// The group that was read last, or else where the reading begins.
    pub(super) fn place(&self) -> LogPlace {
        let group = self.scanner.as_ref().and_then(Scanner::current_group);
        LogPlace {
            offset: group.map_or(self.place.offset, |group| group.offset),
            ..self.place
        }
    }

    /// The segments behind the current one.
    pub(super) fn segments_ahead(&self) -> &'a [LiveSegment] {
        let next = self.place.segment + usize::from(self.segment.is_some());
        self.log.segments.get(next..).unwrap_or_default()
    }
}
