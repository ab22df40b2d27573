//! The rules themselves, fed segment by segment and event by event.

use crate::layout::SECTOR_U64;
use crate::record::RecordView;
use crate::rules::{Assessment, Break, BreakCause, Place, Verdict};
use crate::scanner::Event;
use crate::segment::{Position, SegmentError, SegmentHeader};

/// The cap of each segment: the sequence from which a later segment continues. Records beyond it
/// are dead, and are neither read nor damage. Takes the bases of the segments in the order of their
/// numbers. The last segment has no cap, [`u64::MAX`].
///
/// ```
/// assert_eq!(rotortree_wal::caps(&[0, 40, 25]), [25, 25, u64::MAX]);
/// ```
#[must_use]
pub fn caps(bases: &[u64]) -> Vec<u64> {
    let mut caps = vec![u64::MAX; bases.len()];
    for k in (1..bases.len()).rev() {
        caps[k - 1] = caps[k].min(bases[k]);
    }
    caps
}

/// Follows a whole log from its first segment to its last, and assesses it.
///
/// 1. Groups whose first sequence is past the segment's cap are dead.
/// 2. A is the largest sequence that any live group or segment header attests, or that the caller
///    knows of. The first pass must see the whole log for it, also behind the first invalid record.
/// 3. The log is the run of records with consecutive sequences from `start` on. It ends before the
///    first record that is not the next one, or after the last record. Records after that are dead,
///    unless a later segment continues from the last batch of the run.
/// 4. E is the last batch end in that run.
/// 5. If E is before A, or a segment continues from beyond what those before it reach, or a
///    segment that no later one continues from is unreadable, the log is damaged. Otherwise, it
///    ends in a torn tail.
///
/// Memory is constant, and each event costs a few comparisons.
///
/// ```
/// use rotortree_wal::{
///     Event, GroupBuffer, LogRules, Position, Replay, Scanner, SegmentHeader, SegmentStart, Verdict, caps,
/// };
///
/// // A segment with two records, the second of which did not reach the disk.
/// let header = SegmentHeader {
///     tree_id: [7; 16], salt: 0x5eed, number: 1, arity: 2, fingerprint: [9; 32], base: Position::START, attested: 0, copied: 0,
///     previous: None,
/// };
/// let mut segment = header.encode().to_vec();
/// let mut group = GroupBuffer::new(1);
/// for leaf in [[1; 32], [2; 32]] {
///     let sequence = group.push_leaf(&leaf);
///     segment.extend(group.seal(header.salt, 0, &Position { sequence, size: sequence, root: [3; 32] }));
///     group.clear();
/// }
/// segment.truncate(1100);
///
/// let SegmentStart::Header(header) = SegmentStart::read(&mut &segment[..])? else { panic!() };
/// let caps = caps(&[header.base.sequence]);
/// let mut rules = LogRules::new(&Position::START, 0);
/// rules.segment(&header, caps[0]);
/// let mut scanner = Scanner::new(&segment[..], header.salt);
/// while let Some(event) = scanner.next()? {
///     rules.event(&event);
/// }
/// let assessment = rules.finish();
/// assert_eq!((assessment.end, assessment.attested), (1, 0));
/// assert!(matches!(assessment.verdict, Verdict::Torn(_)));
///
/// let mut replay = Replay::new(0, &assessment);
/// let mut scanner = Scanner::with_window(&segment[..], header.salt, scanner.into_window());
/// let mut leaves: Vec<[u8; 32]> = Vec::new();
/// while let Some(event) = scanner.next()? {
///     match event {
///         Event::Record(record) if replay.takes(&record, caps[0]) => leaves.extend(record.leaves),
///         _ => {}
///     }
/// }
/// assert_eq!(leaves, [[1; 32]]);
/// assert!(replay.is_done());
/// # Ok::<(), rotortree_wal::OutOfBounds>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogRules {
    /// Records up to here are not needed: the caller has the state they lead to.
    start: u64,
    attested: u64,
    /// The last record of the run.
    reached: u64,
    /// The last record of the run that ends a batch.
    batch_end: u64,
    /// Leaves at `batch_end` and at `reached`.
    size: u64,
    size_reached: u64,
    /// The first record behind `batch_end`, if the run goes further.
    open_batch: Option<Open>,
    /// The first fault after the last record of the run. It does not matter if the run continues.
    suspect: Option<Break>,
    /// Why the run has ended within the current segment. A later segment may still continue it.
    stopped: Option<Break>,
    /// Why the run has ended for good.
    broken: Option<Break>,
    /// A segment without a readable header that no later one has continued from.
    unreadable: Option<Break>,
    cut_records: u64,
    cut_leaves: u64,
    number: u64,
    cap: u64,
    /// Whether the group whose records come is live.
    live: bool,
    /// Behind the last event.
    tail: u64,
}

