//! The manifest role: one file, replaced by renaming a synced one over it.

use std::{
    hash::{DefaultHasher, Hasher},
    io,
    sync::{Arc, Mutex},
};

use super::{
    disk::{Disk, NamedFile, not_written},
    error::{fault, gone, named},
    layout::Layout,
};
use crate::{
    file_layer::{FileId, FileLayer, FileStatus},
    lock::lock,
    storage::{MAX_MANIFEST_BYTES, WriteError},
};

/// The file with the manifest in force.
#[derive(Debug)]
pub(super) struct Manifest<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    /// The manifest in force, as far as this handle knows.
    in_force: Mutex<InForce>,
}

/// The known state of the manifest in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct InForce {
    /// The generation, if this handle committed it.
    generation: Option<u64>,
    /// A hash of its bytes, if this handle has seen them.
    digest: Option<u64>,
    /// The identity and length of its file.
    file: Option<(FileId, u64)>,
    /// The identity and length of the file that is about to replace it, and a hash of its bytes.
    next: Option<(Option<(FileId, u64)>, u64)>,
}

/// The identity of a file, if the system tells it, and its length.
fn known(status: FileStatus) -> Option<(FileId, u64)> {
    status.id.map(|id| (id, status.len))
}

/// Distinguishes manifests. The hash does not resist a deliberate collision, which would take write
/// access to this directory.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

impl<L: FileLayer> Manifest<L> {
    pub(super) fn new(disk: Arc<Disk<L>>, layout: Arc<Layout>) -> Self {
        Self {
            disk,
            layout,
            in_force: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.in_force) = InForce::default();
    }

    pub(super) fn load(&self) -> io::Result<Option<Vec<u8>>> {
        let path = self.layout.manifest();
        let file = match self.disk.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let status = self.disk.status(&file)?;
        let len = status.len;
        if len > MAX_MANIFEST_BYTES {
            let reason = format!("it is {len} bytes long, more than any manifest");
            return Err(named(
                "read",
                path,
                fault(io::ErrorKind::InvalidData, reason),
            ));
        }
        let bytes = self.read(&file, len)?;
        // An owner continues from the first manifest that it reads. Later loads do not change that.
        let mut in_force = lock(&self.in_force);
        if in_force.digest.is_none() {
            in_force.digest = Some(digest(&bytes));
            in_force.file = known(status);
        }
        drop(in_force);
        Ok(Some(bytes))
    }

    fn read(&self, file: &NamedFile<L::File>, len: u64) -> io::Result<Vec<u8>> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut bytes = vec![0; len];
        self.disk.read(file, &mut bytes, 0)?;
        Ok(bytes)
    }

    /// Whether the manifest in force begins with these bytes.
    pub(super) fn starts_with(&self, head: &[u8]) -> io::Result<bool> {
        let mut found = vec![0; head.len()];
        let read = self
            .disk
            .open(self.layout.manifest())
            .and_then(|file| self.disk.read(&file, &mut found, 0));
        match read {
            Ok(()) => Ok(found == head),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn commit(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let path = self.layout.manifest();
        self.check(generation)?;
        let temporary = self.layout.manifest_temporary();
        let prepared = self
            .disk
            .prepare(&temporary, &mut &bytes[..])
            .map_err(not_written)?;
        let ready = self
            .ensure_ours()
            .and_then(|()| self.disk.status(prepared.file()).map_err(not_written));
        let file = match ready {
            Ok(status) => known(status),
            Err(error) => {
                // Only tidiness: the next attempt and the next sweep remove the file too.
                let _ = self.disk.remove_if_there(&temporary);
                return Err(error);
            }
        };
        lock(&self.in_force).next = Some((file, digest(bytes)));
        // From here on the new manifest may be in force after a crash, whatever the calls return.
        self.disk
            .publish(prepared, path)
            .map_err(WriteError::InDoubt)?;
        *lock(&self.in_force) = InForce {
            generation: Some(generation),
            digest: Some(digest(bytes)),
            file,
            next: None,
        };
        Ok(())
    }

    /// Refuses a wrong generation.
    fn check(&self, generation: u64) -> Result<(), WriteError> {
        let path = self.layout.manifest();
        let refuse =
            |reason: String| named("replace", path, fault(io::ErrorKind::InvalidInput, reason));
        if let Some(last) = lock(&self.in_force).generation
            && generation.checked_sub(1) != Some(last)
        {
            let reason = format!("generation {generation} cannot follow generation {last}");
            return Err(WriteError::NotWritten(refuse(reason)));
        }
        let there = self.disk.exists(path).map_err(not_written)?;
        match (generation, there) {
            (0, true) => Err(WriteError::Fenced(refuse(
                "a first manifest is there already".to_owned(),
            ))),
            (1.., false) if lock(&self.in_force).digest.is_none() => {
                Err(WriteError::NotWritten(refuse(format!(
                    "the manifest that generation {generation} replaces is missing"
                ))))
            }
            _ => Ok(()),
        }
    }

    /// As [`ensure_ours`](Self::ensure_ours) at the cost of one look-up of the name: for
    /// acknowledgements between two manifests.
    pub(super) fn ensure_in_place(&self) -> Result<(), WriteError> {
        let InForce { file, next, .. } = *lock(&self.in_force);
        let Some(file) = file else {
            return Ok(());
        };
        let next = next.and_then(|(file, _)| file);
        let is_known = |(id, len): (FileId, u64)| {
            let is_found = |(known, length): (FileId, u64)| id.is_same(&known) && len == length;
            is_found(file) || next.is_some_and(is_found)
        };
        match self.disk.status_at(self.layout.manifest()) {
            Ok(status) if known(status).is_some_and(|found| !is_known(found)) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other.map(drop).map_err(not_written),
        }
        // Not every file system keeps its numbers, and a commit may have ended in between.
        self.ensure_ours()
    }

    /// Refuses to continue if the manifest in force is not the one that this owner committed or
    /// loaded last. Another thread may commit one meanwhile: the found manifest is then compared
    /// with the one in force by now.
    pub(super) fn ensure_ours(&self) -> Result<(), WriteError> {
        let path = self.layout.manifest();
        let fenced = |reason: &str| WriteError::Fenced(named("replace", path, gone(reason)));
        loop {
            let before = *lock(&self.in_force);
            let Some(ours) = before.digest else {
                return Ok(());
            };
            let found = self
                .disk
                .open(path)
                .and_then(|file| self.read(&file, self.disk.len(&file)?.min(MAX_MANIFEST_BYTES)));
            let found = match found {
                Ok(bytes) => digest(&bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(fenced("it was removed while the store was open"));
                }
                Err(error) => return Err(not_written(error)),
            };
            if found == ours || before.next.is_some_and(|(_, next)| found == next) {
                return Ok(());
            }
            if *lock(&self.in_force) == before {
                return Err(fenced(
                    "another manifest was put in its place while the store was open; nothing of it \
                     was changed",
                ));
            }
        }
    }
}
