//! The manifest role: one file, replaced by renaming a synced one over it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::{
    disk::Disk,
    error::{fault, named},
    layout::Layout,
};
use crate::{
    file_layer::FileLayer,
    lock::lock,
    storage::{MAX_MANIFEST_BYTES, WriteError},
};

/// The file with the manifest in force.
#[derive(Debug)]
pub(super) struct Manifest<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    /// The generation that this handle committed last.
    committed: Mutex<Option<u64>>,
}

impl<L: FileLayer> Manifest<L> {
    pub(super) fn new(disk: Arc<Disk<L>>, layout: Arc<Layout>) -> Self {
        Self {
            disk,
            layout,
            committed: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.committed) = None;
    }

    pub(super) fn load(&self) -> io::Result<Option<Vec<u8>>> {
        let path = self.layout.manifest();
        let file = match self.disk.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let len = self.disk.len(&file)?;
        if len > MAX_MANIFEST_BYTES {
            let reason = format!("it is {len} bytes long, more than any manifest");
            return Err(named(
                "read",
                path,
                fault(io::ErrorKind::InvalidData, reason),
            ));
        }
        // At most the limit, which is a `usize`.
        let mut bytes = vec![0; len as usize];
        self.disk.read(&file, &mut bytes, 0)?;
        Ok(Some(bytes))
    }

    pub(super) fn commit(&self, generation: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let path = self.layout.manifest();
        self.check(generation)?;
        let temporary = self.layout.manifest_temporary();
        let prepared = self
            .disk
            .prepare(&temporary, &mut &bytes[..])
            .map_err(WriteError::NotWritten)?;
        // From here on the new manifest may be in force after a crash, whatever the calls return.
        self.disk
            .publish(prepared, path)
            .map_err(WriteError::InDoubt)?;
        *lock(&self.committed) = Some(generation);
        Ok(())
    }

    /// The directory lock keeps other writers out, so that this only has to catch a caller who lost count.
    fn check(&self, generation: u64) -> Result<(), WriteError> {
        let path = self.layout.manifest();
        let refuse =
            |reason: String| named("replace", path, fault(io::ErrorKind::InvalidInput, reason));
        if let Some(last) = *lock(&self.committed)
            && generation.checked_sub(1) != Some(last)
        {
            let reason = format!("generation {generation} cannot follow generation {last}");
            return Err(WriteError::NotWritten(refuse(reason)));
        }
        let there = self.disk.exists(path).map_err(WriteError::NotWritten)?;
        match (generation, there) {
            (0, true) => Err(WriteError::Fenced(refuse(
                "a first manifest is there already".to_owned(),
            ))),
            (1.., false) => Err(WriteError::NotWritten(refuse(format!(
                "the manifest that generation {generation} replaces is missing"
            )))),
            _ => Ok(()),
        }
    }
}
