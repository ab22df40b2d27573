//! One level of a memory store: segments in order, the last of which is written.

use alloc::{sync::Arc, vec::Vec};
use rotortree_hasher::Hash;

#[cfg(feature = "parallel")]
use super::segment::Slots;
use super::{
    segment::{SEGMENT_NODES, Segment, SegmentWriter},
    source::LevelTable,
};
use crate::TreeError;

/// Number of slots of a level's first segment.
const FIRST_SLOTS: u64 = 4;

/// The end of the segment with `index`.
fn next_boundary(index: u64) -> u64 {
    (index / SEGMENT_NODES + 1).saturating_mul(SEGMENT_NODES)
}

/// The write end of a level.
#[derive(Default)]
pub(crate) struct Level {
    /// The base serves nodes below this index.
    base: u64,
    /// Committed length, base included.
    len: u64,
    /// Length with the staged nodes.
    staged: u64,
    /// Full segments after the base, then the one being written.
    full: Vec<Arc<Segment>>,
    /// Index of the first slot of the first segment.
    start: u64,
    /// The segment being written and the index of its first slot.
    tail: Option<(u64, SegmentWriter)>,
    /// Segments filled since the last commit and not yet published.
    filled: Vec<SegmentWriter>,
    /// Whether the readers' table lacks a segment of this level.
    stale: bool,
}

