//! Reading: the tree as it is now, and as it is on disk. None of it waits for inserts or for I/O.

use std::{ops::RangeBounds, sync::Arc, time::Duration};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{Leaves, TreeError, TreeHead, TreeSnapshot};

use super::RotorTree;

/// While other threads insert, two methods can return values of different moments. Read values that
/// must fit together from one [`snapshot`](Self::snapshot).
impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> RotorTree<H, N, MAX_DEPTH> {
    /// The root, or `None` while the tree is empty.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.parts().publication.with(TreeSnapshot::root)
    }

    /// The number of leaves. Not the index of the leaf inserted last while other threads insert:
    /// that is in its token's [`leaf_range`](crate::DurabilityToken::leaf_range).
    #[must_use]
    pub fn size(&self) -> u64 {
        self.parts().publication.with(TreeSnapshot::size)
    }

    /// The number of hash layers above the leaves: the least `d` with `N^d >= size`; 0 for sizes 0
    /// and 1.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// assert_eq!((tree.root(), tree.size(), tree.depth()), (None, 0, 0));
    /// let (root, _) = tree.insert_many(&[[1; 32]; 5])?;
    /// assert_eq!((tree.root(), tree.size(), tree.depth()), (Some(root), 5, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn depth(&self) -> usize {
        self.parts().publication.with(TreeSnapshot::depth)
    }

    /// Size and root as one pair, or `None` while the tree is empty. The head may not be durable
    /// yet: sign and publish only heads of [`durable_snapshot`](Self::durable_snapshot).
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.parts().publication.with(TreeSnapshot::head)
    }

    /// The newest head with this root among those of recent appends: it says whether a root from
    /// outside was a recent state of this tree, and at which size. `None` if it was not, or is not
    /// remembered any more. Verify the proof that comes with the root against this head: a root
    /// alone does not fix the size, see [`TreeHead`].
    ///
    /// The remembered heads:
    ///
    /// * The head after each append of leaves, a batch being one append; the last 1024 of them, or
    ///   as many as [`recent_heads`](crate::RotorTreeBuilder::recent_heads) says. An entry of
    ///   metadata alone changes no head and adds none.
    /// * Of the time before the tree was opened, only the head at opening: the log does not hold
    ///   the roots before it. For an older root whose size is known, `snapshot_at(size)?.root()` of
    ///   a [`snapshot`](Self::snapshot) tells at any age.
    /// * A head is found from the moment at which readers see it: once an insert has returned a
    ///   root, or `root` or a snapshot has shown it, every thread finds it. A found head is never
    ///   ahead of [`size`](Self::size).
    ///
    /// The head may not be durable yet, and a crash may then revoke it. It is durable once
    /// [`durable_size`](Self::durable_size) has reached its size. On a tree that was closed or has
    /// failed the answers stay the same. A forked child always finds the newest head, and finds the
    /// others unless a thread of its parent was adding one during the fork.
    ///
    /// Finding the newest head costs a comparison, any other one O(heads remembered) comparisons of
    /// 32 bytes, one or two microseconds for 1024. No hash, no I/O; inserts wait for at most
    /// 1024 comparisons of it.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// let (root, _) = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// tree.insert_durable([4; 32])?;
    ///
    /// // A proof comes with a root. Was it one of ours?
    /// # let proof = tree.snapshot().snapshot_at(3)?.generate_proof(0)?;
    /// let head = tree
    ///     .find_head(&proof.root)
    ///     .ok_or("not a recent state of this tree")?;
    /// assert_eq!((head.size, head.root), (3, root));
    /// proof.verify_against(&Blake3Hasher, head)?;
    /// assert!(head.size <= tree.durable_size(), "no crash takes it back");
    /// assert_eq!(tree.find_head(&[9; 32]), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn find_head(&self, root: &Hash) -> Option<TreeHead> {
        self.parts().publication.find_head(root)
    }

    /// The application's metadata, as of the last entry that carried any. It belongs to the head of
    /// the same [`snapshot`](Self::snapshot); read both from there where they must fit together.
    #[must_use]
    pub fn metadata(&self) -> Option<Vec<u8>> {
        self.parts()
            .publication
            .with(|tree| tree.metadata().map(<[u8]>::to_vec))
    }

    /// Leaf `index` of the tree as it is now. Values that must match, for example leaf and proof,
    /// are read from one [`snapshot`](Self::snapshot). May block on the disk if the leaf is
    /// checkpointed.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`]; [`TreeError::NodeUnavailable`] if its chunk cannot be read
    /// or fails its checksum.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// assert_eq!(tree.get_leaf(1)?, [2; 32]);
    /// assert!(tree.get_leaf(3).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_leaf(&self, index: u64) -> Result<Hash, TreeError> {
        self.snapshot().get_leaf(index)
    }

    /// The leaves of a range of the tree as it is now, `..` for all, in order. The iterator knows
    /// how many are left, goes on while the tree is inserted to and after it is closed, and
    /// shows none that came later. Its items may block on the disk.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`] if the range does not lie within the tree. Each item can be
    /// [`TreeError::NodeUnavailable`]; the leaves behind it follow.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
    /// let leaves = tree.leaves(..)?;
    /// tree.insert([4; 32])?;
    /// assert_eq!(leaves.len(), 3);
    /// assert_eq!(
    ///     leaves.collect::<Result<Vec<_>, _>>()?,
    ///     [[1; 32], [2; 32], [3; 32]]
    /// );
    /// assert_eq!(tree.leaves(2..)?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn leaves(&self, range: impl RangeBounds<u64>) -> Result<Leaves, TreeError> {
        self.snapshot().leaves(range)
    }

    /// The tree as it is now, for proofs: immutable, valid for as long as anyone holds it, closing
    /// included. A reference count; takes no lock.
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// # tree.insert([1u8; 32])?;
    /// let snapshot = tree.snapshot();
    /// let proof = snapshot.generate_proof(0)?;
    /// # assert_eq!(proof.leaf, [1; 32]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.parts().publication.snapshot()
    }

    /// The tree as of the last sync. Its head is a prefix of every later state, after any crash:
    /// the only one to sign, publish or keep for
    /// [`expect_head`](crate::RotorTreeBuilder::expect_head).
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// let config = RotorTreeConfig {
    ///     flush_policy: FlushPolicy::Manual,
    ///     ..RotorTreeConfig::new(dir.path())
    /// };
    /// let tree = RotorTree::<Blake3Hasher, 2, 32>::open(Blake3Hasher, config)?;
    /// tree.insert([1; 32])?;
    /// assert_eq!(tree.durable_snapshot().head(), None);
    /// tree.flush()?;
    /// assert_eq!(tree.durable_snapshot().head(), tree.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn durable_snapshot(&self) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        self.parts().publication.durable_snapshot()
    }

    /// The number of leaves that are durable.
    #[must_use]
    pub fn durable_size(&self) -> u64 {
        self.parts().publication.durable_snapshot().size()
    }

    /// Waits until the tree has at least `size` leaves, durable or not. Returns whether it has
    /// them, and `false` early when the tree is closed or fails. Blocks, unless `timeout` is zero;
    /// to await durable leaves, see [`durable_heads`](Self::durable_heads).
    ///
    /// ```
    /// # use {rotortree_lean_imt::*, rotortree_store::*};
    /// # let dir = tempfile::tempdir()?;
    /// # let tree = RotorTree::<Blake3Hasher, 2, 32>::open(
    /// #     Blake3Hasher, RotorTreeConfig::new(dir.path()))?;
    /// use std::{thread, time::Duration};
    ///
    /// let inserting = tree.clone();
    /// let inserter = thread::spawn(move || inserting.insert([1; 32]).map(drop));
    /// assert!(tree.wait_for_size(1, Duration::from_secs(60)));
    /// # inserter.join().expect("it does not panic")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wait_for_size(&self, size: u64, timeout: Duration) -> bool {
        self.parts().publication.wait_for_size(size, timeout)
    }
}
