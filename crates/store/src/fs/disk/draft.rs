//! [`Draft`]: a new file under a temporary name.

use std::{
    io,
    io::Read,
    path::{Path, PathBuf},
    thread,
};

use super::{Disk, Prepared};
use crate::{
    file_layer::{FileId, FileLayer},
    fs::error::gone,
};

/// Bytes per step of copying a stream to a file.
const COPY_BYTES: usize = 256 << 10;

/// A new file under a temporary name. Dropping an unfinished one removes it.
#[derive(Debug)]
pub(in crate::fs) struct Draft<'a, L: FileLayer> {
    file: Prepared<L>,
    /// The bytes that the file had before.
    found: u64,
    leftover: Leftover<'a, L>,
}

/// A name to remove.
#[derive(Debug)]
struct Leftover<'a, L: FileLayer> {
    disk: &'a Disk<L>,
    path: Option<PathBuf>,
}

impl<L: FileLayer> Disk<L> {
    /// Writes a stream to a new file, whole and synced, under a temporary name.
    pub(in crate::fs) fn prepare(
        &self,
        temporary: &Path,
        content: &mut dyn Read,
    ) -> io::Result<Prepared<L>> {
        let mut draft = Draft::begin(self, temporary)?;
        draft.copy(content)?;
        draft.finish()
    }
}

impl<'a, L: FileLayer> Draft<'a, L> {
    /// Begins a new file in an existing directory. Opens the directory too, so that a shortage
    /// shows before anything is in doubt.
    pub(in crate::fs) fn begin(disk: &'a Disk<L>, temporary: &Path) -> io::Result<Self> {
        // Replaces an earlier attempt's file instead of overwriting it: its content after a failed
        // sync is unknown.
        disk.remove_if_there(temporary)?;
        let dir = disk.open_parent(temporary)?;
        let file = disk.create_new(temporary)?;
        Ok(Self {
            file: Prepared { file, len: 0, dir },
            found: 0,
            leftover: Leftover::of(disk, temporary),
        })
    }

    /// Begins a new file in the place of an old one: the file of this identity at `spare`, which
    /// gets the temporary name.
    pub(in crate::fs) fn reuse(
        disk: &'a Disk<L>,
        spare: &Path,
        temporary: &Path,
        id: FileId,
    ) -> io::Result<Self> {
        let dir = disk.open_parent(temporary)?;
        disk.rename(spare, temporary)?;
        let leftover = Leftover::of(disk, temporary);
        let file = disk.open_write(temporary)?;
        let status = disk.status(&file)?;
        disk.ensure_same(temporary, Some(id), status.id)?;
        if status.links != 1 {
            return Err(gone("another name leads to it"));
        }
        Ok(Self {
            file: Prepared { file, len: 0, dir },
            found: status.len,
            leftover,
        })
    }

    /// The bytes that the file had before: those that are not overwritten stay.
    pub(in crate::fs) fn found(&self) -> u64 {
        self.found
    }

    /// Appends bytes.
    pub(in crate::fs) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.leftover
            .disk
            .write(&self.file.file, bytes, self.file.len)?;
        self.file.len += bytes.len() as u64;
        Ok(())
    }

    /// Appends a stream.
    fn copy(&mut self, content: &mut dyn Read) -> io::Result<()> {
        let mut piece = Vec::new();
        loop {
            piece.clear();
            // The buffer grows with the stream: most streams are one header.
            content.take(COPY_BYTES as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                return Ok(());
            }
            self.write(&piece)?;
        }
    }

    /// Syncs the file, which can then get its name.
    pub(in crate::fs) fn finish(mut self) -> io::Result<Prepared<L>> {
        self.leftover.disk.sync(&self.file.file)?;
        self.leftover.path = None;
        Ok(self.file)
    }
}

impl<'a, L: FileLayer> Leftover<'a, L> {
    fn of(disk: &'a Disk<L>, path: &Path) -> Self {
        let path = Some(path.to_owned());
        Self { disk, path }
    }
}

impl<L: FileLayer> Drop for Leftover<'_, L> {
    fn drop(&mut self) {
        // A file layer that panics once may panic again.
        if let Some(path) = self.path.as_ref().filter(|_| !thread::panicking()) {
            // Only tidiness: the next attempt and the next sweep remove the file too.
            let _ = self.disk.remove_if_there(path);
        }
    }
}
