//! [`Index`]: which pack has which unit, and which packs and indexes it has made needless.
//!
//! ```text
//! packs 4   retired 4   runs 8
//! pack: id 24, bytes 8       retired: kind 1, id 24
//! run: stream 1, level 1, shard 8, first unit 8, units 8, pack 4, offset 8
//! ```

use std::{collections::BTreeMap, io};

use bytes::Bytes;
use rotortree_store::storage::{Shard, Stream};

use crate::id::{ID_BYTES, Id};

const COUNTS_BYTES: usize = 16;
const PACK_BYTES: usize = ID_BYTES + 8;
const RETIRED_BYTES: usize = 1 + ID_BYTES;
const RUN_BYTES: usize = 38;

/// A pack and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pack {
    pub(crate) id: Id,
    pub(crate) bytes: u64,
}

/// An object that an index does without although an earlier one needed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Retired {
    Pack(Id),
    Index(Id),
}

/// Units that a pack has side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) shard: Shard,
    pub(crate) first: u64,
    pub(crate) units: u64,
    /// The number of the pack in the index.
    pub(crate) pack: u32,
    /// Of the first unit in the pack.
    pub(crate) offset: u64,
}

impl Run {
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.units)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.units * self.shard.stream.unit_bytes() as u64
    }

    /// The run without its first `units` units.
    fn without(self, units: u64) -> Self {
        Self {
            first: self.first + units,
            units: self.units - units,
            offset: self.offset + units * self.shard.stream.unit_bytes() as u64,
            ..self
        }
    }
}

/// Where units are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) pack: Id,
    pub(crate) offset: u64,
    pub(crate) bytes: usize,
}

/// Sorted, disjoint runs over packs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) packs: Vec<Pack>,
    pub(crate) retired: Vec<Retired>,
    pub(crate) runs: Vec<Run>,
}

impl Index {
    /// The run that has a unit.
    fn find(&self, shard: Shard, unit: u64) -> Option<&Run> {
        let behind = self
            .runs
            .partition_point(|run| (run.shard, run.first) <= (shard, unit));
        let run = self.runs.get(behind.checked_sub(1)?)?;
        (run.shard == shard && unit < run.end()).then_some(run)
    }

    /// The runs of a shard, in order.
    pub(super) fn runs_in(&self, shard: Shard) -> &[Run] {
        let from = self.runs.partition_point(|run| run.shard < shard);
        let count = self.runs[from..].partition_point(|run| run.shard == shard);
        &self.runs[from..][..count]
    }

    /// Whether the shard has its first `units` units.
    pub(crate) fn has(&self, shard: Shard, units: u64) -> bool {
        let mut next = 0;
        while next < units {
            match self.find(shard, next) {
                Some(run) => next = run.end(),
                None => return false,
            }
        }
        true
    }

