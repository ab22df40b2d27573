//! [`AnyTree`]: a durable tree whose N is known only at run time.

use std::{io, ops::RangeBounds, path::Path, sync::Arc, time::Duration};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{AnySnapshot, Leaves, TreeError, TreeHead, object_of};

use super::sealed;
use crate::{
    Append, BackupReport, Completion, CutNotice, DurabilityToken, Durable, DurableHeads, Placement,
    RecoveryReport, RotorTree, RotorTreeError, Stats, StorageError, VerifyProgress,
    storage::Storage,
};

object_of! {
    /// A [`RotorTree`] of any hasher, N and MAX_DEPTH, as an object. Its methods are those of the
    /// type. Its snapshots are [`AnySnapshot`], whose proofs are bytes.
    ///
    /// [`AnyTreeBuilder`](crate::AnyTreeBuilder) opens one for an N that is a number. Every
    /// [`RotorTree`] implements this trait, so code that takes a `&dyn AnyTree` serves all trees.
    /// Clone its `Arc` for another handle. The trait is sealed.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// fn tell(tree: &dyn AnyTree) -> String {
    ///     format!("{} leaves, {} children to a node", tree.size(), tree.arity())
    /// }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    /// let typed = RotorTree::<_, 5, 20>::open(Blake3Hasher, RotorTreeConfig::new(one))?;
    /// typed.insert([1; 32])?;
    /// assert_eq!(tell(&typed), "1 leaves, 5 children to a node");
    ///
    /// let chosen = AnyTreeBuilder::new(RotorTreeConfig::new(other)).arity(16).open(Blake3Hasher)?;
    /// assert_eq!(tell(&*chosen), "0 leaves, 16 children to a node");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AnyTree of [H: Hasher, const N: usize, const MAX_DEPTH: usize] RotorTree<H, N, MAX_DEPTH> {
        fn append<'a>(&'a self, leaves: &'a [Hash]) -> Append<'a>;
        fn insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError>;
        fn insert_many(&self, leaves: &[Hash]) -> Result<(Hash, DurabilityToken), RotorTreeError>;
        fn insert_durable(&self, leaf: Hash) -> Result<Hash, RotorTreeError>;
        fn insert_many_durable(&self, leaves: &[Hash]) -> Result<Hash, RotorTreeError>;
        fn append_durable(&self, leaves: &[Hash]) -> Result<Placement, RotorTreeError>;
        fn try_insert(&self, leaf: Hash) -> Result<(Hash, DurabilityToken), RotorTreeError>;
        fn try_insert_many(
            &self, leaves: &[Hash]
        ) -> Result<(Hash, DurabilityToken), RotorTreeError>;
        fn append_at(
            &self, expected_size: u64, leaves: &[Hash]
        ) -> Result<(Hash, DurabilityToken), RotorTreeError>;
        fn insert_many_with_metadata(
            &self, leaves: &[Hash], metadata: &[u8]
        ) -> Result<(Option<Hash>, DurabilityToken), RotorTreeError>;

        fn root(&self) -> Option<Hash>;
        fn size(&self) -> u64;
        fn depth(&self) -> usize;
        fn head(&self) -> Option<TreeHead>;
        fn find_head(&self, root: &Hash) -> Option<TreeHead>;
        fn metadata(&self) -> Option<Vec<u8>>;
        fn get_leaf(&self, index: u64) -> Result<Hash, TreeError>;
        fn snapshot(&self) -> Arc<dyn AnySnapshot>;
        fn durable_snapshot(&self) -> Arc<dyn AnySnapshot>;
        fn durable_size(&self) -> u64;
        fn wait_for_size(&self, size: u64, timeout: Duration) -> bool;

        fn flush(&self) -> Result<(), StorageError>;
        fn flush_async(&self) -> Durable;
        fn durable_heads(&self) -> DurableHeads;
        fn checkpoint(&self) -> Result<(), StorageError>;
        fn checkpoint_async(&self) -> Completion<()>;
        fn wait_for_checkpoint(&self, timeout: Duration) -> bool;

        fn recovery_report(&self) -> RecoveryReport;
        fn acknowledge_cuts(&self) -> Result<Vec<CutNotice>, StorageError>;
        fn failure(&self) -> Option<Arc<io::Error>>;
        fn stats(&self) -> Stats;
        fn backup(&self, path: &Path) -> Result<BackupReport, RotorTreeError>;
        fn backup_to(&self, target: Arc<dyn Storage>) -> Result<BackupReport, RotorTreeError>;
        fn verify(&self) -> Result<(), StorageError>;
        fn verify_with_progress(
            &self, progress: &mut dyn FnMut(VerifyProgress)
        ) -> Result<(), StorageError>;

        /// For this handle and all others.
        fn close(&self) -> Result<(), StorageError> = self.clone().close();
        /// For this handle and all others.
        fn close_async(&self) -> Completion<()> = self.clone().close_async();
    }
}

impl dyn AnyTree + '_ {
    /// [`RotorTree::leaves`].
    ///
    /// # Errors
    /// As [`RotorTree::leaves`].
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }
}
