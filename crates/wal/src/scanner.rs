//! Reads a segment: every valid group, its records in order, and every invalid stretch. The module
//! `rules` assesses a whole log.

use crate::checksum::Seed;
use crate::group::GroupHeader;
use crate::invalid::InvalidReason;
use crate::layout::{GROUP_HEADER, MIN_RECORD, RECORD_HEADER, SECTOR_U64, is_zero};
use crate::record::{self, Lengths, Parts, RecordView, Refused};
use crate::source::{SegmentBytes, Window};

/// An event of a scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A group header that holds. Its records follow as events of their own.
    Group(&'a GroupHeader),
    /// A record that holds, of the group reported last.
    Record(RecordView<'a>),
    /// A stretch of bytes that are no valid group, or the rest of a group from its first invalid
    /// record on.
    Invalid {
        /// The start of the stretch, in bytes from the segment's start.
        offset: u64,
        /// Its length in bytes; 0 where the segment ends just behind a group's header.
        len: u64,
        /// The defect of its first bytes.
        reason: InvalidReason,
    },
}

/// Reads one segment from the end of its header to the end of the file, event by event.
///
/// - For a valid group header on a sector boundary, [`Event::Group`], then its records as
///   [`Event::Record`], in order.
/// - At the first invalid record of a group, one [`Event::Invalid`] for the rest of the group; a
///   header that holds states its true length, so scanning goes on behind it.
/// - For bytes without a valid header, one [`Event::Invalid`] up to the next boundary that has one,
///   or to the segment's end.
/// - The padding after a group's records carries nothing and is not checked.
///
/// For any bytes, the [`Window`] bounds the memory and the segment's length bounds the time.
///
/// ```
/// use rotortree_wal::{Event, GroupBuffer, InvalidReason, Position, SECTOR, Scanner};
///
/// let mut group = GroupBuffer::new(1);
/// group.push_leaf(&[1; 32]);
/// let mut segment = vec![0; SECTOR]; // where the segment header would stand
/// segment.extend(group.seal(0x5eed, 0, &Position { sequence: 1, size: 1, root: [1; 32] }));
/// segment.extend([0; 4096]); // space allocated ahead
///
/// let mut scanner = Scanner::new(&segment[..], 0x5eed);
/// let mut seen = Vec::new();
/// while let Some(event) = scanner.next()? {
///     seen.push(match event {
///         Event::Group(group) => format!("group of {}", group.record_count),
///         Event::Record(record) => format!("record {}", record.sequence),
///         Event::Invalid { reason: InvalidReason::Blank, .. } => "zeros".to_owned(),
///         other => panic!("{other:?}"),
///     });
/// }
/// assert_eq!(seen, ["group of 1", "record 1", "zeros"]);
/// # Ok::<(), rotortree_wal::OutOfBounds>(())
/// ```
#[derive(Debug)]
pub struct Scanner<S> {
    source: S,
    len: u64,
    seed: Seed,
    window: Window,
    walk: Walk,
    /// The group reported last.
    group: Option<GroupHeader>,
    /// No group starts from the last one's end up to here.
    searched: u64,
    /// All bytes from here up to `searched` are zero.
    blank_from: u64,
}

/// The progress through the records of a group. It is changed in place, field by field: a copy for
/// every record costs more than the checksum.
#[derive(Debug)]
struct Walk {
    /// The start of the next record.
    at: u64,
    /// Its sequence.
    sequence: u64,
    /// Its place in the group, from 0.
    index: u32,
    /// The number of records still to report.
    left: u32,
    /// The end of the last record.
    payload_end: u64,
    /// The end of the group, where the search for the next one begins.
    end: u64,
}

impl<S: SegmentBytes> Scanner<S> {
    /// A scanner over the segment whose header states this salt. Reads nothing yet.
    pub fn new(source: S, salt: u64) -> Self {
        Self::with_window(source, salt, Window::new())
    }

    /// As [`new`](Self::new), reading through a window that another scanner is done with.
    pub fn with_window(source: S, salt: u64, mut window: Window) -> Self {
        window.forget();
        let len = source.len();
        Self {
            source,
            len,
            seed: Seed::new(salt),
            window,
            walk: Walk::to(SECTOR_U64),
            group: None,
            searched: SECTOR_U64,
            blank_from: SECTOR_U64,
        }
    }

    /// Starts at `offset`, the start of a group that a scanner of this segment has reported, and
    /// skips everything before.
    #[must_use]
    pub fn starting_at(mut self, offset: u64) -> Self {
        self.walk = Walk::to(offset.max(SECTOR_U64));
        self.searched = self.walk.end;
        self.blank_from = self.walk.end;
        self
    }

    /// The header of the group that directly follows the last one, if there is one, for its
    /// attested sequence. The scanner does not advance, and will report the group later.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn peek_group(&mut self) -> Result<Option<GroupHeader>, S::Error> {
        let at = self.walk.end;
        if at.checked_add(SECTOR_U64).is_none_or(|end| end > self.len) {
            return Ok(None);
        }
        let mut header = [0; GROUP_HEADER];
        self.source.read_at(at, &mut header)?;
        Ok(GroupHeader::decode(&header, at, self.seed.salt))
    }

    /// The window, to read the next segment through.
    pub fn into_window(self) -> Window {
        self.window
    }

    /// The segment's length in bytes, as it was when the scanner was made.
    pub fn segment_len(&self) -> u64 {
        self.len
    }

    /// The group that was reported last, the one that records and the rest of a group belong to.
    pub fn current_group(&self) -> Option<&GroupHeader> {
        self.group.as_ref()
    }

    /// The next event, or `None` at the segment's end.
    ///
    /// # Errors
    ///
    /// Those of the source. The scanner stands where it stood, and may be asked again.
    #[expect(
        clippy::should_implement_trait,
        reason = "events borrow from the scanner, which an Iterator's items cannot"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, S::Error> {
        if self.walk.left > 0 {
            self.record()
        } else {
            self.group(self.walk.end)
        }
    }

    /// Looks for the next group from the boundary `from` on. It records its progress, and continues
    /// from there when a failed read is tried again.
    fn group(&mut self, from: u64) -> Result<Option<Event<'_>>, S::Error> {
        if self.searched < from {
            (self.searched, self.blank_from) = (from, from);
        }
        while self.searched < self.len {
            let at = self.searched;
            let held = (self.len - at).min(SECTOR_U64) as usize;
            if !self.window.holds(at, held) {
                // The skipped bytes read as zeros, which are no group.
                let data = self.source.next_data(at)?;
                let boundary = data - data % SECTOR_U64;
                if boundary > at {
                    self.searched = boundary.min(self.len);
                    continue;
                }
                self.window.fetch(&mut self.source, self.len, at, held)?;
            }
            let sector = self.window.bytes(at, held);
            let header = sector.first_chunk::<GROUP_HEADER>();
            if let Some(group) =
                header.and_then(|bytes| GroupHeader::decode(bytes, at, self.seed.salt))
            {
                if at > from {
                    return Ok(Some(self.unclaimed(from, at)));
                }
                self.walk = Walk::through(&group);
                return Ok(Some(Event::Group(self.group.insert(group))));
            }
            let is_blank = is_zero(sector);
            self.searched = at.saturating_add(SECTOR_U64).min(self.len);
            if !is_blank {
                self.blank_from = self.searched;
            }
        }
        if from >= self.len {
            Ok(None)
        } else {
            Ok(Some(self.unclaimed(from, self.len)))
        }
    }

    /// Reports the bytes between two offsets where no group starts, and goes on behind them. The
    /// zeros at their end are a stretch of their own.
    fn unclaimed(&mut self, from: u64, to: u64) -> Event<'static> {
        let (end, reason) = if self.blank_from > from {
            (self.blank_from, InvalidReason::NoGroup)
        } else {
            (to, InvalidReason::Blank)
        };
        self.walk = Walk::to(end);
        Event::Invalid {
            offset: from,
            len: end - from,
            reason,
        }
    }

    /// Reads the next record of a group that has one.
    #[inline]
    fn record(&mut self) -> Result<Option<Event<'_>>, S::Error> {
        let Walk {
            at,
            sequence,
            index,
            ..
        } = self.walk;
        let left = self.len.saturating_sub(at);
        if left < RECORD_HEADER as u64 {
            return Ok(Some(self.refuse(InvalidReason::Truncated { sequence })));
        }
        self.window
            .fetch(&mut self.source, self.len, at, RECORD_HEADER)?;
        let lengths = Lengths::of(self.window.bytes(at, RECORD_HEADER));
        let Some(total) = lengths.total().filter(|total| self.walk.has_room(*total)) else {
            return Ok(Some(self.refuse(InvalidReason::RecordLength { sequence })));
        };
        if left < total as u64 {
            return Ok(Some(self.refuse(InvalidReason::Truncated { sequence })));
        }
        self.window.fetch(&mut self.source, self.len, at, total)?;
        let reason = match record::parse(self.window.bytes(at, total), sequence, self.seed) {
            Ok(Parts {
                leaves,
                chunks,
                metadata,
                more,
            }) => {
                self.walk.pass(total);
                let offset = at;
                return Ok(Some(Event::Record(RecordView {
                    offset,
                    sequence,
                    index,
                    leaves,
                    chunks,
                    metadata,
                    more,
                })));
            }
            Err(Refused::Checksum { expected, actual }) => InvalidReason::RecordChecksum {
                sequence,
                expected,
                actual,
            },
            Err(Refused::Malformed) => InvalidReason::RecordMalformed { sequence },
        };
        // Not `self.refuse`, which would borrow the window that a record is returned from above.
        Ok(Some(self.walk.refuse(self.len, reason)))
    }

    /// Reports the rest of the group as invalid and goes on behind it.
    fn refuse(&mut self, reason: InvalidReason) -> Event<'static> {
        self.walk.refuse(self.len, reason)
    }
}

