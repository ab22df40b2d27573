//! The bytes of a manifest, version 2. `docs/format/checkpoint.md` draws every field, and a test
//! holds its table against the bytes.
//!
//! Generation, sequences, segment numbers and the length of a segment are below 2^62, so arithmetic
//! on them does not overflow. The number of levels and the lengths of their tails follow from N and
//! size. Magic and version stand where they stand in every version to come.

use rotortree_lean_imt::TreeHead;

use super::{
    BackupOf, CleanClose, CutNotice, Manifest, at,
    check::check_metadata,
    fields::{CRC_BYTES, Fields, encode_position},
};
use crate::{StorageError, chunk::SUM_BYTES, storage::Locator};

const MAGIC: [u8; 8] = *b"ROTORMAN";
const HAS_METADATA: u32 = 1;
const HAS_CLOSE: u32 = 1 << 1;
const IS_BACKUP: u32 = 1 << 2;
const HAS_CUTS: u32 = 1 << 3;
const HAS_LOCATOR: u32 = 1 << 4;
const HAS_CARRIED: u32 = 1 << 5;
const FLAGS: u32 = HAS_METADATA | HAS_CLOSE | IS_BACKUP | HAS_CUTS | HAS_LOCATOR | HAS_CARRIED;

impl Manifest {
    /// The bytes of the manifest, at most some 300 KB and the metadata.
    ///
    /// # Panics
    ///
    /// If fields contradict each other, so that [`decode`](Self::decode) would refuse the bytes:
    /// they must never reach a storage.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        if let Err(contradiction) = self.check() {
            panic!("the manifest contradicts itself: {}", contradiction.reason);
        }
        let mut bytes = self.head();
        let mut put = |field: &[u8]| bytes.extend_from_slice(field);
        if let Some(close) = &self.clean_close {
            put(&close.segment.to_le_bytes());
            put(&close.length.to_le_bytes());
            put(&close.sequence.to_le_bytes());
            put(&close.size.to_le_bytes());
            put(&close.root);
        }
        if let Some(of) = &self.backup_of {
            put(&of.tree_id);
            put(&of.generation.to_le_bytes());
        }
        if !self.cuts.is_empty() {
            put(&(self.cuts.len() as u32).to_le_bytes());
            self.cuts.iter().for_each(|cut| put(&cut.encode()));
        }
        if let Some(metadata) = &self.metadata {
            put(&(metadata.len() as u32).to_le_bytes());
            put(metadata);
        }
        if let locator @ [_, ..] = self.locator.as_bytes() {
            put(&(locator.len() as u32).to_le_bytes());
            put(locator);
        }
        if let Some(carried) = self.carried() {
            put(&carried.size.to_le_bytes());
            put(&carried.root);
        }
        for tail in &self.levels {
            put(bytemuck::cast_slice(&tail.nodes));
            tail.sums.iter().for_each(|sum| put(&sum.to_le_bytes()));
        }
        let crc = crc32c::crc32c(&bytes);
        bytes.extend(crc.to_le_bytes());
        bytes
    }

    /// The first bytes, which every manifest has. They contain the generation and the salt of the
    /// newest segment, so two manifests of one place that begin alike are the same.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        let mut put = |field: &[u8]| bytes.extend_from_slice(field);
        let flag = |is_there: bool, flag: u32| if is_there { flag } else { 0 };
        let flags = flag(self.metadata.is_some(), HAS_METADATA)
            | flag(self.clean_close.is_some(), HAS_CLOSE)
            | flag(self.backup_of.is_some(), IS_BACKUP)
            | flag(!self.cuts.is_empty(), HAS_CUTS)
            | flag(!self.locator.as_bytes().is_empty(), HAS_LOCATOR)
            | flag(self.carried().is_some(), HAS_CARRIED);
        put(&MAGIC);
        put(&Self::VERSION.to_le_bytes());
        put(&flags.to_le_bytes());
        put(&(self.encoded_len() as u64).to_le_bytes());
        put(&self.generation.to_le_bytes());
        put(&self.tree_id);
        put(&self.arity.to_le_bytes());
        // Both are at most 64.
        put(&(self.max_depth as u16).to_le_bytes());
        put(&(self.stride as u16).to_le_bytes());
        put(&self.fingerprint);
        put(&self.base_size.to_le_bytes());
        put(&self.sequence.to_le_bytes());
        put(&self.size.to_le_bytes());
        put(&self.root);
        put(&self.first_segment.to_le_bytes());
        put(&self.newest.encode());
        put(&encode_position(&self.durable));
        bytes
    }

    fn carried(&self) -> Option<TreeHead> {
        self.backup_of.and_then(|of| of.carried)
    }

    fn encoded_len(&self) -> usize {
        let close = self.clean_close.map_or(0, |_| 64) + self.backup_of.map_or(0, |_| 24);
        let cuts = self.cuts.iter().map(CutNotice::encoded_len);
        let cuts = if self.cuts.is_empty() {
            0
        } else {
            4 + cuts.sum::<usize>()
        };
        let metadata = self.metadata.as_ref().map_or(0, |bytes| 4 + bytes.len());
        let locator = match self.locator.as_bytes().len() {
            0 => 0,
            len => 4 + len,
        };
        let carried = self.carried().map_or(0, |_| 40);
        let tails = self.levels.iter();
        let tails = tails.map(|tail| size_of_val(&*tail.nodes) + tail.sums.len() * SUM_BYTES);
        at::HEAD + close + cuts + metadata + locator + carried + tails.sum::<usize>() + CRC_BYTES
    }

    /// Reads a manifest from exactly these bytes; errors call it `name`. Takes any bytes, and no
    /// more memory than they hold.
    ///
    /// # Errors
    ///
    /// [`StorageError::UnsupportedFormat`] for another version. [`StorageError::CrcMismatch`] and
    /// [`StorageError::DataCorruption`], with the offset, for everything that
    /// [`encode`](Self::encode) would not have written.
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
        let is_carried_alone = flags & (HAS_CARRIED | IS_BACKUP) == HAS_CARRIED;
        if flags & !FLAGS != 0 || is_carried_alone {
            let reason = format!("unknown flags {flags:#010x}");
            return Err(fields.damage(at::FLAGS, reason));
        }
        // The length, checked with the frame.
        fields.u64()?;
        let mut manifest = Self {
            generation: fields.u64()?,
            tree_id: fields.array()?,
            arity: fields.u32()?,
            max_depth: fields.u16()?.into(),
            stride: fields.u16()?.into(),
            fingerprint: fields.array()?,
            base_size: fields.u64()?,
            sequence: fields.u64()?,
            size: fields.u64()?,
            root: fields.array()?,
            first_segment: fields.u64()?,
            newest: fields.newest()?,
            durable: fields.position()?,
            clean_close: None,
            backup_of: None,
            cuts: Vec::new(),
            metadata: None,
            locator: Locator::default(),
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
        if flags & IS_BACKUP != 0 {
            manifest.backup_of = Some(BackupOf {
                tree_id: fields.array()?,
                generation: fields.u64()?,
                carried: None,
            });
        }
        manifest
            .check_head()
            .map_err(|wrong| fields.damage(wrong.offset, wrong.reason))?;
        if flags & HAS_CUTS != 0 {
            manifest.cuts = CutNotice::decode_all(&mut fields)?;
        }
        if flags & HAS_METADATA != 0 {
            let (offset, len) = (fields.offset, fields.u32()? as usize);
            check_metadata(len).map_err(|reason| fields.damage(offset, reason))?;
            manifest.metadata = Some(fields.take(len)?.to_vec());
        }
        if flags & HAS_LOCATOR != 0 {
            let (offset, len) = (fields.offset, fields.u32()? as usize);
            let locator = Locator::new(fields.take(len)?).filter(|_| len > 0);
            manifest.locator = locator.ok_or_else(|| {
                let most = Locator::MAX_BYTES;
                fields.damage(
                    offset,
                    format!("a locator of {len} bytes; it has 1 to {most}"),
                )
            })?;
        }
        if let Some(of) = manifest
            .backup_of
            .as_mut()
            .filter(|_| flags & HAS_CARRIED != 0)
        {
            let offset = fields.offset;
            of.carried = Some(TreeHead {
                size: fields.u64()?,
                root: fields.array()?,
            });
            manifest
                .check_carried(offset)
                .map_err(|wrong| fields.damage(wrong.offset, wrong.reason))?;
        }
        let shape = manifest.shape();
        for level in shape.stored_levels() {
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
