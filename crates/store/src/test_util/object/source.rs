//! [`Source`]: units of packs, of which some were fetched before they were asked for.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{client::Client, names};
use crate::lock::lock;

/// The most units that are kept.
pub(super) const MOST: usize = 256;
/// Requests that are made side by side.
const ABREAST: usize = 16;

/// The place of a unit in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnitPlace {
    pub(super) pack: u128,
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

/// Where units are read from. Clones share what was fetched.
#[derive(Debug, Clone)]
pub(super) struct Source {
    client: Client,
    fetched: Arc<Fetched>,
}

#[derive(Debug, Default)]
struct Fetched {
    units: Mutex<Vec<(UnitPlace, Vec<u8>)>>,
    hints: AtomicU64,
    fetched: AtomicU64,
    hits: AtomicU64,
}

impl Source {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            fetched: Arc::default(),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Fills `buf` from byte `within` of a unit on.
    pub(super) fn read(&self, place: UnitPlace, within: usize, buf: &mut [u8]) -> io::Result<()> {
        let units = lock(&self.fetched.units);
        if let Some((_, unit)) = units.iter().find(|(known, _)| *known == place)
            && let Some(bytes) = unit.get(within..within + buf.len())
        {
            buf.copy_from_slice(bytes);
            self.fetched.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        drop(units);
        let start = place.offset as usize + within;
        let name = names::pack(place.pack);
        buf.copy_from_slice(&self.client.get_range(&name, start, buf.len())?);
        Ok(())
    }

    /// Fetches the units of a hint that are not here, all of them anew where both do not fit.
    pub(super) fn fetch(&self, places: &[UnitPlace]) {
        self.fetched.hints.fetch_add(1, Ordering::Relaxed);
        let mut units = lock(&self.fetched.units);
        let is_new = |place: &&UnitPlace| units.iter().all(|(known, _)| known != *place);
        let mut new: Vec<UnitPlace> = places.iter().filter(is_new).copied().collect();
        if units.len() + new.len() > MOST {
            units.clear();
            new = places.to_vec();
        }
        drop(units);
        for places in new.chunks(ABREAST) {
            thread::scope(|scope| {
                for place in places {
                    scope.spawn(|| {
                        let (name, start) = (names::pack(place.pack), place.offset as usize);
                        // The read tells a failure.
                        if let Ok(bytes) = self.client.get_range(&name, start, place.bytes) {
                            lock(&self.fetched.units).push((*place, bytes));
                            self.fetched.fetched.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
        }
    }

    /// Hints received, units that they fetched, and reads that these served.
    pub(super) fn counters(&self) -> [(&'static str, u64); 3] {
        let Fetched {
            hints,
            fetched,
            hits,
            ..
        } = &*self.fetched;
        [("hints", hints), ("fetched", fetched), ("hits", hits)]
            .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}
