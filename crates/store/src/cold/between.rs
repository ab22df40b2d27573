//! [`Between`]: the nodes of the levels between two stored ones, hashed from a block of the lower.

use std::{mem, sync::Arc};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{
    NodeSpan, SharedHasher, TreeError,
    geometry::{MAX_BLOCK_NODES, Stride},
};

use super::{
    ahead::Units,
    cache::BlockCache,
    failure::Unreadable,
    set::{BlockId, Found},
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

    /// Fills spans of levels that are not stored, all of which this block gives, from the cache.
    /// False if the block was replaced meanwhile.
    pub(super) fn copy_found(&self, found: Found<'_>, spans: &mut [NodeSpan<'_>]) -> bool {
        self.copy(|slot| found.node(slot), spans);
        found.is_unchanged()
    }

    /// Starts to fetch what [`copy_found`](Self::copy_found) reads into the processor's cache.
    pub(super) fn prefetch(&self, found: Found<'_>, spans: &[NodeSpan<'_>]) {
        for span in spans {
            found.prefetch(self.stride.slot(span.level, span.start), span.nodes.len());
        }
    }

    /// Fills spans of levels that are not stored, all of which this block gives. None is empty.
    /// `nodes` are those of the block where they are mapped.
    pub(super) fn hash_spans(
        &self,
        stored: &StoredLevels,
        block: BlockId,
        nodes: Option<&[Hash]>,
        spans: &mut [NodeSpan<'_>],
    ) -> Result<(), TreeError> {
        self.cache.count_recomputed();
        let has_room = self.cache.has_room(block, self.stride.inner_nodes());
        if has_room || spans.len() > 1 {
            let mut inner = [[0; 32]; BLOCK];
            let inner = &mut inner[..self.stride.inner_nodes()];
            if self.hash_block(stored, block, nodes, inner).is_ok() {
                self.copy(|slot| inner[slot], spans);
                if has_room {
                    self.cache.insert(block, inner);
                }
                return Ok(());
            }
            // The spans may not need the part of the block that cannot be read.
        }
        spans
            .iter_mut()
            .try_for_each(|span| self.hash_run(stored, span))
    }

    /// Adds the units that filling this span takes from storage.
    pub(super) fn add_units(&self, stored: &StoredLevels, span: &NodeSpan<'_>, units: &mut Units) {
        match self.block(span) {
            Some(block) if self.cache.blocks().find(block).is_some() => {}
            Some(block) => {
                let nodes = self.stride.block_nodes();
                stored.add_units(block.level, block.number * nodes, nodes, units);
            }
            None => {
                let each = self.stride.span(span.level);
                let (start, len) = (span.start * each, span.nodes.len() as u64 * each);
                stored.add_units(self.stride.below(span.level), start, len, units);
            }
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

    /// Hashes all inner nodes of a block in one sweep.
    fn hash_block(
        &self,
        stored: &StoredLevels,
        block: BlockId,
        nodes: Option<&[Hash]>,
        inner: &mut [Hash],
    ) -> Result<(), Unreadable> {
        if let Some(nodes) = nodes {
            self.hash_levels(nodes, inner);
            return Ok(());
        }
        let mut copy = [[0; 32]; BLOCK];
        let copy = &mut copy[..self.stride.block_nodes() as usize];
        stored.read(block.level, block.number * self.stride.block_nodes(), copy)?;
        self.hash_levels(copy, inner);
        Ok(())
    }

    /// The nodes of a block where they are mapped.
    pub(super) fn view<'a>(&self, stored: &'a StoredLevels, block: BlockId) -> Option<&'a [Hash]> {
        let nodes = self.stride.block_nodes();
        stored.view(block.level, block.number * nodes, nodes as usize)
    }

    /// Hashes the levels above these nodes, one behind the other in `inner`.
    fn hash_levels(&self, nodes: &[Hash], inner: &mut [Hash]) {
        let mut below = nodes;
        let mut rest = inner;
        while !rest.is_empty() {
            let (parents, above) = rest.split_at_mut(below.len() / self.arity);
            self.hasher.hash_groups(self.arity, below, parents);
            (below, rest) = (parents, above);
        }
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
