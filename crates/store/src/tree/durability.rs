//! Durability and checkpoints on demand.

use std::time::Duration;

use rotortree_hasher::Hasher;

use super::RotorTree;
use crate::{Completion, Durable, DurableHeads, StorageError, runtime::Lane};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// Makes everything inserted before this call durable: writes the pending entries to the log
    /// and syncs it. Callers share syncs. Works under every [`FlushPolicy`](crate::FlushPolicy).
    ///
    /// Blocks on the disk, and while another thread inserts a batch. On an executor:
    /// [`flush_async`](Self::flush_async).
    ///
    /// # Errors
    /// [`StorageError::FlushFailed`] if the log fails or has failed; [`StorageError::Unavailable`]
    /// if nothing could be written for now and nothing is in doubt: the entries wait for the
    /// next flush; [`StorageError::Closed`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert([1u8; 32])?;
    /// tree.flush()?;
    /// // Now the insertion is durable
    /// # assert_eq!(tree.durable_size(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&self) -> Result<(), StorageError> {
        self.parts().status().check()?;
        self.parts().committer.flush_all()
    }

    /// [`flush`](Self::flush) as a future, of everything inserted before this call. A thread of the
    /// runtime leads the sync once the future is polled, and wakes it. The future shares a running
    /// sync, and the sync that tokens wait for. Never blocks.
    ///
    /// # Errors
    /// As [`flush`](Self::flush), when awaited.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # async fn serve(tree: RotorTree<Blake3Hasher, 2, 32>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// tree.try_insert([1; 32])?;
    /// tree.flush_async().await?;
    /// assert_eq!(tree.durable_size(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn flush_async(&self) -> Durable {
        self.parts().flush_async()
    }

    /// Makes a checkpoint: syncs the log, writes the tree's new nodes to chunk files, commits the
    /// manifest, drops the log that it covers, and reads checkpointed levels from the chunks. Its
    /// cost grows with the nodes added since the last one. Inserts and readers go on meanwhile.
    ///
    /// Blocks on the disk, and on a checkpoint that is under way. On an executor:
    /// [`checkpoint_async`](Self::checkpoint_async).
    ///
    /// # Errors
    /// [`StorageError::CheckpointFailed`]: no durable leaf is affected and the tree goes on;
    /// [`StorageError::FlushFailed`], [`StorageError::Closed`].
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// # tree.insert([1u8; 32])?;
    /// tree.checkpoint()?;
    /// // WAL is now truncated, and tree state is in checkpoint files
    /// # assert_eq!(tree.stats().checkpointed_size, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(&self) -> Result<(), StorageError> {
        self.parts().status().check()?;
        self.parts().checkpointer.run(false)
    }

    /// [`checkpoint`](Self::checkpoint) on a thread of the runtime. It starts at once, and goes on
    /// if the future is dropped. Never blocks.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint), when awaited.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # async fn serve(tree: RotorTree<Blake3Hasher, 2, 32>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// tree.checkpoint_async().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn checkpoint_async(&self) -> Completion<()> {
        if let Err(error) = self.parts().status().check() {
            return Completion::ended(Err(error));
        }
        let tree = self.clone();
        Completion::of(&self.parts().config.runtime, Lane::Checkpoint, move || {
            tree.checkpoint()
        })
    }

    /// Follows the durable head, the one to sign and publish, from sync to sync: a stream without a
    /// trait, which ends when the tree is closed or fails. Never blocks.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # async fn serve(tree: RotorTree<Blake3Hasher, 2, 32>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let mut heads = tree.durable_heads();
    /// while let Some(head) = heads.next().await {
    ///     println!("{} leaves are durable", head.size);
    /// }
    /// heads.outcome()?; // Closed, or failed.
    /// # Ok(())
    /// # }
    /// ```
    pub fn durable_heads(&self) -> DurableHeads {
        self.parts().durable_heads()
    }

    /// Whether a checkpoint completed since the last call that returned `true` (or since the tree
    /// was opened), or completes within `timeout`. None is missed between two calls, and of
    /// several that completed one call tells. Returns `false` early when the tree is closed or
    /// fails. Blocks, unless `timeout` is zero.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// # tree.insert([1u8; 32])?;
    /// # tree.checkpoint()?;
    /// use std::time::Duration;
    ///
    /// if tree.wait_for_checkpoint(Duration::from_secs(10)) {
    ///     println!("Checkpoint completed");
    /// } else {
    ///     println!("Timeout waiting for checkpoint");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wait_for_checkpoint(&self, timeout: Duration) -> bool {
        self.parts().checkpointer.queue.wait_for_next(timeout)
    }
}
