//! [`History`]: the operations on a disk since a known state of it.

use std::path::PathBuf;

use super::disk::{Disk, Op};

/// One operation that changed the disk, or was to.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) op: Op,
    pub(super) path: PathBuf,
}

impl Entry {
    pub(super) fn describe(&self) -> String {
        format!("{} {}", self.op, self.path.display())
    }
}

/// A disk as it was, and the operations since.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) start: Disk,
    pub(super) entries: Vec<Entry>,
}

impl History {
    /// Begins now.
    pub(super) fn since(disk: &Disk) -> Self {
        Self {
            start: disk.clone(),
            entries: Vec::new(),
        }
    }

    /// Changes the disk and records it.
    pub(super) fn perform(&mut self, disk: &mut Disk, entry: Entry) {
        disk.apply(self.entries.len(), &entry.op);
        self.entries.push(entry);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
