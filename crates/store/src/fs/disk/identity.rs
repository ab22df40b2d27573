//! Checks that a file is still the one that was opened, and that no other name leads to it.

use std::{io, io::Read, path::Path};

use super::{Disk, NamedFile};
use crate::{
    file_layer::{FileId, FileLayer, FileStatus},
    fs::{
        error::{At, gone, named},
        layout::temporary,
    },
    storage::WriteError,
};

/// The failure of a step before a write. The write may be tried again, unless its file is gone.
pub(in crate::fs) fn not_written(error: io::Error) -> WriteError {
    if error.kind() == io::ErrorKind::StaleNetworkFileHandle {
        WriteError::Fenced(error)
    } else {
        WriteError::NotWritten(error)
    }
}

/// An open file and its status.
pub(in crate::fs) type Known<F> = (NamedFile<F>, FileStatus);

impl<L: FileLayer> Disk<L> {
    /// Refuses a file that has taken the place of another.
    pub(in crate::fs) fn ensure_same(
        &self,
        path: &Path,
        expected: Option<FileId>,
        found: Option<FileId>,
    ) -> io::Result<()> {
        match expected.zip(found) {
            Some((expected, found)) if !expected.is_same(&found) => {
                let replaced = gone("another file took its place while the store was open");
                Err(named("go on with", path, replaced))
            }
            _ => Ok(()),
        }
    }

    /// Whether these are one file, as far as the system tells.
    pub(in crate::fs) fn are_same(
        &self,
        one: &NamedFile<L::File>,
        other: &NamedFile<L::File>,
    ) -> io::Result<bool> {
        let ids = self.status(one)?.id.zip(self.status(other)?.id);
        Ok(ids.is_some_and(|(one, other)| one.is_same(&other)))
    }

    /// Replaces an open file by a copy if other names lead to it, as after `cp -al`, so that later
    /// writes appear under this name alone. The copy is durable when this call returns. Fails if no
    /// name leads to the file any more, because its bytes would be lost.
    pub(in crate::fs) fn unshare(
        &self,
        file: &NamedFile<L::File>,
        status: FileStatus,
    ) -> Result<Option<Known<L::File>>, WriteError> {
        match status.links {
            0 => {
                let removed = gone("it was removed or replaced while the store was open");
                Err(WriteError::Fenced(named("write", &file.path, removed)))
            }
            1 => Ok(None),
            _ => {
                let mut content = Content {
                    disk: self,
                    file,
                    offset: 0,
                };
                let prepared = self
                    .prepare(&temporary(&file.path), &mut content)
                    .map_err(not_written)?;
                let status = self.status(prepared.file()).map_err(not_written)?;
                // From here on either file may have the name.
                let copy = self.publish(prepared, &file.path);
                let (copy, len) = copy.map_err(WriteError::InDoubt)?;
                Ok(Some((
                    copy,
                    FileStatus {
                        len,
                        links: 1,
                        ..status
                    },
                )))
            }
        }
    }
}

/// A file's bytes from its beginning to its end.
struct Content<'a, L: FileLayer> {
    disk: &'a Disk<L>,
    file: &'a NamedFile<L::File>,
    offset: u64,
}

impl<L: FileLayer> Read for Content<'_, L> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.disk.files.read_at(&self.file.file, buf, self.offset);
        let read = match read {
            // The caller's loop repeats the call, and needs the bare error for that.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            other => other.at("read", &self.file.path)?,
        };
        self.offset += read as u64;
        Ok(read)
    }
}