    /// Where a unit is.
    ///
    /// # Errors
    /// `UnexpectedEof` if no pack has it.
    pub(crate) fn place(&self, shard: Shard, unit: u64) -> io::Result<Place> {
        let run = self.find(shard, unit).ok_or_else(|| missing(shard, unit))?;
        let bytes = shard.stream.unit_bytes();
        Ok(Place {
            // Decoding and building keep the number within the packs.
            pack: self.packs[run.pack as usize].id,
            offset: run.offset + (unit - run.first) * bytes as u64,
            bytes,
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self {
            packs,
            retired,
            runs,
        } = self;
        let mut bytes = Vec::with_capacity(
            COUNTS_BYTES
                + packs.len() * PACK_BYTES
                + retired.len() * RETIRED_BYTES
                + runs.len() * RUN_BYTES,
        );
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        bytes.extend_from_slice(&count(packs.len()));
        bytes.extend_from_slice(&count(retired.len()));
        bytes.extend_from_slice(&(runs.len() as u64).to_le_bytes());
        for pack in packs {
            bytes.extend_from_slice(&pack.id.encode());
            bytes.extend_from_slice(&pack.bytes.to_le_bytes());
        }
        for retired in retired {
            let (kind, id) = match retired {
                Retired::Pack(id) => (0, id),
                Retired::Index(id) => (1, id),
            };
            bytes.push(kind);
            bytes.extend_from_slice(&id.encode());
        }
        for run in runs {
            bytes.push(u8::from(run.shard.stream == Stream::Sums));
            bytes.push(run.shard.level);
            for field in [run.shard.index, run.first, run.units] {
                bytes.extend_from_slice(&field.to_le_bytes());
            }
            bytes.extend_from_slice(&run.pack.to_le_bytes());
            bytes.extend_from_slice(&run.offset.to_le_bytes());
        }
        bytes
    }

    /// `None` for bytes that [`encode`](Self::encode) did not make.
    pub(crate) fn decode(body: &Bytes) -> Option<Self> {
        let counts = body.first_chunk::<COUNTS_BYTES>()?;
        let packs = u32::from_le_bytes(*counts.first_chunk()?) as usize;
        let retired = u32::from_le_bytes(*counts[4..].first_chunk()?) as usize;
        let runs = usize::try_from(u64::from_le_bytes(*counts.last_chunk()?)).ok()?;
        let packs_end = COUNTS_BYTES.checked_add(packs.checked_mul(PACK_BYTES)?)?;
        let retired_end = packs_end.checked_add(retired.checked_mul(RETIRED_BYTES)?)?;
        let end = retired_end.checked_add(runs.checked_mul(RUN_BYTES)?)?;
        if end != body.len() {
            return None;
        }
        let (packs, _) = body[COUNTS_BYTES..packs_end].as_chunks::<PACK_BYTES>();
        let (retired, _) = body[packs_end..retired_end].as_chunks::<RETIRED_BYTES>();
        let (runs, _) = body[retired_end..].as_chunks::<RUN_BYTES>();
        let index = Self {
            packs: packs.iter().map(decode_pack).collect::<Option<_>>()?,
            retired: retired.iter().map(decode_retired).collect::<Option<_>>()?,
            runs: runs.iter().map(decode_run).collect::<Option<_>>()?,
        };
        index.is_sound().then_some(index)
    }

    /// Whether the runs are sorted, disjoint, and within their packs.
    fn is_sound(&self) -> bool {
        let is_within = |run: &Run| {
            let pack = self.packs.get(run.pack as usize);
            let bytes = run.units.checked_mul(run.shard.stream.unit_bytes() as u64);
            let end = bytes.and_then(|bytes| run.offset.checked_add(bytes));
            pack.zip(end).is_some_and(|(pack, end)| end <= pack.bytes)
        };
        self.runs.iter().all(is_within)
            && self.runs.is_sorted_by(|one, next| {
                one.shard < next.shard || (one.shard == next.shard && one.end() <= next.first)
            })
    }
}

fn decode_pack(bytes: &[u8; PACK_BYTES]) -> Option<Pack> {
    Some(Pack {
        id: Id::decode(bytes.first_chunk()?),
        bytes: u64::from_le_bytes(*bytes.last_chunk()?),
    })
}

fn decode_retired(bytes: &[u8; RETIRED_BYTES]) -> Option<Retired> {
    let id = Id::decode(bytes.last_chunk()?);
    match bytes[0] {
        0 => Some(Retired::Pack(id)),
        1 => Some(Retired::Index(id)),
        _ => None,
    }
}

fn decode_run(bytes: &[u8; RUN_BYTES]) -> Option<Run> {
    let number = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let stream = match bytes[0] {
        0 => Stream::Chunks,
        1 => Stream::Sums,
        _ => return None,
    };
    Some(Run {
        shard: Shard {
            stream,
            level: bytes[1],
            index: number(2)?,
        },
        first: number(10)?,
        units: number(18)?,
        pack: u32::from_le_bytes(*bytes.get(26..)?.first_chunk()?),
        offset: number(30)?,
    })
}

/// An index that is being made: later runs take the place of earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    packs: Vec<Pack>,
    retired: Vec<Retired>,
    runs: BTreeMap<(Shard, u64), Run>,
}

impl Draft {
    /// Adds all that an index has.
    pub(crate) fn add_index(&mut self, id: Id, index: &Index) {
        self.retired.extend_from_slice(&index.retired);
        self.retired.push(Retired::Index(id));
        let numbers: Vec<u32> = index
            .packs
            .iter()
            .map(|pack| self.add_pack(*pack))
            .collect();
        for run in &index.runs {
            self.add_run(Run {
                pack: numbers[run.pack as usize],
                ..*run
            });
        }
    }

