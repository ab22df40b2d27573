//! [`CutNotice`]: a cut of durable entries by recovery, on record until the user acknowledges it.
//!
//! `docs/format/checkpoint.md` draws its bytes, and a test holds the table against them.

use std::fmt;

use rotortree_lean_imt::TreeHead;
use rotortree_wal::Position;

use super::fields::{Fields, encode_position};
use crate::StorageError;

/// The most notices in a manifest; beyond, the oldest are merged.
pub const MAX_CUTS: usize = 16;
/// At most so many files are named in one notice.
pub const MAX_CUT_FILES: usize = 8;
/// The longest name of a file in a notice, in bytes.
pub const MAX_CUT_FILE_NAME: usize = 255;

/// The length of a cut notice without its labels.
const CUT_BYTES: usize = 120;

/// A cut that opening made: the log was damaged below its known durable end, and recovery stopped
/// at the last valid entry.
///
/// The manifest that takes a cut carries its notice, and so does every later one, and every backup,
/// until [`acknowledge_cuts`](crate::RotorTree::acknowledge_cuts).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CutNotice {
    /// The generation of the manifest that took the cut; of the last one where several
    /// cuts are merged.
    pub generation: u64,
    /// The number of cuts in this notice: 1, or more if older ones were merged.
    pub cuts: u32,
    /// The last entry that was kept. Where cuts are merged, the smallest.
    pub kept_sequence: u64,
    /// Size and root of the tree after the cut.
    pub kept: TreeHead,
    /// The last entry that is known to have been durable. Where cuts are merged, the largest.
    pub attested: u64,
    /// The largest durable head that is known to have been lost, or `None` where no record of one
    /// was left.
    pub lost: Option<TreeHead>,
    /// The number of files that hold the cut bytes.
    pub file_count: u32,
    /// The labels of these files in quarantine, at most [`MAX_CUT_FILES`] of them.
    pub files: Vec<String>,
}

impl CutNotice {
    /// The notice of one cut.
    #[must_use]
    pub fn new(
        generation: u64,
        kept: Position,
        attested: u64,
        lost: Option<TreeHead>,
        files: Vec<String>,
    ) -> Self {
        let file_count = u32::try_from(files.len()).unwrap_or(u32::MAX);
        let mut notice = Self {
            generation,
            cuts: 1,
            kept_sequence: kept.sequence,
            kept: TreeHead {
                size: kept.size,
                root: kept.root,
            },
            attested,
            lost,
            file_count,
            files,
        };
        notice.files.truncate(MAX_CUT_FILES);
        notice
    }

    /// The number of leaves that are known to be lost, or `None` if no durable head beyond the kept
    /// one is known.
    #[must_use]
    pub fn lost_leaves(&self) -> Option<u64> {
        self.lost
            .map(|head| head.size.saturating_sub(self.kept.size))
    }

    /// The length of the notice's bytes.
    pub(super) fn encoded_len(&self) -> usize {
        let labels = self.files.iter().map(|label| 2 + label.len());
        CUT_BYTES + labels.sum::<usize>()
    }

    /// The notice's one encoding.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        let mut put = |field: &[u8]| bytes.extend_from_slice(field);
        let lost = self.lost.unwrap_or(TreeHead {
            size: 0,
            root: [0; 32],
        });
        put(&self.generation.to_le_bytes());
        put(&self.cuts.to_le_bytes());
        put(&u32::from(self.lost.is_some()).to_le_bytes());
        let kept = Position {
            sequence: self.kept_sequence,
            size: self.kept.size,
            root: self.kept.root,
        };
        put(&encode_position(&kept));
        put(&self.attested.to_le_bytes());
        put(&lost.size.to_le_bytes());
        put(&lost.root);
        put(&self.file_count.to_le_bytes());
        put(&(self.files.len() as u32).to_le_bytes());
        for label in &self.files {
            put(&(label.len() as u16).to_le_bytes());
            put(label.as_bytes());
        }
        bytes
    }

    /// Reads the count of the notices, and the notices.
    pub(super) fn decode_all(fields: &mut Fields<'_>) -> Result<Vec<Self>, StorageError> {
        let (offset, count) = (fields.offset, fields.u32()? as usize);
        if !(1..=MAX_CUTS).contains(&count) {
            return Err(fields.damage(offset, format!("{count} cut notices")));
        }
        (0..count).map(|_| Self::decode(fields)).collect()
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, StorageError> {
        let start = fields.offset;
        let (generation, cuts, is_known) = (fields.u64()?, fields.u32()?, fields.u32()?);
        let (kept, attested) = (fields.position()?, fields.u64()?);
        let lost = TreeHead {
            size: fields.u64()?,
            root: fields.array()?,
        };
        let (file_count, labels) = (fields.u32()?, fields.u32()? as usize);
        let is_blank = lost.size == 0 && lost.root == [0; 32];
        if is_known > 1 || is_known == 0 && !is_blank || labels > MAX_CUT_FILES {
            return Err(fields.damage(start, "a cut notice that no release has written"));
        }
        let files = (0..labels)
            .map(|_| label(fields))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            generation,
            cuts,
            kept_sequence: kept.sequence,
            kept: TreeHead {
                size: kept.size,
                root: kept.root,
            },
            attested,
            lost: (is_known == 1).then_some(lost),
            file_count,
            files,
        })
    }

    /// Takes in a later cut.
    fn merge(&mut self, later: Self) {
        self.generation = later.generation;
        self.cuts = self.cuts.saturating_add(later.cuts);
        if later.kept_sequence < self.kept_sequence {
            (self.kept_sequence, self.kept) = (later.kept_sequence, later.kept);
        }
        self.attested = self.attested.max(later.attested);
        let known = self.lost.into_iter().chain(later.lost);
        self.lost = known.max_by_key(|head| head.size);
        self.file_count = self.file_count.saturating_add(later.file_count);
        self.files.extend(later.files);
        self.files.truncate(MAX_CUT_FILES);
    }
}

/// The cut in one sentence, for a log or a terminal.
impl fmt::Display for CutNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (generation, kept) = (self.generation, self.kept.size);
        match self.cuts {
            1 => write!(f, "manifest {generation} cut the log to {kept} leaves")?,
            cuts => write!(
                f,
                "{cuts} cuts of the log, the last by manifest {generation}, the \
                 deepest to {kept} leaves"
            )?,
        }
        match self.lost {
            Some(lost) => write!(f, ", and the durable head {lost} is lost")?,
            None => f.write_str(", and which durable head is lost is not on record")?,
        }
        if !self.files.is_empty() {
            write!(f, "; quarantined: {}", self.files.join(", "))?;
        }
        let more = (self.file_count as usize).saturating_sub(self.files.len());
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        Ok(())
    }
}

/// Puts a notice behind those that are on record, and merges the oldest where they become too many.
pub(crate) fn push_cut(cuts: &mut Vec<CutNotice>, notice: CutNotice) {
    cuts.push(notice);
    while cuts.len() > MAX_CUTS {
        let second = cuts.remove(1);
        cuts[0].merge(second);
    }
}

/// Reads the name of a file.
fn label(fields: &mut Fields<'_>) -> Result<String, StorageError> {
    let (offset, len) = (fields.offset, u16::from_le_bytes(fields.array()?) as usize);
    let bytes = fields.take(len)?.to_vec();
    String::from_utf8(bytes)
        .ok()
        .filter(|label| label.len() <= MAX_CUT_FILE_NAME)
        .ok_or_else(|| fields.damage(offset, "a label that no release has written"))
}
