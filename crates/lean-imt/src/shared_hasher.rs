//! [`SharedHasher`]: a hasher whose type is erased, so that the type of snapshots does not depend
//! on the hasher.

use alloc::sync::Arc;
use core::{any::TypeId, fmt};
use rotortree_hasher::{GroupState, Hash, Hasher, PairPath, forward_hasher};

/// The methods of [`Hasher`], callable through a pointer.
trait ErasedHasher: Send + Sync {
    fn hash_children(&self, children: &[Hash]) -> Hash;
    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]);
    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    );
    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: &dyn Fn(usize, usize) -> &'a Hash,
    );
    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash;
    fn check(&self, hash: &Hash) -> bool;
    fn fingerprint(&self, arity: usize) -> Hash;
}

impl<H: Hasher> ErasedHasher for H {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        Hasher::hash_children(self, children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        Hasher::hash_groups(self, arity, children, parents);
    }

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        Hasher::hash_groups_beside(self, arity, children, parents, work);
    }

    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: &dyn Fn(usize, usize) -> &'a Hash,
    ) {
        Hasher::hash_pair_paths(self, paths, steps, sibling);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        Hasher::hash_resuming(self, state, stable, children)
    }

    fn check(&self, hash: &Hash) -> bool {
        Hasher::check(self, hash)
    }

    fn fingerprint(&self, arity: usize) -> Hash {
        Hasher::fingerprint(self, arity)
    }
}

/// A [`Hasher`] behind a shared pointer. Snapshots keep the tree's hasher in this form, and their
/// forks use it.
///
/// A clone costs a reference count; every call, batches included, is one virtual call. It accepts
/// any arity, because its creator has already compared N with the hasher's `MAX_ARITY`.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, Hasher, SharedHasher};
///
/// let shared = SharedHasher::new(Blake3Hasher);
/// let pair = [[1; 32], [2; 32]];
/// assert_eq!(shared.hash_children(&pair), Blake3Hasher.hash_children(&pair));
/// ```
#[derive(Clone)]
pub struct SharedHasher(Arc<dyn ErasedHasher>);

impl SharedHasher {
    /// Wraps a hasher.
    pub fn new<H: Hasher>(hasher: H) -> Self {
        Self(Arc::new(hasher))
    }

    /// Whether both are clones of one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Hasher for SharedHasher {
    forward_hasher!();
}

impl fmt::Debug for SharedHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedHasher")
    }
}

/// Whether a group takes this hasher a microsecond or more, so that few groups are worth a thread.
/// A hasher says that it is faster with [`Hasher::MAX_BLOCK`]. Of one whose type is erased nothing
/// is known, and it counts as fast.
#[doc(hidden)]
#[must_use]
pub fn is_slow<H: Hasher>() -> bool {
    H::MAX_BLOCK == 1 && TypeId::of::<H>() != TypeId::of::<SharedHasher>()
}

#[cfg(test)]
mod tests {
    use rotortree_hasher::{Calls, Hash, Hasher, check_forwarding};

    use super::SharedHasher;
    use crate::{LeanIMT, TreeError};

    #[test]
    fn every_call_reaches_the_same_method_of_the_hasher_within() {
        static CALLS: Calls = Calls::new();
        check_forwarding(&CALLS, SharedHasher::new);
    }

    /// Refuses hashes whose last byte is not zero.
    #[derive(Clone)]
    struct Picky;

    impl Hasher for Picky {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            assert!(children.iter().all(|child| self.check(child)));
            [0; 32]
        }
        fn check(&self, hash: &Hash) -> bool {
            hash[31] == 0
        }
        fn fingerprint(&self, arity: usize) -> Hash {
            [arity as u8; 32]
        }
    }

    #[test]
    fn a_fork_refuses_what_the_trees_hasher_refuses_and_is_told_by_its_fingerprint() {
        let mut tree = LeanIMT::<_, 2, 8>::new(Picky);
        tree.insert([0; 32]).unwrap();
        let mut fork = tree.snapshot().fork().unwrap();
        assert!(matches!(
            fork.insert([1; 32]),
            Err(TreeError::RefusedHash { .. })
        ));
        assert!(matches!(
            fork.insert_many(&[[0; 32], [1; 32]]),
            Err(TreeError::RefusedHash { .. })
        ));
        fork.insert([0; 32]).unwrap();
        assert_eq!(fork.size(), 2);
        assert_eq!(tree.snapshot().hasher().fingerprint(3), [3; 32]);
    }
}
