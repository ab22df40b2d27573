//! [`Table`]: from the keyed hash of a leaf to the indices at which it may stand.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeError;

use crate::{key::Key, layout::PLACE_BITS, shard::Shard};

/// Shards of a table. A growing shard keeps others of them waiting for none of theirs.
pub(crate) const SHARDS: usize = 1 << (u64::BITS - PLACE_BITS);

/// The shards of one index, each behind a lock of its own, which no thread holds while it waits for
/// anything but memory and, in an insert, the leaf of a candidate.
pub(crate) struct Table {
    key: Key,
    shards: Box<[RwLock<Shard>]>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(key: Key) -> Self {
        let shards = (0..SHARDS).map(|number| RwLock::new(Shard::new(number, SHARDS)));
        Self {
            key,
            shards: shards.collect(),
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The shard of a hash.
    pub(crate) fn shard_of(hash: u64) -> usize {
        (hash >> PLACE_BITS) as usize
    }

    /// The place of a hash within its shard.
    pub(crate) fn place_of(hash: u64) -> u64 {
        hash << (u64::BITS - PLACE_BITS)
    }

    pub(crate) fn read(&self, shard: usize) -> RwLockReadGuard<'_, Shard> {
        self.shards[shard]
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self, shard: usize) -> RwLockWriteGuard<'_, Shard> {
        self.shards[shard]
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The least index below `size` at which `leaf` stands. `read` reads the leaf at an index, with
    /// no lock held.
    pub(crate) fn find<E>(
        &self,
        leaf: &Hash,
        size: u64,
        read: impl Fn(u64) -> Result<Hash, E>,
    ) -> Result<Option<u64>, E> {
        let hash = self.key.hash(leaf);
        let (shard, place) = (Self::shard_of(hash), Self::place_of(hash));
        let candidate = |after| self.read(shard).candidate(place, after);
        search(leaf, size, read, candidate)
    }

    /// Makes room for so many leaves at once.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`].
    pub(crate) fn reserve(&self, leaves: u64) -> Result<(), TreeError> {
        (0..SHARDS).try_for_each(|shard| self.write(shard).reserve(leaves / SHARDS as u64, leaves))
    }

    /// Gives room back that nothing filled.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`].
    pub(crate) fn fit(&self) -> Result<(), TreeError> {
        (0..SHARDS).try_for_each(|shard| self.write(shard).fit())
    }

    /// The number of entries: of the leaves that differ from every leaf before them.
    pub(crate) fn entries(&self) -> u64 {
        (0..SHARDS).map(|shard| self.read(shard).entries()).sum()
    }

    /// The bytes of its memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let shards = (0..SHARDS).map(|shard| self.read(shard).memory_bytes());
        shards.sum::<usize>() + size_of_val(&*self.shards)
    }
}

/// The least of the candidates below `size` at which `leaf` stands. `read` reads the leaf at an
/// index; `candidate` tells the next one after an index.
pub(crate) fn search<E>(
    leaf: &Hash,
    size: u64,
    read: impl Fn(u64) -> Result<Hash, E>,
    candidate: impl Fn(Option<u64>) -> Option<u64>,
) -> Result<Option<u64>, E> {
    let mut after = None;
    while let Some(index) = candidate(after).filter(|&index| index < size) {
        if read(index)? == *leaf {
            return Ok(Some(index));
        }
        after = Some(index);
    }
    Ok(None)
}
