//! Units of the levels on their way to a backend ([`UnitWriter`]) and back ([`Region`]).

use std::{fmt, io};

use super::{Locator, Shard};

/// Units that are being put: durable once they are [finished](Self::finish). Dropping the writer
/// before leaves bytes that nothing names.
pub trait UnitWriter {
    /// Writes whole units of a shard, from unit `first` of the shard on. No bytes at all are fine.
    ///
    /// Units may come in any order, and those before them may be missing. A unit that a committed
    /// manifest or a durable record names is never put again with other bytes. Any other may be,
    /// through any handle: the last locator that names it tells which bytes count.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for bytes that are not whole units and for units beyond the shard's end
    /// ([`Shard::check_put`]). After any error the writer can only be dropped, and its units are
    /// put again through another one.
    fn put(&mut self, shard: Shard, first: u64, bytes: &[u8]) -> io::Result<()>;

    /// Starts to write what was put so far, so that it goes on while the caller works on something
    /// else. [`finish`](Self::finish) is as necessary as before. A backend that gathers nothing has
    /// nothing to start.
    ///
    /// # Errors
    ///
    /// As those of [`put`](Self::put).
    fn start(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Makes every unit that was put durable, names included. With nothing put it is fine.
    ///
    /// # Errors
    ///
    /// After an error all units of this writer must be put again through another one: the backend
    /// may have lost its cached ones.
    fn finish(self: Box<Self>) -> io::Result<Locator>;
}

/// The first units of a shard, immutable.
pub trait Region: fmt::Debug + Send + Sync {
    /// The bytes, all of them, where they can be had without copying: a mapping. `None` means that
    /// every read of a node is a [`read_at`](Self::read_at) of a whole chunk, one for each stored
    /// level of each proof that neither [`TieringConfig`](crate::TieringConfig) nor the block cache
    /// keeps in memory, and that [`slice`](Self::slice) does not give.
    fn bytes(&self) -> Option<&[u8]>;

    /// The `len` bytes from `offset` on, where these can be had without copying, also if others
    /// cannot. What was given once may be `None` later, and the reverse.
    fn slice(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.bytes()?.get(start..start.checked_add(len)?)
    }

    /// Fills `buf` from `offset` within the region; a short read is an error.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

/// The way of reading regions. A backend without maps treats both as the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reads {
    /// Memory maps: fastest. A device error or an outside truncation raises `SIGBUS`.
    #[default]
    Mapped,
    /// One positioned read per access: slower, every failure is an error value.
    Positioned,
}
