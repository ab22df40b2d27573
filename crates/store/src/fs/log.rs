//! The log role: segments as files. The newest one stays open for writing. Groups overwrite room
//! that was prepared for them.

mod end;
mod reader;
mod spare;

use std::{
    io, mem,
    path::Path,
    sync::{Arc, Mutex},
};

use self::{end::End, reader::Reader, spare::Spare};
use super::{
    disk::{Disk, Draft, not_written},
    error::{fault, gone, named},
    layout::{Layout, temporary},
    manifest::Manifest,
};
use crate::{
    file_layer::{FileId, FileLayer},
    lock::lock,
    storage::{SegmentReader, SegmentWriter, WriteError},
};

/// The segments in the log directory.
#[derive(Debug)]
pub(super) struct Log<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    manifest: Arc<Manifest<L>>,
    newest: Mutex<Option<Newest<L::File>>>,
    spare: Spare<L>,
}

/// The segment that the log is written to.
#[derive(Debug)]
struct Newest<F> {
    number: u64,
    state: State<F>,
}

#[derive(Debug)]
enum State<F> {
    Open(End<F>),
    /// Closed while the tree is idle.
    Resting(Rested),
    /// A write or sync failed. The system may have marked the lost pages clean, so that a later
    /// sync succeeds without them: nothing may be committed to this segment any more.
    Failed,
}

/// A file that this owner had open. Only the same one is opened again, at the same length.
#[derive(Debug, Clone, Copy)]
struct Rested {
    id: FileId,
    used: u64,
    len: u64,
}

/// Refuses a segment that another program has cut or lengthened.
fn ensure_length(path: &Path, expected: u64, found: u64) -> io::Result<()> {
    if found == expected {
        return Ok(());
    }
    let changed = gone(&format!(
        "something else wrote to it while the store was open: it is {found} bytes long in place of {expected}"
    ));
    Err(named("append to", path, changed))
}

impl<L: FileLayer> Log<L> {
    pub(super) fn new(disk: Arc<Disk<L>>, layout: Arc<Layout>, manifest: Arc<Manifest<L>>) -> Self {
        Self {
            spare: Spare::new(Arc::clone(&disk), Arc::clone(&layout)),
            disk,
            layout,
            manifest,
            newest: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.newest) = None;
        self.spare.forget();
    }

    pub(super) fn start(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        // The previous segment ends here. The new one may need its descriptor.
        self.rest();
        let path = self.layout.segment(number);
        let start = || {
            self.disk.ensure_dir(self.layout.log())?;
            if self.disk.exists(&path)? {
                let there = fault(io::ErrorKind::AlreadyExists, "there is one already");
                return Err(named("create the segment", &path, there));
            }
            let temporary = temporary(&path);
            let spare = self.spare.take(&temporary);
            spare.map_or_else(|| Draft::begin(&self.disk, &temporary), Ok)
        };
        let draft = start().map_err(not_written)?;
        Ok(Box::new(Beginning {
            log: self,
            number,
            draft,
        }))
    }

    pub(super) fn commit_group(
        &self,
        segment: u64,
        offset: u64,
        group: &[u8],
    ) -> Result<(), WriteError> {
        self.append(segment, offset, group, |end| {
            self.disk.sync(&end.file)?;
            // Bytes under another name, or beside another manifest, would not be found.
            self.ensure_in_place(end)?;
            self.manifest.ensure_in_place().map_err(WriteError::into_io)
        })
    }

    pub(super) fn commit_mark(
        &self,
        segment: u64,
        offset: u64,
        mark: &[u8],
    ) -> Result<bool, WriteError> {
        self.append(segment, offset, mark, |_| Ok(()))?;
        Ok(true)
    }

    /// Writes at the segment's end and calls `then`. A failure of either ends the segment. The
    /// caller serializes the calls.
    fn append(
        &self,
        segment: u64,
        offset: u64,
        bytes: &[u8],
        then: impl FnOnce(&End<L::File>) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut end = self.take(segment)?;
        if offset != end.used {
            let reason = format!(
                "it ends at byte {}, and the group is for byte {offset}",
                end.used
            );
            let misplaced = fault(io::ErrorKind::InvalidInput, reason);
            let misplaced = named("append to", end.file.path(), misplaced);
            self.put_back(segment, end);
            return Err(WriteError::NotWritten(misplaced));
        }
        if let Err(error) = end.make_room(&self.disk, bytes.len() as u64) {
            self.put_back(segment, end);
            return Err(WriteError::NotWritten(error));
        }
        end.advance(bytes.len() as u64);
        self.disk
            .write_ahead_of_sync(&end.file, bytes, offset)
            .and_then(|()| then(&end))
            .map_err(WriteError::InDoubt)?;
        self.put_back(segment, end);
        Ok(())
    }

