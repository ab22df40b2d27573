//! [`Append`]: one entry of leaves, metadata or both, on its way into a tree. Every insert method
//! is a short form of it.

use std::fmt;

use rotortree_hasher::Hash;

use super::{
    entry::{Admission, Appends, Entry},
    placement::Placement,
    token::DurabilityToken,
};
use crate::RotorTreeError;
#[cfg(doc)]
use crate::StorageError;

/// One entry for a tree, made by `append(leaves)`. Set its metadata and its demands, then finish it
/// with one of three calls.
///
/// | call | waits for room | waits for the disk | returns |
/// | --- | --- | --- | --- |
/// | [`submit`](Self::submit) | yes | no | a token to wait for the disk with |
/// | [`try_submit`](Self::try_submit) | no, for nothing at all | no | the same, or [`StorageError::WouldBlock`] |
/// | [`durable`](Self::durable) | yes | yes | where the leaves stand |
///
/// Readers see the whole entry or none of it, at once and after every crash. A call that returns an
/// error has changed nothing, with two exceptions. After [`StorageError::FlushFailed`] the entry
/// may be in the tree when it is opened again. After [`StorageError::Unavailable`] of
/// [`durable`](Self::durable) the entry may be in the tree and wait for the next flush.
///
/// ```
/// use std::sync::Arc;
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_lean_imt::TreeError;
/// use rotortree_store::{RotorTree, RotorTreeError, memory::MemoryStorage};
///
/// let storage = Arc::new(MemoryStorage::new());
/// let tree = RotorTree::<_, 2, 32>::on(storage).open(Blake3Hasher)?;
///
/// // A follower replays its source: leaves and cursor together, at the size that it expects.
/// let leaves = [[1; 32], [2; 32]];
/// let placement = tree.append(&leaves).metadata(b"block 17").at(0).durable()?;
/// assert_eq!(placement.leaf_range, 0..2);
///
/// // It does not know whether the entry was appended, and repeats it.
/// let again = tree.append(&leaves).metadata(b"block 17").at(0).durable();
/// assert!(matches!(
///     again,
///     Err(RotorTreeError::Tree(TreeError::SizeMismatch { expected: 0, actual: 2 }))
/// ));
/// # Ok::<(), RotorTreeError>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "an entry is not appended until `submit`, `try_submit` or `durable` is called"]
pub struct Append<'a> {
    tree: &'a dyn Appends,
    entry: Entry<'a>,
}

impl<'a> Append<'a> {
    pub(super) fn new(tree: &'a dyn Appends, leaves: &'a [Hash]) -> Self {
        let entry = Entry {
            leaves,
            metadata: None,
            expected_size: None,
        };
        Self { tree, entry }
    }

    /// Sets the application's metadata, at most 64 KiB. It replaces the metadata of earlier entries
    /// and is part of every snapshot. An entry with metadata may have no leaves.
    pub fn metadata(mut self, metadata: &'a [u8]) -> Self {
        self.entry.metadata = Some(metadata);
        self
    }

    /// Demands that the tree has `expected_size` leaves, so that a repeated call does not append
    /// the entry twice.
    pub fn at(mut self, expected_size: u64) -> Self {
        self.entry.expected_size = Some(expected_size);
        self
    }

    /// Appends the entry in memory. Readers see the entry when this call returns. The token reports
    /// when the entry is on disk.
    ///
    /// May block while another thread inserts, while the bytes that wait for the disk exceed their
    /// bound (this call then leads or joins a sync), and while a checkpoint lags behind its
    /// threshold. A batch larger than the bound is written to the log piece by piece before it is
    /// appended.
    ///
    /// # Errors
    /// `TreeError` within [`RotorTreeError::Tree`] if the tree refuses: no leaves and no metadata,
    /// a size other than [`at`](Self::at) demands, a leaf that the hasher refuses, no room.
    /// [`StorageError::Closed`]; [`StorageError::FlushFailed`] once the log has failed;
    /// [`StorageError::Unavailable`] if the bound on unflushed bytes is reached and nothing can be
    /// written for now; [`StorageError::MetadataTooLong`].
    pub fn submit(self) -> Result<DurabilityToken, RotorTreeError> {
        self.tree.append(&self.entry, Admission::Wait)
    }

    /// [`submit`](Self::submit), or [`StorageError::WouldBlock`] if the call would have to wait:
    /// for another thread that inserts, for room, for a checkpoint, or for a sync, which every
    /// batch larger than the bound on unflushed bytes needs. The tree is unchanged after this
    /// error.
    ///
    /// Never blocks, so an executor's thread may call it. The calling thread alone hashes, about
    /// once per leaf: keep batches small enough for that thread.
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and [`StorageError::WouldBlock`].
    pub fn try_submit(self) -> Result<DurabilityToken, RotorTreeError> {
        self.tree.append(&self.entry, Admission::Refuse)
    }

    /// [`submit`](Self::submit), then blocks until the entry is durable. Leads or joins a sync
    /// under every flush policy.
    ///
    /// # Errors
    /// As [`submit`](Self::submit). After [`StorageError::FlushFailed`] the entry may or may not be
    /// in the tree when it is opened again. After [`StorageError::Unavailable`] the entry may be in
    /// the tree and wait for the next flush: flush again, or send the entry again [`at`](Self::at)
    /// its size.
    pub fn durable(self) -> Result<Placement, RotorTreeError> {
        let token = self.submit()?;
        token.wait()?;
        Ok(token.placement())
    }
}

impl fmt::Debug for Append<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Append")
            .field("leaves", &self.entry.leaves.len())
            .field("metadata", &self.entry.metadata.map(<[u8]>::len))
            .field("expected_size", &self.entry.expected_size)
            .finish_non_exhaustive()
    }
}