impl LogRules {
    /// Rules for the log after `start`, the state that the caller has already, from its manifest
    /// or [`Position::START`].
    ///
    /// `attested` is a sequence up to which the caller knows the log to have been durable, besides
    /// what the log itself says; 0 if it knows none. `start` counts as durable in any case.
    #[must_use]
    pub fn new(start: &Position, attested: u64) -> Self {
        Self {
            start: start.sequence,
            attested: attested.max(start.sequence),
            reached: start.sequence,
            batch_end: start.sequence,
            size: start.size,
            size_reached: start.size,
            open_batch: None,
            suspect: None,
            stopped: None,
            broken: None,
            unreadable: None,
            cut_records: 0,
            cut_leaves: 0,
            number: 0,
            cap: u64::MAX,
            live: false,
            tail: 0,
        }
    }

    /// The next segment, in the order of their numbers, with its cap from [`caps`]. Its
    /// events follow.
    pub fn segment(&mut self, header: &SegmentHeader, cap: u64) {
        // The segment that superseded this one gave up the records beyond the cap.
        let base = header.base.sequence.min(cap);
        self.attested = self.attested.max(base).max(header.attested.min(cap));
        if self.broken.is_none() {
            if base > self.batch_end {
                let missing = Break {
                    place: Place {
                        segment: header.number,
                        offset: 0,
                    },
                    cause: BreakCause::MissingBefore { base },
                };
                self.broken = Some(
                    self.fault()
                        .or_else(|| self.blank().cloned())
                        .unwrap_or(missing),
                );
            } else {
                self.reached = self.batch_end;
                self.size_reached = self.size;
                self.open_batch = None;
                self.stopped = None;
                self.suspect = None;
                self.unreadable = None;
            }
        }
        self.number = header.number;
        self.cap = cap;
        self.live = false;
        self.tail = SECTOR_U64;
    }

    /// The next segment is [`Unreadable`](crate::SegmentStart::Unreadable). One that is
    /// [`Blank`](crate::SegmentStart::Blank) is left out: nothing in it was ever acknowledged.
    pub fn unreadable_segment(&mut self, number: u64, error: SegmentError) {
        let cause = BreakCause::UnreadableSegment(error);
        self.unreadable.get_or_insert(Break {
            place: Place {
                segment: number,
                offset: 0,
            },
            cause,
        });
    }

