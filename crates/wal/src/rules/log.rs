//! The rules themselves, fed segment by segment and event by event.

use crate::invalid::InvalidReason;
use crate::layout::SECTOR_U64;
use crate::position::Position;
use crate::record::RecordView;
use crate::rules::run::{Faults, Run};
use crate::rules::{Assessment, Break, BreakCause, LogOffset, Verdict};
use crate::scanner::Event;
use crate::segment::{SegmentError, SegmentHeader};

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
///    segment that no later one continues from is unreadable, or the run ends at a record whose
///    chunks are not there, the log is damaged. Otherwise, it ends in a torn tail.
///
/// Memory is constant, and each event costs a few comparisons.
///
/// ```
/// use rotortree_wal::{
///     Event, GroupBuffer, LogRules, Position, Scanner, SegmentHeader, SegmentStart,
///     Verdict, caps,
/// };
///
/// // A segment with two records, the second of which did not reach the disk.
/// let header = SegmentHeader {
///     tree_id: [7; 16],
///     salt: 0x5eed,
///     number: 1,
///     arity: 2,
///     fingerprint: [9; 32],
///     base: Position::START,
///     attested: 0,
///     copied: 0,
///     previous: None,
///     remains: 0,
/// };
/// let mut segment = header.encode().to_vec();
/// let mut group = GroupBuffer::new(1);
/// for leaf in [[1; 32], [2; 32]] {
///     let sequence = group.push_leaf(&leaf);
///     segment.extend(group.seal(
///         header.salt,
///         0,
///         &Position {
///             sequence,
///             size: sequence,
///             root: [3; 32],
///         },
///     ));
///     group.clear();
/// }
/// segment.truncate(1100);
///
/// let SegmentStart::Header(header) = SegmentStart::read(&mut &segment[..])? else {
///     panic!()
/// };
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
/// let mut next = 1;
/// let mut scanner =
///     Scanner::with_window(&segment[..], header.salt, scanner.into_window());
/// let mut leaves: Vec<[u8; 32]> = Vec::new();
/// while let Some(event) = scanner.next()? {
///     match event {
///         Event::Record(record)
///             if record.sequence == next && next <= assessment.end.min(caps[0]) =>
///         {
///             next += 1;
///             leaves.extend(record.leaves)
///         }
///         _ => {}
///     }
/// }
/// assert_eq!(leaves, [[1; 32]]);
/// # Ok::<(), rotortree_wal::OutOfBounds>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogRules {
    /// Records up to here are not needed: the caller has the state they lead to.
    start: u64,
    attested: u64,
    run: Run,
    faults: Faults,
    current: Current,
    cut_records: u64,
    cut_leaves: u64,
    /// Bytes that were written to the segments before the current one.
    used_before: u64,
}

/// The segment whose events come.
#[derive(Clone, Debug)]
struct Current {
    number: u64,
    cap: u64,
    /// Up to where there may be remains of an earlier segment.
    remains: u64,
    /// Whether the group whose records come is live.
    live: bool,
    /// Behind the last event.
    tail: u64,
    /// Behind what was written.
    used: u64,
}

impl Current {
    fn new(header: &SegmentHeader, cap: u64) -> Self {
        Self {
            number: header.number,
            cap,
            remains: header.remains,
            live: false,
            tail: SECTOR_U64,
            used: SECTOR_U64,
        }
    }

    /// The reason of an invalid stretch here.
    fn judge(&self, offset: u64, reason: InvalidReason) -> InvalidReason {
        match reason {
            InvalidReason::NoGroup if offset < self.remains => InvalidReason::Remains,
            reason => reason,
        }
    }

    #[inline]
    fn place(&self, offset: u64) -> LogOffset {
        LogOffset {
            segment: self.number,
            offset,
        }
    }
}

impl LogRules {
    /// Rules for the log after `start`, the state that the caller has already, from its manifest
    /// or [`Position::START`].
    ///
    /// `attested` is a sequence up to which the caller knows the log to have been durable, besides
    /// the log's own statements; 0 if the caller knows none. `start` counts as durable in any case.
    #[must_use]
    pub fn new(start: &Position, attested: u64) -> Self {
        Self {
            start: start.sequence,
            attested: attested.max(start.sequence),
            run: Run::new(start),
            faults: Faults::default(),
            current: Current {
                number: 0,
                cap: u64::MAX,
                remains: 0,
                live: false,
                tail: 0,
                used: 0,
            },
            cut_records: 0,
            cut_leaves: 0,
            used_before: 0,
        }
    }

    /// The next segment, in the order of their numbers, with its cap from [`caps`]. Its
    /// events follow.
    pub fn segment(&mut self, header: &SegmentHeader, cap: u64) {
        // The segment that superseded this one gave up the records beyond the cap.
        let base = header.base.sequence.min(cap);
        self.attested = self.attested.max(base).max(header.attested.min(cap));
        self.used_before = self.used_before.saturating_add(self.current.used);
        self.current = Current::new(header, cap);
        if self.faults.broken.is_some() {
            return;
        }
        if base > self.run.batch_end {
            let missing = Break {
                place: self.current.place(0),
                cause: BreakCause::MissingBefore { base },
            };
            let found = self.fault().or_else(|| self.faults.blank().cloned());
            self.faults.broken = Some(found.unwrap_or(missing));
        } else {
            self.run.go_back_to_batch_end();
            self.faults = Faults::default();
        }
    }

