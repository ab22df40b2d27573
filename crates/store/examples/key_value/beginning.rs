//! A segment that is being created: gathered, and written as one batch.

use std::io;

use rotortree_store::storage::{SegmentWriter, WriteError};

use crate::{
    database::{Change, Database},
    keys,
};

/// Bytes of a segment's beginning that one value holds.
const PIECE_BYTES: usize = 256 << 10;

/// The pieces of a segment that nothing was written of yet.
pub(crate) struct Beginning<'a> {
    database: &'a Database,
    number: u64,
    changes: Vec<Change>,
    len: u64,
}

impl<'a> Beginning<'a> {
    pub(crate) fn new(database: &'a Database, number: u64) -> Self {
        Self {
            database,
            number,
            changes: Vec::new(),
            len: 0,
        }
    }
}

impl SegmentWriter for Beginning<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        for piece in bytes.chunks(PIECE_BYTES) {
            let key = keys::piece(self.number, self.len);
            self.changes.push(Change::Put(key, piece.to_vec()));
            self.len += piece.len() as u64;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, WriteError> {
        let Self { number, len, .. } = *self;
        let first = keys::piece(number, 0);
        let written = self.database.write(self.changes, |entries| {
            if entries.contains_key(&first) {
                let text = format!("cannot create log segment {number}: there is one already");
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
            Ok(())
        });
        // The batch is written whole or not at all: nothing is ever in doubt. A database that
        // answers over a network, or whose failed commit may still come to be, says
        // `InDoubt` here.
        written.map_err(WriteError::NotWritten)?;
        Ok(len)
    }
}
