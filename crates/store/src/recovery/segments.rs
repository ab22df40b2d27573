//! The live segments of a store: which there must be, and what their headers say.

use std::{io, ops::Range, sync::Arc};

use rotortree_wal::{
    BreakCause, Event, Place, SECTOR, Scanner, SegmentBytes, SegmentError, SegmentHeader,
    SegmentStart, caps,
};

use crate::{
    StorageError,
    manifest::Manifest,
    storage::{Part, SegmentReader, Storage},
};

/// A hole of twice this length is always left out of what is kept aside, one that is shorter than this never.
const LONG_HOLE: u64 = 16 << 20;

/// A segment of the log that is in force.
pub(crate) struct LiveSegment {
    pub(crate) number: u64,
    pub(crate) start: Start,
    /// What a later segment continues from; records beyond are dead.
    pub(crate) cap: u64,
    pub(crate) len: u64,
}

#[expect(clippy::large_enum_variant, reason = "nearly all are headers")]
pub(crate) enum Start {
    Header(SegmentHeader),
    Unreadable(SegmentError),
}

/// The log of a store, in the order of its segments.
pub(crate) struct LiveLog {
    storage: Arc<dyn Storage>,
    pub(crate) segments: Vec<LiveSegment>,
    /// Segments that the manifest does not name: covered by it and not removed yet, or started and not named before a crash.
    /// Nothing in them was ever acknowledged that is not elsewhere too.
    pub(crate) unnamed: Vec<u64>,
}

impl LiveLog {
    /// Lists the segments and reads their headers.
    ///
    /// Every segment from the manifest's first to its last must be there; a missing one is an error in every mode.
    pub(crate) fn read(
        storage: &Arc<dyn Storage>,
        manifest: &Manifest,
    ) -> Result<Self, StorageError> {
        let named = manifest.first_segment..=manifest.last_segment();
        let (numbers, unnamed): (Vec<u64>, Vec<u64>) = storage
            .list_segments()?
            .into_iter()
            .partition(|number| named.contains(number));
        for number in named {
            if numbers.binary_search(&number).is_err() {
                return Err(StorageError::DataCorruption {
                    file: storage.name(Part::Segment(number)),
                    offset: 0,
                    reason: format!(
                        "the segment is missing; the manifest names segments {} to {}",
                        manifest.first_segment,
                        manifest.last_segment()
                    ),
                });
            }
        }
        let mut log = Self {
            storage: Arc::clone(storage),
            segments: Vec::new(),
            unnamed,
        };
        for number in numbers {
            let mut bytes = log.open(number)?;
            let start = match SegmentStart::read(&mut bytes)? {
                SegmentStart::Header(header) => log.check_identity(manifest, number, header)?,
                // A segment becomes visible only once it is whole: blank is what no crash leaves.
                SegmentStart::Blank => Start::Unreadable(SegmentError::NotASegment),
                SegmentStart::Unreadable(SegmentError::UnsupportedVersion { found, supported }) => {
                    return Err(StorageError::UnsupportedFormat {
                        file: storage.name(Part::Segment(number)),
                        found: found.into(),
                        supported: supported.into(),
                    });
                }
                SegmentStart::Unreadable(error) => Start::Unreadable(error),
            };
            log.segments.push(LiveSegment {
                number,
                start,
                cap: u64::MAX,
                len: bytes.len(),
            });
        }
        log.set_caps();
        Ok(log)
    }

    /// A segment is named by a manifest before anything is written behind what it was created with. One that was written to and is not
    /// named shows that the manifest is an earlier one: to go on from it would drop what came since.
    ///
    /// For the owner. A reader may merely have been overtaken by a writer that rotates.
    pub(crate) fn refuse_older_manifest(&self, manifest: &Manifest) -> Result<(), StorageError> {
        let beyond = self.unnamed.iter().copied();
        for number in beyond.filter(|number| *number > manifest.last_segment()) {
            let mut bytes = self.open(number)?;
            let SegmentStart::Header(header) = SegmentStart::read(&mut bytes)? else {
                continue;
            };
            if header.tree_id == manifest.tree_id && is_used(bytes, &header)? {
                return Err(StorageError::DataCorruption {
                    file: self.storage.name(Part::Segment(number)),
                    offset: 0,
                    reason: format!(
                        "the segment is in use, and the manifest, an older one, names none beyond {}",
                        manifest.last_segment()
                    ),
                });
            }
        }
        Ok(())
    }

