//! [`Cache`]: the full tiles that were verified last, a bounded number of them.

use std::{collections::HashMap, sync::Arc};

use rotortree_hasher::Hash;

/// The level and the index of a full tile.
type Place = (u8, u64);

/// Full tiles, which never change. It evicts the tile that was used the longest time ago.
#[derive(Clone)]
pub(super) struct Cache {
    capacity: usize,
    clock: u64,
    tiles: HashMap<Place, (u64, Arc<[Hash]>)>,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            clock: 0,
            tiles: HashMap::new(),
        }
    }

    pub(super) fn get(&mut self, place: Place) -> Option<Arc<[Hash]>> {
        self.clock += 1;
        let (used, tile) = self.tiles.get_mut(&place)?;
        *used = self.clock;
        Some(tile.clone())
    }

    /// O(capacity) when the cache is full; to read and verify a tile costs more.
    pub(super) fn insert(&mut self, place: Place, tile: Arc<[Hash]>) {
        if self.capacity == 0 {
            return;
        }
        if self.tiles.len() >= self.capacity && !self.tiles.contains_key(&place) {
            let oldest = self.tiles.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(place) = oldest.map(|(place, _)| *place) {
                self.tiles.remove(&place);
            }
        }
        self.clock += 1;
        self.tiles.insert(place, (self.clock, tile));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tile_that_was_used_last_stays() {
        let tile = |byte| Arc::from([[byte; 32]]);
        let mut cache = Cache::new(2);
        cache.insert((0, 1), tile(1));
        cache.insert((0, 2), tile(2));
        assert!(cache.get((0, 1)).is_some());
        cache.insert((0, 3), tile(3));
        assert!(cache.get((0, 2)).is_none());
        assert!(cache.get((0, 1)).is_some() && cache.get((0, 3)).is_some());
        let mut none = Cache::new(0);
        none.insert((0, 1), tile(1));
        assert!(none.get((0, 1)).is_none());
    }
}
