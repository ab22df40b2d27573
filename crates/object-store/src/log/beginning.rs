//! [`Beginning`]: a segment that is being created. Its first object is written last.

use std::{io, mem};

use rotortree_store::storage::{SegmentWriter, WriteError};

use super::{Log, PART_BYTES, Piece, Segment};
use crate::{
    frame::{Kind, seal},
    id::Id,
    names,
};

/// The beginning has an id of its own, so what a failure leaves is in nobody's way: nothing of it
/// is ever in doubt.
pub(crate) struct Beginning<'a> {
    log: &'a Log,
    segment: Segment,
    first: Option<Vec<u8>>,
    part: Vec<u8>,
}

impl<'a> Beginning<'a> {
    pub(crate) fn new(log: &'a Log, number: u64, id: Id) -> Self {
        Self {
            log,
            segment: Segment::new(number, id),
            first: None,
            part: Vec::new(),
        }
    }

    /// Writes the part that has gathered; the first one waits.
    fn end_part(&mut self) -> Result<(), WriteError> {
        let bytes = mem::take(&mut self.part);
        let piece = Piece {
            offset: self.segment.end(),
            bytes: bytes.len() as u64,
        };
        if self.first.is_none() {
            self.first = Some(bytes);
        } else {
            self.create(piece.offset, &bytes)?;
        }
        self.segment.push(piece);
        Ok(())
    }

    fn create(&self, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let name = names::piece(self.segment.number, self.segment.id, offset);
        let created = self
            .log
            .client
            .create_own(&name, seal(Kind::Piece, &name, bytes));
        created.map_err(WriteError::NotWritten)
    }
}

impl SegmentWriter for Beginning<'_> {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let count = bytes.len().min(PART_BYTES - self.part.len());
            self.part.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if self.part.len() == PART_BYTES {
                self.end_part()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, WriteError> {
        if !self.part.is_empty() {
            self.end_part()?;
        }
        let first = self.first.take().ok_or_else(|| {
            let text = "a segment without a header cannot be created";
            WriteError::NotWritten(io::Error::new(io::ErrorKind::InvalidInput, text))
        })?;
        self.create(0, &first)?;
        let len = self.segment.end();
        self.log.add(self.segment);
        Ok(len)
    }
}
