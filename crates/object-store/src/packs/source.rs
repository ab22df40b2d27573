//! [`Source`]: units of packs, from memory, from the cache behind it, or by request.

use std::{io, sync::Arc};

use bytes::Bytes;
use rotortree_store::storage::Shard;

use super::index::{Index, Place};
use crate::{cache::PackCache, client::Client, counters::Counter, memory::Memory, names};

/// The most bytes of one request; more are several side by side.
const REQUEST_BYTES: usize = 4 << 20;

/// Where units are read from. Clones share what was fetched.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    client: Arc<Client>,
    memory: Arc<Memory>,
    cache: Option<Arc<dyn PackCache>>,
}

impl Source {
    pub(crate) fn new(
        client: Arc<Client>,
        memory: Arc<Memory>,
        cache: Option<Arc<dyn PackCache>>,
    ) -> Self {
        Self {
            client,
            memory,
            cache,
        }
    }

    /// Gives the memory back.
    pub(crate) fn release(&self) {
        self.memory.clear();
    }

    /// Fills `buf` from byte `offset` of a shard on.
    ///
    /// # Errors
    /// `UnexpectedEof` for a unit that no pack has, `NotFound` for a pack that is not there.
    pub(crate) fn read(
        &self,
        index: &Index,
        shard: Shard,
        offset: u64,
        buf: &mut [u8],
    ) -> io::Result<()> {
        if buf.is_empty() {
            return Ok(());
        }
        let unit = shard.stream.unit_bytes() as u64;
        let end = offset + buf.len() as u64;
        let units = offset / unit..end.div_ceil(unit);
        let places = units.map(|unit| index.place(shard, unit));
        let units = self.units(&places.collect::<io::Result<Vec<_>>>()?)?;
        let mut within = (offset % unit) as usize;
        let mut rest = buf;
        for bytes in units {
            let tail = &bytes[within..];
            let now = tail.len().min(rest.len());
            let (head, more) = rest.split_at_mut(now);
            head.copy_from_slice(&tail[..now]);
            rest = more;
            within = 0;
        }
        Ok(())
    }

    /// Fetches units that are not here, side by side. What fails is told by the read.
    pub(crate) fn fetch(&self, places: &[Place]) {
        self.client
            .counters()
            .add(Counter::Prefetched, places.len() as u64);
        drop(self.units(places));
    }

    /// The most units that a hint may fetch: what memory holds beside others.
    pub(crate) fn most_bytes_ahead(&self) -> usize {
        self.memory.most_bytes() / 2
    }

    /// The bytes of units, in their order.
    fn units(&self, places: &[Place]) -> io::Result<Vec<Bytes>> {
        let mut units: Vec<Option<Bytes>> = places.iter().map(|place| self.here(place)).collect();
        let absent = (0..).zip(&units).filter(|(_, unit)| unit.is_none());
        let mut absent: Vec<usize> = absent.map(|(at, _)| at).collect();
        let hits = places.len() - absent.len();
        self.client.counters().add(Counter::CacheHits, hits as u64);
        absent.sort_by_key(|at| (places[*at].pack, places[*at].offset));
        let runs: Vec<&[usize]> = absent
            .chunk_by(|one, next| {
                places[*one].pack == places[*next].pack
                    && places[*one].offset + places[*one].bytes as u64 == places[*next].offset
            })
            .flat_map(|run| {
                let bytes = run.first().map_or(1, |at| places[*at].bytes);
                run.chunks((REQUEST_BYTES / bytes).max(1))
            })
            .collect();
        if !runs.is_empty() {
            self.request(places, &runs, &mut units)?;
        }
        let units = units.into_iter().collect::<Option<Vec<_>>>();
        units.ok_or_else(|| io::Error::other("a unit of a pack was not read"))
    }

    /// Requests runs of units that are side by side in their pack.
    fn request(
        &self,
        places: &[Place],
        runs: &[&[usize]],
        units: &mut [Option<Bytes>],
    ) -> io::Result<()> {
        let ranges = runs.iter().filter_map(|run| {
            let (first, last) = (places[*run.first()?], places[*run.last()?]);
            let range = first.offset..last.offset + last.bytes as u64;
            Some((names::pack(first.pack), Some(range)))
        });
        let ranges: Vec<_> = ranges.collect();
        let got = self.client.get_all(ranges.clone())?;
        for ((run, (name, range)), bytes) in runs.iter().zip(ranges).zip(got) {
            let wanted = range.map_or(0, |range| range.end - range.start);
            let full_name = self.client.full_name(&name);
            let Some(bytes) = bytes? else {
                let text = format!("cannot read the object {full_name}: it is not there");
                return Err(io::Error::new(io::ErrorKind::NotFound, text));
            };
            if bytes.len() as u64 != wanted {
                let text = format!(
                    "the object {full_name} was cut: {wanted} bytes were asked for, and {} came; \
                     restore it from a backup",
                    bytes.len()
                );
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            if let (Some(cache), Some(first)) = (&self.cache, run.first()) {
                cache.keep(&name, places[*first].offset, &bytes);
            }
            let mut at = 0;
            for index in *run {
                let place = places[*index];
                let unit = bytes.slice(at..at + place.bytes);
                self.memory.keep(place.pack, place.offset, &unit);
                units[*index] = Some(unit);
                at += place.bytes;
            }
        }
        Ok(())
    }

    /// A unit that is in memory or in the cache behind it.
    fn here(&self, place: &Place) -> Option<Bytes> {
        if let Some(bytes) = self.memory.get(place.pack, place.offset) {
            return Some(bytes);
        }
        let cache = self.cache.as_ref()?;
        let mut bytes = vec![0; place.bytes];
        let is_here = cache.read(&names::pack(place.pack), place.offset, &mut bytes);
        is_here.then(|| {
            self.memory.keep(place.pack, place.offset, &bytes);
            Bytes::from(bytes)
        })
    }
}
