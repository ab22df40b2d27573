//! [`Checksums`]: the checksums on record of a shard's chunks.

use std::{ops::Range, sync::Arc};

use super::site::Site;
use crate::{
    StorageError,
    chunk::{SUM_BYTES, SUMS_PER_SECTOR},
    storage::{Region, Stream},
};

/// Checksums read at once.
pub(super) const RUN: usize = 64;

/// The checksums of a shard's chunks: in storage as far as they fill sectors, and a tail.
#[derive(Debug)]
pub(super) struct Checksums {
    /// Chunks whose checksum is in storage.
    stored: u64,
    region: Option<Arc<dyn Region>>,
    tail: Box<[u32]>,
}

impl Checksums {
    /// Opens those of the first `len` chunks, the last of which are `tail`. `before` are those of
    /// the same shard when it had fewer chunks.
    pub(super) fn open(
        site: &Site,
        len: u64,
        tail: &[u32],
        before: Option<&Self>,
    ) -> Result<Self, StorageError> {
        let stored = len - tail.len() as u64;
        let region = match before {
            Some(before) if before.stored == stored => before.region.clone(),
            _ if stored == 0 => None,
            _ => Some(site.open(Stream::Sums, stored / SUMS_PER_SECTOR)?),
        };
        Ok(Self {
            stored,
            region,
            tail: tail.into(),
        })
    }

    /// Whether any of them are in storage.
    pub(super) fn are_stored(&self) -> bool {
        self.region.is_some()
    }

    /// The sectors of storage that have checksums of these chunks.
    pub(super) fn sectors(&self, chunks: &Range<u64>) -> Range<u64> {
        let end = chunks.end.min(self.stored);
        chunks.start.min(end) / SUMS_PER_SECTOR..end.div_ceil(SUMS_PER_SECTOR)
    }

    /// Those of at most [`RUN`] chunks, from `first` on.
    pub(super) fn read(&self, first: u64, out: &mut [u32]) -> Result<(), StorageError> {
        let stored = self.stored.saturating_sub(first).min(out.len() as u64) as usize;
        let (out, out_tail) = out.split_at_mut(stored);
        if let Some(region) = &self.region
            && !out.is_empty()
        {
            let mut buffer = [0; RUN * SUM_BYTES];
            let offset = first * SUM_BYTES as u64;
            let bytes = match region.slice(offset, stored * SUM_BYTES) {
                Some(bytes) => bytes,
                None => {
                    let buffer = &mut buffer[..stored * SUM_BYTES];
                    region.read_at(offset, buffer)?;
                    &*buffer
                }
            };
            let (checksums, _) = bytes.as_chunks();
            for (out, checksum) in out.iter_mut().zip(checksums) {
                *out = u32::from_le_bytes(*checksum);
            }
        }
        // Empty unless the run reaches behind the stored checksums.
        if !out_tail.is_empty() {
            let start = (first + stored as u64 - self.stored) as usize;
            out_tail.copy_from_slice(&self.tail[start..][..out_tail.len()]);
        }
        Ok(())
    }
}
