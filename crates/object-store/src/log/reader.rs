//! [`Reader`]: a segment as it was when it was opened.

use std::{io, sync::Arc};

use bytes::Bytes;
use rotortree_store::storage::SegmentBytes;

use super::{Log, Segment};
use crate::names;

/// Reads a segment up to its length at opening.
pub(crate) struct Reader {
    log: Arc<Log>,
    segment: Arc<Segment>,
    len: u64,
    /// The piece that was read last and its body: a scan reads it in many parts.
    last: Option<(u64, Bytes)>,
}

impl Reader {
    /// Opens a segment, whose end is looked for from the last object that is known.
    ///
    /// # Errors
    /// `NotFound` for a segment that is not there.
    pub(crate) fn open(log: &Arc<Log>, segment: Arc<Segment>) -> io::Result<Self> {
        log.follow(&segment)?;
        let len = segment.end();
        if len == 0 {
            let beginning = names::piece(segment.number, segment.id, 0);
            return Err(missing(log, &beginning));
        }
        Ok(Self {
            log: Arc::clone(log),
            segment,
            len,
            last: None,
        })
    }

    /// The bytes of the segment from `offset` on, up to the end of their piece.
    fn from(&mut self, offset: u64) -> io::Result<Bytes> {
        let piece = self
            .segment
            .piece_at(offset)
            .ok_or_else(|| self.gone(offset))?;
        let body = match &self.last {
            Some((known, body)) if *known == piece.offset => body.clone(),
            _ => {
                let found = self.log.piece(&self.segment, piece.offset)?;
                let (_, body) = found.ok_or_else(|| self.gone(piece.offset))?;
                self.last = Some((piece.offset, body.clone()));
                body
            }
        };
        let within = (offset - piece.offset) as usize;
        if within >= body.len() {
            return Err(self.gone(piece.offset));
        }
        Ok(body.slice(within..))
    }

    fn gone(&self, offset: u64) -> io::Error {
        let name = names::piece(self.segment.number, self.segment.id, offset);
        let text = format!("the object {name} of the log is gone; look for newer state");
        io::Error::new(io::ErrorKind::NotFound, text)
    }
}

/// The error of a segment that is not there, or of its beginning.
pub(crate) fn missing(log: &Log, name: &str) -> io::Error {
    let name = log.client.full_name(name);
    let text = format!(
        "cannot read {name} of the log: it is not there; refresh a view that rested, or restore it \
         from a backup"
    );
    io::Error::new(io::ErrorKind::NotFound, text)
}

impl SegmentBytes for Reader {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            let text = format!(
                "cannot read {} bytes at byte {offset} of segment {}: it has {}",
                buf.len(),
                self.segment.number,
                self.len
            );
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        let (mut offset, mut rest) = (offset, buf);
        while !rest.is_empty() {
            let bytes = self.from(offset)?;
            let now = rest.len().min(bytes.len());
            let (head, more) = rest.split_at_mut(now);
            head.copy_from_slice(&bytes[..now]);
            offset += now as u64;
            rest = more;
        }
        Ok(())
    }
}
