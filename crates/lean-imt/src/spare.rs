//! [`SpareSnapshot`]: snapshots without allocations, for a tree that publishes one after every
//! append.

use alloc::sync::Arc;
use core::fmt;
use rotortree_hasher::Hasher;

use crate::{LeanIMT, TreeSnapshot};

/// The snapshot that was published before the current one. Its memory becomes the next snapshot,
/// unless a reader still has it.
///
/// A snapshot has `32 * MAX_DEPTH` bytes and more. Allocating, filling and freeing one for every
/// leaf takes as long as the rest of publishing.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, SpareSnapshot};
/// use std::sync::Arc;
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// let mut spare = SpareSnapshot::default();
/// let mut published = Arc::new(tree.snapshot());
/// for i in 0..10 {
///     let root = tree.insert([i; 32])?;
///     let next = spare.snapshot(&tree);
///     assert_eq!(next.root(), Some(root));
///     let replaced = core::mem::replace(&mut published, next);
///     spare.keep(replaced, &published);
/// }
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
pub struct SpareSnapshot<const N: usize, const MAX_DEPTH: usize>(
    Option<Arc<TreeSnapshot<N, MAX_DEPTH>>>,
);

impl<const N: usize, const MAX_DEPTH: usize> SpareSnapshot<N, MAX_DEPTH> {
    /// The snapshot of [`LeanIMT::snapshot`], in the memory of the spare one if no reader has
    /// it. O(depth).
    pub fn snapshot<H: Hasher>(
        &mut self,
        tree: &LeanIMT<H, N, MAX_DEPTH>,
    ) -> Arc<TreeSnapshot<N, MAX_DEPTH>> {
        if let Some(mut spare) = self.0.take()
            && let Some(snapshot) = Arc::get_mut(&mut spare)
        {
            tree.snapshot_into(snapshot);
            return spare;
        }
        Arc::new(tree.snapshot())
    }

    /// Keeps the snapshot that `published` replaced. A snapshot that keeps other nodes or
    /// metadata alive than `published` is returned instead, and the caller drops it outside of
    /// its locks. O(1).
    pub fn keep(
        &mut self,
        replaced: Arc<TreeSnapshot<N, MAX_DEPTH>>,
        published: &TreeSnapshot<N, MAX_DEPTH>,
    ) -> Option<Arc<TreeSnapshot<N, MAX_DEPTH>>> {
        if replaced.shares_all_with(published) {
            self.0 = Some(replaced);
            return None;
        }
        self.0 = None;
        Some(replaced)
    }

    /// Drops the spare snapshot: before nodes are taken out of memory, and in an idle tree.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Whether there is a spare snapshot.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

impl<const N: usize, const MAX_DEPTH: usize> Default for SpareSnapshot<N, MAX_DEPTH> {
    fn default() -> Self {
        Self(None)
    }
}

impl<const N: usize, const MAX_DEPTH: usize> fmt::Debug for SpareSnapshot<N, MAX_DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpareSnapshot").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{sync::Arc, vec::Vec};

    use super::SpareSnapshot;
    use crate::{Blake3Hasher, LeanIMT, TreeSnapshot, reference};

    /// A tree and its published snapshot.
    struct Published {
        tree: LeanIMT<Blake3Hasher, 3, 32>,
        spare: SpareSnapshot<3, 32>,
        last: Arc<TreeSnapshot<3, 32>>,
    }

    impl Published {
        fn new() -> Self {
            let tree = LeanIMT::new(Blake3Hasher);
            Self {
                last: Arc::new(tree.snapshot()),
                spare: SpareSnapshot::default(),
                tree,
            }
        }

        fn publish(&mut self) {
            let next = self.spare.snapshot(&self.tree);
            let replaced = core::mem::replace(&mut self.last, next);
            self.spare.keep(replaced, &self.last);
        }

        fn insert(&mut self, leaf: [u8; 32]) {
            self.tree.insert(leaf).expect("it fits");
            self.publish();
        }

        /// Inserts until an insert allocates nothing and leaves a spare snapshot.
        fn settle(&mut self) {
            let any = (0..20).any(|i| {
                self.insert([i; 32]);
                self.spare.is_some()
            });
            assert!(any);
        }
    }

    #[test]
    fn what_a_reader_has_is_never_made_the_next_snapshot() {
        let mut published = Published::new();
        let leaves = reference::sample_leaves(3, 200);
        let mut held = Vec::new();
        let mut reused = 0;
        for (i, leaf) in leaves.iter().enumerate() {
            let spare = published.spare.0.as_ref().map(Arc::as_ptr);
            published.insert(*leaf);
            reused += usize::from(spare == Some(Arc::as_ptr(&published.last)));
            // Readers hold some of them in either way.
            match i % 5 {
                0 => held.push(Arc::clone(&published.last)),
                1 => held.push(Arc::new(TreeSnapshot::clone(&published.last))),
                _ => {}
            }
        }
        assert!(reused > 50, "snapshots without a reader are reused");
        for snapshot in held {
            let size = snapshot.size() as usize;
            let levels = reference::levels(&Blake3Hasher, 3, &leaves[..size]);
            assert_eq!(snapshot.root(), levels.last().map(|level| level[0]));
            for (level, nodes) in levels.iter().enumerate() {
                let mut read = alloc::vec![[0; 32]; nodes.len()];
                snapshot.read_nodes(level, 0, &mut read).unwrap();
                assert_eq!(&read, nodes, "level {level} at size {size}");
            }
        }
    }

    #[test]
    fn a_weak_reference_counts_as_a_reader() {
        let mut published = Published::new();
        published.settle();
        let weak = published.spare.0.as_ref().map(Arc::downgrade);
        let weak = weak.expect("it was left");
        let size = weak.upgrade().expect("it is kept").size();
        published.tree.insert([9; 32]).expect("it fits");
        let next = published.spare.snapshot(&published.tree);
        assert_ne!(Arc::as_ptr(&next), weak.as_ptr());
        assert!(weak.upgrade().is_none_or(|old| old.size() == size));
    }

    #[test]
    fn nothing_is_kept_that_keeps_more_alive_than_the_published_one_does() {
        let mut published = Published::new();
        published.settle();
        // Other nodes: the segments grew.
        published.tree.insert_many(&[[1; 32]; 1000]).unwrap();
        published.publish();
        assert!(!published.spare.is_some());
        published.settle();
        // Other metadata.
        published.tree.set_metadata(Some(Arc::from(*b"cursor")));
        published.publish();
        assert!(!published.spare.is_some());
        published.settle();
        // And on request.
        published.spare.clear();
        assert!(!published.spare.is_some());
    }
}
