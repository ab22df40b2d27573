//! Views that the backend hands out: a segment, and a shard's units.

use std::io;

use rotortree_store::storage::{Region, SegmentBytes, Shard};

use crate::{database::Database, keys};

/// A segment as it was when it was opened: its pieces by offset, each read from the database when
/// it is asked for.
pub(crate) struct Segment {
    database: Database,
    number: u64,
    /// The end of each piece, in order; the first piece starts at 0.
    ends: Vec<u64>,
}

impl Segment {
    pub(crate) fn open(database: &Database, number: u64) -> io::Result<Self> {
        let pieces = database.keys(&keys::segment(number))?;
        let mut end = 0;
        let ends: Vec<u64> = pieces
            .iter()
            .map(|(_, len)| {
                end += len;
                end
            })
            .collect();
        if ends.is_empty() {
            let text = format!("cannot read log segment {number}: it is not there");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(Self {
            database: database.clone(),
            number,
            ends,
        })
    }
}

impl SegmentBytes for Segment {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        within(offset, buf.len(), self.len())?;
        let first = self.ends.partition_point(|end| *end <= offset);
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let pieces = starts.zip(&self.ends).skip(first);
        let mut at = offset;
        let mut rest = buf;
        for (start, end) in pieces {
            if rest.is_empty() {
                break;
            }
            let now = rest.len().min((end - at) as usize);
            let (head, tail) = rest.split_at_mut(now);
            read_value(
                &self.database,
                &keys::piece(self.number, start),
                (at - start) as usize,
                head,
            )?;
            at += now as u64;
            rest = tail;
        }
        Ok(())
    }
}

/// The first units of a shard. Units that a manifest names are never written again, so that reading
/// them late reads the same bytes.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) database: Database,
    pub(crate) shard: Shard,
    pub(crate) units: u64,
}

impl Region for View {
    /// Nothing is mapped: every read is a request to the database. `docs/write-a-backend.md` says
    /// what that costs.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let unit = self.shard.stream.unit_bytes() as u64;
        within(offset, buf.len(), self.units * unit)?;
        let mut at = offset;
        let mut rest = buf;
        while !rest.is_empty() {
            let start = (at % unit) as usize;
            let now = rest.len().min(unit as usize - start);
            let (head, tail) = rest.split_at_mut(now);
            let key = keys::unit(self.shard, at / unit);
            read_value(&self.database, &key, start, head)?;
            at += now as u64;
            rest = tail;
        }
        Ok(())
    }
}

/// Refuses a read that leaves `len` bytes.
fn within(offset: u64, want: usize, len: u64) -> io::Result<()> {
    match offset.checked_add(want as u64) {
        Some(end) if end <= len => Ok(()),
        _ => {
            let text = format!("cannot read {want} bytes at byte {offset}: there are {len}");
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))
        }
    }
}

/// Fills `buf` with a value's bytes from `start` on.
fn read_value(database: &Database, key: &[u8], start: usize, buf: &mut [u8]) -> io::Result<()> {
    let value = database.get(key)?.unwrap_or_default();
    let Some(bytes) = value.get(start..start + buf.len()) else {
        let text = format!(
            "cannot read the value of {}: it ends early",
            key.escape_ascii()
        );
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
    };
    buf.copy_from_slice(bytes);
    Ok(())
}
