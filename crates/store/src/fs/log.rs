//! The log role: segments as files. The newest one stays open for writing.

mod reader;

use std::{
    io, mem,
    path::Path,
    sync::{Arc, Mutex},
};

use self::reader::Reader;
use super::{
    disk::{Disk, Draft, NamedFile, not_written},
    error::{fault, gone, named},
    layout::{Layout, temporary},
    manifest::Manifest,
};
use crate::{
    file_layer::{FileId, FileLayer, FileStatus},
    lock::lock,
    storage::{SegmentReader, SegmentWriter, WriteError},
};

/// The unit in which file systems allocate.
const BLOCK: u64 = 4096;
/// The most room to reserve ahead of the writing.
const MAX_ROOM: u64 = 8 << 20;

/// The segments in the log directory.
#[derive(Debug)]
pub(super) struct Log<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    manifest: Arc<Manifest<L>>,
    newest: Mutex<Option<Newest<L::File>>>,
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
    /// Closed while the tree is idle. Only the file that this owner had open is opened again, at
    /// the same length.
    Resting(FileId, u64),
    /// A write or sync failed. The system may have marked the lost pages clean, so that a later
    /// sync succeeds without them: nothing may be committed to this segment any more.
    Failed,
}

/// The end of a segment.
#[derive(Debug)]
struct End<F> {
    file: Arc<NamedFile<F>>,
    id: Option<FileId>,
    len: u64,
    /// Its length when the file was opened.
    opened_at: u64,
    /// The length up to which room is certain.
    room: u64,
}

impl<F> End<F> {
    fn new(file: NamedFile<F>, status: FileStatus) -> Self {
        Self {
            file: Arc::new(file),
            id: status.id,
            len: status.len,
            opened_at: status.len,
            room: status.len,
        }
    }
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
            disk,
            layout,
            manifest,
            newest: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.newest) = None;
    }

    pub(super) fn start(&self, number: u64) -> Result<Box<dyn SegmentWriter + '_>, WriteError> {
        // The previous segment ends here. The new one may need its descriptor.
        self.release_idle();
        let path = self.layout.segment(number);
        let start = || {
            self.disk.ensure_dir(self.layout.log())?;
            if self.disk.exists(&path)? {
                let there = fault(io::ErrorKind::AlreadyExists, "there is one already");
                return Err(named("create the segment", &path, there));
            }
            Draft::begin(&self.disk, &temporary(&path))
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
        if offset != end.len {
            let reason = format!(
                "it is {} bytes long, and the group is for byte {offset}",
                end.len
            );
            let misplaced = fault(io::ErrorKind::InvalidInput, reason);
            let misplaced = named("append to", end.file.path(), misplaced);
            self.put_back(segment, end);
            return Err(WriteError::NotWritten(misplaced));
        }
        if let Err(error) = self.reserve(&mut end, bytes.len() as u64) {
            self.put_back(segment, end);
            return Err(WriteError::NotWritten(error));
        }
        end.len += bytes.len() as u64;
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

    /// Ensures room for `bytes` more bytes. If the system reserves room, a full disk is reported
    /// before the first byte of a group is written. Existing blocks also make the sync after the
    /// write cheaper, so room is reserved ahead, in proportion to the bytes written since the file
    /// was opened.
    fn reserve(&self, end: &mut End<L::File>, bytes: u64) -> io::Result<()> {
        let len = end.len + bytes;
        if len <= end.room {
            return Ok(());
        }
        let ahead = (len - end.opened_at).min(MAX_ROOM);
        let enough = len.next_multiple_of(BLOCK);
        for room in [(len + ahead).next_multiple_of(BLOCK), enough] {
            match self.disk.reserve(&end.file, room) {
                Err(_) if room > enough => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    end.room = room;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Returns the room behind the end to the file system.
    fn give_back(&self, end: &End<L::File>) {
        if end.room > end.len {
            // Room that cannot be returned stays until the segment is removed.
            let (Ok(()) | Err(_)) = self.disk.truncate(&end.file, end.len);
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
                State::Resting(id, len) => {
                    // Unchanged until the file is open again.
                    newest.state = State::Resting(id, len);
                    rested = Some((id, len));
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
        Ok(copy.map(|(file, status)| End::new(file, status)))
    }

    /// Opens a segment at its end. Only the same file is opened again if this owner had one open
    /// before. A file with further names is copied first.
    fn reopen(
        &self,
        number: u64,
        rested: Option<(FileId, u64)>,
    ) -> Result<End<L::File>, WriteError> {
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
            if let Some((id, len)) = rested {
                self.disk.ensure_same(&path, Some(id), status.id)?;
                ensure_length(&path, len, status.len)?;
            }
            Ok((file, status))
        };
        let (file, status) = open().map_err(not_written)?;
        let copy = self.disk.unshare(&file, status)?;
        let (file, status) = copy.unwrap_or((file, status));
        Ok(End::new(file, status))
    }

    fn put_back(&self, number: u64, end: End<L::File>) {
        let state = State::Open(end);
        *lock(&self.newest) = Some(Newest { number, state });
    }

    /// Closes the newest segment's file, which the next commit opens again, and returns the room
    /// behind its end.
    pub(super) fn release_idle(&self) {
        if let Some(newest) = &mut *lock(&self.newest)
            && let State::Open(end) = &mut newest.state
        {
            self.give_back(end);
            end.room = end.len;
            // A file without an identity stays open.
            if let Some(id) = end.id {
                newest.state = State::Resting(id, end.len);
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

    fn finish(self: Box<Self>) -> Result<u64, WriteError> {
        let Self { log, number, draft } = *self;
        let prepared = draft.finish().map_err(not_written)?;
        let status = log.disk.status(prepared.file()).map_err(not_written)?;
        // From here on the segment may exist after a crash, whatever the calls return.
        let published = log.disk.publish(prepared, &log.layout.segment(number));
        let (file, len) = published.map_err(WriteError::InDoubt)?;
        log.put_back(number, End::new(file, FileStatus { len, ..status }));
        Ok(len)
    }
}
