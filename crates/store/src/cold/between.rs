//! [`Between`]: the nodes of the levels between two stored ones, hashed from a block of the lower.

use std::{mem, sync::Arc};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{
    NodeSpan, SharedHasher, TreeError,
    geometry::{MAX_BLOCK_NODES, Stride},
};

use super::{
    ahead::Units,
    cache::{BlockCache, Crown},
    failure::Unreadable,
    set::BlockId,
    stored::StoredLevels,
};

/// The most nodes of a block.
const BLOCK: usize = MAX_BLOCK_NODES as usize;
/// Stored nodes that a long run is hashed from at once, 256 KiB.
const RUN: u64 = 8192;

/// Hashes nodes that are not stored. The hasher, which may panic, runs while no lock is held and
/// before the cache is touched.
pub(super) struct Between {
    pub(super) hasher: SharedHasher,
    pub(super) arity: usize,
    pub(super) stride: Stride,
    pub(super) cache: Arc<BlockCache>,
}

/// Whole subtrees of one height in a block: consecutive nodes of the stored level, and the levels
/// above them that are hashed.
#[derive(Clone, Copy)]
pub(super) struct Part {
    level: usize,
    start: u64,
    len: u64,
    levels: usize,
}

impl Part {
    /// Its stored nodes, where they are mapped.
    pub(super) fn view(self, stored: &StoredLevels) -> Option<&[Hash]> {
        stored.view(self.level, self.start, self.len as usize)
    }
}

impl Between {
    /// The block that gives all nodes of a span. `None` if several do, and if the level is stored.
    #[inline]
    pub(super) fn block(&self, span: &NodeSpan<'_>) -> Option<BlockId> {
        if self.stride.is_stored(span.level) {
            return None;
        }
        let number = self.stride.block(span.level, span.start);
        let end = (number + 1) * self.stride.share(span.level);
        (span.nodes.len() as u64 <= end - span.start).then(|| BlockId {
            level: self.stride.below(span.level),
            number,
        })
    }

    /// What is hashed to fill spans, all of which this block gives: what the crown in the cache
    /// lacks, if it lacks any; the whole block, if it is going to be kept; or what the spans need.
    pub(super) fn part(
        &self,
        stored: &StoredLevels,
        block: BlockId,
        crown: Option<&Crown<'_>>,
        spans: &[NodeSpan<'_>],
    ) -> Option<Part> {
        match crown {
            Some(crown) => self.part_below(&spans[..self.count_below(crown, spans)]),
            None if stored.plan.keeps(block.level) => {
                let nodes = self.stride.block_nodes();
                Some(Part {
                    level: block.level,
                    start: block.number * nodes,
                    len: nodes,
                    levels: self.stride.levels() - 1,
                })
            }
            None => self.part_below(spans),
        }
    }

    /// What spans of one block need, of which the last has the highest level.
    fn part_below(&self, spans: &[NodeSpan<'_>]) -> Option<Part> {
        let highest = spans.last()?.level;
        let ends = spans.iter().map(|span| {
            let each = self.stride.span(span.level);
            let end = span.start + span.nodes.len() as u64;
            (span.start * each, end * each)
        });
        let (start, end) = ends.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))?;
        let first = self.stride.ancestor(highest, start);
        let behind = self.stride.ancestor(highest, end - 1) + 1;
        let each = self.stride.span(highest);
        Some(Part {
            level: self.stride.below(highest),
            start: first * each,
            len: (behind - first) * each,
            levels: self.above(highest),
        })
    }

