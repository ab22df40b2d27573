//! One level: its shards in order.

use std::sync::Arc;

use rotortree_hasher::Hash;

use super::{
    ahead::Units,
    failure::Unreadable,
    shard::Shard,
    site::{Site, Source},
};
use crate::{StorageError, chunk::CHUNK_NODES};

/// The whole chunks of a level.
#[derive(Debug, Default)]
pub(super) struct Level {
    shards: Vec<Arc<Shard>>,
    /// Nodes in them.
    len: u64,
}

impl Level {
    /// The first `chunks` chunks of level `number`, whose last checksums are `tail`. Opens the last
    /// shard, and those that `before` has with fewer chunks. Shards that `before` has in the same
    /// length are shared with it.
    pub(super) fn open(
        source: &Arc<Source>,
        shard_chunks: u64,
        number: u8,
        chunks: u64,
        tail: &[u32],
        before: Option<&Self>,
    ) -> Result<Self, StorageError> {
        let mut shards = Vec::new();
        let mut first_chunk = 0;
        while first_chunk < chunks {
            let len = (chunks - first_chunk).min(shard_chunks);
            let is_last = first_chunk + len == chunks;
            let before = before.and_then(|level| level.shards.get(shards.len()));
            let site = || Site {
                source: Arc::clone(source),
                level: number,
                number: shards.len() as u64,
                first_chunk,
            };
            shards.push(match before {
                Some(before) if before.len() == len => Arc::clone(before),
                None if !is_last => Arc::new(Shard::full(site(), len)),
                _ => {
                    let tail = if is_last { tail } else { &[] };
                    let before = before.map(Arc::as_ref);
                    Arc::new(Shard::open(site(), len, tail, before)?)
                }
            });
            first_chunk += len;
        }
        Ok(Self {
            shards,
            len: chunks * CHUNK_NODES,
        })
    }

    /// Nodes that it has.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// Fills `out` from node `start` on. The caller has checked that the level has them.
    pub(super) fn read(
        &self,
        shard_nodes: u64,
        start: u64,
        mut out: &mut [Hash],
    ) -> Result<(), Unreadable> {
        let mut at = start;
        while !out.is_empty() {
            let within = at % shard_nodes;
            let count = (shard_nodes - within).min(out.len() as u64) as usize;
            let (now, later) = out.split_at_mut(count);
            self.shards[(at / shard_nodes) as usize].read(within, now)?;
            at += count as u64;
            out = later;
        }
        Ok(())
    }

    /// Adds the units that reading `len` nodes from `start` on takes from storage.
    pub(super) fn add_units(&self, shard_nodes: u64, start: u64, len: u64, units: &mut Units) {
        let (mut at, end) = (start, start + len);
        while at < end {
            let within = at % shard_nodes;
            let count = (shard_nodes - within).min(end - at);
            self.shards[(at / shard_nodes) as usize].add_units(within, count, units);
            at += count;
        }
    }

    /// The `len` nodes from `start` on where they are mapped, if one shard has them. The caller has
    /// checked that the level has them.
    pub(super) fn view(&self, shard_nodes: u64, start: u64, len: usize) -> Option<&[Hash]> {
        let within = start % shard_nodes;
        if len as u64 > shard_nodes - within {
            return None;
        }
        // The level may end right before `start` if nothing is asked for.
        let shard = self.shards.get((start / shard_nodes) as usize)?;
        shard.view(within, len)
    }
}
