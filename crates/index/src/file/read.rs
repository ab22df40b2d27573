//! Reads an index.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use crc32c::{crc32c, crc32c_append};
use rotortree_lean_imt::AnySnapshot;

use super::{HEADER_BYTES, Header, MAGIC, SHARD_HEADER_BYTES, ShardHeader, VERSION};
use crate::{
    FileFault, IndexError,
    bucket::SLOTS,
    key::Key,
    layout::Layout,
    table::{SHARDS, Table},
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

/// The table of the file, and the number of leaves that it covers, if the tree had these leaves.
pub(crate) fn load(path: &Path, tree: &dyn AnySnapshot) -> Result<(Table, u64), Unused> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::Unreadable(error),
    })?;
    let length = file.metadata().map_err(FileFault::Unreadable)?.len();
    let mut reader = Reader {
        file: BufReader::with_capacity(1 << 16, file),
        left: length,
        sum: 0,
    };
    let header = Header::decode(&reader.array()?)?;
    let Header { size, root, .. } = header;
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
    let table = Table::new(Key::from_bytes(header.key));
    for shard in 0..SHARDS {
        reader.shard(&table, shard, size)?;
    }
    if reader.left > 0 {
        return Err(FileFault::Damaged("bytes follow its end").into());
    }
    Ok((table, size))
}

impl Header {
    fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, FileFault> {
        let mut rest = &bytes[..];
        if take(&mut rest) != MAGIC {
            return Err(FileFault::Foreign);
        }
        let found = u32::from_le_bytes(take(&mut rest));
        if found != VERSION {
            return Err(FileFault::Version {
                found,
                supported: VERSION,
            });
        }
        let shards = u32::from_le_bytes(take(&mut rest));
        let header = Self {
            size: u64::from_le_bytes(take(&mut rest)),
            root: take(&mut rest),
            key: take(&mut rest),
        };
        let sum = u32::from_le_bytes(take(&mut rest));
        if sum != crc32c(&bytes[..HEADER_BYTES - 4]) || shards as usize != SHARDS {
            return Err(FileFault::Damaged("its header does not match its checksum"));
        }
        Ok(header)
    }
}

impl ShardHeader {
    fn decode(bytes: &[u8; SHARD_HEADER_BYTES]) -> Result<Self, FileFault> {
        let mut rest = &bytes[..];
        let number = u32::from_le_bytes(take(&mut rest));
        let buckets = u32::from_le_bytes(take(&mut rest));
        let [index_bits, prefix_bits] = take(&mut rest).map(u32::from);
        let layout = Layout {
            buckets,
            index_bits,
            prefix_bits,
        };
        let overflow = u64::from_le_bytes(take(&mut rest));
        let sum = u32::from_le_bytes(take(&mut rest));
        if sum != crc32c(&bytes[..SHARD_HEADER_BYTES - 4]) || !layout.is_valid() {
            return Err(FileFault::Damaged(
                "the layout of a shard does not match its checksum",
            ));
        }
        Ok(Self {
            number,
            layout,
            overflow,
        })
    }
}

/// The first bytes, which are there: the fields of a header are as long as the header.
fn take<const LEN: usize>(bytes: &mut &[u8]) -> [u8; LEN] {
    let (first, rest) = bytes.split_first_chunk().unwrap_or((&[0; LEN], &[]));
    *bytes = rest;
    *first
}

/// The rest of a file, and the checksum of what was read of the shard.
struct Reader {
    file: BufReader<File>,
    left: u64,
    sum: u32,
}

impl Reader {
    fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], FileFault> {
        let mut bytes = [0; LEN];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), FileFault> {
        let cut = FileFault::Damaged("it is cut");
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            return Err(cut);
        };
        self.left = left;
        self.file
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => cut,
                _ => FileFault::Unreadable(error),
            })?;
        self.sum = crc32c_append(self.sum, bytes);
        Ok(())
    }

    /// Reads a shard into the table.
    fn shard(&mut self, table: &Table, number: usize, size: u64) -> Result<(), FileFault> {
        self.sum = 0;
        let header = ShardHeader::decode(&self.array()?)?;
        if header.number as usize != number {
            return Err(FileFault::Damaged("a shard is not in its place"));
        }
        let ShardHeader {
            layout, overflow, ..
        } = header;
        // A bucket takes a byte at least, and an entry without a slot sixteen.
        let least = overflow
            .saturating_mul(16)
            .saturating_add(u64::from(layout.buckets));
        if least > self.left {
            return Err(FileFault::Damaged("it is cut"));
        }
        let invalid = FileFault::Damaged("an entry is outside of its range");
        let mut shard = table.write(number);
        shard.fill(layout, |slots| {
            let [count] = self.array()?;
            let mut bytes = [0; 6 * SLOTS];
            let Some(bytes) = bytes.get_mut(..6 * usize::from(count)) else {
                return Err(FileFault::Damaged("a bucket has too many entries"));
            };
            self.fill(bytes)?;
            for slot in bytes.as_chunks::<6>().0 {
                let [a, b, c, d, e, f] = *slot;
                let slot = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
                if slot & layout.index_mask() >= size {
                    return Err(FileFault::Damaged(
                        "an entry is behind the leaves it covers",
                    ));
                }
                slots.push(slot);
            }
            Ok(())
        })?;
        for _ in 0..overflow {
            let (place, index) = (self.array()?, self.array()?);
            let (place, index) = (u64::from_le_bytes(place), u64::from_le_bytes(index));
            if index >= size
                || layout.known(place) != place
                || !(layout.buckets == 0 || layout.fits(index))
            {
                return Err(invalid);
            }
            shard.put(place, index);
        }
        let sum = self.sum;
        if u32::from_le_bytes(self.array()?) != sum {
            return Err(FileFault::Damaged("a shard does not match its checksum"));
        }
        Ok(())
    }
}
