//! Addresses: a stream of a level, one of its shards, a part of a store.

use std::{fmt, io};

use crate::chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES, SUMS_PER_SECTOR};

/// One of the two streams of immutable bytes of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Chunks of nodes: units of [`CHUNK_BYTES`](crate::chunk::CHUNK_BYTES).
    Chunks,
    /// Sectors of chunk checksums: units of [`SUM_SECTOR_BYTES`](crate::chunk::SUM_SECTOR_BYTES).
    Sums,
}

impl Stream {
    /// Bytes in a unit.
    #[must_use]
    pub const fn unit_bytes(self) -> usize {
        match self {
            Self::Chunks => CHUNK_BYTES,
            Self::Sums => SUM_SECTOR_BYTES,
        }
    }

    /// Units in a full shard of so many chunks, a multiple of 128.
    #[must_use]
    pub const fn shard_units(self, shard_chunks: u64) -> u64 {
        match self {
            Self::Chunks => shard_chunks,
            Self::Sums => shard_chunks / SUMS_PER_SECTOR,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunks => "chunks",
            Self::Sums => "checksums",
        })
    }
}

/// One shard of a level's stream. A backend keeps it in one file, or under one prefix. Its units
/// are numbered from 0.
///
/// ```
/// use rotortree_store::storage::{Shard, Stream};
///
/// let shard = Shard { stream: Stream::Chunks, level: 3, index: 0 };
/// assert_eq!(shard.to_string(), "chunks of level 3, shard 0");
/// assert!(shard.check_put(127, 4096, 128).is_ok(), "the last unit of a shard of 128");
/// assert!(shard.check_put(127, 8192, 128).is_err(), "the second unit belongs to the next shard");
/// assert!(shard.check_put(0, 4095, 128).is_err(), "no whole unit");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard {
    /// Which stream.
    pub stream: Stream,
    /// Which level, 0 for the leaves. Any number: a backend need not know how deep trees are.
    pub level: u8,
    /// Which shard of the level, from 0.
    pub index: u64,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            level,
            index,
        } = self;
        write!(f, "{stream} of level {level}, shard {index}")
    }
}

impl Shard {
    /// The checks of [`UnitWriter::put`](super::UnitWriter::put) that every backend with shards of
    /// `shard_chunks` chunks must make.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if `len` bytes are not whole units, or reach
    /// beyond the shard's end.
    pub fn check_put(self, first: u64, len: usize, shard_chunks: u64) -> io::Result<()> {
        let unit = self.stream.unit_bytes();
        if !len.is_multiple_of(unit) {
            return Err(invalid(format!(
                "{len} bytes are not whole units of {unit}, for {self}"
            )));
        }
        let end = first.checked_add((len / unit) as u64);
        self.check_end(end, shard_chunks)
    }

    /// The checks of [`Storage::region`](super::Storage::region) that every backend with shards of
    /// `shard_chunks` chunks must make.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if a shard has fewer units.
    pub fn check_view(self, units: u64, shard_chunks: u64) -> io::Result<()> {
        self.check_end(Some(units), shard_chunks)
    }

    fn check_end(self, end: Option<u64>, shard_chunks: u64) -> io::Result<()> {
        let units = self.stream.shard_units(shard_chunks);
        match end {
            Some(end) if end <= units => Ok(()),
            _ => Err(invalid(format!(
                "{self} ends at unit {units}, before what was asked for"
            ))),
        }
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// A part of a store, as errors and reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The manifest in force.
    Manifest,
    /// The log as a whole.
    Log,
    /// The log segment of this number.
    Segment(u64),
    /// A level as a whole.
    Level(u8),
    /// A shard of a level's stream.
    Shard(Shard),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("manifest"),
            Self::Log => f.write_str("log"),
            Self::Segment(number) => write!(f, "log segment {number}"),
            Self::Level(level) => write!(f, "level {level}"),
            Self::Shard(shard) => shard.fmt(f),
        }
    }
}
