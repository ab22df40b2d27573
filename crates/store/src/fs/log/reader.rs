//! [`Reader`]: a segment opened for reading.

use std::{io, sync::Arc};

use crate::{
    file_layer::FileLayer,
    fs::{
        disk::{Disk, NamedFile},
        error::{fault, named},
    },
    storage::SegmentBytes,
};

/// The least length at which the holes of a segment are queried: four times the default length.
/// Some file systems report holes wrongly; no ordinary log depends on holes, and reading this much
/// takes well under a second.
const SPARSE_BYTES: u64 = 1 << 30;

/// A segment opened for reading.
#[derive(Debug)]
pub(super) struct Reader<L: FileLayer> {
    pub(super) disk: Arc<Disk<L>>,
    pub(super) file: NamedFile<L::File>,
    pub(super) len: u64,
}

impl<L: FileLayer> Reader<L> {
    /// Reads what is left of a file that was cut since it was opened: its writer gave back the room
    /// behind the end, which held zeros.
    fn read_to_end(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let left = self.disk.len(&self.file)?.saturating_sub(offset);
        let (there, room) = buf.split_at_mut(left.min(buf.len() as u64) as usize);
        room.fill(0);
        self.disk.read(&self.file, there, offset)
    }
}

impl<L: FileLayer> SegmentBytes for Reader<L> {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            let reason = format!(
                "it was {} bytes long when opened; {} were asked for at byte {offset}",
                self.len,
                buf.len()
            );
            let beyond = fault(io::ErrorKind::UnexpectedEof, reason);
            return Err(named("read", self.file.path(), beyond));
        }
        match self.disk.read(&self.file, buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.read_to_end(buf, offset)
            }
            read => read,
        }
    }

    fn next_data(&mut self, offset: u64) -> io::Result<u64> {
        if self.len < SPARSE_BYTES {
            return Ok(offset);
        }
        self.disk.next_data(&self.file, offset)
    }
}
