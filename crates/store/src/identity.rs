//! [`StoreIdentity`]: the identity of a store, read without opening it.

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::TreeHead;

use crate::{
    StorageError,
    manifest::{CutNotice, Manifest},
    recovery,
    storage::{Place, Storage},
};

/// The identity of a store: the types that open it, the id of its tree, and the head of its
/// last checkpoint.
///
/// ```
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_store::{RotorTree, StoreIdentity, memory::MemoryStorage, storage::Storage};
/// use std::sync::Arc;
///
/// let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
/// assert_eq!(StoreIdentity::read(&*storage)?, None);
///
/// let tree = RotorTree::<_, 4, 20>::on(Arc::clone(&storage)).open(Blake3Hasher)?;
/// tree.insert([1; 32])?;
/// tree.close()?;
/// let identity = StoreIdentity::read(&*storage)?.ok_or("a store was made")?;
/// assert_eq!((identity.arity, identity.max_depth), (4, 20));
/// assert!(identity.is_of(&Blake3Hasher));
/// assert_eq!(identity.closed_at.map(|head| head.size), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreIdentity {
    /// The place, as its backend describes it: of a directory the absolute path.
    pub place: String,
    /// N, the branching factor.
    pub arity: usize,
    /// The most hash layers that the tree may have; types with at least as large a
    /// MAX_DEPTH open it.
    pub max_depth: usize,
    /// The levels 0, `level_stride`, twice that and so on are stored; the others are hashed from
    /// them.
    pub level_stride: usize,
    /// The fingerprint of the hasher that made it.
    pub fingerprint: Hash,
    /// Distinguishes this tree from every other one. A backup has another id.
    pub tree_id: [u8; 16],
    /// The head at the last checkpoint. Later leaves are in the log.
    pub checkpointed: TreeHead,
    /// The head of the last orderly close, unless the store was written to since.
    pub closed_at: Option<TreeHead>,
    /// The id of the tree that it is a backup of, until it is written to.
    pub backup_of: Option<[u8; 16]>,
    /// The unacknowledged cuts of durable entries by recovery, the oldest first.
    pub cuts: Vec<CutNotice>,
}

impl StoreIdentity {
    /// Reads it from the store's manifest, or `None` where there is no store yet. Takes no lock and
    /// writes nothing, so that it works beside a live writer, whose next checkpoint may change the
    /// last two fields. It reads the manifest alone; opening checks the rest.
    ///
    /// # Errors
    /// [`StorageError::ForeignDirectory`] for a place that holds something else;
    /// [`StorageError::DataCorruption`], [`StorageError::CrcMismatch`],
    /// [`StorageError::UnsupportedFormat`] for a manifest that is missing, damaged or of a newer
    /// release; [`StorageError::Io`].
    pub fn read(storage: &dyn Storage) -> Result<Option<Self>, StorageError> {
        // Both looks at the same place.
        let pinned = storage.pinned()?;
        let storage = pinned.as_deref().unwrap_or(storage);
        if recovery::refuse_foreign(storage)? == Place::Vacant {
            return Ok(None);
        }
        recovery::load_manifest(storage)
            .map(|manifest| Some(Self::of(storage.describe(), &manifest)))
    }

    fn of(place: String, manifest: &Manifest) -> Self {
        Self {
            place,
            arity: manifest.arity as usize,
            max_depth: manifest.max_depth as usize,
            level_stride: manifest.stride as usize,
            fingerprint: manifest.fingerprint,
            tree_id: manifest.tree_id,
            checkpointed: TreeHead {
                size: manifest.size,
                root: manifest.root,
            },
            closed_at: manifest.clean_close.map(|close| TreeHead {
                size: close.size,
                root: close.root,
            }),
            backup_of: manifest.backup_of.map(|of| of.tree_id),
            cuts: manifest.cuts.clone(),
        }
    }

    /// Whether this hasher made the store. O(N^2) hashes.
    #[must_use]
    pub fn is_of<H: Hasher>(&self, hasher: &H) -> bool {
        hasher.fingerprint(self.arity) == self.fingerprint
    }
}