impl Walk {
    /// No group: the search for the next one begins here.
    fn to(end: u64) -> Self {
        Self {
            at: end,
            sequence: 0,
            index: 0,
            left: 0,
            payload_end: end,
            end,
        }
    }

    /// From the first record of a group on.
    fn through(group: &GroupHeader) -> Self {
        Self {
            at: group.offset + GROUP_HEADER as u64,
            sequence: group.first_sequence,
            index: 0,
            left: group.record_count,
            payload_end: group.payload_end(),
            end: group.end(),
        }
    }

    /// Whether a record of this length leaves room for those behind it, and the last one leaves
    /// nothing over.
    #[inline]
    fn has_room(&self, total: usize) -> bool {
        let behind = u64::from(self.left - 1) * MIN_RECORD as u64;
        match self
            .payload_end
            .saturating_sub(self.at)
            .checked_sub(total as u64)
        {
            Some(rest) => rest >= behind && (self.left > 1 || rest == 0),
            None => false,
        }
    }

    /// Goes past a record of this length.
    #[inline]
    fn pass(&mut self, total: usize) {
        self.at += total as u64;
        self.sequence += 1;
        self.index += 1;
        self.left -= 1;
    }

    /// Gives up the rest of the group, in a segment of this length.
    fn refuse(&mut self, segment_len: u64, reason: InvalidReason) -> Event<'static> {
        let len = self.end.min(segment_len).saturating_sub(self.at);
        self.left = 0;
        Event::Invalid {
            offset: self.at,
            len,
            reason,
        }
    }
}
