//! [`OpenShard`]: a shard with its views of storage, and which of its chunks were checked.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree_hasher::Hash;

use super::{
    ahead::Units,
    checksums::{self, Checksums},
    failure::Unreadable,
    site::Site,
};
use crate::{
    StorageError,
    chunk::{CHUNK_BYTES, CHUNK_NODES, chunk_sum},
    storage::{Region, Stream},
};

/// Chunks that are read by position at once.
const RUN_CHUNKS: usize = checksums::RUN;
const NODES: usize = CHUNK_NODES as usize;

/// The chunks of a shard that a manifest names. Immutable except for the memory of passed checks.
#[derive(Debug)]
pub(super) struct OpenShard {
    site: Site,
    /// Chunks that there are.
    len: u64,
    chunks: Arc<dyn Region>,
    checksums: Checksums,
    /// One bit per chunk: its bytes, mapped, were seen to match its checksum. A lost bit costs a
    /// check and nothing else, so none of its accesses orders anything.
    checked: Box<[AtomicU64]>,
    /// The chunk that was read last by position. No reader waits for this lock: in a forked child a
    /// thread of the parent may hold it, and reading again costs little.
    last: Mutex<Option<Box<Chunk>>>,
}

/// A checked chunk, by its number in the shard.
#[derive(Debug)]
struct Chunk {
    number: u64,
    nodes: [Hash; NODES],
}

impl OpenShard {
    /// Opens the first `len > 0` chunks. `tail` holds the checksums of the last `tail.len()`
    /// chunks, and storage those of the others, in whole sectors. `before` is the same shard with
    /// fewer chunks: its passed checks carry over.
    pub(super) fn open(
        site: &Site,
        len: u64,
        tail: &[u32],
        before: Option<&Self>,
    ) -> Result<Self, StorageError> {
        let chunks = site.open(Stream::Chunks, len)?;
        let checksums = Checksums::open(site, len, tail, before.map(|before| &before.checksums))?;
        let known = before.map_or(&[][..], |before| &before.checked);
        let checked = (0..len.div_ceil(64) as usize).map(|word| {
            let bits = known.get(word).map(|word| word.load(Ordering::Relaxed));
            AtomicU64::new(bits.unwrap_or(0))
        });
        Ok(Self {
            len,
            chunks,
            checksums,
            checked: checked.collect(),
            last: Mutex::new(None),
            site: site.clone(),
        })
    }

    /// Views of storage that the shard holds.
    pub(super) fn regions(&self) -> usize {
        1 + usize::from(self.checksums.are_stored())
    }

    /// Adds the units that reading these nodes takes from storage: none where it is mapped.
    pub(super) fn add_units(&self, start: u64, len: u64, units: &mut Units) {
        let chunks = start / CHUNK_NODES..(start + len).div_ceil(CHUNK_NODES);
        let mut absent = chunks.filter(|chunk| self.chunk(*chunk).is_none());
        let Some(first) = absent.next() else { return };
        let chunks = first..absent.next_back().unwrap_or(first) + 1;
        if self.is_held(&chunks) {
            return;
        }
        units.add(self.site.shard(Stream::Chunks), chunks.start, chunks.end);
        let sectors = self.checksums.sectors(&chunks);
        units.add(self.site.shard(Stream::Sums), sectors.start, sectors.end);
    }

    /// Fills `out` from node `start` of the shard on. The caller has checked that the
    /// shard has them.
    pub(super) fn read(&self, start: u64, out: &mut [Hash]) -> Result<(), Unreadable> {
        debug_assert!(start + out.len() as u64 <= self.len * CHUNK_NODES);
        match self.checked_nodes(start, out.len()) {
            Ok(Some(nodes)) => {
                out.copy_from_slice(nodes);
                Ok(())
            }
            Ok(None) => self.fetch(start, out),
            Err(failure) => Err(failure),
        }
        .map_err(|(chunk, error)| {
            let first = self.site.first_chunk * CHUNK_NODES;
            Unreadable {
                index: first + start.max(chunk * CHUNK_NODES),
                error,
            }
        })
    }

    /// Reads every chunk again, whatever is remembered, and calls `step` after each piece with its
    /// number of chunks.
    pub(super) fn check_all(&self, step: &mut dyn FnMut(u64)) -> Result<(), StorageError> {
        let mut buffer = Vec::new();
        let mut chunk = 0;
        while chunk < self.len {
            let run = (self.len - chunk).min(RUN_CHUNKS as u64);
            let range = chunk as usize * CHUNK_BYTES..(chunk + run) as usize * CHUNK_BYTES;
            let bytes = match self.chunks.bytes() {
                Some(bytes) => &bytes[range],
                None => {
                    buffer.resize(range.len(), 0);
                    self.chunks.read_at(range.start as u64, &mut buffer)?;
                    &buffer
                }
            };
            self.check(chunk, bytes).map_err(|(_, error)| error)?;
            step(run);
            chunk += run;
        }
        Ok(())
    }

