//! What readers hold: an immutable table of segments per level, over an optional base.

use alloc::{sync::Arc, vec::Vec};
use rotortree_hasher::Hash;

use super::{level::SEGMENT_NODES, segment::Segment};
use crate::{NodeSource, TreeError, error::NodeFailure, prefetch::prefetch};

/// The segments of one level.
#[derive(Clone)]
pub(super) struct LevelTable {
    base: u64,
    start: u64,
    segments: Arc<[Arc<Segment>]>,
}

impl LevelTable {
    pub(super) fn new(base: u64, start: u64, segments: Vec<Arc<Segment>>) -> Self {
        Self {
            base,
            start,
            segments: segments.into(),
        }
    }

    /// The `len` nodes from `index` on, if one segment has all of them.
    #[inline]
    fn one_piece(&self, index: u64, len: usize) -> Option<&[Hash]> {
        let number = (index / SEGMENT_NODES).checked_sub(self.start / SEGMENT_NODES)?;
        let segment = self.segments.get(usize::try_from(number).ok()?)?;
        let first = if number == 0 { self.start } else { 0 };
        let slot = (index % SEGMENT_NODES).checked_sub(first % SEGMENT_NODES)?;
        segment.published(slot as usize, len)
    }

    /// The nodes from `index` on, up to `len` of them, as far as the one segment that holds `index` has them.
    #[inline]
    fn published(&self, index: u64, len: usize) -> Option<&[Hash]> {
        let number = (index / SEGMENT_NODES).checked_sub(self.start / SEGMENT_NODES)?;
        let segment = self.segments.get(usize::try_from(number).ok()?)?;
        let first = if number == 0 {
            self.start
        } else {
            index - index % SEGMENT_NODES
        };
        // A segment's slots fit in usize.
        let slot = index.checked_sub(first)? as usize;
        let len = segment.capacity().checked_sub(slot)?.min(len);
        segment.published(slot, len)
    }
}

/// An immutable table of levels.
pub(super) struct Table {
    pub(super) base: Option<Arc<dyn NodeSource>>,
    pub(super) levels: Vec<LevelTable>,
}

#[derive(Debug, thiserror::Error)]
#[error("the tree never had it")]
struct Absent;

pub(crate) fn absent(level: usize, index: u64) -> TreeError {
    TreeError::NodeUnavailable {
        level,
        index,
        source: Arc::new(Absent) as NodeFailure,
    }
}

impl NodeSource for Table {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        let Some(table) = self.levels.get(level) else {
            return Err(absent(level, start));
        };
        let mut index = start;
        let mut left = out;
        if index < table.base {
            let count = (table.base - index).min(left.len() as u64) as usize;
            let (from_base, rest) = left.split_at_mut(count);
            match &self.base {
                Some(base) => base.read(level, index, from_base)?,
                None => return Err(absent(level, index)),
            }
            index += count as u64;
            left = rest;
        }
        while !left.is_empty() {
            let nodes = table.published(index, left.len()).unwrap_or(&[]);
            if nodes.is_empty() {
                return Err(absent(level, index));
            }
            let (filled, rest) = left.split_at_mut(nodes.len());
            filled.copy_from_slice(nodes);
            index += nodes.len() as u64;
            left = rest;
        }
        Ok(())
    }

    #[inline]
    fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        let table = self.levels.get(level)?;
        if let Some(nodes) = table.one_piece(start, len) {
            // Whoever asks for a view goes on to ask for others, one a level, before looking at any.
            prefetch(nodes);
            return Some(nodes);
        }
        let end = start.checked_add(len as u64)?;
        let base = self.base.as_ref().filter(|_| end <= table.base)?;
        base.view(level, start, len)
    }
}
