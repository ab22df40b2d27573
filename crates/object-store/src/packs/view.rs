//! [`View`]: the first units of a shard, read by request.

use std::{fmt, io, sync::Arc};

use rotortree_store::storage::{Region, Shard};

use super::index::Index;
use crate::bucket::Bucket;

/// A view of units.
pub(crate) struct View {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) index: Arc<Index>,
    pub(crate) shard: Shard,
    pub(crate) units: u64,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units of {}", self.units, self.shard)
    }
}

impl Region for View {
    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let len = self.units * self.shard.stream.unit_bytes() as u64;
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > len) {
            let wanted = buf.len();
            let text = format!("cannot read {wanted} bytes at byte {offset} of a view of {len}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.bucket.ensure_own_process()?;
        let packs = &self.bucket.packs;
        match packs.source.read(&self.index, self.shard, offset, buf) {
            // The pack was merged into another one, which has the same bytes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(newest) = self.bucket.newest_locator()? else {
                    return Err(error);
                };
                let index = packs.index(&newest)?;
                packs.source.read(&index, self.shard, offset, buf)
            }
            read => read,
        }
    }
}
