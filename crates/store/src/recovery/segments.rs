//! The live segments of a store: checks that they exist, and reads their headers.

use std::{io, sync::Arc};

use rotortree_wal::{
    BreakCause, Event, HeaderCopy, SECTOR, Scanner, SegmentBytes, SegmentError, SegmentHeader,
    SegmentStart, caps,
};

use crate::{
    StorageError,
    manifest::Manifest,
    storage::{Part, SegmentReader, Storage},
};

/// A segment of the log in force.
pub(crate) struct LiveSegment {
    pub(crate) number: u64,
    pub(crate) start: Start,
    /// The base of a later segment; records beyond it are dead.
    pub(crate) cap: u64,
    pub(crate) len: u64,
}

/// The source of a segment's header.
pub(crate) enum Start {
    Intact(SegmentHeader),
    /// The header in the segment is damaged, and its copy elsewhere is sound.
    Restored(SegmentHeader),
    Unreadable(SegmentError),
}

impl LiveSegment {
    pub(crate) fn header(&self) -> Option<&SegmentHeader> {
        match &self.start {
            Start::Intact(header) | Start::Restored(header) => Some(header),
            Start::Unreadable(_) => None,
        }
    }
}

/// The log of a store, in the order of its segments.
pub(crate) struct LiveLog {
    storage: Arc<dyn Storage>,
    pub(super) tree_id: [u8; 16],
    pub(crate) segments: Vec<LiveSegment>,
    /// Segments that the manifest does not name: covered but not removed yet, or started before a
    /// crash and never named. Every acknowledged record in them also exists elsewhere.
    pub(crate) unnamed: Vec<u64>,
    /// The sequence that the manifest attests, in addition to the log's own attestations.
    pub(crate) attested: u64,
}

impl LiveLog {
    /// The log as its owner reads it. The manifest is durable by now, and so are the records that
    /// it states as durable.
    pub(crate) fn read_owned(
        storage: &Arc<dyn Storage>,
        manifest: &Manifest,
    ) -> Result<Self, StorageError> {
        let mut log = Self::read(storage, manifest)?;
        log.attested = log.attested.max(manifest.durable.sequence);
        Ok(log)
    }

