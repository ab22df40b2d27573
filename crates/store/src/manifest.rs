//! [`Manifest`]: the one small object that names the content of a store.
//!
//! Replacing the manifest makes a checkpoint: everything that it names was durable before and never
//! changes later. This module has its fields and its bytes ([`encode`](Manifest::encode),
//! [`decode`](Manifest::decode)). [`Storage`](crate::storage::Storage) keeps and replaces it, and
//! recovery acts on it.

mod at;
mod bytes;
mod check;
mod cuts;
mod fields;

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeHead;
use rotortree_wal::{HeaderCopy, Position};

pub(crate) use self::cuts::push_cut;
pub use self::cuts::{CutNotice, MAX_CUT_FILE_NAME, MAX_CUT_FILES, MAX_CUTS};
use crate::{
    StorageError,
    shape::Shape,
    storage::{FIRST_SEGMENT, Locator},
};

/// The content of a store at its last checkpoint.
///
/// The fields are not free: [`decode`](Self::decode) refuses a manifest whose fields contradict
/// each other, and [`encode`](Self::encode) never makes one.
///
/// ```
/// use rotortree_store::manifest::{LevelTail, Manifest};
/// use rotortree_store::storage::Locator;
/// use rotortree_wal::{HeaderCopy, Position};
///
/// let state = Position {
///     sequence: 2,
///     size: 2,
///     root: [3; 32],
/// };
/// let manifest = Manifest {
///     generation: 3,
///     tree_id: [7; 16],
///     arity: 4,
///     max_depth: 20,
///     stride: 1,
///     fingerprint: [9; 32],
///     base_size: 0,
///     sequence: 2,
///     size: 2,
///     root: [3; 32],
///     metadata: Some(b"block 17".to_vec()),
///     locator: Locator::default(),
///     levels: vec![
///         LevelTail {
///             nodes: vec![[1; 32], [2; 32]],
///             sums: vec![],
///         },
///         LevelTail::default(),
///     ],
///     first_segment: 1,
///     newest: HeaderCopy {
///         number: 1,
///         salt: 0x5eed,
///         base: Position::START,
///         attested: 0,
///         copied: 0,
///     },
///     durable: state,
///     clean_close: None,
///     backup_of: None,
///     cuts: Vec::new(),
/// };
/// assert_eq!(Manifest::decode("MANIFEST", &manifest.encode())?, manifest);
/// # Ok::<(), rotortree_store::StorageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Counts the manifests of a store from 0; each takes the place of the one before.
    pub generation: u64,
    /// Distinguishes this tree from every other; part of each chunk's checksum.
    pub tree_id: [u8; 16],
    /// N, the branching factor, at least 2.
    pub arity: u32,
    /// The most hash layers the tree may have, 1 to 64.
    pub max_depth: u32,
    /// Only every `stride`-th level is stored, for the life of the store: 1 for all levels, or more
    /// where `N^stride` is at most 128.
    pub stride: u32,
    /// The fingerprint of the hasher that made the tree.
    pub fingerprint: Hash,
    /// Leaves that the store does not have because the tree was started from a frontier. Always 0
    /// in version 2.
    pub base_size: u64,
    /// The log sequence that the checkpoint covers.
    pub sequence: u64,
    /// Leaves at the checkpoint.
    pub size: u64,
    /// The root at the checkpoint; zeros for an empty tree.
    pub root: Hash,
    /// The application's metadata at the checkpoint.
    pub metadata: Option<Vec<u8>>,
    /// Where the chunks and checksum sectors are, in the backend's words.
    pub locator: Locator,
    /// Per stored level, leaves first, the nodes and checksums that do not fill a chunk or a sector
    /// yet.
    pub levels: Vec<LevelTail>,
    /// The oldest log segment that is still needed.
    pub first_segment: u64,
    /// The header of the newest log segment known to have been created. Every number from the
    /// first to its own must exist.
    pub newest: HeaderCopy,
    /// The state that was durable when this manifest was written. Recovery reports it as lost if
    /// damage has taken it. It does not require that the log is valid up to here, because a reader
    /// may see this manifest before the manifest itself is durable.
    pub durable: Position,
    /// The end of the log, if the store was closed in an orderly way.
    pub clean_close: Option<CleanClose>,
    /// The tree that this store is a backup of, until it is written to.
    pub backup_of: Option<BackupOf>,
    /// The cuts that were taken and not acknowledged, the oldest first; at most [`MAX_CUTS`].
    pub cuts: Vec<CutNotice>,
}

/// The complete nodes of one level that are not in a chunk yet, and the chunk checksums that are
/// not in a sector yet.
///
/// Both lengths follow from the size of the tree; the default is a level with nothing
/// behind its chunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LevelTail {
    /// The complete nodes behind the whole chunks: fewer than 128.
    pub nodes: Vec<Hash>,
    /// The checksums of the chunks behind the whole sectors of checksums: fewer than 128.
    pub sums: Vec<u32>,
}

/// The end of the log at an orderly close: everything before it must be there and valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanClose {
    /// The segment that was written last.
    pub segment: u64,
    /// Its length in bytes.
    pub length: u64,
    /// The sequence of the last record.
    pub sequence: u64,
    /// Leaves after the last record.
    pub size: u64,
    /// The root after the last record; zeros for an empty tree.
    pub root: Hash,
}

/// The origin of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupOf {
    /// The id of the tree that was copied.
    pub tree_id: [u8; 16],
    /// The generation of that tree's manifest when it was copied last.
    pub generation: u64,
    /// The head of that tree up to which chunks and checksum sectors are here already, beyond the
    /// checkpoint: a call that extends the backup was cut short, and the next one goes on there.
    pub carried: Option<TreeHead>,
}

impl Manifest {
    /// The version that this release reads and writes.
    pub const VERSION: u32 = 2;

    /// The shape of the checkpoint's levels.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape::new(self.arity, self.stride, self.size)
    }

    /// The state that the checkpoint covers: where its log continues.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            sequence: self.sequence,
            size: self.size,
            root: self.root,
        }
    }

    /// The number of the newest log segment.
    #[must_use]
    pub fn last_segment(&self) -> u64 {
        self.newest.number
    }

    /// Refuses fields that contradict each other, for a manifest that neither
    /// [`encode`](Self::encode) nor [`decode`](Self::decode) has checked.
    pub(crate) fn ensure_consistent(&self, name: &str) -> Result<(), StorageError> {
        self.check().map_err(|wrong| StorageError::DataCorruption {
            file: name.into(),
            offset: wrong.offset as u64,
            reason: wrong.reason,
        })
    }

    /// The first manifest of a store: an empty tree, whose first segment is the log. The identity
    /// of the tree and of the segment is for the caller to fill in.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            generation: 0,
            tree_id: [0; 16],
            arity: 2,
            max_depth: 64,
            stride: 1,
            fingerprint: [0; 32],
            base_size: 0,
            sequence: 0,
            size: 0,
            root: [0; 32],
            metadata: None,
            locator: Locator::default(),
            levels: vec![LevelTail::default()],
            first_segment: FIRST_SEGMENT,
            newest: HeaderCopy {
                number: FIRST_SEGMENT,
                salt: 0,
                base: Position::START,
                attested: 0,
                copied: 0,
            },
            durable: Position::START,
            clean_close: None,
            backup_of: None,
            cuts: Vec::new(),
        }
    }
}