impl Level {
    pub(super) fn over_base(base: u64) -> Self {
        Self {
            base,
            len: base,
            staged: base,
            start: base,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn base(&self) -> u64 {
        self.base
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    /// Bytes of memory that the level's segments take.
    pub(super) fn bytes(&self) -> u64 {
        let tail = self
            .tail
            .iter()
            .map(|(_, writer)| writer.share().capacity());
        let slots: usize = self
            .full
            .iter()
            .map(|segment| segment.capacity())
            .chain(tail)
            .sum();
        slots as u64 * size_of::<Hash>() as u64
    }

    /// Stages nodes at the end.
    #[inline]
    pub(crate) fn append(&mut self, nodes: &[Hash]) -> Result<(), TreeError> {
        match &mut self.tail {
            Some((_, writer)) if nodes.len() <= writer.room() => {
                writer.write(nodes);
                self.staged += nodes.len() as u64;
                Ok(())
            }
            _ => self.append_across(nodes),
        }
    }

    /// [`append`](Self::append), where a segment ends within the nodes.
    #[inline(never)]
    fn append_across(&mut self, mut nodes: &[Hash]) -> Result<(), TreeError> {
        while !nodes.is_empty() {
            let room = self.tail.as_ref().map_or(0, |(_, writer)| writer.room());
            if room == 0 {
                self.make_room(nodes.len() as u64)?;
                continue;
            }
            if let Some((_, writer)) = &mut self.tail {
                let count = writer.write(nodes);
                nodes = &nodes[count..];
                self.staged += count as u64;
            }
        }
        Ok(())
    }

    /// Makes room for `count` nodes, as far as the last segment can have it. A segment that grows
    /// while they are appended copies what it has again and again.
    pub(crate) fn reserve(&mut self, count: u64) -> Result<(), TreeError> {
        let room = self.tail.as_ref().map_or(0, |(_, writer)| writer.room());
        if (room as u64) < count.min(next_boundary(self.staged) - self.staged) {
            self.make_room(count)?;
        }
        Ok(())
    }

    /// Stages `count` nodes and returns their slots in order. The caller writes them.
    #[cfg(feature = "parallel")]
    pub(super) fn stage_unwritten(&mut self, count: u64) -> Result<Vec<Slots<'_>>, TreeError> {
        let first = self.filled.len();
        let written = |(_, writer): &(u64, SegmentWriter)| writer.written();
        let mut from = self.tail.as_ref().map_or(0, written);
        let mut left = count;
        while left > 0 {
            let room = self.tail.as_ref().map_or(0, |(_, writer)| writer.room());
            if room == 0 {
                self.make_room(left)?;
                continue;
            }
            if let Some((_, writer)) = &mut self.tail {
                let staged = left.min(room as u64);
                writer.stage_unwritten(staged as usize);
                self.staged += staged;
                left -= staged;
            }
        }
        let tail = self.tail.iter_mut().map(|(_, writer)| writer);
        let writers = self.filled[first..].iter_mut().chain(tail);
        // All but the first of these segments are new.
        let slots = writers.map(|writer| writer.slots_from(core::mem::take(&mut from)));
        Ok(slots.collect())
    }

    /// Grows the last segment up to the next boundary, or starts a new one.
    fn make_room(&mut self, wanted: u64) -> Result<(), TreeError> {
        match &mut self.tail {
            Some((start, writer)) if self.staged < next_boundary(*start) => {
                let used = self.staged - *start;
                let capacity = (used + wanted)
                    .max(used * 2)
                    .next_power_of_two()
                    .min(next_boundary(*start) - *start);
                *writer = writer.grown(capacity as usize)?;
            }
            tail => {
                // A level that filled a segment will likely fill another; a new level starts small.
                let most = next_boundary(self.staged) - self.staged;
                let first = tail.is_none() && self.full.is_empty();
                let capacity = if first {
                    wanted.max(FIRST_SLOTS).next_power_of_two().min(most)
                } else {
                    most
                };
                let writer = SegmentWriter::with_capacity(capacity as usize)?;
                if tail.is_none() && self.full.is_empty() {
                    self.start = self.staged;
                }
                if let Some((_, filled)) = tail.replace((self.staged, writer)) {
                    self.full.push(filled.share());
                    self.filled.push(filled);
                }
            }
        }
        self.stale = true;
        Ok(())
    }

    pub(super) fn commit(&mut self) {
        if self.staged == self.len {
            return;
        }
        self.filled
            .drain(..)
            .for_each(|mut writer| writer.publish());
        if let Some((_, writer)) = &mut self.tail {
            writer.publish();
        }
        self.len = self.staged;
    }

    pub(super) fn abort(&mut self) {
        if self.staged == self.len {
            return;
        }
        // Of the segments that were filled while staging, only the oldest may have committed nodes.
        // It becomes the tail again; the others are dropped.
        if let Some(oldest) = (!self.filled.is_empty()).then(|| self.filled.remove(0)) {
            let kept = self.full.len() - self.filled.len() - 1;
            self.full.truncate(kept);
            self.filled.clear();
            self.tail = Some((self.start_of(kept), oldest));
            self.stale = true;
        }
        if let Some((start, writer)) = &mut self.tail {
            writer.abort();
            if *start > self.len {
                self.tail = None;
                self.stale = true;
            }
        }
        self.staged = self.len;
    }

    /// Index of the first slot of a segment.
    fn start_of(&self, segment: usize) -> u64 {
        match segment {
            0 => self.start,
            _ => (self.start / SEGMENT_NODES + segment as u64) * SEGMENT_NODES,
        }
    }

    /// Makes the base serve all nodes below `base`, and drops the segments without later nodes.
    pub(super) fn rebase(&mut self, base: u64) {
        debug_assert!(self.base <= base && base <= self.len && self.staged == self.len);
        self.base = base;
        let mut start = self.start;
        let mut drop = 0;
        while drop < self.full.len() && next_boundary(start) <= base {
            start = next_boundary(start);
            drop += 1;
        }
        self.full.drain(..drop);
        self.start = start;
        if self.full.is_empty() && base == self.len {
            self.tail = None;
            self.start = base;
        }
        self.stale = true;
    }

    pub(super) fn table(&mut self) -> LevelTable {
        self.stale = false;
        let tail = self.tail.iter().map(|(_, writer)| writer.share());
        LevelTable::new(
            self.base,
            self.start,
            self.full.iter().cloned().chain(tail).collect(),
        )
    }

    /// A level with the same committed nodes and a write end of its own: full segments are shared,
    /// the unfinished one is copied.
    pub(super) fn fork(&self) -> Result<Self, TreeError> {
        // A batch that ended in a panic may have filled segments; the oldest of them is the
        // unfinished one.
        let full = self.full[..self.full.len() - self.filled.len()].to_vec();
        let unfinished = match self.filled.first() {
            Some(oldest) => Some((self.start_of(full.len()), oldest)),
            None => self.tail.as_ref().map(|(start, writer)| (*start, writer)),
        };
        let tail = match unfinished {
            Some((start, writer)) if self.len > start => {
                let mut copy = writer.grown(writer.share().capacity())?;
                copy.abort();
                Some((start, copy))
            }
            _ => None,
        };
        Ok(Self {
            base: self.base,
            len: self.len,
            staged: self.len,
            full,
            start: self.start,
            tail,
            filled: Vec::new(),
            stale: true,
        })
    }
}
