//! [`PackCache`]: the seam for a cache of packs on a local disk.

use std::{fmt, sync::Arc};

/// A pack that is read without copying for as long as the value lives.
pub type MappedPack = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Keeps parts of packs near, behind the cache in memory. Packs never change, and their names are
/// used once, so nothing that is kept is ever out of date; the layers above compare each chunk with
/// its checksum.
///
/// Called from any thread, with no lock held. It hides its own errors: what it cannot give is asked
/// of the store.
pub trait PackCache: fmt::Debug + Send + Sync {
    /// Fills `buf` from byte `offset` of a pack on. `false` if not all of it is here; then `buf`
    /// may have changed.
    fn read(&self, pack: &str, offset: u64, buf: &mut [u8]) -> bool;

    /// Whether a pack of so many bytes is here, whole.
    fn has(&self, pack: &str, bytes: u64) -> bool;

    /// All of a pack of so many bytes, where it is here, whole and compared with its checksum, and
    /// may be held. Readers hold it as long as they show what is in it. `None` sends them to
    /// [`read`](Self::read).
    fn map(&self, pack: &str, bytes: u64) -> Option<MappedPack> {
        let _ = (pack, bytes);
        None
    }

    /// Offers bytes of a pack that were fetched, from byte `offset` on.
    fn keep(&self, pack: &str, offset: u64, bytes: &[u8]);
}