    /// Refuses a segment whose name no longer leads to the file.
    fn ensure_in_place(&self, end: &End<L::File>) -> io::Result<()> {
        let path = end.file.path();
        match self.disk.status_at(path) {
            Ok(found) => self.disk.ensure_same(path, end.id, found.id),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let moved = gone("it was removed or moved while the store was open");
                Err(named("go on with", path, moved))
            }
            // Without a free descriptor for the check, the next group checks.
            Err(_) => Ok(()),
        }
    }

    /// Takes the end of a segment. Opens the segment if it is not the newest one. The segment
    /// counts as failed until the end is put back, which an error or a panic may prevent.
    fn take(&self, number: u64) -> Result<End<L::File>, WriteError> {
        let (mut opened, mut rested) = (None, None);
        if let Some(newest) = &mut *lock(&self.newest)
            && newest.number == number
        {
            match mem::replace(&mut newest.state, State::Failed) {
                State::Open(end) => opened = Some(end),
                State::Resting(rest) => {
                    // Unchanged until the file is open again.
                    newest.state = State::Resting(rest);
                    rested = Some(rest);
                }
                State::Failed => {
                    let failed = io::Error::other("an earlier write to it failed");
                    let failed = named("append to", &self.layout.segment(number), failed);
                    return Err(WriteError::InDoubt(failed));
                }
            }
        }
        if let Some(end) = opened {
            return match self.unshared(&end) {
                Ok(None) => Ok(end),
                Ok(Some(copy)) => Ok(copy),
                Err(error) => {
                    if matches!(error, WriteError::NotWritten(_)) {
                        self.put_back(number, end);
                    }
                    Err(error)
                }
            };
        }
        let end = self.reopen(number, rested)?;
        let state = State::Failed;
        *lock(&self.newest) = Some(Newest { number, state });
        Ok(end)
    }

    /// The end of the copy that replaces a segment with further names.
    fn unshared(&self, end: &End<L::File>) -> Result<Option<End<L::File>>, WriteError> {
        let status = self.disk.status(&end.file).map_err(not_written)?;
        ensure_length(end.file.path(), end.len, status.len).map_err(not_written)?;
        let copy = self.disk.unshare(&end.file, status)?;
        Ok(copy.map(|(file, status)| End::new(file, status, end.used)))
    }

    /// Opens a segment at its end. Only the same file is opened again if this owner had one open
    /// before. A file with further names is copied first.
    fn reopen(&self, number: u64, rested: Option<Rested>) -> Result<End<L::File>, WriteError> {
        let path = self.layout.segment(number);
        let open = || {
            let file = match self.disk.open_write(&path) {
                Err(error) if rested.is_some() && error.kind() == io::ErrorKind::NotFound => {
                    let removed = gone("it was removed while the store was open");
                    return Err(named("append to", &path, removed));
                }
                other => other?,
            };
            let status = self.disk.status(&file)?;
            if let Some(Rested { id, len, .. }) = rested {
                self.disk.ensure_same(&path, Some(id), status.id)?;
                ensure_length(&path, len, status.len)?;
            }
            Ok((file, status))
        };
        let (file, status) = open().map_err(not_written)?;
        let used = rested.map_or(status.len, |rested| rested.used);
        let copy = self.disk.unshare(&file, status)?;
        let (file, status) = copy.unwrap_or((file, status));
        Ok(End::new(file, status, used))
    }

    fn put_back(&self, number: u64, end: End<L::File>) {
        let state = State::Open(end);
        *lock(&self.newest) = Some(Newest { number, state });
    }

    /// Closes the newest segment's file, which the next commit opens again, and returns the room
    /// behind its end and the spare file.
    pub(super) fn release_idle(&self) {
        self.rest();
        self.spare.give_back();
    }

    /// Closes the newest segment's file, and returns the room behind its end.
    fn rest(&self) {
        if let Some(newest) = &mut *lock(&self.newest)
            && let State::Open(end) = &mut newest.state
        {
            end.give_back(&self.disk);
            // A file without an identity stays open.
            if let Some(id) = end.id {
                newest.state = State::Resting(Rested {
                    id,
                    used: end.used,
                    len: end.len,
                });
            }
        }
    }

    pub(super) fn read(&self, number: u64) -> io::Result<SegmentReader> {
        let file = self.disk.open(&self.layout.segment(number))?;
        let len = self.disk.len(&file)?;
        if len == 0 {
            let empty = fault(io::ErrorKind::UnexpectedEof, "it is empty");
            return Err(named("read", file.path(), empty));
        }
        Ok(Box::new(Reader {
            disk: Arc::clone(&self.disk),
            file,
            len,
        }))
    }

    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        {
            let mut newest = lock(&self.newest);
            if matches!(&*newest, Some(newest) if newest.number == number) {
                *newest = None;
            }
        }
        // The removal of the name need not be durable: a covered segment that comes back after a
        // crash is dropped again.
        self.disk.remove_if_there(&self.layout.segment(number))?;
        Ok(())
    }

    /// Removes a covered segment, or keeps its file for the next one while the log is written to.
    pub(super) fn retire(&self, number: u64) -> io::Result<()> {
        let newest = lock(&self.newest);
        let is_writing = newest.as_ref().is_some_and(|newest| {
            newest.number != number && matches!(newest.state, State::Open(_))
        });
        drop(newest);
        if is_writing && self.spare.keep(number) {
            return Ok(());
        }
        self.remove(number)
    }
}

/// A segment before it has its name.
struct Beginning<'a, L: FileLayer> {
    log: &'a Log<L>,
    number: u64,
    draft: Draft<'a, L>,
}

impl<L: FileLayer> SegmentWriter for Beginning<'_, L> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.draft.write(bytes).map_err(not_written)
    }

    fn remains(&self) -> u64 {
        self.draft.found()
    }

    fn finish(self: Box<Self>) -> Result<u64, WriteError> {
        let Self { log, number, draft } = *self;
        let prepared = draft.finish().map_err(not_written)?;
        let status = log.disk.status(prepared.file()).map_err(not_written)?;
        // From here on the segment may exist after a crash, whatever the calls return.
        let published = log.disk.publish(prepared, &log.layout.segment(number));
        let (file, len) = published.map_err(WriteError::InDoubt)?;
        log.put_back(number, End::new(file, status, len));
        log.spare.created(number);
        Ok(len)
    }
}