    /// How many of the spans of a block, lower levels first, are below its crown.
    fn count_below(&self, crown: &Crown<'_>, spans: &[NodeSpan<'_>]) -> usize {
        let is_below = |span: &&NodeSpan<'_>| self.above(span.level) < crown.lowest();
        spans.iter().take_while(is_below).count()
    }

    /// Starts to fetch what [`fill`](Self::fill) reads of a crown into the processor's cache.
    pub(super) fn prefetch(&self, crown: &Crown<'_>, spans: &[NodeSpan<'_>]) {
        for span in &spans[self.count_below(crown, spans)..] {
            crown.prefetch(self.stride.slot(span.level, span.start), span.nodes.len());
        }
    }

    /// Fills spans of levels that are not stored, all of which this block gives. None is empty.
    /// `crown` is what the cache has of it, `part` the [rest](Self::part), and `nodes` are the
    /// part's where they are mapped.
    pub(super) fn fill(
        &self,
        stored: &StoredLevels,
        block: BlockId,
        crown: Option<&Crown<'_>>,
        part: Option<Part>,
        nodes: Option<&[Hash]>,
        spans: &mut [NodeSpan<'_>],
    ) -> Result<(), TreeError> {
        let Some(crown) = crown else {
            return self.hash_block(stored, block, part, nodes, spans);
        };
        let below = self.count_below(crown, spans);
        self.copy(|slot| crown.node(slot), &mut spans[below..]);
        if !crown.is_unchanged() {
            let part = self.part(stored, block, None, spans);
            return self.hash_block(stored, block, part, None, spans);
        }
        match part {
            Some(part) => self.hash_spans(stored, &part, nodes, &mut spans[..below], |_| {}),
            None => Ok(()),
        }
    }

    /// Fills spans of a block that the cache does not have.
    fn hash_block(
        &self,
        stored: &StoredLevels,
        block: BlockId,
        part: Option<Part>,
        nodes: Option<&[Hash]>,
        spans: &mut [NodeSpan<'_>],
    ) -> Result<(), TreeError> {
        self.cache.count_recomputed();
        let Some(part) = part else {
            return Ok(());
        };
        self.hash_spans(stored, &part, nodes, spans, |inner| {
            if stored.plan.keeps(block.level) {
                self.cache.insert(&stored.plan, block, inner);
            }
        })
    }

    /// Hashes a part, fills spans from it, and hands over the inner nodes of its block. Those that
    /// were not hashed are zero.
    fn hash_spans(
        &self,
        stored: &StoredLevels,
        part: &Part,
        nodes: Option<&[Hash]>,
        spans: &mut [NodeSpan<'_>],
        keep: impl FnOnce(&[Hash]),
    ) -> Result<(), TreeError> {
        let mut inner = [[0; 32]; BLOCK];
        let inner = &mut inner[..self.stride.inner_nodes()];
        if self.hash_part(stored, part, nodes, inner).is_ok() {
            self.copy(|slot| inner[slot], spans);
            keep(inner);
            return Ok(());
        }
        // The spans may not need all of what cannot be read.
        spans
            .iter_mut()
            .try_for_each(|span| self.hash_run(stored, span))
    }

    /// Adds the units that filling spans takes from storage. One block gives them, or it is one
    /// span.
    pub(super) fn add_units(
        &self,
        stored: &StoredLevels,
        spans: &[NodeSpan<'_>],
        units: &mut Units,
    ) {
        let part = match spans.first().and_then(|span| self.block(span)) {
            Some(block) => {
                let blocks = self.cache.blocks();
                self.part(stored, block, blocks.find(block).as_ref(), spans)
            }
            None => self.part_below(spans),
        };
        if let Some(part) = part {
            stored.add_units(part.level, part.start, part.len, units);
        }
    }

    fn copy(&self, node: impl Fn(usize) -> Hash, spans: &mut [NodeSpan<'_>]) {
        for span in spans {
            let slots = self.stride.slot(span.level, span.start)..;
            for (out, slot) in span.nodes.iter_mut().zip(slots) {
                *out = node(slot);
            }
        }
    }

    /// Hashes the levels of a part, each node in its place among the inner nodes of the block.
    fn hash_part(
        &self,
        stored: &StoredLevels,
        part: &Part,
        nodes: Option<&[Hash]>,
        inner: &mut [Hash],
    ) -> Result<(), Unreadable> {
        let mut copy;
        let nodes = match nodes {
            Some(nodes) => nodes,
            None => {
                copy = [[0; 32]; BLOCK];
                let copy = &mut copy[..part.len as usize];
                stored.read(part.level, part.start, copy)?;
                copy
            }
        };
        let own = |above| {
            let level = part.level + above;
            let slot = self
                .stride
                .slot(level, self.stride.ancestor(level, part.start));
            slot..slot + self.stride.ancestor(level, part.len) as usize
        };
        let mut below = own(1);
        let parents = &mut inner[below.clone()];
        self.hasher.hash_groups(self.arity, nodes, parents);
        for above in 2..=part.levels {
            let own = own(above);
            let (children, parents) = inner.split_at_mut(own.start);
            let parents = &mut parents[..own.len()];
            self.hasher
                .hash_groups(self.arity, &children[below], parents);
            below = own;
        }
        Ok(())
    }

    /// The levels from the stored one below to this one.
    #[inline]
    fn above(&self, level: usize) -> usize {
        level - self.stride.below(level)
    }

    /// Hashes a run of nodes from the stored nodes below them and no others, past the cache.
    pub(super) fn hash_run(
        &self,
        stored: &StoredLevels,
        run: &mut NodeSpan<'_>,
    ) -> Result<(), TreeError> {
        let (below, span) = (self.stride.below(run.level), self.stride.span(run.level));
        let (mut nodes, mut parents) = (Vec::new(), Vec::new());
        let mut at = run.start;
        // A span has at most as many nodes as a block.
        for out in run.nodes.chunks_mut((RUN / span) as usize) {
            nodes.resize(out.len() * span as usize, [0; 32]);
            stored
                .read(below, at * span, &mut nodes)
                .map_err(|unreadable| unreadable.above(span).at_level(run.level))?;
            for _ in below + 1..run.level {
                parents.resize(nodes.len() / self.arity, [0; 32]);
                self.hasher.hash_groups(self.arity, &nodes, &mut parents);
                mem::swap(&mut nodes, &mut parents);
            }
            self.hasher.hash_groups(self.arity, &nodes, out);
            at += out.len() as u64;
        }
        Ok(())
    }
}
