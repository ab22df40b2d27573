//! [`Shard`]: one shard of a level, which is opened at its first use.

use rotortree_hasher::Hash;

use super::{
    ahead::Units,
    failure::Unreadable,
    on_demand::{Made, OnDemand},
    open_shard::OpenShard,
    site::Site,
};
use crate::{StorageError, chunk::CHUNK_NODES};

/// The chunks of a shard that a manifest names.
#[derive(Debug)]
pub(super) struct Shard {
    site: Site,
    /// Chunks that there are.
    len: u64,
    open: OnDemand<OpenShard>,
}

impl Shard {
    /// A full shard of `len` chunks. Storage is not looked at now.
    pub(super) fn full(site: Site, len: u64) -> Self {
        Self {
            site,
            len,
            open: OnDemand::new(),
        }
    }

    /// The first `len > 0` chunks, opened now. The last checksums are `tail`, and `before` is the
    /// same shard with fewer chunks.
    pub(super) fn open(
        site: Site,
        len: u64,
        tail: &[u32],
        before: Option<&Self>,
    ) -> Result<Self, StorageError> {
        let before = before.and_then(|before| before.open.get());
        let open = OpenShard::open(&site, len, tail, before)?;
        Ok(Self {
            site,
            len,
            open: OnDemand::made(open),
        })
    }

    #[inline]
    fn opened(&self) -> Result<Made<'_, OpenShard>, StorageError> {
        // Those that are not opened at once are full, and storage has all their checksums.
        self.open
            .get_or_make(|| OpenShard::open(&self.site, self.len, &[], None))
    }

    /// Chunks that there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Views of storage that the shard holds.
    pub(super) fn regions(&self) -> usize {
        self.open.get().map_or(0, OpenShard::regions)
    }

    /// Adds the units that reading these nodes takes from storage: none where it is mapped.
    pub(super) fn add_units(&self, start: u64, len: u64, units: &mut Units) {
        // Reading tells why a shard does not open.
        if let Ok(shard) = self.opened() {
            shard.add_units(start, len, units);
        }
    }

    /// Fills `out` from node `start` of the shard on. The caller has checked that the
    /// shard has them.
    #[inline]
    pub(super) fn read(&self, start: u64, out: &mut [Hash]) -> Result<(), Unreadable> {
        let opened = self.opened().map_err(|error| Unreadable {
            index: self.site.first_chunk * CHUNK_NODES + start,
            error,
        });
        opened?.read(start, out)
    }

    /// Reads every chunk again, whatever is remembered, and calls `step` after each piece with its
    /// number of chunks.
    pub(super) fn check_all(&self, step: &mut dyn FnMut(u64)) -> Result<(), StorageError> {
        self.opened()?.check_all(step)
    }

    /// The `len` nodes from node `start` of the shard on where they are mapped. `None` if they are
    /// not, and if they cannot be read or do not match their checksums: [`read`](Self::read) says
    /// why. The caller has checked that the shard has them.
    #[inline]
    pub(super) fn view(&self, start: u64, len: usize) -> Option<&[Hash]> {
        match self.opened() {
            Ok(Made::Kept(shard)) => shard.view(start, len),
            _ => None,
        }
    }
}