    /// A segment of another tree, another number or another beginning does not belong here, whatever its checksum says.
    fn check_identity(
        &self,
        manifest: &Manifest,
        number: u64,
        header: SegmentHeader,
    ) -> Result<Start, StorageError> {
        let foreign = |reason: String| {
            Err(StorageError::DataCorruption {
                file: self.storage.name(Part::Segment(number)),
                offset: 0,
                reason,
            })
        };
        if header.tree_id != manifest.tree_id
            || header.arity != manifest.arity
            || header.fingerprint != manifest.fingerprint
        {
            return foreign("the segment belongs to another tree".into());
        }
        if header.number != number {
            return foreign(format!("the file holds segment {}", header.number));
        }
        let covered = manifest.position();
        if number == manifest.first_segment && header.base != covered {
            return foreign(format!(
                "the segment continues from entry {} and {} leaves, the checkpoint ends at entry {} and {} leaves",
                header.base.sequence, header.base.size, covered.sequence, covered.size
            ));
        }
        Ok(Start::Header(header))
    }

    fn set_caps(&mut self) {
        let with_header = |segment: &LiveSegment| match &segment.start {
            Start::Header(header) => Some(header.base.sequence),
            Start::Unreadable(_) => None,
        };
        let bases: Vec<u64> = self.segments.iter().filter_map(with_header).collect();
        let mut caps = caps(&bases).into_iter();
        for segment in &mut self.segments {
            if with_header(segment).is_some() {
                segment.cap = caps.next().unwrap_or(u64::MAX);
            }
        }
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(crate) fn open(&self, number: u64) -> io::Result<SegmentReader> {
        self.storage.read_segment(number)
    }

    /// Bytes of the log in all.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// Keeps everything from `place` on aside, but for long holes; returns where.
    pub(crate) fn keep_aside(&self, place: Place) -> Result<Vec<String>, StorageError> {
        let mut kept = Vec::new();
        for segment in self
            .segments
            .iter()
            .filter(|segment| segment.number >= place.segment)
        {
            let from = if segment.number == place.segment {
                place.offset.min(segment.len)
            } else {
                0
            };
            for stretch in stretches(&mut self.open(segment.number)?, from..segment.len)? {
                // The header goes along: without its salt nobody could check what follows.
                let label = format!("segment-{:020}-from-{}", segment.number, stretch.start);
                let mut content = Tail {
                    header: 0..stretch.start.min(SECTOR as u64),
                    bytes: self.open(segment.number)?,
                    at: stretch.start,
                    end: stretch.end,
                };
                kept.push(self.storage.keep_aside(&label, &mut content)?);
            }
        }
        Ok(kept)
    }

    /// What the log says does not fit together.
    pub(crate) fn changed(&self, reason: &str) -> StorageError {
        let last = self.segments.last().map_or(0, |segment| segment.number);
        StorageError::DataCorruption {
            file: self.name(last),
            offset: 0,
            reason: reason.into(),
        }
    }

    pub(crate) fn name(&self, number: u64) -> String {
        self.storage.name(Part::Segment(number))
    }
}

/// Whether somebody wrote to the segment after it was created, which happens once a manifest names it.
fn is_used(bytes: SegmentReader, header: &SegmentHeader) -> io::Result<bool> {
    let mut scanner = Scanner::new(bytes, header.salt);
    while let Some(event) = scanner.next()? {
        if let Event::Group(group) = event
            && (group.last_sequence() > header.base.sequence + header.copied
                || group.attested > header.attested)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is wrong, in words.
pub(crate) fn describe(cause: &BreakCause) -> String {
    match cause {
        BreakCause::Invalid(reason) => reason.to_string(),
        BreakCause::OutOfSequence { expected, found } => {
            format!("entry {found} stands where entry {expected} comes next")
        }
        BreakCause::UnreadableSegment(error) => {
            format!("the segment's header is unreadable: {error}")
        }
        BreakCause::MissingBefore { base } => {
            format!("the segment continues from entry {base}, which is missing before it")
        }
        BreakCause::EndsEarly => "the log ends before what is known to have been durable".into(),
        BreakCause::UnfinishedBatch => "a batch starts here whose end is missing".into(),
        other => format!("{other:?}"),
    }
}

/// What is left of a range of a segment without its long holes: keeping those aside could fill the disk with zeros.
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
    found.retain(|stretch| !stretch.is_empty());
    Ok(found)
}

/// A stretch of a segment behind its header as a stream.
struct Tail {
    bytes: SegmentReader,
    header: Range<u64>,
    at: u64,
    end: u64,
}

impl io::Read for Tail {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (at, end) = if self.header.is_empty() {
            (&mut self.at, self.end)
        } else {
            (&mut self.header.start, self.header.end)
        };
        let count = (end - *at).min(buf.len() as u64) as usize;
        self.bytes.read_at(*at, &mut buf[..count])?;
        *at += count as u64;
        Ok(count)
    }
}
