//! [`Collected`]: what a collection removed.

/// The objects that [`collect_orphans`](crate::ObjectStorage::collect_orphans) removed.
///
/// ```
/// # use {object_store::memory::InMemory, rotortree_object_store::*, std::sync::Arc};
/// let storage = ObjectStorage::new(Arc::new(InMemory::new()), "nothing here");
/// assert_eq!(storage.collect_orphans()?, Collected::default());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// Manifests that others took the place of.
    pub manifests: u64,
    /// Objects of segments that checkpoints cover.
    pub log_objects: u64,
    /// Packs and indexes that were merged away or that nothing ever named.
    pub packs: u64,
    /// Signs of life of earlier owners, and probes.
    pub signs: u64,
}
