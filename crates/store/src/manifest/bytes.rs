//! The bytes of a manifest, version 1. Integers are little-endian; nothing is aligned or padded.
//!
//! ```text
//! offset  size  field
//!      0     8  magic, "ROTORMAN"
//!      8     4  version, 1
//!     12     4  flags: bit 0, metadata follows; bit 1, closed in an orderly way; the others are zero
//!     16     8  length of the whole, checksum included
//!     24     8  generation
//!     32    16  tree id
//!     48     4  N
//!     52     4  depth ceiling
//!     56    32  fingerprint of the hasher
//!     88     8  leaves that are not stored, 0
//!     96     8  log sequence covered
//!    104     8  size
//!    112    32  root
//!    144     8  first log segment
//!    152     8  last log segment
//!    160    64  with flag bit 1: segment, length, sequence and size (8 each) and root (32) at the end of the log
//!            4  with flag bit 0: length of the metadata
//!            -  and the metadata
//!            -  for each level from the leaves to the root: its tail of nodes (32 each), its tail of checksums (4 each)
//!            4  CRC-32C of everything before it
//! ```
//!
//! Generation, sequences, segment numbers and the length of a segment are below 2^62, so that whoever reads them can count on from them.
//! The number of levels and the lengths of their tails follow from N and size. Magic and version stand where they stand in every
//! version to come.

use rotortree_hasher::Hash;

use super::{CleanClose, LevelTail, Manifest, check::check_metadata};
use crate::{
    StorageError,
    chunk::{CHUNK_NODES, SUM_BYTES, SUMS_PER_SECTOR},
};

const MAGIC: [u8; 8] = *b"ROTORMAN";
const HAS_METADATA: u32 = 1;
const HAS_CLOSE: u32 = 1 << 1;
const CRC_BYTES: usize = 4;

/// Offsets of fields that errors name.
pub(super) mod at {
    pub(in crate::manifest) const VERSION: usize = 8;
    pub(in crate::manifest) const FLAGS: usize = 12;
    pub(in crate::manifest) const LENGTH: usize = 16;
    pub(in crate::manifest) const GENERATION: usize = 24;
    pub(in crate::manifest) const ARITY: usize = 48;
    pub(in crate::manifest) const MAX_DEPTH: usize = 52;
    pub(in crate::manifest) const BASE_SIZE: usize = 88;
    pub(in crate::manifest) const SEQUENCE: usize = 96;
    pub(in crate::manifest) const SIZE: usize = 104;
    pub(in crate::manifest) const ROOT: usize = 112;
    pub(in crate::manifest) const FIRST_SEGMENT: usize = 144;
    pub(in crate::manifest) const LAST_SEGMENT: usize = 152;
    /// The end of what every manifest has.
    pub(in crate::manifest) const HEAD: usize = 160;
    pub(in crate::manifest) const CLOSE_SEGMENT: usize = HEAD;
    pub(in crate::manifest) const CLOSE_LENGTH: usize = HEAD + 8;
    pub(in crate::manifest) const CLOSE_SEQUENCE: usize = HEAD + 16;
    pub(in crate::manifest) const CLOSE_SIZE: usize = HEAD + 24;
    pub(in crate::manifest) const CLOSE_ROOT: usize = HEAD + 32;
}

