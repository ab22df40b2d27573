//! [`PackWriter`]: what one writer puts, gathered into packs, with an index.

use std::{collections::VecDeque, io, mem};

use rotortree_store::storage::{Locator, Shard, UnitWriter, WriteError};

use super::{
    index::{Draft, Pack, Retired, Run},
    merge,
};
use crate::{
    bucket::Bucket,
    client::Creating,
    counters::Counter,
    frame::{Kind, seal},
    names,
};

/// The most bytes of a pack: a store takes no more in one request that is conditional.
const PACK_BYTES: usize = 64 << 20;
/// Packs that are under way while the next one gathers.
const UNDER_WAY: usize = 2;

/// Packs under names of their own: what a failure leaves is in the way of nothing.
pub(crate) struct PackWriter<'a> {
    bucket: &'a Bucket,
    with: Vec<Locator>,
    /// The runs of the packs so far.
    draft: Vec<(Pack, Vec<Run>)>,
    /// The pack that gathers, with the runs in it.
    bytes: Vec<u8>,
    runs: Vec<Run>,
    /// The runs in it that were copied from smaller packs, which any other run takes the place of.
    merged: Vec<Run>,
    under_way: VecDeque<Creating>,
    /// What this writer has sent, until a locator names it.
    made: Vec<Retired>,
}

impl<'a> PackWriter<'a> {
    pub(crate) fn new(bucket: &'a Bucket, with: &[&Locator]) -> Self {
        Self {
            bucket,
            with: with.iter().map(|&locator| locator.clone()).collect(),
            draft: Vec::new(),
            bytes: Vec::new(),
            runs: Vec::new(),
            merged: Vec::new(),
            under_way: VecDeque::new(),
            made: Vec::new(),
        }
    }

    /// Adds units to the pack that gathers.
    fn gather(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> Run {
        let units = (bytes.len() / shard.stream.unit_bytes()) as u64;
        let offset = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        Run {
            shard,
            first,
            units,
            pack: 0,
            offset,
        }
    }

    /// Sends the pack that has gathered.
    fn send(&mut self) -> io::Result<()> {
        while self.under_way.len() >= UNDER_WAY {
            self.land_one()?;
        }
        let id = self.bucket.new_id();
        self.made.push(Retired::Pack(id));
        let bytes = mem::take(&mut self.bytes);
        let pack = Pack {
            id,
            bytes: bytes.len() as u64,
        };
        let creating = self
            .bucket
            .client
            .start_create(&names::pack(id), bytes.into());
        self.under_way
            .push_back(creating.map_err(WriteError::into_io)?);
        self.draft.push((pack, mem::take(&mut self.runs)));
        Ok(())
    }

    /// Waits for the oldest object under way.
    fn land_one(&mut self) -> io::Result<()> {
        let Some(creating) = self.under_way.pop_front() else {
            return Ok(());
        };
        let name = creating.name().to_owned();
        let created = self.bucket.client.finish_create(creating);
        self.bucket
            .client
            .own(&name, created.map_err(WriteError::into_io)?)
    }

    /// The index of all locators together, before this writer's own packs.
    fn earlier(&self) -> io::Result<Draft> {
        let mut draft = Draft::default();
        for locator in &self.with {
            if let Some(id) = self.bucket.packs.id(locator)? {
                draft.add_index(id, &*self.bucket.packs.index(locator)?);
            }
        }
        Ok(draft)
    }

    /// Copies the units of smaller packs behind the units that have gathered.
    fn merge(&mut self, earlier: &Draft) {
        let live = earlier.live();
        let own = self.bytes.len() as u64;
        let chosen = merge::choose(&live, own, PACK_BYTES as u64);
        let packs = live.iter().filter(|(number, ..)| chosen.contains(number));
        let packs: Vec<_> = packs.map(|(number, pack, _)| (*number, *pack)).collect();
        if packs.is_empty() {
            return;
        }
        let ranges = packs
            .iter()
            .map(|(_, pack)| (names::pack(pack.id), Some(0..pack.bytes)));
        // A merge saves requests later and is left for another time where a pack cannot be read.
        let Ok(got) = self.bucket.client.get_all(ranges.collect()) else {
            return;
        };
        let mut units = Vec::new();
        for ((number, pack), bytes) in packs.iter().zip(got) {
            let Ok(Some(bytes)) = bytes else { continue };
            if bytes.len() as u64 == pack.bytes {
                let runs = earlier.runs_of(*number).into_iter();
                units.extend(runs.map(|run| (run, bytes.clone())));
                self.bucket.client.counters().add(Counter::Merges, 1);
            }
        }
        units.sort_unstable_by_key(|(run, _)| (run.shard, run.first));
        for (run, bytes) in units {
            let start = run.offset as usize;
            let bytes = &bytes[start..start + run.bytes() as usize];
            let copied = self.gather(run.shard, run.first, bytes);
            self.merged.push(copied);
        }
    }
}

impl UnitWriter for PackWriter<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        shard.check_put(first, bytes.len(), self.bucket.settings.shard_chunks)?;
        let unit = shard.stream.unit_bytes();
        let (mut first, mut rest) = (first, bytes);
        while !rest.is_empty() {
            let room = PACK_BYTES - self.bytes.len();
            let now = rest.len().min(room - room % unit);
            let (head, tail) = rest.split_at(now);
            if !head.is_empty() {
                let run = self.gather(shard, first, head);
                self.runs.push(run);
            }
            if !tail.is_empty() {
                self.send()?;
            }
            first += (now / unit) as u64;
            rest = tail;
        }
        Ok(())
    }

    fn start(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.send()
    }

    fn finish(mut self: Box<Self>) -> io::Result<Locator> {
        let is_empty = self.bytes.is_empty() && self.draft.is_empty();
        if let (true, [] | [_]) = (is_empty, &self.with[..]) {
            return Ok(self.with.pop().unwrap_or_default());
        }
        let mut draft = self.earlier()?;
        if !self.with.is_empty() {
            self.merge(&draft);
        }
        if !self.bytes.is_empty() {
            self.send()?;
        }
        let packs = mem::take(&mut self.draft);
        let merged = packs
            .last()
            .map(|(pack, _)| (*pack, mem::take(&mut self.merged)));
        for (pack, runs) in merged.into_iter().chain(packs) {
            let pack = draft.add_pack(pack);
            for run in runs {
                draft.add_run(Run { pack, ..run });
            }
        }
        draft.forget(|retired| self.bucket.packs.is_collected(retired));
        let index = draft.finish();
        let id = self.bucket.new_id();
        self.made.push(Retired::Index(id));
        let name = names::index(id);
        // Beside the packs: nothing names the index before all of them are there.
        let object = seal(Kind::Index, &name, &index.encode());
        let creating = self.bucket.client.start_create(&name, object);
        self.under_way
            .push_back(creating.map_err(WriteError::into_io)?);
        while !self.under_way.is_empty() {
            self.land_one()?;
        }
        self.bucket.packs.keep(id, &index.into());
        let locator = Locator::new(id.encode());
        let locator = locator.ok_or_else(|| io::Error::other("the id of an index is short"))?;
        self.made.clear();
        Ok(locator)
    }
}

impl Drop for PackWriter<'_> {
    fn drop(&mut self) {
        self.bucket.packs.give_up(self.made.drain(..));
    }
}
