//! [`Portion`]: spans that are found first, all of them, and read behind that.

use rotortree_hasher::Hash;
use rotortree_lean_imt::{NodeSpan, TreeError, prefetch};

use super::{
    between::{Between, Part},
    cache::{Blocks, Crown, Place},
    set::BlockId,
    stored::StoredLevels,
};

/// The most groups of a portion. A proof of 2^32 leaves in pairs has ten, a stored level and a
/// block in turns.
const GROUPS: usize = 16;

/// The first of some spans: those that few blocks give. What it reads is fetched into the
/// processor's cache for all of them before the first node is read, so that the portion waits once
/// for memory and not once a block.
pub(super) struct Portion<'a> {
    groups: [Group<'a>; GROUPS],
    count: usize,
}

/// Spans in a row that one block gives, or one that none gives.
#[derive(Clone, Copy, Default)]
struct Group<'a> {
    spans: usize,
    block: Option<BlockId>,
    /// Where the cache has the block, if it does.
    place: Option<Place<'a>>,
    /// What the cache has of the block.
    crown: Option<Crown<'a>>,
    /// What is hashed of the block.
    part: Option<Part>,
    /// The nodes of the span of a stored level, or those of the part, where they are mapped.
    nodes: Option<&'a [Hash]>,
}

impl<'a> Portion<'a> {
    /// As many of the first `spans`, none of which is empty, as make a portion. They are in an
    /// order in which those of a block are in a row.
    pub(super) fn find(
        between: &Between,
        stored: &'a StoredLevels,
        blocks: &'a Blocks,
        mut spans: &[NodeSpan<'_>],
    ) -> Self {
        let mut portion = Self {
            groups: [Group::default(); GROUPS],
            count: 0,
        };
        portion.divide(between, blocks, spans);
        for group in &mut portion.groups[..portion.count] {
            let (own, behind) = spans.split_at(group.spans);
            spans = behind;
            group.find(between, stored, own);
        }
        portion
    }

    /// Divides spans into groups, and starts to fetch the entries of the block cache.
    fn divide(&mut self, between: &Between, blocks: &'a Blocks, spans: &[NodeSpan<'_>]) {
        for span in spans {
            let block = between.block(span);
            let last = self.groups[..self.count].last_mut();
            if let Some(group) = last.filter(|group| block.is_some() && group.block == block) {
                group.spans += 1;
                continue;
            }
            let Some(next) = self.groups.get_mut(self.count) else {
                return;
            };
            (next.block, next.spans) = (block, 1);
            self.count += 1;
            next.place = block.and_then(|block| blocks.place(block));
            if let Some(place) = next.place {
                place.set.prefetch();
            }
        }
    }

    /// Whether all nodes were found, in the cache or mapped.
    pub(super) fn is_here(&self) -> bool {
        let mut groups = self.groups[..self.count].iter();
        groups.all(|group| group.is_here())
    }

    /// The number of spans.
    pub(super) fn spans(&self) -> usize {
        self.groups[..self.count]
            .iter()
            .map(|group| group.spans)
            .sum()
    }

    /// Fills the spans, from the last to the first: the nodes of the lower levels arrive
    /// meanwhile.
    pub(super) fn read(
        &self,
        between: &Between,
        stored: &StoredLevels,
        mut spans: &mut [NodeSpan<'_>],
    ) -> Result<(), TreeError> {
        for group in self.groups[..self.count].iter().rev() {
            let (before, own) = spans.split_at_mut(spans.len() - group.spans);
            spans = before;
            group.read(between, stored, own)?;
        }
        Ok(())
    }
}

impl<'a> Group<'a> {
    fn is_here(&self) -> bool {
        let is_in_crown = self.block.is_some() && self.part.is_none();
        is_in_crown || self.nodes.is_some()
    }

    fn find(&mut self, between: &Between, stored: &'a StoredLevels, spans: &[NodeSpan<'_>]) {
        if let Some(block) = self.block {
            self.crown = self.place.and_then(|place| place.find(block));
            if let Some(crown) = &self.crown {
                between.prefetch(crown, spans);
            }
            self.part = between.part(stored, block, self.crown.as_ref(), spans);
            self.nodes = self.part.and_then(|part| part.view(stored));
        } else if let [span] = spans {
            self.nodes = stored.view(span.level, span.start, span.nodes.len());
        }
        if let Some(nodes) = self.nodes {
            prefetch(nodes);
        }
    }

    fn read(
        &self,
        between: &Between,
        stored: &StoredLevels,
        spans: &mut [NodeSpan<'_>],
    ) -> Result<(), TreeError> {
        if let Some(block) = self.block {
            let crown = self.crown.as_ref();
            return between.fill(stored, block, crown, self.part, self.nodes, spans);
        }
        spans.iter_mut().try_for_each(|span| {
            if let Some(nodes) = self.nodes {
                span.nodes.copy_from_slice(nodes);
                Ok(())
            } else if between.stride.is_stored(span.level) {
                let read = stored.read(span.level, span.start, span.nodes);
                read.map_err(|unreadable| unreadable.at_level(span.level))
            } else {
                between.hash_run(stored, span)
            }
        })
    }
}
