//! [`Fields`]: a manifest's bytes, taken field by field.

use rotortree_hasher::Hash;
use rotortree_wal::{HeaderCopy, Position};

use super::{LevelTail, at};
use crate::{
    StorageError,
    chunk::{CHUNK_NODES, SUM_BYTES, SUMS_PER_SECTOR},
};

/// The length of the checksum at a manifest's end.
pub(super) const CRC_BYTES: usize = 4;

pub(super) fn encode_position(position: &Position) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..8].copy_from_slice(&position.sequence.to_le_bytes());
    bytes[8..16].copy_from_slice(&position.size.to_le_bytes());
    bytes[16..].copy_from_slice(&position.root);
    bytes
}

/// The unread rest of a manifest's bytes.
pub(super) struct Fields<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
    /// The offset of the first unread byte.
    pub(super) offset: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn damage(&self, offset: usize, reason: impl Into<String>) -> StorageError {
        StorageError::DataCorruption {
            file: self.name.into(),
            offset: offset as u64,
            reason: reason.into(),
        }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], StorageError> {
        match self.bytes.split_at_checked(len) {
            Some((taken, left)) => {
                self.bytes = left;
                self.offset += len;
                Ok(taken)
            }
            None => {
                let left = self.bytes.len();
                let reason = format!("a field of {len} bytes where {left} are left");
                Err(self.damage(self.offset, reason))
            }
        }
    }

    pub(super) fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], StorageError> {
        let mut array = [0; LEN];
        array.copy_from_slice(self.take(LEN)?);
        Ok(array)
    }

    pub(super) fn u16(&mut self) -> Result<u16, StorageError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, StorageError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, StorageError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn newest(&mut self) -> Result<HeaderCopy, StorageError> {
        let offset = self.offset;
        HeaderCopy::decode(&self.array()?)
            .ok_or_else(|| self.damage(offset, "no segment has the header that stands here"))
    }

    pub(super) fn position(&mut self) -> Result<Position, StorageError> {
        Ok(Position {
            sequence: self.u64()?,
            size: self.u64()?,
            root: self.array()?,
        })
    }

    /// Checks length and checksum of the `whole`, of which magic and version were taken, and drops
    /// the checksum.
    pub(super) fn check_frame(&mut self, whole: &[u8]) -> Result<(), StorageError> {
        let mut ahead = Fields { ..*self };
        ahead.take(at::LENGTH - self.offset)?;
        let (stated, len) = (ahead.u64()?, whole.len());
        if stated != len as u64 || len < at::HEAD + CRC_BYTES {
            let reason = format!("it says that it has {stated} bytes, and it has {len}");
            return Err(self.damage(at::LENGTH, reason));
        }
        let (covered, crc) = whole.split_at(len - CRC_BYTES);
        let expected = u32::from_le_bytes([crc[0], crc[1], crc[2], crc[3]]);
        let actual = crc32c::crc32c(covered);
        if expected != actual {
            return Err(StorageError::CrcMismatch {
                file: self.name.into(),
                offset: 0,
                expected,
                actual,
            });
        }
        self.bytes = &self.bytes[..self.bytes.len() - CRC_BYTES];
        Ok(())
    }

    pub(super) fn tail(&mut self, nodes: usize, sums: usize) -> Result<LevelTail, StorageError> {
        debug_assert!((nodes as u64) < CHUNK_NODES && (sums as u64) < SUMS_PER_SECTOR);
        // Exactly as many bytes as the nodes have, so that the view does not panic.
        let nodes: &[Hash] = bytemuck::cast_slice(self.take(size_of::<Hash>() * nodes)?);
        let (sums, _) = self.take(SUM_BYTES * sums)?.as_chunks();
        Ok(LevelTail {
            nodes: nodes.to_vec(),
            sums: sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect(),
        })
    }
}
