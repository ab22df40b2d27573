//! Inserting: one entry form, and short forms of it.

use super::RotorTree;
use crate::{Append, Hash, Hasher, insert_methods::insert_methods};
#[cfg(doc)]
use crate::{RotorTreeError, StorageError, TreeError};

/// Every method here refuses before it changes anything, with:
///
/// * [`RotorTreeError::Tree`]: [`TreeError::EmptyBatch`], [`TreeError::MaxDepthExceeded`],
///   [`TreeError::RefusedHash`], [`TreeError::CapacityExceeded`];
/// * [`RotorTreeError::Storage`]: [`StorageError::Closed`], [`StorageError::FlushFailed`] once the
///   log has failed, and [`StorageError::Unavailable`] where the bytes waiting for the disk reach
///   the bound and nothing can be written for now.
///
/// When the bytes waiting for the disk reach the bound, an insert flushes before it goes on; when a
/// checkpoint lags behind [`MemoryThreshold`](crate::CheckpointPolicy::MemoryThreshold), it waits
/// for it. The `try_` forms wait for nothing.
impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// Begins an entry of leaves, metadata or both: with an expected size or none, waiting or not,
    /// durable or not. Every other insert method is a short form of it.
    ///
    /// ```
    /// # use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let block = [[1; 32], [2; 32]];
    /// let placement = tree.append(&block).metadata(b"block 17").at(0).durable()?;
    /// assert_eq!(placement.leaf_range, 0..2);
    /// assert_eq!(tree.durable_snapshot().head(), placement.head);
    ///
    /// let token = tree.append(&[[3; 32]]).try_submit()?;
    /// assert_eq!(token.leaf_range(), 2..3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a> {
        self.engine.append(leaves)
    }

    insert_methods!(pub);
}
