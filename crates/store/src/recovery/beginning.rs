//! [`Beginning`]: the part of an opening that is left to the first write.
//!
//! After an orderly close all of the log is durable and attested, so an opening has nothing to make
//! durable. The mark of the close stays in force until this run has something to write.

use std::io;

use rotortree_wal::{Event, Position, SegmentHeader};

use super::{
    checkpoint::load_manifest,
    log_scanner::{LogPlace, LogScanner},
    new_segment::NewSegment,
    segments::LiveLog,
};
use crate::{StorageError, manifest::Manifest, storage::WriteError};

/// A log of at most this many bytes is copied into the new segment as a whole, so that stores that
/// are opened often and checkpointed rarely do not gather segments.
pub(crate) const COMPACT_BYTES: u64 = 4 << 20;

/// The log of an earlier run, of which this run has written nothing yet.
pub(crate) struct Beginning {
    log: LiveLog,
    /// The generation of the manifest that names the log.
    generation: u64,
    /// The state that the checkpoint covers.
    checkpoint: Position,
    /// Bytes of the log.
    bytes: u64,
}

/// The segment of this run, which no manifest names yet.
pub(crate) struct BegunSegment {
    pub(crate) header: SegmentHeader,
    pub(crate) len: u64,
    /// Whether the segment replaces all earlier ones.
    pub(crate) is_whole_log: bool,
}

impl Beginning {
    pub(super) fn new(log: LiveLog, manifest: &Manifest, bytes: u64) -> Self {
        Self {
            log,
            generation: manifest.generation,
            checkpoint: manifest.position(),
            bytes,
        }
    }

    /// Creates the segment of this run behind the log, whose last state is `durable`. `header` is
    /// that of a segment without records that continues from there.
    ///
    /// # Errors
    /// [`WriteError::Fenced`] if another owner has written since. Nothing is in doubt otherwise,
    /// whatever fails: no manifest names the segment, and the next attempt removes what is left of
    /// this one.
    pub(crate) fn create(
        &self,
        header: SegmentHeader,
        durable: &Position,
    ) -> Result<BegunSegment, WriteError> {
        let storage = &**self.log.storage();
        // This owner may have stalled since it opened, for longer than its lease.
        let in_force = load_manifest(storage).map_err(not_written)?;
        if in_force.generation != self.generation {
            let text = "another owner has written to the store";
            return Err(WriteError::Fenced(io::Error::other(text)));
        }
        let create = || {
            storage.sweep()?;
            if self.bytes <= COMPACT_BYTES && !storage.readable_is_durable() {
                match self.create_segment(&header, self.checkpoint, durable) {
                    Err(error) if is_out_of_room(&error) => {}
                    created => return created,
                }
            }
            self.create_segment(&header, *durable, durable)
        };
        create().map_err(not_written)
    }

    /// Creates the segment with copies of the records from `base` on.
    fn create_segment(
        &self,
        header: &SegmentHeader,
        base: Position,
        durable: &Position,
    ) -> Result<BegunSegment, StorageError> {
        let storage = &**self.log.storage();
        // An earlier opening may have started a segment of this number without naming it.
        storage.remove_segment(header.number)?;
        let copied = durable.sequence.checked_sub(base.sequence);
        let header = SegmentHeader {
            base,
            copied: copied.ok_or(StorageError::MathError)?,
            ..header.clone()
        };
        let mut segment = NewSegment::start(storage, &header)?;
        self.copy(base.sequence, durable.sequence, &mut segment)?;
        segment.end_group(durable)?;
        Ok(BegunSegment {
            header,
            len: segment.finish()?,
            is_whole_log: base == self.checkpoint,
        })
    }

    /// Copies the records from behind `start` up to `end`, all of which are valid and attested.
    fn copy(&self, start: u64, end: u64, segment: &mut NewSegment<'_>) -> Result<(), StorageError> {
        let mut next = start + 1;
        let mut scanner = LogScanner::starting_at(&self.log, LogPlace::default());
        while next <= end {
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
pub(super) fn is_out_of_room(error: &StorageError) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error, StorageError::Io(error)
        if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge))
}
