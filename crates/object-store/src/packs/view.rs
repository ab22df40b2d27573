//! [`View`]: the first units of a shard: in packs that the cache has mapped, or by request.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use rotortree_store::storage::{Region, Shard};

use super::index::{Index, Run};
use crate::{bucket::Bucket, cache::MappedPack, names};

/// Of so many looks for a pack that is not mapped one asks the cache.
const LOOKS: u32 = 64;

/// A view of units.
pub(crate) struct View {
    bucket: Arc<Bucket>,
    index: Arc<Index>,
    shard: Shard,
    units: u64,
    /// The shard's runs, each with its pack once that is mapped.
    runs: Box<[(Run, Mapped)]>,
}

impl View {
    pub(crate) fn new(bucket: &Arc<Bucket>, index: Arc<Index>, shard: Shard, units: u64) -> Self {
        let runs = index.runs_in(shard).iter();
        Self {
            runs: runs.map(|run| (*run, Mapped::default())).collect(),
            bucket: Arc::clone(bucket),
            index,
            shard,
            units,
        }
    }

    /// Bytes of the shard.
    fn len(&self) -> u64 {
        self.units * self.shard.stream.unit_bytes() as u64
    }
}

/// A pack that the cache may have mapped by now.
#[derive(Default)]
struct Mapped {
    pack: OnceLock<MappedPack>,
    looks: AtomicU32,
    /// Held while the pack is stored, and only ever tried: storing waits for a thread that stores,
    /// which in a forked child does not run.
    storing: Mutex<()>,
}

impl Mapped {
    fn get(&self, map: impl FnOnce() -> Option<MappedPack>) -> Option<&[u8]> {
        if self.pack.get().is_none() {
            let look = self.looks.fetch_add(1, Ordering::Relaxed);
            if !look.is_multiple_of(LOOKS) {
                return None;
            }
            let _storing = self.storing.try_lock().ok()?;
            let pack = map()?;
            self.pack.get_or_init(|| pack);
        }
        Some((**self.pack.get()?).as_ref())
    }
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

    fn slice(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let cache = self.bucket.settings.cache.as_ref()?;
        if offset.checked_add(len as u64)? > self.len() {
            return None;
        }
        let unit = self.shard.stream.unit_bytes() as u64;
        let behind = self
            .runs
            .partition_point(|(run, _)| run.first * unit <= offset);
        let (run, mapped) = self.runs.get(behind.checked_sub(1)?)?;
        let within = offset - run.first * unit;
        if within + len as u64 > run.bytes() {
            return None;
        }
        let pack = mapped.get(|| {
            // In a forked child a lock may be held for ever.
            self.bucket.ensure_own_process().ok()?;
            let pack = self.index.packs[run.pack as usize];
            cache.map(&names::pack(pack.id), pack.bytes)
        });
        let start = (run.offset + within) as usize;
        pack?.get(start..start + len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let len = self.len();
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > len) {
            let wanted = buf.len();
            let text = format!("cannot read {wanted} bytes at byte {offset} of a view of {len}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.bucket.ensure_own_process()?;
        let packs = &self.bucket.packs;
        match packs.source.read(&self.index, self.shard, offset, buf) {
            // The pack was merged into another one, which has the same bytes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(newest) = self.bucket.newest_locator()? else {
                    return Err(error);
                };
                let index = packs.index(&newest)?;
                packs.source.read(&index, self.shard, offset, buf)
            }
            read => read,
        }
    }
}