    /// The next event of the scanner in the current segment.
    #[inline]
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Group(group) => {
                self.live = group.first_sequence <= self.cap;
                if self.live {
                    self.attested = self.attested.max(group.attested);
                }
                self.tail = group.end();
            }
            Event::Record(record) => {
                let covered = record.sequence <= self.start;
                if self.live && !covered && record.sequence <= self.cap && self.reached < self.cap {
                    self.record(record);
                }
            }
            Event::Invalid(invalid) => {
                self.tail = invalid.offset.saturating_add(invalid.len);
                if self.reached < self.cap {
                    let found = Break {
                        place: self.place(invalid.offset),
                        cause: BreakCause::Invalid(invalid.reason),
                    };
                    self.suspect.get_or_insert(found);
                }
            }
        }
    }

    /// The last record of the run so far. A later segment may still take it back to
    /// [`batch_end`](Self::batch_end).
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.reached
    }

    /// The end of the last whole batch of the run so far. E is never before it.
    #[must_use]
    pub fn batch_end(&self) -> u64 {
        self.batch_end
    }

    /// The largest sequence attested so far. A is never before it.
    #[must_use]
    pub fn attested(&self) -> u64 {
        self.attested
    }

    /// A record that is needed, if it is the next one.
    fn record(&mut self, record: &RecordView<'_>) {
        let leaves = record.leaves.len() as u64;
        let place = self.place(record.offset);
        let size = self.size_reached.checked_add(leaves);
        let expected = self.reached.saturating_add(1);
        match size {
            Some(size)
                if record.sequence == expected
                    && self.stopped.is_none()
                    && self.broken.is_none() =>
            {
                self.reached = expected;
                self.size_reached = size;
                self.suspect = None;
                if record.more {
                    let open = self.open_batch.get_or_insert(Open { place, records: 0 });
                    open.records += 1;
                } else {
                    self.batch_end = self.reached;
                    self.size = size;
                    self.open_batch = None;
                }
            }
            _ => {
                let found = Break {
                    place,
                    cause: BreakCause::OutOfSequence {
                        expected,
                        found: record.sequence,
                    },
                };
                let found = self.suspect.take().unwrap_or(found);
                self.stopped.get_or_insert(found);
                if record.sequence > self.reached {
                    self.cut_records += 1;
                    self.cut_leaves = self.cut_leaves.saturating_add(leaves);
                }
            }
        }
    }

    /// The fault at the end of the run: the first invalid bytes, or an unfinished batch. Zeros at
    /// the end are no fault: they are space that was not written yet.
    fn fault(&self) -> Option<Break> {
        let suspect = self.suspect.as_ref().filter(|found| !found.is_blank());
        let unfinished = self.open_batch.as_ref().map(|open| Break {
            place: open.place,
            cause: BreakCause::UnfinishedBatch,
        });
        let first = self.broken.as_ref().or(self.stopped.as_ref()).or(suspect);
        first
            .cloned()
            .or(unfinished)
            .or_else(|| self.unreadable.clone())
    }

    /// The zeros after the run: the place of the fault if records are missing.
    fn blank(&self) -> Option<&Break> {
        self.suspect.as_ref().filter(|found| found.is_blank())
    }

    /// The verdict, once every event of every segment was given.
    #[must_use]
    pub fn finish(self) -> Assessment {
        let fault = self.fault();
        let verdict = if self.unreadable.is_some() || self.batch_end < self.attested {
            let early = || Break {
                place: self.place(self.tail),
                cause: BreakCause::EndsEarly,
            };
            Verdict::Damaged(
                fault
                    .or_else(|| self.blank().cloned())
                    .unwrap_or_else(early),
            )
        } else {
            fault.map_or(Verdict::Whole, Verdict::Torn)
        };
        let open = self.open_batch.as_ref();
        let cut = open
            .map(|open| open.place)
            .or_else(|| verdict.broken_at().map(|found| found.place));
        Assessment {
            attested: self.attested,
            end: self.batch_end,
            size: self.size,
            cut,
            cut_records: self.cut_records + open.map_or(0, |open| open.records),
            cut_leaves: self
                .cut_leaves
                .saturating_add(self.size_reached - self.size),
            verdict,
        }
    }

    /// A place in the current segment.
    fn place(&self, offset: u64) -> Place {
        Place {
            segment: self.number,
            offset,
        }
    }
}

/// The beginning of a batch whose end has not come yet.
#[derive(Clone, Debug)]
struct Open {
    place: Place,
    records: u64,
}