    /// Lists the segments and reads their headers.
    ///
    /// Every segment from the manifest's first to its last must exist. A missing segment is an
    /// error in every mode, and so is one that shows that the manifest is an older one.
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
            tree_id: manifest.tree_id,
            segments: Vec::new(),
            unnamed,
            attested: manifest.clean_close.map_or(0, |close| close.sequence),
        };
        // From the newest to the oldest: the next segment keeps a copy of each header, and the
        // manifest a copy of the newest.
        let mut copy = Some(manifest.newest);
        for &number in numbers.iter().rev() {
            let segment = log.read_segment(manifest, number, copy)?;
            copy = segment.header().and_then(|header| header.previous);
            log.segments.push(segment);
        }
        log.segments.reverse();
        log.set_caps();
        log.refuse_older_manifest(manifest)?;
        Ok(log)
    }

    /// Reads the header of a segment, or restores it from `copy`.
    fn read_segment(
        &self,
        manifest: &Manifest,
        number: u64,
        copy: Option<HeaderCopy>,
    ) -> Result<LiveSegment, StorageError> {
        let mut bytes = self.open(number)?;
        let len = bytes.len();
        let copy = copy.filter(|copy| copy.number == number);
        let start = match SegmentStart::read(&mut bytes)? {
            SegmentStart::Header(header) => Start::Intact(header),
            SegmentStart::Unreadable(SegmentError::UnsupportedVersion { found, supported }) => {
                return Err(StorageError::UnsupportedFormat {
                    file: self.name(number),
                    found: found.into(),
                    supported: supported.into(),
                });
            }
            SegmentStart::Unreadable(error) => {
                restore(manifest, copy).map_or(Start::Unreadable(error), Start::Restored)
            }
            // A segment becomes visible only once it is whole, so no crash leaves a blank start. If
            // more than the header is gone, a restored header would make the log look as if it had
            // ended here.
            SegmentStart::Blank => restore(manifest, copy.filter(|_| len == SECTOR as u64)).map_or(
                Start::Unreadable(SegmentError::NotASegment),
                Start::Restored,
            ),
        };
        let segment = LiveSegment {
            number,
            start,
            cap: u64::MAX,
            len,
        };
        if let Some(header) = segment.header() {
            self.check_identity(manifest, number, header)?;
            if copy.is_some_and(|copy| copy != header.copy()) {
                return Err(StorageError::DataCorruption {
                    file: self.name(number),
                    offset: 0,
                    reason: "the file holds another segment of this number than the one that the store wrote"
                        .into(),
                });
            }
        }
        Ok(segment)
    }

    /// Refuses a manifest that a newer one had replaced: continuing from it would drop the later
    /// records. A manifest names a segment before anything is written behind the segment's initial
    /// content. So an unnamed segment that was written to, or that has a successor, shows an older
    /// manifest. An unnamed segment with a damaged header may have been written to, unless nothing
    /// is behind the header.
    ///
    /// A reader that a writer's rotation has overtaken gets this error too, and then finds a newer
    /// manifest in force.
    fn refuse_older_manifest(&self, manifest: &Manifest) -> Result<(), StorageError> {
        let last = manifest.last_segment();
        let refuse = |number, reason| {
            Err(StorageError::DataCorruption {
                file: self.name(number),
                offset: 0,
                reason,
            })
        };
        for number in self.unnamed.iter().copied().filter(|number| *number > last) {
            let mut bytes = match self.open(number) {
                // The owner removes a segment that it started and never named.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            let len = bytes.len();
            let SegmentStart::Header(header) = SegmentStart::read(&mut bytes)? else {
                if len <= SECTOR as u64 {
                    continue;
                }
                let reason = format!(
                    "the segment's header is damaged, and the manifest names none beyond {last}: either the manifest is \
                     an older one, or a crash left the segment before anything of use was in it; restore the store, or \
                     remove the file if the manifest is known to be the last one"
                );
                return refuse(number, reason);
            };
            let is_ours = header.tree_id == manifest.tree_id;
            if is_ours && (number - last > 1 || is_used(bytes, &header)?) {
                let reason = format!(
                    "the segment is in use, and the manifest, an older one, names none beyond {last}"
                );
                return refuse(number, reason);
            }
        }
        Ok(())
    }

    /// Refuses a segment of another tree, another number or another beginning, whatever its
    /// checksum says.
    fn check_identity(
        &self,
        manifest: &Manifest,
        number: u64,
        header: &SegmentHeader,
    ) -> Result<(), StorageError> {
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
        Ok(())
    }

    fn set_caps(&mut self) {
        let headers = self.segments.iter().filter_map(LiveSegment::header);
        let bases: Vec<u64> = headers.map(|header| header.base.sequence).collect();
        let mut caps = caps(&bases).into_iter();
        for segment in &mut self.segments {
            if segment.header().is_some() {
                segment.cap = caps.next().unwrap_or(u64::MAX);
            }
        }
    }

    /// The segments whose damaged header has a sound copy elsewhere.
    pub(crate) fn restored(&self) -> Vec<String> {
        let is_restored = |segment: &&LiveSegment| matches!(segment.start, Start::Restored(_));
        let restored = self.segments.iter().filter(is_restored);
        restored.map(|segment| self.name(segment.number)).collect()
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    pub(crate) fn open(&self, number: u64) -> io::Result<SegmentReader> {
        self.storage.read_segment(number)
    }

    /// Bytes of the whole log.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// The error for contradictions in the log.
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

/// The header of a segment from its second copy.
fn restore(manifest: &Manifest, copy: Option<HeaderCopy>) -> Option<SegmentHeader> {
    copy.map(|copy| copy.restore(manifest.tree_id, manifest.arity, manifest.fingerprint))
}

/// Whether the segment was written to after its creation, which happens only once a manifest names
/// it.
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

/// The cause in words.
pub(crate) fn describe(cause: &BreakCause) -> String {
    match cause {
        BreakCause::Invalid(reason) => reason.to_string(),
        BreakCause::OutOfSequence { expected, found } => {
            format!("entry {found} stands where entry {expected} comes next")
        }
        BreakCause::MisplacedChunks { first, size } => {
            format!("an entry refers to chunk {first}, which does not continue {size} leaves")
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
