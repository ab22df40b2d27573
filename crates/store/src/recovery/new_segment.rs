//! [`NewSegment`]: the segment that this run writes. It begins with the records that recovery
//! copies.

use std::io;

use rotortree_wal::{GroupBuffer, Position, RecordView, SegmentHeader};

use crate::{
    StorageError,
    storage::{SegmentWriter, Storage, WriteError},
};

/// Bytes per write to the backend.
const WRITE_BYTES: usize = 256 << 10;

/// A segment that takes records, group by group. It is visible once it is finished.
pub(super) struct NewSegment<'a> {
    writer: Box<dyn SegmentWriter + 'a>,
    salt: u64,
    attested: u64,
    group: GroupBuffer,
    bytes: Vec<u8>,
}

impl<'a> NewSegment<'a> {
    pub(super) fn start(
        storage: &'a dyn Storage,
        header: &SegmentHeader,
    ) -> Result<Self, StorageError> {
        let writer = storage.start_segment(header.number).map_err(told)?;
        let header = SegmentHeader {
            remains: writer.remains(),
            ..header.clone()
        };
        Ok(Self {
            writer,
            salt: header.salt,
            attested: header.attested,
            group: GroupBuffer::new(header.base.sequence + 1),
            bytes: header.encode().to_vec(),
        })
    }

    /// Adds a record to the group.
    pub(super) fn push(&mut self, record: &RecordView<'_>) -> Result<(), StorageError> {
        let pushed = self.group.push_record(record).map(drop);
        pushed.map_err(|error| StorageError::Io(io::Error::other(error)))
    }

    /// Ends the group, if it has a record. The tree behind the group is in the state `after`.
    pub(super) fn end_group(&mut self, after: &Position) -> Result<(), StorageError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let sealed = self.group.seal(self.salt, self.attested, after);
        self.bytes.extend_from_slice(sealed);
        self.group.clear();
        if self.bytes.len() >= WRITE_BYTES {
            self.writer.write(&self.bytes).map_err(told)?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Makes the segment visible and durable. Returns its length.
    pub(super) fn finish(mut self) -> Result<u64, StorageError> {
        self.writer.write(&self.bytes).map_err(told)?;
        self.writer.finish().map_err(told)
    }
}

/// The error of a failed write. Opening fails whether or not the write took place: the next opening
/// finds out.
fn told(error: WriteError) -> StorageError {
    StorageError::Io(error.into_io())
}
