//! [`AnyTreeBuilder`]: opens a tree whose N is a number. [`inspect`]:
//! identifies the tree in a directory.

use std::{path::PathBuf, sync::Arc};

use rotortree_hasher::Hasher;
use rotortree_lean_imt::{
    SharedHasher, TreeError,
    any::{WithArity, with_arity},
};

use super::{AnyReadOnly, AnyTree};
use crate::{
    ReadOnly, RotorTree, RotorTreeBuilder, RotorTreeError, StorageError, StoreIdentity,
    fs::FsStorage, settings::Settings, storage::Storage,
};

/// The largest ceiling. A setting replaces it at run time.
const MAX_DEPTH: usize = 64;

/// The default ceiling: that of most trees.
const DEFAULT_MAX_DEPTH: usize = 32;

/// Opens a tree whose N is known only at run time, with all settings.
///
/// Opened with [`arity`](RotorTreeBuilder::arity) and [`max_depth`](RotorTreeBuilder::max_depth),
/// the tree behaves as the type with these numbers: it is created if it is missing, and refused if
/// it has another N or a larger ceiling. Opened without `n`, the tree must exist and keeps its own
/// N.
///
/// ```
/// # use {rotortree_lean_imt::*, rotortree_store::*};
/// # let dir = tempfile::tempdir()?;
/// # let directory = dir.path().join("tree");
/// // A service reads N from its configuration.
/// let n = "8".parse()?;
/// let tree = AnyTreeBuilder::new(RotorTreeConfig::new(&directory))
///     .arity(n)
///     .max_depth(20)
///     .open(Blake3Hasher)?;
/// let (root, token) = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// token.wait()?;
/// tree.close()?;
///
/// // A tool is given a directory.
/// let found = inspect(&directory)?.ok_or("there is no tree")?;
/// assert_eq!((found.arity, found.max_depth), (8, 20));
/// let tree = AnyTreeBuilder::new(RotorTreeConfig::new(&directory)).open(Blake3Hasher)?;
/// assert_eq!((tree.arity(), tree.root()), (8, Some(root)));
///
/// // Proofs are bytes, and verified for the N that the client trusts.
/// let snapshot = tree.durable_snapshot();
/// let head = snapshot.head().ok_or("three leaves are durable")?;
/// let bytes = snapshot.generate_proof(1)?;
/// let proof = AnyProof::from_bytes(&bytes, n)?;
/// proof.verify_against(&Blake3Hasher, head)?;
/// assert!(proof.leaves().eq([(1, &[2; 32])]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AnyTreeBuilder = RotorTreeBuilder<dyn AnyTree>;

/// Opening a tree whose N is known only at run time.
impl RotorTreeBuilder<dyn AnyTree> {
    /// N: 2, 3, 4, 8 or 16. Without this setting the tree must
    /// exist, and keeps its own N.
    pub fn arity(mut self, arity: usize) -> Self {
        self.arity = Some(arity);
        self
    }

