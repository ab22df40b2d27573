//! A segment as a chain of objects: each is named by the offset at which it continues the one
//! before.
//!
//! The first object makes the segment visible and is written last. A first byte tells bytes of the
//! log from a fence, with which a later owner takes the name that a stalled one would write next.

use std::{collections::BTreeMap, io, mem, sync::Mutex};

use super::{
    client::{Client, Created},
    names,
};
use crate::{
    lock::lock,
    storage::{SegmentBytes, SegmentWriter, WriteError},
};

/// Bytes in an object of a long beginning.
const PART_BYTES: usize = 256 << 10;

const BYTES: u8 = 0;
const FENCE: u8 = 1;

fn object(bytes: &[u8]) -> Vec<u8> {
    [&[BYTES], bytes].concat()
}

fn fenced(name: &str) -> io::Error {
    let text = format!("cannot create the object {name}: another owner has taken over");
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

/// Writes one piece at `offset`.
pub(super) fn append(
    client: &Client,
    segment: u64,
    offset: u64,
    bytes: &[u8],
) -> Result<(), WriteError> {
    let name = names::piece(segment, offset);
    match client.create(&name, &object(bytes)) {
        Ok(Created::Ours) => Ok(()),
        Ok(Created::Taken(_)) => Err(WriteError::Fenced(fenced(&name))),
        // A request without an answer may be carried out at any time.
        Err(error) => Err(WriteError::InDoubt(error)),
    }
}

/// A segment that is being created: the first piece is written last.
pub(super) struct Beginning<'a> {
    client: &'a Client,
    known: &'a Mutex<BTreeMap<u64, Vec<Piece>>>,
    segment: u64,
    first: Option<Vec<u8>>,
    part: Vec<u8>,
    pieces: Vec<Piece>,
}

impl<'a> Beginning<'a> {
    pub(super) fn new(
        client: &'a Client,
        known: &'a Mutex<BTreeMap<u64, Vec<Piece>>>,
        segment: u64,
    ) -> Result<Self, WriteError> {
        let there = client.len(&names::piece(segment, 0));
        if there.map_err(WriteError::NotWritten)?.is_some() {
            return Err(taken(segment));
        }
        Ok(Self {
            client,
            known,
            segment,
            first: None,
            part: Vec::new(),
            pieces: Vec::new(),
        })
    }

    /// Writes the part that has gathered; the first one waits.
    fn end_part(&mut self) -> Result<(), WriteError> {
        let part = mem::take(&mut self.part);
        let offset = self.pieces.last().map_or(0, Piece::end);
        let len = part.len() as u64;
        self.pieces.push(Piece { offset, len });
        if self.first.is_none() {
            self.first = Some(part);
            return Ok(());
        }
        append(self.client, self.segment, offset, &part)
    }
}

impl SegmentWriter for Beginning<'_> {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let count = bytes.len().min(PART_BYTES - self.part.len());
            self.part.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if self.part.len() == PART_BYTES {
                self.end_part()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, WriteError> {
        if !self.part.is_empty() {
            self.end_part()?;
        }
        let first = object(&self.first.take().unwrap_or_default());
        match self.client.create(&names::piece(self.segment, 0), &first) {
            Ok(Created::Ours) => {}
            Ok(Created::Taken(_)) => return Err(taken(self.segment)),
            Err(error) => return Err(WriteError::InDoubt(error)),
        }
        let pieces = mem::take(&mut self.pieces);
        let len = pieces.last().map_or(0, Piece::end);
        lock(self.known).insert(self.segment, pieces);
        Ok(len)
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        // Invisible, but in the way of another try, until the next sweep removes them.
        for piece in self.pieces.iter().filter(|piece| piece.offset > 0) {
            drop(
                self.client
                    .delete(&names::piece(self.segment, piece.offset)),
            );
        }
    }
}

fn taken(segment: u64) -> WriteError {
    let name = names::piece(segment, 0);
    let text = format!("cannot create the object {name}: there is one already");
    WriteError::NotWritten(io::Error::new(io::ErrorKind::AlreadyExists, text))
}

/// Follows a segment from its first piece to its end; `None` if there is no such segment.
pub(super) fn follow(client: &Client, segment: u64) -> io::Result<Option<Vec<Piece>>> {
    let mut pieces = Vec::new();
    let mut offset = 0;
    loop {
        let name = names::piece(segment, offset);
        let Some(len) = client.len(&name)? else { break };
        let is_fence = client.get_range(&name, 0, 1)? == [FENCE];
        if is_fence {
            break;
        }
        let len = len - 1;
        pieces.push(Piece { offset, len });
        offset += len;
    }
    Ok((!pieces.is_empty()).then_some(pieces))
}

/// Takes the name after the last piece, so that a stalled owner's next group collides; pieces
/// that it wrote meanwhile are found and belong to the log. A fence of an earlier owner is as
/// good as ours.
pub(super) fn fence(client: &Client, segment: u64, epoch: u64) -> io::Result<Vec<Piece>> {
    loop {
        let pieces = follow(client, segment)?.unwrap_or_default();
        let end = pieces.last().map_or(0, Piece::end);
        let fence = [&[FENCE], &epoch.to_le_bytes()[..]].concat();
        match client.create(&names::piece(segment, end), &fence)? {
            Created::Ours => return Ok(pieces),
            Created::Taken(object) if object.first() == Some(&FENCE) => return Ok(pieces),
            Created::Taken(_) => {}
        }
    }
}

/// The range of a piece in its segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) len: u64,
}

impl Piece {
    pub(super) fn end(&self) -> u64 {
        self.offset + self.len
    }
}

/// A segment's pieces as they were when it was opened.
pub(super) struct Reader {
    client: Client,
    segment: u64,
    pieces: Vec<Piece>,
}

impl Reader {
    pub(super) fn open(client: &Client, segment: u64) -> io::Result<Self> {
        let Some(pieces) = follow(client, segment)? else {
            let text = format!("cannot read the segment {segment}: it is not there");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        };
        Ok(Self {
            client: client.clone(),
            segment,
            pieces,
        })
    }
}

impl SegmentBytes for Reader {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.pieces.last().map_or(0, Piece::end)
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len()) {
            let text = format!(
                "cannot read {} bytes at byte {offset} of segment {}: it has {}",
                buf.len(),
                self.segment,
                self.len()
            );
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        let mut offset = offset;
        let mut rest = buf;
        let mut index = self.pieces.partition_point(|piece| piece.end() <= offset);
        while !rest.is_empty() {
            // The range ends within the last piece, so there is one.
            let piece = self.pieces[index];
            let now = rest.len().min((piece.end() - offset) as usize);
            let (head, tail) = rest.split_at_mut(now);
            let name = names::piece(self.segment, piece.offset);
            // One byte before the bytes of the log.
            let at = (offset - piece.offset) as usize + 1;
            head.copy_from_slice(&self.client.get_range(&name, at, now)?);
            offset += now as u64;
            rest = tail;
            index += 1;
        }
        Ok(())
    }
}
