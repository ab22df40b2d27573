//! [`Spare`]: the file of a covered segment, kept for the next one. Its blocks are allocated and
//! written, so that groups overwrite them.
//!
//! Only a segment that this owner created, that no other name leads to, is kept. Its groups have
//! another salt than those of the next segment, and sequences that a checkpoint covers. A cut would
//! let sequences repeat, but no segment of the present owner was ever cut: cuts are made while
//! opening.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{
    file_layer::{FileId, FileLayer},
    fs::{
        disk::{Disk, Draft},
        layout::Layout,
    },
    lock::lock,
    storage::MAX_ROOM_BYTES,
};

/// At most one file, under a name that no crash makes anything of.
#[derive(Debug)]
pub(super) struct Spare<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first segment that this owner created.
    first: Option<u64>,
    kept: Option<FileId>,
}

impl<L: FileLayer> Spare<L> {
    pub(super) fn new(disk: Arc<Disk<L>>, layout: Arc<Layout>) -> Self {
        Self {
            disk,
            layout,
            state: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.state) = State::default();
    }

    /// Takes note of a segment that this owner created.
    pub(super) fn created(&self, number: u64) {
        lock(&self.state).first.get_or_insert(number);
    }

    /// Keeps the file of a segment, if it is fit and there is none yet. Returns whether the segment
    /// is gone by that.
    pub(super) fn keep(&self, number: u64) -> bool {
        let is_own = lock(&self.state).first.is_some_and(|first| number >= first);
        let path = self.layout.segment(number);
        let fit = || -> io::Result<Option<FileId>> {
            let file = self.disk.open_write(&path)?;
            let status = self.disk.status(&file)?;
            if status.links == 1 && status.len > MAX_ROOM_BYTES {
                self.disk.truncate(&file, MAX_ROOM_BYTES)?;
            }
            Ok(status.id.filter(|_| status.links == 1))
        };
        let Some(id) = is_own.then(fit).and_then(|fit| fit.ok().flatten()) else {
            return false;
        };
        let mut state = lock(&self.state);
        // The new name need not be durable: a crash may bring the covered segment back.
        if state.kept.is_some() || self.disk.rename(&path, &self.layout.spare()).is_err() {
            return false;
        }
        state.kept = Some(id);
        true
    }

    /// The kept file as the beginning of a new one, if it is still fit.
    pub(super) fn take(&self, temporary: &Path) -> Option<Draft<'_, L>> {
        let kept = lock(&self.state).kept.take()?;
        let reused = Draft::reuse(&self.disk, &self.layout.spare(), temporary, kept);
        reused.ok()
    }

    /// Removes the kept file. One that stays goes with the next sweep.
    pub(super) fn give_back(&self) {
        if lock(&self.state).kept.take().is_some() {
            drop(self.disk.remove_if_there(&self.layout.spare()));
        }
    }
}
