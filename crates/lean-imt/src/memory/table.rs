//! What readers hold: an immutable table of segments per level, over an optional base.

use alloc::{sync::Arc, vec::Vec};
use rotortree_hasher::Hash;

use super::{level::SEGMENT_NODES, segment::Segment};
use crate::{NodeSource, TreeError, error::NodeFailure};

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

    /// Fills a front part of `out` from the one segment that holds `index`; returns how many, 0 if it is not here.
    fn read(&self, index: u64, out: &mut [Hash]) -> usize {
        let Some(number) = (index / SEGMENT_NODES).checked_sub(self.start / SEGMENT_NODES) else {
            return 0;
        };
        let Some(segment) = self.segments.get(number as usize) else {
            return 0;
        };
        let first = if number == 0 {
            self.start
        } else {
            index - index % SEGMENT_NODES
        };
        let Some(slot) = index.checked_sub(first) else {
            return 0;
        };
        let count = (segment.capacity() as u64)
            .saturating_sub(slot)
            .min(out.len() as u64) as usize;
        if count > 0 && segment.read(slot as usize, &mut out[..count]) {
            count
        } else {
            0
        }
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
            let count = table.read(index, left);
            if count == 0 {
                return Err(absent(level, index));
            }
            index += count as u64;
            left = &mut left[count..];
        }
        Ok(())
    }
}
