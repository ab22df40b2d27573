//! Units in packs: what one writer puts is one object under a name that is used once, and an index,
//! an object as well, says which pack has a unit. A locator is the name of an index.

use std::{
    fmt, io,
    sync::{Arc, Mutex},
};

use super::{
    client::{Client, Created},
    names,
    source::{Source, UnitPlace},
};
use crate::{
    engine::log::random_bytes,
    lock::lock,
    storage::{Locator, Region, Shard, Stream, UnitWriter},
};

/// The packs of a bucket, and the index that was read last.
#[derive(Debug)]
pub(super) struct Packs {
    pub(super) source: Source,
    index: Mutex<Option<(Locator, Arc<Index>)>>,
}

impl Packs {
    pub(super) fn new(client: Client) -> Self {
        Self {
            source: Source::new(client),
            index: Mutex::default(),
        }
    }

    /// The index that a locator names.
    pub(super) fn index(&self, locator: &Locator) -> io::Result<Arc<Index>> {
        if let Some((known, index)) = &*lock(&self.index)
            && known == locator
        {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(Index::load(self.source.client(), locator)?);
        *lock(&self.index) = Some((locator.clone(), Arc::clone(&index)));
        Ok(index)
    }
}

/// Units that one pack has side by side.
#[derive(Debug, Clone, Copy)]
struct Run {
    shard: Shard,
    first: u64,
    units: u64,
    pack: u128,
    /// Of the first unit in the pack.
    offset: u64,
}

/// Bytes of a run in an index.
const RUN_BYTES: usize = 50;

impl Run {
    fn encode(&self) -> [u8; RUN_BYTES] {
        let mut bytes = [0; RUN_BYTES];
        bytes[0] = u8::from(self.shard.stream == Stream::Sums);
        bytes[1] = self.shard.level;
        bytes[2..10].copy_from_slice(&self.shard.index.to_le_bytes());
        bytes[10..18].copy_from_slice(&self.first.to_le_bytes());
        bytes[18..26].copy_from_slice(&self.units.to_le_bytes());
        bytes[26..42].copy_from_slice(&self.pack.to_le_bytes());
        bytes[42..].copy_from_slice(&self.offset.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; RUN_BYTES]) -> Self {
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let stream = match bytes[0] {
            0 => Stream::Chunks,
            _ => Stream::Sums,
        };
        Self {
            shard: Shard {
                stream,
                level: bytes[1],
                index: number(2),
            },
            first: number(10),
            units: number(18),
            pack: u128::from(number(26)) | u128::from(number(34)) << 64,
            offset: number(42),
        }
    }
}

/// The runs of a locator. Of several that have a unit, the last one counts.
#[derive(Debug, Default)]
pub(super) struct Index(Vec<Run>);

impl Index {
    /// The index that a locator names.
    fn load(client: &Client, locator: &Locator) -> io::Result<Self> {
        if locator.as_bytes().is_empty() {
            return Ok(Self::default());
        }
        let name = String::from_utf8_lossy(locator.as_bytes());
        let bytes = client.get(&name)?;
        let (runs, _) = bytes.as_chunks();
        Ok(Self(runs.iter().map(Run::decode).collect()))
    }

    fn find(&self, shard: Shard, unit: u64) -> Option<&Run> {
        let has = |run: &&Run| run.shard == shard && unit.wrapping_sub(run.first) < run.units;
        self.0.iter().rev().find(has)
    }

    /// Whether the shard has its first `units` units.
    pub(super) fn has(&self, shard: Shard, units: u64) -> bool {
        let mut next = 0;
        while next < units {
            match self.find(shard, next) {
                Some(run) => next = run.first + run.units,
                None => return false,
            }
        }
        true
    }

    /// Where a unit is.
    pub(super) fn place(&self, shard: Shard, unit: u64) -> Option<UnitPlace> {
        let run = self.find(shard, unit)?;
        let bytes = shard.stream.unit_bytes();
        Some(UnitPlace {
            pack: run.pack,
            offset: run.offset + (unit - run.first) * bytes as u64,
            bytes,
        })
    }

    /// Fills `buf` from byte `offset` of a shard on, at most a request for each unit.
    pub(super) fn read(
        &self,
        source: &Source,
        shard: Shard,
        mut offset: u64,
        mut buf: &mut [u8],
    ) -> io::Result<()> {
        let unit = shard.stream.unit_bytes() as u64;
        while !buf.is_empty() {
            let (index, within) = (offset / unit, offset % unit);
            let place = self
                .place(shard, index)
                .ok_or_else(|| missing(shard, index))?;
            let now = buf.len().min((unit - within) as usize);
            let (head, tail) = buf.split_at_mut(now);
            source.read(place, within as usize, head)?;
            offset += now as u64;
            buf = tail;
        }
        Ok(())
    }
}

pub(super) fn missing(shard: Shard, unit: u64) -> io::Error {
    let text = format!("no pack has unit {unit} of {shard}");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

/// A view of units, read by request.
pub(super) struct View {
    pub(super) source: Source,
    pub(super) index: Arc<Index>,
    pub(super) shard: Shard,
    pub(super) units: u64,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units of {}", self.units, self.shard)
    }
}

impl Region for View {
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let len = self.units * self.shard.stream.unit_bytes() as u64;
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > len) {
            let wanted = buf.len();
            let text = format!("cannot read {wanted} bytes at byte {offset} of a view of {len}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.index.read(&self.source, self.shard, offset, buf)
    }
}

/// What one writer puts.
pub(super) struct Pack<'a> {
    pub(super) client: &'a Client,
    pub(super) shard_chunks: u64,
    pub(super) with: Vec<Locator>,
    pub(super) bytes: Vec<u8>,
    runs: Vec<Run>,
    id: u128,
}

impl<'a> Pack<'a> {
    pub(super) fn start(
        client: &'a Client,
        shard_chunks: u64,
        with: &[&Locator],
    ) -> io::Result<Self> {
        let with = with.iter().map(|&locator| locator.clone());
        Ok(Self {
            client,
            shard_chunks,
            with: with.collect(),
            bytes: Vec::new(),
            runs: Vec::new(),
            id: u128::from_le_bytes(random_bytes()?),
        })
    }

    fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match self.client.create(name, bytes)? {
            Created::Ours => Ok(()),
            Created::Taken(_) => {
                let text = format!("cannot create the object {name}: it has other bytes");
                Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
            }
        }
    }
}

impl UnitWriter for Pack<'_> {
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()> {
        shard.check_put(first, bytes.len(), self.shard_chunks)?;
        let units = (bytes.len() / shard.stream.unit_bytes()) as u64;
        match self.runs.last_mut() {
            Some(last) if last.shard == shard && last.first + last.units == first => {
                last.units += units;
            }
            _ => self.runs.push(Run {
                shard,
                first,
                units,
                pack: self.id,
                offset: self.bytes.len() as u64,
            }),
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Locator> {
        if let (true, [] | [_]) = (self.bytes.is_empty(), &*self.with) {
            return Ok(self.with.first().cloned().unwrap_or_default());
        }
        // There before the index that names it.
        self.create(&names::pack(self.id), &self.bytes)?;
        let mut index = Vec::new();
        for locator in &self.with {
            let runs = Index::load(self.client, locator)?.0;
            index.extend(runs.iter().flat_map(Run::encode));
        }
        index.extend(self.runs.iter().flat_map(Run::encode));
        let name = names::index(self.id);
        self.create(&name, &index)?;
        let locator = Locator::new(name.into_bytes());
        locator.ok_or_else(|| io::Error::other("the name of an index is short"))
    }
}