    /// The next segment is [`Unreadable`](crate::SegmentStart::Unreadable). One that is
    /// [`Blank`](crate::SegmentStart::Blank) is left out: nothing in it was ever acknowledged.
    pub fn unreadable_segment(&mut self, number: u64, error: SegmentError) {
        let place = LogOffset {
            segment: number,
            offset: 0,
        };
        let cause = BreakCause::UnreadableSegment(error);
        let found = Break { place, cause };
        self.faults.unreadable.get_or_insert(found);
    }

    /// The next event of the scanner in the current segment.
    #[inline]
    pub fn event(&mut self, event: &Event<'_>) {
        let current = &mut self.current;
        match event {
            Event::Group(group) => {
                current.live = group.first_sequence <= current.cap;
                if current.live {
                    self.attested = self.attested.max(group.attested);
                }
                current.tail = group.end();
                current.used = current.tail;
            }
            Event::Record(record) => {
                let covered = record.sequence <= self.start;
                let counts = record.sequence <= current.cap && self.run.reached < current.cap;
                if current.live && !covered && counts {
                    self.record(record);
                }
            }
            Event::Invalid {
                offset,
                len,
                reason,
            } => {
                current.tail = offset.saturating_add(*len);
                let found = Break {
                    place: current.place(*offset),
                    cause: BreakCause::Invalid(current.judge(*offset, *reason)),
                };
                if !found.is_blank() {
                    current.used = current.tail;
                }
                if self.run.reached < current.cap {
                    self.faults.suspect.get_or_insert(found);
                }
            }
        }
    }

    /// The last record of the run so far. A later segment may still take it back to
    /// [`batch_end`](Self::batch_end).
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.run.reached
    }

    /// The end of the last whole batch of the run so far. E is never before it.
    #[must_use]
    pub fn batch_end(&self) -> u64 {
        self.run.batch_end
    }

    /// The largest sequence attested so far. A is never before it.
    #[must_use]
    pub fn attested(&self) -> u64 {
        self.attested
    }

    /// Whether this record of the current segment is the next one of the run: whether its chunks
    /// are to be compared with their checksums before the record is an event.
    #[must_use]
    #[inline]
    pub fn comes_next(&self, record: &RecordView<'_>) -> bool {
        self.current.live
            && !self.faults.end_run()
            && record.sequence == self.run.next()
            && record.sequence <= self.current.cap
    }

    /// A record that is needed, if it is the next one.
    #[inline]
    fn record(&mut self, record: &RecordView<'_>) {
        let place = self.current.place(record.offset);
        if !self.faults.end_run() && self.run.extend(record, place) {
            if self.faults.suspect.is_some() {
                self.faults.suspect = None;
            }
        } else {
            self.cut(record, place);
        }
    }

    /// A record that is not the next one, or whose chunks stand elsewhere.
    #[cold]
    fn cut(&mut self, record: &RecordView<'_>, place: LogOffset) {
        let cause = match record.chunks {
            Some(run) if self.comes_next(record) => BreakCause::MisplacedChunks {
                first: run.first,
                size: self.run.size_reached,
            },
            _ => BreakCause::OutOfSequence {
                expected: self.run.next(),
                found: record.sequence,
            },
        };
        let found = Break { place, cause };
        let found = self.faults.suspect.take().unwrap_or(found);
        self.faults.stopped.get_or_insert(found);
        if record.sequence > self.run.reached {
            self.cut_records += 1;
            let leaves = record.leaf_count();
            self.cut_leaves = self.cut_leaves.saturating_add(leaves);
        }
    }

    /// The fault at the end of the run: the first invalid bytes, or an unfinished batch. Zeros and
    /// the remains of an earlier segment are none at the end: nothing was written there yet.
    fn fault(&self) -> Option<Break> {
        let unfinished = self.run.open_batch.as_ref().map(|open| Break {
            place: open.place,
            cause: BreakCause::UnfinishedBatch,
        });
        let first = self.faults.first().cloned();
        first
            .or(unfinished)
            .or_else(|| self.faults.unreadable.clone())
    }

    /// The verdict, once every event of every segment was given.
    #[must_use]
    pub fn finish(self) -> Assessment {
        let (run, faults) = (&self.run, &self.faults);
        let fault = self.fault();
        // Chunks are durable before their record is written: a crash does not explain them.
        let lacks_chunks = fault.as_ref().is_some_and(Break::lacks_chunks);
        let is_damaged =
            faults.unreadable.is_some() || lacks_chunks || run.batch_end < self.attested;
        let verdict = if is_damaged {
            let early = || Break {
                place: self.current.place(self.current.tail),
                cause: BreakCause::EndsEarly,
            };
            let fault = fault.or_else(|| faults.blank().cloned());
            Verdict::Damaged(fault.unwrap_or_else(early))
        } else {
            fault.map_or(Verdict::Whole, Verdict::Torn)
        };
        let open = run.open_batch.as_ref();
        let cut = open
            .map(|open| open.place)
            .or_else(|| verdict.broken_at().map(|found| found.place));
        Assessment {
            attested: self.attested,
            end: run.batch_end,
            size: run.size,
            used_bytes: self.used_before.saturating_add(self.current.used),
            cut,
            cut_records: self.cut_records + open.map_or(0, |open| open.records),
            cut_leaves: self.cut_leaves.saturating_add(run.size_reached - run.size),
            verdict,
        }
    }
}
