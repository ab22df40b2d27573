//! [`StoredLevels`]: the nodes in chunks, level by level.

use std::sync::Arc;

use rotortree_hasher::Hash;
use rotortree_lean_imt::geometry::Stride;

use super::{ahead::Units, cache::BlockCache, failure::Unreadable, level::Level, plan::Plan};
use crate::{StorageError, storage::Part};

/// The levels that are stored, in order: 0, s, 2s, and so on.
#[derive(Debug)]
pub(super) struct StoredLevels {
    pub(super) place: Arc<str>,
    pub(super) stride: Stride,
    /// Nodes in a full shard.
    pub(super) shard_nodes: u64,
    pub(super) levels: Vec<Level>,
    /// Per level of the tree, the nodes that chunks hold, or that follow from whole blocks in them.
    lens: Vec<u64>,
    /// What the block cache keeps of the blocks in these levels.
    pub(super) plan: Plan,
}

impl StoredLevels {
    /// None yet.
    pub(super) fn new(place: Arc<str>, stride: Stride, shard_nodes: u64, plan: Plan) -> Self {
        Self {
            place,
            stride,
            shard_nodes,
            levels: Vec::new(),
            lens: Vec::new(),
            plan,
        }
    }

    /// These `levels` of the same tree, which has `tree_levels` in all.
    pub(super) fn grown(&self, levels: Vec<Level>, tree_levels: usize, cache: &BlockCache) -> Self {
        let leaves = levels.first().map_or(0, Level::len);
        let stored = |level| {
            levels
                .get(level / self.stride.levels())
                .map_or(0, Level::len)
        };
        let lens = (0..tree_levels).map(|level| self.stride.covered(level, stored(level)));
        Self {
            place: Arc::clone(&self.place),
            lens: lens.collect(),
            plan: cache.plan(&self.stride, leaves / self.stride.block_nodes()),
            levels,
            ..*self
        }
    }

    /// Level `level` of the tree, if it is stored.
    pub(super) fn level(&self, level: usize) -> Option<&Level> {
        let is_stored = self.stride.is_stored(level);
        self.levels
            .get(level / self.stride.levels())
            .filter(|_| is_stored)
    }

    /// Per level of the tree, the nodes that chunks hold, or that follow from whole blocks in them.
    pub(super) fn lens(&self) -> &[u64] {
        &self.lens
    }

    /// That of one level; 0 above the root.
    pub(super) fn len(&self, level: usize) -> u64 {
        self.lens.get(level).copied().unwrap_or(0)
    }

    /// Fills `out` with nodes of a stored level.
    pub(super) fn read(
        &self,
        level: usize,
        start: u64,
        out: &mut [Hash],
    ) -> Result<(), Unreadable> {
        self.ensure(level, start, out.len())?;
        match self.level(level) {
            Some(nodes) => nodes.read(self.shard_nodes, start, out),
            None => Ok(()),
        }
    }

    /// Adds the units that reading nodes of a stored level takes from storage. The caller has
    /// checked that it has them.
    pub(super) fn add_units(&self, level: usize, start: u64, len: u64, units: &mut Units) {
        if let Some(nodes) = self.level(level) {
            nodes.add_units(self.shard_nodes, start, len, units);
        }
    }

    /// The nodes of a stored level where they are mapped, if one shard has all of them.
    pub(super) fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        let nodes = self.level(level)?;
        let end = start.checked_add(len as u64)?;
        (end <= nodes.len())
            .then(|| nodes.view(self.shard_nodes, start, len))
            .flatten()
    }

    /// Refuses nodes that this value does not have.
    pub(super) fn ensure(&self, level: usize, start: u64, len: usize) -> Result<(), Unreadable> {
        let there = self.len(level);
        if start
            .checked_add(len as u64)
            .is_some_and(|end| end <= there)
        {
            return Ok(());
        }
        Err(Unreadable {
            index: start.max(there),
            error: StorageError::DataCorruption {
                file: format!("{}, {}", self.place, Part::Level(level as u8)),
                offset: there * size_of::<Hash>() as u64,
                reason: format!("it has {there} nodes"),
            },
        })
    }
}