    /// The number of a pack.
    pub(crate) fn add_pack(&mut self, pack: Pack) -> u32 {
        let known = self.packs.iter().position(|known| known.id == pack.id);
        let number = known.unwrap_or_else(|| {
            self.packs.push(pack);
            self.packs.len() - 1
        });
        // No index of 256 MiB has more.
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Adds a run in place of whatever has its units.
    pub(crate) fn add_run(&mut self, run: Run) {
        let shard = run.shard;
        let before = self.runs.range(..=(shard, run.first)).next_back();
        let start = match before {
            Some((key, known)) if known.shard == shard && known.end() > run.first => key.1,
            _ => run.first,
        };
        let covered: Vec<Run> = self
            .runs
            .range((shard, start)..(shard, run.end()))
            .map(|(_, run)| *run)
            .collect();
        for known in covered {
            self.runs.remove(&(shard, known.first));
            if known.first < run.first {
                let units = run.first - known.first;
                self.runs
                    .insert((shard, known.first), Run { units, ..known });
            }
            if known.end() > run.end() {
                let rest = known.without(run.end() - known.first);
                self.runs.insert((shard, rest.first), rest);
            }
        }
        if run.units > 0 {
            self.runs.insert((shard, run.first), run);
        }
    }

    /// The packs with the bytes of each that are still named.
    pub(crate) fn live(&self) -> Vec<(u32, Pack, u64)> {
        let mut live: Vec<_> = (0..)
            .zip(&self.packs)
            .map(|(n, pack)| (n, *pack, 0))
            .collect();
        for run in self.runs.values() {
            live[run.pack as usize].2 += run.bytes();
        }
        live
    }

    /// The runs of a pack, sorted.
    pub(crate) fn runs_of(&self, pack: u32) -> Vec<Run> {
        self.runs
            .values()
            .filter(|run| run.pack == pack)
            .copied()
            .collect()
    }

    /// Forgets retired objects that are gone.
    pub(crate) fn forget(&mut self, is_gone: impl Fn(&Retired) -> bool) {
        self.retired.retain(|retired| !is_gone(retired));
    }

    /// The index: packs that nothing names are retired, and runs that meet are one.
    pub(crate) fn finish(self) -> Index {
        let live = self.live();
        let mut index = Index {
            retired: self.retired,
            ..Index::default()
        };
        let mut numbers = vec![0; live.len()];
        for (number, pack, bytes) in live {
            if bytes > 0 {
                numbers[number as usize] = u32::try_from(index.packs.len()).unwrap_or(u32::MAX);
                index.packs.push(pack);
            } else {
                index.retired.push(Retired::Pack(pack.id));
            }
        }
        for run in self.runs.into_values() {
            let run = Run {
                pack: numbers[run.pack as usize],
                ..run
            };
            match index.runs.last_mut() {
                Some(last)
                    if last.shard == run.shard
                        && last.pack == run.pack
                        && last.end() == run.first
                        && last.offset + last.bytes() == run.offset =>
                {
                    last.units += run.units;
                }
                _ => index.runs.push(run),
            }
        }
        index.retired.sort_unstable();
        index.retired.dedup();
        index
    }
}

/// The error for a unit that no pack has.
pub(crate) fn missing(shard: Shard, unit: u64) -> io::Error {
    let text = format!("no pack has unit {unit} of {shard}");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

#[cfg(test)]
mod tests;
