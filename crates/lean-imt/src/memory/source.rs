//! The read side of a store: an immutable table of segments per level, over an optional base.

use alloc::{sync::Arc, vec::Vec};
use core::{fmt, mem};
use rotortree_hasher::Hash;

use super::segment::{SEGMENT_NODES, Segment};
use crate::{NodeSource, NodeSpan, TreeError, error::NodeFailure, prefetch::prefetch};

/// The segments of one level.
#[derive(Clone)]
pub(super) struct LevelTable {
    base: u64,
    /// The number of the first segment.
    first: u64,
    /// Slots that the first segment lacks in front.
    lacking: u64,
    segments: Arc<[Arc<Segment>]>,
}

impl LevelTable {
    pub(super) fn new(base: u64, start: u64, segments: Vec<Arc<Segment>>) -> Self {
        Self {
            base,
            first: start / SEGMENT_NODES,
            lacking: start % SEGMENT_NODES,
            segments: segments.into(),
        }
    }

    /// The segment and the slot of `index`, if there is such a segment. The segment may
    /// lack the slot.
    #[inline]
    fn place(&self, index: u64) -> Option<(&Segment, usize)> {
        // Below the first segment this wraps to a number that no segment has.
        let number = (index / SEGMENT_NODES).wrapping_sub(self.first);
        let segment = self.segments.get(usize::try_from(number).ok()?)?;
        let lacking = if number == 0 { self.lacking } else { 0 };
        let slot = index % SEGMENT_NODES;
        // A slot number fits in usize.
        Some((segment, slot.checked_sub(lacking)? as usize))
    }

    /// The `len` nodes from `index` on, if one segment has all of them.
    #[inline]
    fn one_piece(&self, index: u64, len: usize) -> Option<&[Hash]> {
        let (segment, slot) = self.place(index)?;
        segment.published(slot, len)
    }

    /// The nodes from `index` on, at most `len` and within the segment of `index`.
    #[inline]
    fn published(&self, index: u64, len: usize) -> Option<&[Hash]> {
        let (segment, slot) = self.place(index)?;
        let len = segment.capacity().checked_sub(slot)?.min(len);
        segment.published(slot, len)
    }
}

/// The read side of [`MemoryNodes`](crate::MemoryNodes): an immutable table of the segments
/// of every level.
///
/// Only a [`MemoryNodes`](crate::MemoryNodes) makes one; other code reads it through
/// [`NodeSource`]. A view costs O(1). Nodes in two 2 MiB segments have no view.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, NodeSource};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let source = tree.nodes().source();
/// assert_eq!(source.view(0, 1, 2), Some(&[[2; 32], [3; 32]][..]));
/// assert_eq!(source.view(1, 1, 1), None, "leaf 3 waits for its pair");
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
pub struct MemorySource {
    pub(super) base: Option<Arc<dyn NodeSource>>,
    pub(super) levels: Vec<LevelTable>,
}

impl MemorySource {
    /// The `len` nodes of `level` from `start` on, if one segment or the base has them
    /// contiguously.
    #[inline]
    fn find(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        let table = self.levels.get(level)?;
        if let Some(nodes) = table.one_piece(start, len) {
            return Some(nodes);
        }
        let end = start.checked_add(len as u64)?;
        let base = self.base.as_ref().filter(|_| end <= table.base)?;
        base.view(level, start, len)
    }

    /// A reference to node `index` of `level`.
    #[inline]
    pub(crate) fn node(&self, level: usize, index: u64) -> Option<&Hash> {
        self.find(level, index, 1)?.first()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the tree never had it")]
struct Absent;

pub(crate) fn absent(level: usize, index: u64) -> TreeError {
    TreeError::NodeUnavailable {
        level,
        index,
        source: NodeFailure::new(Absent),
    }
}

impl NodeSource for MemorySource {
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
        let nodes = self.find(level, start, len)?;
        // Callers ask for one view per level before they read any of them.
        prefetch(nodes);
        Some(nodes)
    }

    fn read_spans(&self, spans: &mut [NodeSpan<'_>]) -> Result<(), TreeError> {
        // The base gets its nodes in one call: their spans move to the front.
        let mut of_base = 0;
        for at in 0..spans.len() {
            let span = &mut spans[at];
            let (level, start) = (span.level, span.start);
            let base = self.levels.get(level).map_or(0, |table| table.base);
            let nodes = mem::take(&mut span.nodes);
            let below = base.saturating_sub(start).min(nodes.len() as u64);
            let (from_base, own) = nodes.split_at_mut(below as usize);
            span.nodes = from_base;
            if !own.is_empty() {
                self.read(level, start + below, own)?;
            }
            if below > 0 {
                spans.swap(of_base, at);
                of_base += 1;
            }
        }
        match &self.base {
            Some(base) => base.read_spans(&mut spans[..of_base]),
            None => Ok(()),
        }
    }

    fn recomputed_len(&self, level: usize) -> u64 {
        let own = self.levels.get(level).map_or(0, |table| table.base);
        let base = self.base.as_ref();
        base.map_or(0, |base| base.recomputed_len(level).min(own))
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySource")
            .field("levels", &self.levels.len())
            .field("has_base", &self.base.is_some())
            .finish_non_exhaustive()
    }
}
