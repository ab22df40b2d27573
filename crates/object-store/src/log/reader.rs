//! [`Reader`]: a segment as it was when it was opened.

use std::{io, sync::Arc};

use rotortree_store::storage::SegmentBytes;

use super::{Log, Segment};
use crate::names;

/// Reads a segment up to its length at opening.
pub(crate) struct Reader {
    log: Arc<Log>,
    segment: Arc<Segment>,
    len: u64,
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
            return Err(missing(segment.number));
        }
        Ok(Self {
            log: Arc::clone(log),
            segment,
            len,
        })
    }
}

pub(crate) fn missing(number: u64) -> io::Error {
    let text = format!("cannot read the segment {number}: it is not there");
    io::Error::new(io::ErrorKind::NotFound, text)
}

impl SegmentBytes for Reader {
    type Error = io::Error;

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let Self { log, segment, len } = self;
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > *len) {
            let text = format!(
                "cannot read {} bytes at byte {offset} of segment {}: it has {len}",
                buf.len(),
                segment.number
            );
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        let (mut offset, mut rest) = (offset, buf);
        while !rest.is_empty() {
            let piece = segment.piece_at(offset);
            let body = match piece {
                Some(piece) => log.piece(segment, piece.offset)?.map(|(_, body)| body),
                None => None,
            };
            let within = offset - piece.map_or(0, |piece| piece.offset);
            let tail = body.as_ref().and_then(|body| body.get(within as usize..));
            let Some(tail) = tail.filter(|tail| !tail.is_empty()) else {
                let name = names::piece(segment.number, segment.id, offset - within);
                let text = format!("the object {name} of the log is gone; look for newer state");
                return Err(io::Error::new(io::ErrorKind::NotFound, text));
            };
            let now = rest.len().min(tail.len());
            let (head, more) = rest.split_at_mut(now);
            head.copy_from_slice(&tail[..now]);
            offset += now as u64;
            rest = more;
        }
        Ok(())
    }
}
