//! [`forward_hasher!`](crate::forward_hasher): the methods of a wrapper of a hasher.

/// Implements every method of [`Hasher`](crate::Hasher) by the method of the same name of the field
/// `0`. A wrapper that omits a provided method would compute the same hashes at a fraction of the
/// speed.
#[doc(hidden)]
#[macro_export]
macro_rules! forward_hasher {
    () => {
        fn hash_children(&self, children: &[$crate::Hash]) -> $crate::Hash {
            self.0.hash_children(children)
        }

        fn hash_groups(&self, arity: usize, children: &[$crate::Hash], out: &mut [$crate::Hash]) {
            self.0.hash_groups(arity, children, out);
        }

        fn hash_groups_beside(
            &self,
            arity: usize,
            children: &[$crate::Hash],
            parents: &mut [$crate::Hash],
            work: &mut dyn FnMut(usize),
        ) {
            self.0.hash_groups_beside(arity, children, parents, work);
        }

        fn hash_pair_paths<'a>(
            &self,
            paths: &mut [$crate::PairPath],
            steps: usize,
            sibling: impl Fn(usize, usize) -> &'a $crate::Hash,
        ) {
            self.0.hash_pair_paths(paths, steps, &sibling);
        }

        fn hash_resuming(
            &self,
            state: &mut $crate::GroupState,
            stable: usize,
            children: &[$crate::Hash],
        ) -> $crate::Hash {
            self.0.hash_resuming(state, stable, children)
        }

        fn check(&self, hash: &$crate::Hash) -> bool {
            self.0.check(hash)
        }

        fn fingerprint(&self, arity: usize) -> $crate::Hash {
            self.0.fingerprint(arity)
        }
    };
}