impl Manifest {
    /// The bytes of the manifest, at most some 300 KB and the metadata.
    ///
    /// # Panics
    ///
    /// If fields contradict each other, so that [`decode`](Self::decode) would refuse the bytes: they must never reach a storage.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        if let Err(contradiction) = self.check() {
            panic!("the manifest contradicts itself: {}", contradiction.reason);
        }
        let mut bytes = Vec::with_capacity(self.encoded_len());
        let mut put = |field: &[u8]| bytes.extend_from_slice(field);
        let has_metadata = self.metadata.as_ref().map_or(0, |_| HAS_METADATA);
        let has_close = self.clean_close.map_or(0, |_| HAS_CLOSE);
        put(&MAGIC);
        put(&Self::VERSION.to_le_bytes());
        put(&(has_metadata | has_close).to_le_bytes());
        put(&(self.encoded_len() as u64).to_le_bytes());
        put(&self.generation.to_le_bytes());
        put(&self.tree_id);
        put(&self.arity.to_le_bytes());
        put(&self.max_depth.to_le_bytes());
        put(&self.fingerprint);
        put(&self.base_size.to_le_bytes());
        put(&self.sequence.to_le_bytes());
        put(&self.size.to_le_bytes());
        put(&self.root);
        put(&self.first_segment.to_le_bytes());
        put(&self.last_segment.to_le_bytes());
        if let Some(close) = &self.clean_close {
            put(&close.segment.to_le_bytes());
            put(&close.length.to_le_bytes());
            put(&close.sequence.to_le_bytes());
            put(&close.size.to_le_bytes());
            put(&close.root);
        }
        if let Some(metadata) = &self.metadata {
            put(&(metadata.len() as u32).to_le_bytes());
            put(metadata);
        }
        for tail in &self.levels {
            put(tail.nodes.as_flattened());
            tail.sums.iter().for_each(|sum| put(&sum.to_le_bytes()));
        }
        let crc = crc32c::crc32c(&bytes);
        bytes.extend(crc.to_le_bytes());
        bytes
    }

    fn encoded_len(&self) -> usize {
        let close = self.clean_close.map_or(0, |_| 64);
        let metadata = self.metadata.as_ref().map_or(0, |bytes| 4 + bytes.len());
        let tails = self.levels.iter();
        let tails = tails.map(|tail| size_of_val(&*tail.nodes) + tail.sums.len() * SUM_BYTES);
        at::HEAD + close + metadata + tails.sum::<usize>() + CRC_BYTES
    }

    /// Reads a manifest from exactly these bytes; `name` is what errors call it. Takes any bytes, and memory for no more than
    /// they hold.
    ///
    /// # Errors
    ///
    /// [`StorageError::UnsupportedFormat`] for a newer version. [`StorageError::CrcMismatch`] and [`StorageError::DataCorruption`], with
    /// the offset, for everything that [`encode`](Self::encode) would not have written.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self, StorageError> {
        let mut fields = Fields {
            name,
            bytes,
            offset: 0,
        };
        if fields.array::<8>()? != MAGIC {
            return Err(fields.damage(0, "it does not start like a manifest"));
        }
        match fields.u32()? {
            Self::VERSION => {}
            0 => return Err(fields.damage(at::VERSION, "there is no version 0")),
            found => {
                return Err(StorageError::UnsupportedFormat {
                    file: name.into(),
                    found,
                    supported: Self::VERSION,
                });
            }
        }
        fields.check_frame(bytes)?;
        let flags = fields.u32()?;
        if flags & !(HAS_METADATA | HAS_CLOSE) != 0 {
            let reason = format!("unknown flags {flags:#010x}");
            return Err(fields.damage(at::FLAGS, reason));
        }
        // The length, checked with the frame.
        fields.u64()?;
        let mut manifest = Self {
            generation: fields.u64()?,
            tree_id: fields.array()?,
            arity: fields.u32()?,
            max_depth: fields.u32()?,
            fingerprint: fields.array()?,
            base_size: fields.u64()?,
            sequence: fields.u64()?,
            size: fields.u64()?,
            root: fields.array()?,
            first_segment: fields.u64()?,
            last_segment: fields.u64()?,
            clean_close: None,
            metadata: None,
            levels: Vec::new(),
        };
        if flags & HAS_CLOSE != 0 {
            manifest.clean_close = Some(CleanClose {
                segment: fields.u64()?,
                length: fields.u64()?,
                sequence: fields.u64()?,
                size: fields.u64()?,
                root: fields.array()?,
            });
        }
        manifest
            .check_head()
            .map_err(|wrong| fields.damage(wrong.offset, wrong.reason))?;
        if flags & HAS_METADATA != 0 {
            let (offset, len) = (fields.offset, fields.u32()? as usize);
            check_metadata(len).map_err(|reason| fields.damage(offset, reason))?;
            manifest.metadata = Some(fields.take(len)?.to_vec());
        }
        let shape = manifest.shape();
        for level in 0..shape.levels() {
            let tail = fields.tail(shape.tail_nodes(level), shape.tail_sums(level))?;
            manifest.levels.push(tail);
        }
        match fields.bytes {
            [] => Ok(manifest),
            more => Err(fields.damage(
                fields.offset,
                format!("{} bytes too many behind the levels", more.len()),
            )),
        }
    }
}

/// What is left of a manifest's bytes.
struct Fields<'a> {
    name: &'a str,
    bytes: &'a [u8],
    /// Of the first byte left.
    offset: usize,
}

impl<'a> Fields<'a> {
    fn damage(&self, offset: usize, reason: impl Into<String>) -> StorageError {
        StorageError::DataCorruption {
            file: self.name.into(),
            offset: offset as u64,
            reason: reason.into(),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], StorageError> {
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

    fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], StorageError> {
        let mut array = [0; LEN];
        array.copy_from_slice(self.take(LEN)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, StorageError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, StorageError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Checks length and checksum of the `whole`, of which magic and version were taken, and drops the checksum.
    fn check_frame(&mut self, whole: &[u8]) -> Result<(), StorageError> {
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

    fn tail(&mut self, nodes: usize, sums: usize) -> Result<LevelTail, StorageError> {
        debug_assert!((nodes as u64) < CHUNK_NODES && (sums as u64) < SUMS_PER_SECTOR);
        let (nodes, _): (&[Hash], _) = self.take(size_of::<Hash>() * nodes)?.as_chunks();
        let (sums, _) = self.take(SUM_BYTES * sums)?.as_chunks();
        Ok(LevelTail {
            nodes: nodes.to_vec(),
            sums: sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect(),
        })
    }
}
