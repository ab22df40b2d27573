//! [`Wide`]: a hasher without the compile-time bound on the width of groups.

use rotortree_hasher::{GroupState, Hash, Hasher, PairPath};

use crate::VerifyError;

/// A hasher whose `MAX_ARITY` was compared with N at run time. The dispatch compiles code for every
/// N, and with the hasher's own `MAX_ARITY` the code for a larger N would not compile, although it
/// is never called.
#[derive(Clone)]
pub(super) struct Wide<H>(H);

impl<H: Hasher> Wide<H> {
    /// Wraps a clone of `hasher`.
    ///
    /// # Errors
    /// [`VerifyError::ArityExceedsHasher`] if `arity` exceeds the hasher's `MAX_ARITY`.
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

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        self.0.hash_groups_beside(arity, children, parents, work);
    }

    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: impl Fn(usize, usize) -> &'a Hash,
    ) {
        self.0.hash_pair_paths(paths, steps, sibling);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        self.0.hash_resuming(state, stable, children)
    }

    fn check(&self, hash: &Hash) -> bool {
        self.0.check(hash)
    }

    fn fingerprint(&self, arity: usize) -> Hash {
        self.0.fingerprint(arity)
    }
}

#[cfg(test)]
mod tests {
    use rotortree_hasher::{Calls, check_forwarding};

    use super::Wide;

    #[test]
    fn every_call_reaches_the_same_method_of_the_hasher_within() {
        static CALLS: Calls = Calls::new();
        check_forwarding(&CALLS, Wide);
    }
}
