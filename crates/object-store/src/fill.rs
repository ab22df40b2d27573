//! [`ObjectStorage::fill_cache`]: whole packs into the cache, before proofs ask for parts of them.

use std::io;

use crate::{names, object_storage::ObjectStorage};

impl ObjectStorage {
    /// Fetches the packs that the manifest in force names into the [cache](Self::cache), whole, and
    /// returns the bytes that came. Those that are there already are not fetched again, so a call
    /// that was interrupted is made up for by the next one, and a call after each refresh fetches
    /// what is new. A replica then reads from its disk alone. Without a cache it does nothing.
    ///
    /// # Errors
    /// The first error of a request. What came before is kept.
    ///
    /// ```
    /// # use {object_store::memory::InMemory, rotortree_object_store::*, std::sync::Arc};
    /// # use {rotortree_hasher::Blake3Hasher, rotortree_store::RotorTree};
    /// # let folder = tempfile::tempdir()?;
    /// let bucket = Arc::new(InMemory::new());
    /// let place = || ObjectStorage::new(bucket.clone(), "tree");
    /// let tree = RotorTree::<_, 2, 32>::on(Arc::new(place())).open(Blake3Hasher)?;
    /// tree.insert_many(&[[7; 32]; 1000])?;
    /// tree.checkpoint()?;
    ///
    /// let cache = Arc::new(DiskCache::open(folder.path(), 1 << 30)?);
    /// let replica = Arc::new(place().cache(cache));
    /// assert!(replica.fill_cache()? > 28_000, "seven chunks");
    /// assert_eq!(replica.fill_cache()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fill_cache(&self) -> io::Result<u64> {
        let bucket = self.bucket()?;
        let (Some(cache), Some(locator)) = (&bucket.settings.cache, bucket.newest_locator()?)
        else {
            return Ok(0);
        };
        let mut fetched = 0;
        for pack in &bucket.packs.index(&locator)?.packs {
            let name = names::pack(pack.id);
            if cache.has(&name, pack.bytes) {
                continue;
            }
            // One that is gone was merged into another meanwhile.
            if let Some(bytes) = bucket.client.get(&name, None, pack.bytes)?
                && bytes.len() as u64 == pack.bytes
            {
                cache.keep(&name, 0, &bytes);
                fetched += pack.bytes;
            }
        }
        Ok(fetched)
    }
}
