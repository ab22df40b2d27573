//! [`End`]: the end of the segment that is written to, and the room prepared behind it.

use std::io;

use crate::{
    file_layer::{FileId, FileLayer, FileStatus},
    fs::disk::{Disk, NamedFile},
    storage::MAX_ROOM_BYTES,
};

/// The unit in which file systems allocate.
const BLOCK: u64 = 4096;
/// The most zeros to write ahead at once, so that the sync behind them does not take long.
const MAX_ZEROS: u64 = 1 << 20;
/// The largest group whose sync gains more from prepared room than the zeros cost.
const MAX_PREPARED_GROUP: u64 = 32 << 10;

/// The end of a segment. Groups overwrite what stands behind it, up to the file's length: zeros, or
/// the remains of an earlier segment. Overwriting changes neither the length nor the extents of the
/// file, so that a sync has no metadata to write.
#[derive(Debug)]
pub(super) struct End<F> {
    pub(super) file: NamedFile<F>,
    pub(super) id: Option<FileId>,
    /// The end of the last group.
    pub(super) used: u64,
    /// The length of the file.
    pub(super) len: u64,
    /// The end of the last group when the file was opened.
    opened_at: u64,
    /// The length up to which blocks are reserved.
    room: u64,
}

impl<F> End<F> {
    /// The end of a segment of `used` bytes in a file that may be longer.
    pub(super) fn new(file: NamedFile<F>, status: FileStatus, used: u64) -> Self {
        Self {
            file,
            id: status.id,
            used,
            len: status.len,
            opened_at: used,
            room: status.len,
        }
    }

    /// Ensures room for a group of `bytes` bytes. Where the system reserves room, a full disk is
    /// reported before the first byte of the group is written. Room is reserved ahead, in
    /// proportion to the bytes written since the file was opened, and for small groups it is
    /// prepared: filled with zeros. A disk without room for that still takes the group.
    pub(super) fn make_room<L: FileLayer<File = F>>(
        &mut self,
        disk: &Disk<L>,
        bytes: u64,
    ) -> io::Result<()> {
        let end = self.used + bytes;
        if end <= self.len {
            return Ok(());
        }
        self.reserve(disk, end)?;
        if bytes <= MAX_PREPARED_GROUP && self.room > end && self.fill(disk, end).is_err() {
            // The zeros that were written take room that the group may need.
            disk.truncate(&self.file, self.len)?;
            self.room = self.len;
            self.reserve(disk, end)?;
        }
        Ok(())
    }

    /// Reserves blocks up to `end`, and ahead of it if there is room.
    fn reserve<L: FileLayer<File = F>>(&mut self, disk: &Disk<L>, end: u64) -> io::Result<()> {
        if end <= self.room {
            // The limit may be lower than when the room was reserved.
            return disk.ensure_permitted(&self.file, end);
        }
        let ahead = (end - self.opened_at).min(MAX_ROOM_BYTES);
        let enough = end.next_multiple_of(BLOCK);
        for room in [(end + ahead).next_multiple_of(BLOCK), enough] {
            match disk.reserve(&self.file, room) {
                Err(_) if room > enough => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    self.room = room;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Fills the room behind `end` with zeros, which the next sync makes durable.
    fn fill<L: FileLayer<File = F>>(&mut self, disk: &Disk<L>, end: u64) -> io::Result<()> {
        let ahead = (end - self.opened_at).min(MAX_ZEROS);
        let filled = (end + ahead).next_multiple_of(BLOCK).min(self.room);
        let zeros = vec![0; (filled - end) as usize];
        disk.write(&self.file, &zeros, end)?;
        self.len = filled;
        Ok(())
    }

    /// Takes note of a group that was written at the end.
    pub(super) fn advance(&mut self, bytes: u64) {
        self.used += bytes;
        self.len = self.len.max(self.used);
    }

    /// Returns the room behind the end to the file system. Room that cannot be returned stays until
    /// the segment is removed.
    pub(super) fn give_back<L: FileLayer<File = F>>(&mut self, disk: &Disk<L>) {
        if self.room.max(self.len) > self.used && disk.truncate(&self.file, self.used).is_ok() {
            self.len = self.used;
        }
        self.room = self.len;
    }
}
