//! What readers hold: an immutable table of segments per level, over an optional base.

use alloc::{sync::Arc, vec::Vec};
use rotortree_hasher::Hash;

use super::{level::SEGMENT_NODES, segment::Segment};
use crate::{NodeRun, NodeSource, TreeError, error::NodeFailure};

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

    /// First finds where everything is, which is in cache, and then copies, which often is not: the processor then waits for
    /// all of it at the same time.
    fn read_runs(&self, runs: &mut [NodeRun<'_>]) -> Result<(), TreeError> {
        const AHEAD: usize = 32;
        let mut found: [&[Hash]; AHEAD] = [&[]; AHEAD];
        for runs in runs.chunks_mut(AHEAD) {
            for (run, found) in runs.iter().zip(&mut found) {
                let level = self.levels.get(run.level);
                *found = level
                    .filter(|level| run.start >= level.base)
                    .and_then(|level| level.published(run.start, run.out.len()))
                    .unwrap_or(&[]);
            }
            for (run, found) in runs.iter_mut().zip(&found) {
                if found.len() == run.out.len() {
                    for (node, found) in run.out.iter_mut().zip(*found) {
                        *node = *found;
                    }
                } else {
                    // In the base, or in two segments, or nowhere.
                    self.read(run.level, run.start, run.out)?;
                }
            }
        }
        Ok(())
    }
}
