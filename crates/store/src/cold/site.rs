//! [`Site`]: where a shard belongs, and the opening of its streams.

use std::{io, sync::Arc};

use crate::{
    StorageError,
    storage::{self, Locator, Part, Reads, Region, Storage, Stream},
};

/// Where the shards of one manifest are.
#[derive(Debug)]
pub(super) struct Source {
    /// Stays with the store that the manifest was read from.
    pub(super) storage: Arc<dyn Storage>,
    pub(super) locator: Locator,
    pub(super) reads: Reads,
    pub(super) tree_id: [u8; 16],
}

/// The place of a shard.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) source: Arc<Source>,
    pub(super) level: u8,
    /// The shard's number on its level.
    pub(super) number: u64,
    /// The index of its first chunk on the level.
    pub(super) first_chunk: u64,
}

/// The error of a stream that does not open. A missing or short file is damage.
fn refused(file: String, needed: u64, error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => StorageError::DataCorruption {
            file,
            offset: 0,
            reason: format!("{error}; the manifest names its first {needed} bytes"),
        },
        _ => error.into(),
    }
}

impl Site {
    /// One of the shard's streams.
    pub(super) fn shard(&self, stream: Stream) -> storage::Shard {
        storage::Shard {
            stream,
            level: self.level,
            index: self.number,
        }
    }

    /// The name of one of the shard's streams in error messages.
    pub(super) fn name(&self, stream: Stream) -> String {
        self.source.storage.name(Part::Shard(self.shard(stream)))
    }

    /// The first `units` units of one of the shard's streams. A file that is missing or too short
    /// is damage, not a mishap.
    pub(super) fn open(&self, stream: Stream, units: u64) -> Result<Arc<dyn Region>, StorageError> {
        let source = &*self.source;
        let needed = units * stream.unit_bytes() as u64;
        let refused = |error| refused(self.name(stream), needed, error);
        let region = source
            .storage
            .region(&source.locator, self.shard(stream), units, source.reads)
            .map_err(refused)?;
        // A view that is shorter than asked for would be met by a slice index later.
        match region.bytes() {
            Some(bytes) if (bytes.len() as u64) < needed => Err(refused(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the storage gave {} bytes of it", bytes.len()),
            ))),
            _ => Ok(region),
        }
    }
}
