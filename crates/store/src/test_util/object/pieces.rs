//! A segment as a chain of objects: each is named by the offset at which it continues the one
//! before.
//!
//! The first object makes the segment visible and is written last. A first byte tells bytes of the
//! log from a fence, with which a later owner takes the name that a stalled one would write next.

use std::io::{self, Read};

use super::{
    client::{Client, Created},
    names,
};
use crate::storage::{SegmentBytes, WriteError};

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

/// Writes a segment's beginning, the first piece last; its pieces.
pub(super) fn create(
    client: &Client,
    segment: u64,
    content: &mut dyn Read,
) -> Result<Vec<Piece>, WriteError> {
    let first_name = names::piece(segment, 0);
    let taken = || {
        let text = format!("cannot create the object {first_name}: there is one already");
        WriteError::NotWritten(io::Error::new(io::ErrorKind::AlreadyExists, text))
    };
    let there = client.len(&first_name).map_err(WriteError::NotWritten)?;
    if there.is_some() {
        return Err(taken());
    }
    let mut pieces = Vec::new();
    let written = write_parts(client, segment, content, &mut pieces).and_then(|first| match client
        .create(&first_name, &object(&first))
    {
        Ok(Created::Ours) => Ok(()),
        Ok(Created::Taken(_)) => Err(taken()),
        Err(error) => Err(WriteError::InDoubt(error)),
    });
    if let Err(error) = written {
        // Invisible, but in the way of another try.
        for piece in pieces.iter().filter(|piece| piece.offset > 0) {
            client
                .delete(&names::piece(segment, piece.offset))
                .map_err(WriteError::InDoubt)?;
        }
        return Err(error);
    }
    Ok(pieces)
}

/// Writes all parts but the first, which is returned; all of them are added to `pieces`.
fn write_parts(
    client: &Client,
    segment: u64,
    content: &mut dyn Read,
    pieces: &mut Vec<Piece>,
) -> Result<Vec<u8>, WriteError> {
    let mut first = None;
    let mut offset = 0;
    loop {
        let mut part = Vec::new();
        content
            .take(PART_BYTES as u64)
            .read_to_end(&mut part)
            .map_err(WriteError::NotWritten)?;
        if part.is_empty() {
            return Ok(first.unwrap_or_default());
        }
        let len = part.len() as u64;
        pieces.push(Piece { offset, len });
        if first.is_none() {
            first = Some(part);
        } else {
            append(client, segment, offset, &part)?;
        }
        offset += len;
    }
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

/// Where a piece lies in its segment.
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
