//! The log role: segments as files, the newest one kept open for writing.

use std::{
    io,
    io::Read,
    sync::{Arc, Mutex},
};

use super::{
    disk::{Disk, NamedFile},
    error::{fault, named},
    layout::{Layout, temporary},
};
use crate::{file_layer::FileLayer, lock::lock, storage::SegmentRead};

/// The segments in the log directory.
#[derive(Debug)]
pub(super) struct Log<L: FileLayer> {
    disk: Arc<Disk<L>>,
    layout: Arc<Layout>,
    newest: Mutex<Option<Newest<L::File>>>,
}

/// The segment that is being written.
#[derive(Debug)]
struct Newest<F> {
    number: u64,
    state: State<F>,
}

#[derive(Debug)]
enum State<F> {
    /// Open, with its length.
    Open { file: Arc<NamedFile<F>>, len: u64 },
    /// A write or sync failed. The system may have marked the lost pages clean, so that a later sync succeeds without
    /// them: nothing may be committed to this segment any more.
    Failed,
}

impl<L: FileLayer> Log<L> {
    pub(super) fn new(disk: Arc<Disk<L>>, layout: Arc<Layout>) -> Self {
        Self {
            disk,
            layout,
            newest: Mutex::default(),
        }
    }

    pub(super) fn forget(&self) {
        *lock(&self.newest) = None;
    }

    pub(super) fn create(&self, number: u64, content: &mut dyn Read) -> io::Result<u64> {
        let path = self.layout.segment(number);
        self.disk.ensure_dir(self.layout.log())?;
        if self.disk.exists(&path)? {
            let there = fault(io::ErrorKind::AlreadyExists, "there is one already");
            return Err(named("create the segment", &path, there));
        }
        let (file, len) = self.disk.publish(&temporary(&path), &path, content)?;
        let file = Arc::new(file);
        *lock(&self.newest) = Some(Newest {
            number,
            state: State::Open { file, len },
        });
        Ok(len)
    }

    pub(super) fn commit_group(&self, segment: u64, offset: u64, group: &[u8]) -> io::Result<()> {
        self.append(segment, offset, group, |file| self.disk.sync(file))
    }

    pub(super) fn commit_mark(&self, segment: u64, offset: u64, mark: &[u8]) -> io::Result<bool> {
        self.append(segment, offset, mark, |_| Ok(()))?;
        Ok(true)
    }

    /// Writes at the segment's end and calls `then`; a failure of either ends the segment. The caller keeps calls apart.
    fn append(
        &self,
        segment: u64,
        offset: u64,
        bytes: &[u8],
        then: impl FnOnce(&NamedFile<L::File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let (file, len) = self.newest(segment)?;
        if offset != len {
            let reason = format!("it is {len} bytes long, and the group is for byte {offset}");
            let misplaced = fault(io::ErrorKind::InvalidInput, reason);
            return Err(named("append to", file.path(), misplaced));
        }
        let written = self
            .disk
            .write(&file, bytes, offset)
            .and_then(|()| then(&file));
        let state = match &written {
            Ok(()) => State::Open {
                file,
                len: len + bytes.len() as u64,
            },
            Err(_) => State::Failed,
        };
        *lock(&self.newest) = Some(Newest {
            number: segment,
            state,
        });
        written
    }

    /// The open file of the newest segment and its length.
    fn newest(&self, number: u64) -> io::Result<(Arc<NamedFile<L::File>>, u64)> {
        let path = match &*lock(&self.newest) {
            Some(newest) if newest.number == number => match &newest.state {
                State::Open { file, len } => return Ok((Arc::clone(file), *len)),
                State::Failed => {
                    let path = self.layout.segment(number);
                    let failed = io::Error::other("an earlier write to it failed");
                    return Err(named("append to", &path, failed));
                }
            },
            _ => self.layout.segment(number),
        };
        let file = self.disk.open_write(&path)?;
        let len = self.disk.len(&file)?;
        Ok((Arc::new(file), len))
    }

    /// Closes the newest segment's file, which the next commit opens again.
    pub(super) fn rest(&self) {
        let mut newest = lock(&self.newest);
        if matches!(&*newest, Some(newest) if matches!(newest.state, State::Open { .. })) {
            *newest = None;
        }
    }

    pub(super) fn read(&self, number: u64) -> io::Result<Box<dyn SegmentRead>> {
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
        // Its name need not be gone for good: a covered segment that comes back after a crash is dropped again.
        self.disk.remove_if_there(&self.layout.segment(number))?;
        Ok(())
    }
}

/// A segment opened for reading.
#[derive(Debug)]
struct Reader<L: FileLayer> {
    disk: Arc<Disk<L>>,
    file: NamedFile<L::File>,
    len: u64,
}

impl<L: FileLayer> SegmentRead for Reader<L> {
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
        self.disk.read(&self.file, buf, offset)
    }
}
