//! [`RecordError`]: why a batch is not taken into a group.

use thiserror::Error;

use crate::layout::MAX_METADATA_BYTES;

/// Why a batch was not taken into a group. The group is unchanged.
///
/// ```
/// use rotortree_wal::{GroupBuffer, RecordError};
///
/// let mut group = GroupBuffer::new(1);
/// assert_eq!(group.push_batch(&[], None), Err(RecordError::Empty));
/// assert!(group.is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Neither leaves nor metadata were given.
    #[error("a record carries leaves, metadata or both, and neither was given")]
    Empty,
    /// The metadata is longer than [`MAX_METADATA_BYTES`].
    #[error("the metadata has {len} bytes; at most 65536 are taken")]
    MetadataTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A run of no chunks or of too many, with too long a locator, or with too many leaves before
    /// or behind it.
    #[error(
        "a run has 1 to 256 chunks, a locator of at most 64 bytes, and at most 127 leaves before and behind it"
    )]
    ImpossibleRun,
    /// Metadata was given with a part that is not the last of its batch.
    #[error("metadata travels with the last part of its batch, and more parts were announced")]
    MetadataBeforeEnd,
}

impl RecordError {
    /// Refuses metadata that is too long, or that more parts of its batch follow.
    pub(crate) fn check_metadata(metadata: Option<&[u8]>, more: bool) -> Result<(), Self> {
        match metadata.map(<[u8]>::len) {
            Some(len) if len > MAX_METADATA_BYTES => Err(Self::MetadataTooLong { len }),
            Some(_) if more => Err(Self::MetadataBeforeEnd),
            _ => Ok(()),
        }
    }
}
