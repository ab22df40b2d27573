//! [`Wide`]: a hasher without a bound on the width of groups that the compiler would hold against each N.

use rotortree_hasher::{GroupState, Hash, Hasher};

use crate::VerifyError;

/// A hasher whose `MAX_ARITY` was compared with N at run time. With its own one, code for an N beyond it would not compile, although
/// it would not be called.
#[derive(Clone)]
pub(super) struct Wide<H>(H);

impl<H: Hasher> Wide<H> {
    /// Wraps a clone of `hasher`.
    ///
    /// # Errors
    /// [`VerifyError::ArityExceedsHasher`] if its groups are not as wide as `arity`.
    pub(super) fn new(hasher: &H, arity: usize) -> Result<Self, VerifyError> {
        if arity > H::MAX_ARITY {
            return Err(VerifyError::ArityExceedsHasher {
                arity,
                max_arity: H::MAX_ARITY,
            });
        }
        Ok(Self(hasher.clone()))
    }
}

impl<H: Hasher> Hasher for Wide<H> {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        self.0.hash_children(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        self.0.hash_groups(arity, children, parents);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        self.0.hash_resuming(state, stable, children)
    }

    fn check(&self, hash: &Hash) -> bool {
        self.0.check(hash)
    }
}
