//! [`Site`]: where a shard belongs, and the opening of its streams.

use std::{io, sync::Arc};

use crate::{
    StorageError,
    storage::{self, Locator, Part, Reads, Region, Storage, Stream},
};

/// The shared inputs of opening the levels of one store.
pub(super) struct Opening<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) locator: &'a Locator,
    pub(super) reads: Reads,
    pub(super) tree_id: [u8; 16],
    pub(super) shard_chunks: u64,
}

/// The place of a shard.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) tree_id: [u8; 16],
    pub(super) level: u8,
    /// The shard's number on its level.
    pub(super) number: u64,
    /// The name of its chunks in error messages.
    pub(super) name: Box<str>,
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

    /// The first `units` units of one of the shard's streams. A file that is missing or too short
    /// is damage, not a mishap.
    pub(super) fn open(
        &self,
        opening: &Opening<'_>,
        stream: Stream,
        units: u64,
    ) -> Result<Arc<dyn Region>, StorageError> {
        let Opening {
            storage,
            locator,
            reads,
            ..
        } = *opening;
        let shard = self.shard(stream);
        let needed = units * stream.unit_bytes() as u64;
        let name = || storage.name(Part::Shard(shard));
        let region = storage
            .region(locator, shard, units, reads)
            .map_err(|error| refused(name(), needed, error))?;
        // A view that is shorter than asked for would be met by a slice index later.
        match region.bytes() {
            Some(bytes) if (bytes.len() as u64) < needed => Err(refused(
                name(),
                needed,
                io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the storage gave {} bytes of it", bytes.len()),
                ),
            )),
            _ => Ok(region),
        }
    }
}