    /// The `len` nodes from node `start` of the shard on where they are mapped. `None` if they are
    /// not, and if they do not match their checksums: [`read`](Self::read) says which. The
    /// caller has checked that the shard has them.
    pub(super) fn view(&self, start: u64, len: usize) -> Option<&[Hash]> {
        self.checked_nodes(start, len).ok()?
    }

    /// The bytes of a chunk where they are mapped.
    fn chunk(&self, number: u64) -> Option<&[u8]> {
        let offset = number * CHUNK_BYTES as u64;
        self.chunks.slice(offset, CHUNK_BYTES)
    }

    /// Nodes where they are mapped, in chunks that were compared with their checksums before, or
    /// are now.
    fn checked_nodes(&self, start: u64, len: usize) -> Result<Option<&[Hash]>, Failure> {
        if len == 0 {
            return Ok(Some(&[]));
        }
        let offset = start * size_of::<Hash>() as u64;
        let Some(bytes) = self.chunks.slice(offset, len * size_of::<Hash>()) else {
            return Ok(None);
        };
        let end = start + len as u64;
        for number in start / CHUNK_NODES..end.div_ceil(CHUNK_NODES) {
            let bit = 1 << (number % 64);
            let word = &self.checked[(number / 64) as usize];
            if word.load(Ordering::Relaxed) & bit == 0 {
                let Some(chunk) = self.chunk(number) else {
                    return Ok(None);
                };
                self.check(number, chunk)?;
                word.fetch_or(bit, Ordering::Relaxed);
            }
        }
        Ok(bytemuck::try_cast_slice(bytes).ok())
    }

    /// Reads by position. Every read is checked, because a device may return other bytes
    /// the next time.
    fn fetch(&self, start: u64, mut out: &mut [Hash]) -> Result<(), Failure> {
        let mut at = start;
        while !out.is_empty() {
            let (chunk, within) = (at / CHUNK_NODES, (at % CHUNK_NODES) as usize);
            // One chunk alone is a block that was read before or will be read again.
            let count = if within == 0 && out.len() >= 2 * NODES {
                let count = (out.len() / NODES).min(RUN_CHUNKS) * NODES;
                self.fetch_run(chunk, bytemuck::cast_slice_mut(&mut out[..count]))?;
                count
            } else {
                let count = (NODES - within).min(out.len());
                self.fetch_part(chunk, within, &mut out[..count])?;
                count
            };
            at += count as u64;
            out = &mut out[count..];
        }
        Ok(())
    }

    /// Whether these chunks are the one that was read last.
    fn is_held(&self, chunks: &Range<u64>) -> bool {
        let last = self.last.try_lock();
        let last = last.as_ref().ok().and_then(|last| last.as_ref());
        last.is_some_and(|last| *chunks == (last.number..last.number + 1))
    }

    fn fetch_run(&self, chunk: u64, bytes: &mut [u8]) -> Result<(), Failure> {
        self.chunks
            .read_at(chunk * CHUNK_BYTES as u64, bytes)
            .map_err(|error| (chunk, error.into()))?;
        self.check(chunk, bytes)
    }

    fn fetch_part(&self, chunk: u64, within: usize, out: &mut [Hash]) -> Result<(), Failure> {
        let range = within..within + out.len();
        if let Ok(held) = self.last.try_lock()
            && let Some(last) = &*held
            && last.number == chunk
        {
            out.copy_from_slice(&last.nodes[range]);
            return Ok(());
        }
        // The lock is not held while reading: proofs of other readers go on meanwhile.
        let mut read = Box::new(Chunk {
            number: chunk,
            nodes: [[0; 32]; NODES],
        });
        self.fetch_run(chunk, bytemuck::bytes_of_mut(&mut read.nodes))?;
        out.copy_from_slice(&read.nodes[range]);
        if let Ok(mut last) = self.last.try_lock() {
            *last = Some(read);
        }
        Ok(())
    }

    /// Compares at most [`RUN_CHUNKS`] chunks, from `first` on, with their checksums.
    fn check(&self, first: u64, bytes: &[u8]) -> Result<(), Failure> {
        let mut sums = [0; RUN_CHUNKS];
        let sums = &mut sums[..bytes.len() / CHUNK_BYTES];
        self.checksums
            .read(first, sums)
            .map_err(|error| (first, error))?;
        let (site, chunks) = (&self.site, bytes.chunks_exact(CHUNK_BYTES));
        for ((chunk, bytes), &expected) in (first..).zip(chunks).zip(&*sums) {
            let index = site.first_chunk + chunk;
            let actual = chunk_sum(&site.source.tree_id, site.level, index, bytes);
            if actual != expected {
                let error = StorageError::CrcMismatch {
                    file: site.name(Stream::Chunks),
                    offset: chunk * CHUNK_BYTES as u64,
                    expected,
                    actual,
                };
                return Err((chunk, error));
            }
        }
        Ok(())
    }
}

/// The chunk that failed, by its number in the shard, and why.
type Failure = (u64, StorageError);
