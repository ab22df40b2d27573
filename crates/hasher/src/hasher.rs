//! The [`Hasher`] trait: what a tree needs of a hash function.

/// A node of a tree: a leaf, an inner node or a root. 32 bytes, always.
pub type Hash = [u8; 32];

/// What a hasher keeps of the first children of a group, so that hashing the same group with one
/// more child does not start again.
///
/// The default value has absorbed nothing. The meaning of `words` is the hasher's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// How many leading children of the group `words` stands for.
    pub absorbed: u32,
    /// The hasher's intermediate state after `absorbed` children.
    pub words: [u32; 16],
}

/// A hash function over groups of 32-byte children.
pub trait Hasher: Clone + Send + Sync + 'static {
    /// The widest group this hasher takes. A tree of a larger arity does not compile.
    const MAX_ARITY: usize = usize::MAX;

    /// Hashes one group of 2 to [`MAX_ARITY`](Self::MAX_ARITY) children.
    fn hash_children(&self, children: &[Hash]) -> Hash;

    /// Hashes a contiguous run of equal groups: `children.len() == arity * parents.len()`.
    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        for (group, parent) in children.chunks_exact(arity).zip(parents) {
            *parent = self.hash_children(group);
        }
    }

    /// [`hash_children`](Self::hash_children), with a state that may remember leading children.
    ///
    /// `stable` leading children will be the same at the next call with this `state`; no other
    /// child may be absorbed. `state` is fresh or was left by a call whose stable children are a
    /// prefix of these `children`.
    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        let _ = (state, stable);
        self.hash_children(children)
    }

    /// Whether these 32 bytes, which come from outside, are a value this hasher works on.
    fn check(&self, hash: &Hash) -> bool {
        let _ = hash;
        true
    }

    /// Identifies the function by what it does: a hash of fixed probe groups of 2 to `arity` children.
    fn fingerprint(&self, arity: usize) -> Hash {
        let _ = arity;
        [0; 32]
    }
}
