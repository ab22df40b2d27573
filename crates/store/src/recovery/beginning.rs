//! [`Beginning`]: the step from the log of earlier runs to the segment of this one.
//!
//! After an orderly close all of the log is durable and attested, so an opening has nothing to make
//! durable, and leaves the step to the first write. The mark of the close stays in force until
//! then.

use std::io;

use rotortree_wal::{Event, Position, SegmentHeader};

use super::{
    checkpoint::load_manifest, log_scanner::LogScanner, new_segment::NewSegment, segments::LiveLog,
    tail::Tail,
};
use crate::{StorageError, manifest::Manifest, storage::WriteError};

/// A log of at most this many bytes is copied into the new segment as a whole, so that stores that
/// are opened often and checkpointed rarely do not gather segments.
const COMPACT_BYTES: u64 = 4 << 20;

/// The log of earlier runs, of which this run has written nothing yet.
pub(crate) struct Beginning {
    log: LiveLog,
    /// The generation of the manifest that names the log.
    generation: u64,
    /// The state that the checkpoint covers.
    checkpoint: Position,
    /// Bytes of the log.
    bytes: u64,
    /// The records that no segment of the log attests.
    unattested: Tail,
}

/// The segment of this run, which no manifest names yet.
pub(crate) struct BegunSegment {
    pub(crate) header: SegmentHeader,
    pub(crate) len: u64,
    /// Whether the segment replaces all earlier ones.
    pub(crate) is_whole_log: bool,
}

impl Beginning {
    pub(super) fn new(log: LiveLog, manifest: &Manifest, bytes: u64, unattested: Tail) -> Self {
        Self {
            log,
            generation: manifest.generation,
            checkpoint: manifest.position(),
            bytes,
            unattested,
        }
    }

    pub(super) fn log(&self) -> &LiveLog {
        &self.log
    }

    /// [`create`](Self::create), by the first write of a run whose opening wrote nothing.
    ///
    /// # Errors
    /// [`WriteError::Fenced`] if another owner has written since. Nothing is in doubt otherwise,
    /// whatever fails: no manifest names the segment, and the next attempt removes what is left of
    /// this one.
    pub(crate) fn create_late(&self, header: SegmentHeader) -> Result<BegunSegment, WriteError> {
        let storage = &**self.log.storage();
        // This owner may have stalled since it opened, for longer than its lease.
        let in_force = load_manifest(storage).map_err(not_written)?;
        if in_force.generation != self.generation {
            let text = "another owner has written to the store";
            return Err(WriteError::Fenced(io::Error::other(text)));
        }
        storage.sweep().map_err(not_written)?;
        self.create(header).map_err(not_written)
    }

    /// Creates the segment of this run behind the log. `header` is that of its number.
    ///
    /// The segment holds the records that the log does not attest, or a small log as a whole. It
    /// attests no more than the log does: until the manifest that names it is durable, a loss of
    /// power may bring back the manifest that names only the log.
    pub(super) fn create(&self, header: SegmentHeader) -> Result<BegunSegment, StorageError> {
        let header = SegmentHeader {
            attested: self.unattested.base.sequence,
            ..header
        };
        // Where the readable is durable, nothing has to be written again.
        if self.bytes <= COMPACT_BYTES && !self.log.storage().readable_is_durable() {
            let whole = self.unattested.with_all_before(self.checkpoint);
            match self.create_segment(&header, &whole) {
                // No room for a second copy of the whole log, but perhaps for the necessary part.
                Err(error) if is_out_of_room(&error) => {}
                created => return created,
            }
        }
        self.create_segment(&header, &self.unattested)
    }

    /// Creates the segment with copies of these records.
    fn create_segment(
        &self,
        header: &SegmentHeader,
        records: &Tail,
    ) -> Result<BegunSegment, StorageError> {
        let storage = &**self.log.storage();
        // An earlier opening may have started a segment of this number without naming it.
        storage.remove_segment(header.number)?;
        let header = SegmentHeader {
            base: records.base,
            copied: records.records(),
            ..header.clone()
        };
        let mut segment = NewSegment::start(storage, &header)?;
        self.copy(records, &mut segment)?;
        Ok(BegunSegment {
            len: segment.finish()?,
            is_whole_log: header.base == self.checkpoint,
            header,
        })
    }

    /// Copies records, which were all read before.
    fn copy(&self, records: &Tail, segment: &mut NewSegment<'_>) -> Result<(), StorageError> {
        let mut next = records.base.sequence + 1;
        let mut scanner = LogScanner::starting_at(&self.log, records.place);
        for end in &records.ends {
            while next <= end.sequence {
                let cap = scanner.cap();
                match scanner.next()? {
                    Some(Event::Record(record)) if record.sequence == next && next <= cap => {
                        next += 1;
                        segment.push(&record)?;
                    }
                    Some(_) => {}
                    None => {
                        if scanner.next_segment()?.is_none() {
                            return Err(self.log.changed("a record that was there is gone"));
                        }
                    }
                }
            }
            segment.end_group(&end.after)?;
        }
        Ok(())
    }

    /// Removes the segments that the manifest does not name any more, now that it names `begun`.
    /// Their bytes.
    pub(crate) fn remove_replaced(&self, begun: &BegunSegment) -> u64 {
        let live = self.log.segments.iter().map(|segment| segment.number);
        let replaced = live.filter(|_| begun.is_whole_log);
        let unnamed = self.log.unnamed.iter().copied();
        for number in replaced.chain(unnamed) {
            if number != begun.header.number {
                // A segment that stays is dead. The next opening removes it.
                drop(self.log.storage().remove_segment(number));
            }
        }
        if begun.is_whole_log { self.bytes } else { 0 }
    }
}

impl BegunSegment {
    /// Names the segment in the next manifest, which drops the mark of an orderly close. `durable`
    /// is the state at the end of its records.
    pub(crate) fn name_in(&self, next: &mut Manifest, durable: Position) {
        next.newest = self.header.copy();
        next.durable = durable;
        next.clean_close = None;
        next.backup_of = None;
        if self.is_whole_log {
            next.first_segment = self.header.number;
        }
    }
}

impl std::fmt::Debug for Beginning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beginning")
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}

fn not_written(error: StorageError) -> WriteError {
    WriteError::NotWritten(match error {
        StorageError::Io(error) => error,
        other => io::Error::other(other),
    })
}

/// Whether something failed for lack of room on the disk.
fn is_out_of_room(error: &StorageError) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error, StorageError::Io(error)
        if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge))
}
