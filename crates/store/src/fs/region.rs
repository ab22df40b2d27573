//! Views of a shard's bytes: mapped, or read by position.

use std::{
    fmt, io,
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    disk::{Disk, NamedFile},
    error::{fault, named},
};
use crate::{file_layer::FileLayer, storage::Region};

/// A view of no bytes.
#[derive(Debug)]
pub(super) struct Empty;

impl Region for Empty {
    fn bytes(&self) -> Option<&[u8]> {
        Some(&[])
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        if offset == 0 && buf.is_empty() {
            return Ok(());
        }
        Err(fault(
            io::ErrorKind::UnexpectedEof,
            "a view of no bytes was read",
        ))
    }
}

/// A mapped view.
#[derive(Debug)]
pub(super) struct Mapped<M> {
    map: M,
    path: PathBuf,
}

impl<M> Mapped<M> {
    pub(super) fn new(map: M, path: &Path) -> Self {
        Self {
            map,
            path: path.to_owned(),
        }
    }
}

impl<M: Deref<Target = [u8]> + fmt::Debug + Send + Sync> Region for Mapped<M> {
    fn bytes(&self) -> Option<&[u8]> {
        Some(&self.map)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = within(offset, buf.len(), self.map.len() as u64, &self.path)?;
        // `within` has put the range inside the map, whose length is a `usize`.
        let start = start as usize;
        buf.copy_from_slice(&self.map[start..start + buf.len()]);
        Ok(())
    }
}

/// A view that reads the file at each access.
#[derive(Debug)]
pub(super) struct Positioned<L: FileLayer> {
    disk: Arc<Disk<L>>,
    file: Arc<NamedFile<L::File>>,
    len: u64,
}

impl<L: FileLayer> Positioned<L> {
    pub(super) fn new(disk: Arc<Disk<L>>, file: Arc<NamedFile<L::File>>, len: u64) -> Self {
        Self { disk, file, len }
    }
}

impl<L: FileLayer> Region for Positioned<L> {
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = within(offset, buf.len(), self.len, self.file.path())?;
        self.disk.read(&self.file, buf, start)
    }
}

/// Returns the offset, if a read of `want` bytes there stays within a view of `len` bytes.
fn within(offset: u64, want: usize, len: u64, path: &Path) -> io::Result<u64> {
    let end = offset.checked_add(want as u64);
    if end.is_some_and(|end| end <= len) {
        return Ok(offset);
    }
    let reason = format!("the view has {len} bytes; {want} were asked for at byte {offset}");
    let beyond = fault(io::ErrorKind::UnexpectedEof, reason);
    Err(named("read", path, beyond))
}