    /// Replaces the type's `MAX_DEPTH`, 1 to 64: the ceiling of a new tree, and the largest allowed
    /// ceiling of an existing one, which keeps its own. The default is 32, or any ceiling if
    /// [`arity`](Self::arity) is not given either.
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.settings.max_depth = Some(max_depth);
        self
    }

    /// Opens or creates the tree. Code for the five N is compiled once for all hashers; each hash
    /// of a group or a run of groups is a virtual call.
    ///
    /// # Errors
    /// Those of [`RotorTree::open`] and of the settings. [`TreeError::UnsupportedArity`] if N,
    /// given or found, cannot be chosen at run time, and [`TreeError::ArityExceedsHasher`] if the
    /// hasher takes no groups as wide, both within [`RotorTreeError::Tree`] and before anything is
    /// touched. Without [`arity`](Self::arity), [`StorageError::Io`] of the kind `NotFound` if the
    /// tree is missing.
    pub fn open<H: Hasher>(self, hasher: H) -> Result<Arc<dyn AnyTree>, RotorTreeError> {
        let (arity, open) = self.prepare(hasher)?;
        with_arity(arity, open)?
    }

    /// Opens an existing tree read-only, as [`RotorTree::open_read_only`] does.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and of [`RotorTree::open_read_only`].
    pub fn open_read_only<H: Hasher>(
        self,
        hasher: H,
    ) -> Result<Arc<dyn AnyReadOnly>, RotorTreeError> {
        let (arity, open) = self.prepare(hasher)?;
        with_arity(arity, OpenReadOnly(open))?
    }

    /// The N of the tree, and everything else that opening needs.
    fn prepare<H: Hasher>(self, hasher: H) -> Result<(usize, Open), RotorTreeError> {
        let storage = self.backend.storage()?;
        let mut settings = self.settings;
        let arity = match self.arity {
            Some(arity) => {
                settings.max_depth.get_or_insert(DEFAULT_MAX_DEPTH);
                arity
            }
            None => {
                settings.create_if_missing = false;
                let found = StoreIdentity::read(&*storage)?.ok_or_else(|| nothing_at(&*storage))?;
                settings.max_depth.get_or_insert(found.max_depth);
                found.arity
            }
        };
        if arity > H::MAX_ARITY {
            return Err(TreeError::ArityExceedsHasher {
                arity,
                max_arity: H::MAX_ARITY,
            }
            .into());
        }
        // The type of the hasher, which declares it, ends here.
        let stride = settings.stride::<H>(arity);
        settings.level_stride = Some(stride);
        let open = Open {
            // One erased hasher, so that five trees are compiled in total, and not five per hasher.
            hasher: SharedHasher::new(hasher),
            storage,
            settings,
        };
        Ok((arity, open))
    }
}

fn nothing_at(storage: &dyn Storage) -> StorageError {
    let message = format!(
        "{}: there is no store here; give the N that a new one is to have",
        storage.describe()
    );
    StorageError::Io(std::io::Error::new(std::io::ErrorKind::NotFound, message))
}

/// Opens a tree of any N.
struct Open {
    hasher: SharedHasher,
    storage: Arc<dyn Storage>,
    settings: Settings,
}

impl WithArity for Open {
    type Output = Result<Arc<dyn AnyTree>, RotorTreeError>;

    fn with<const N: usize>(self) -> Self::Output {
        let tree: RotorTree<_, N, MAX_DEPTH> =
            RotorTree::open_with(self.hasher, self.storage, self.settings)?;
        Ok(Arc::new(tree))
    }
}

struct OpenReadOnly(Open);

impl WithArity for OpenReadOnly {
    type Output = Result<Arc<dyn AnyReadOnly>, RotorTreeError>;

    fn with<const N: usize>(self) -> Self::Output {
        let Open {
            hasher,
            storage,
            settings,
        } = self.0;
        let view: ReadOnly<_, N, MAX_DEPTH> = ReadOnly::open(hasher, storage, settings)?;
        Ok(Arc::new(view))
    }
}

/// The identity of the tree in the directory `path`, or `None` if the directory is missing or
/// empty. Takes no lock, writes nothing and reads only the manifest. For another backend:
/// [`StoreIdentity::read`].
///
/// # Errors
/// Those of [`StoreIdentity::read`].
///
/// ```
/// # use {rotortree_lean_imt::*, rotortree_store::*};
/// # let dir = tempfile::tempdir()?;
/// # let directory = dir.path().join("tree");
/// assert_eq!(inspect(&directory)?, None);
/// let tree = RotorTree::<_, 3, 20>::open(Blake3Hasher, RotorTreeConfig::new(&directory))?;
/// // The tree may be open.
/// let found = inspect(&directory)?.ok_or("there is a tree")?;
/// assert_eq!((found.arity, found.max_depth), (3, 20));
/// assert!(found.is_of(&Blake3Hasher));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(path: impl Into<PathBuf>) -> Result<Option<StoreIdentity>, StorageError> {
    StoreIdentity::read(&FsStorage::new(path.into()))
}
