//! Reads an index.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Mutex,
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::AnySnapshot;

use super::{
    ENDS_BYTES, HEADER_BYTES, Header, MAGIC, VERSION,
    bytes::{checked, take},
    shard,
};
use crate::{
    FileFault, IndexError,
    key::Key,
    shard::Shard,
    table::{SHARDS, Table},
    threads::{in_parallel, lock, threads},
};

/// Why a file is not used, or why the tree cannot say whether it may be.
pub(crate) enum Unused {
    Fault(FileFault),
    Tree(IndexError),
}

impl From<FileFault> for Unused {
    fn from(fault: FileFault) -> Self {
        Self::Fault(fault)
    }
}

/// A file of which the header and the ends of the shards were checked, and of which the tree had
/// the head. It stays as it was opened when another one takes its place.
pub(crate) struct IndexFile {
    path: PathBuf,
    file: Mutex<File>,
    header: Header,
    /// Where each shard ends, and the next one begins.
    ends: Vec<u64>,
}

impl IndexFile {
    /// Opens the file of an index of this tree.
    pub(crate) fn open(path: &Path, tree: &dyn AnySnapshot) -> Result<Self, Unused> {
        let mut file = open_regular(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileFault::Missing,
            _ => FileFault::Unreadable(error),
        })?;
        let length = file.metadata().map_err(FileFault::Unreadable)?.len();
        let Some(ends_at) = length.checked_sub(ENDS_BYTES as u64) else {
            return Err(FileFault::Damaged("it is cut").into());
        };
        let header = Header::decode(&array(&mut file, 0)?)?;
        let ends = decode_ends(&array(&mut file, ends_at)?, ends_at)?;
        check_head(tree, header.size, header.root)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            header,
            ends,
        })
    }

    /// The leaves that it covers.
    pub(crate) fn size(&self) -> u64 {
        self.header.size
    }

    pub(crate) fn key(&self) -> Key {
        Key::from_bytes(self.header.key)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a shard. No byte of it counts before the checksum of all of them was compared.
    pub(crate) fn shard(&self, number: usize) -> Result<Shard, FileFault> {
        let start = match number.checked_sub(1) {
            Some(before) => self.ends[before],
            None => HEADER_BYTES as u64,
        };
        let mut bytes = Vec::new();
        let len = (self.ends[number] - start) as usize;
        bytes
            .try_reserve_exact(len)
            .map_err(|_| FileFault::Unreadable(io::ErrorKind::OutOfMemory.into()))?;
        bytes.resize(len, 0);
        read(&mut lock(&self.file), start, &mut bytes)?;
        shard::decode(number, self.header.size, &bytes)
    }

    /// Reads all of it, on several threads.
    pub(crate) fn table(&self) -> Result<Table, FileFault> {
        let table = Table::new(self.key());
        let threads = threads(self.size());
        let read = in_parallel(threads, 0..SHARDS, |number| {
            *table.write(number) = self.shard(number)?;
            Ok(())
        });
        read.into_iter().collect::<Result<(), _>>()?;
        Ok(table)
    }
}

/// Opens a file for reading. A pipe in its place would be waited for.
fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        let text = "it is no regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    File::open(path)
}

/// Checks that the tree had this root at this size.
fn check_head(tree: &dyn AnySnapshot, size: u64, root: Hash) -> Result<(), Unused> {
    if size > tree.size() {
        return Err(FileFault::Ahead {
            size,
            tree_size: tree.size(),
        }
        .into());
    }
    let then = tree
        .snapshot_at(size)
        .map_err(|error| Unused::Tree(error.into()))?;
    if then.root().unwrap_or_default() != root {
        return Err(FileFault::OtherTree { size }.into());
    }
    Ok(())
}

fn array<const LEN: usize>(file: &mut File, at: u64) -> Result<[u8; LEN], FileFault> {
    let mut bytes = [0; LEN];
    read(file, at, &mut bytes)?;
    Ok(bytes)
}

fn read(file: &mut File, at: u64, bytes: &mut [u8]) -> Result<(), FileFault> {
    let read = file
        .seek(SeekFrom::Start(at))
        .and_then(|_| file.read_exact(bytes));
    read.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => FileFault::Damaged("it is cut"),
        _ => FileFault::Unreadable(error),
    })
}

/// Where each shard ends: behind the one before, and the last one at `last`.
fn decode_ends(bytes: &[u8; ENDS_BYTES], last: u64) -> Result<Vec<u64>, FileFault> {
    let damaged = FileFault::Damaged("it is cut, or the ends of its shards do not match");
    let Some(bytes) = checked(bytes) else {
        return Err(damaged);
    };
    let ends: Vec<_> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|end| u64::from_le_bytes(*end))
        .collect();
    let starts = std::iter::once(HEADER_BYTES as u64).chain(ends.iter().copied());
    if !starts.is_sorted() || ends.last() != Some(&last) {
        return Err(damaged);
    }
    Ok(ends)
}

impl Header {
    fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, FileFault> {
        let damaged = || FileFault::Damaged("its header does not match its checksum");
        let mut rest = &bytes[..];
        if take(&mut rest) != Some(MAGIC) {
            return Err(FileFault::Foreign);
        }
        let found = u32::from_le_bytes(take(&mut rest).ok_or_else(damaged)?);
        if found != VERSION {
            return Err(FileFault::Version {
                found,
                supported: VERSION,
            });
        }
        checked(bytes).ok_or_else(damaged)?;
        let shards = take(&mut rest).map(u32::from_le_bytes);
        let header = Self::fields(rest).filter(|_| shards == Some(SHARDS as u32));
        header.ok_or_else(damaged)
    }

    fn fields(mut rest: &[u8]) -> Option<Self> {
        Some(Self {
            size: u64::from_le_bytes(take(&mut rest)?),
            root: take(&mut rest)?,
            key: take(&mut rest)?,
        })
    }
}
