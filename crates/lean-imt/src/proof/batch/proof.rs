//! [`Proof`]: the interface of a batch to the two forms of an inclusion proof.

use rotortree_hasher::{Hash, Hasher};

use crate::{
    NaryProof, ProofLevel, TreeHead, UnrootedInclusion, VerifyError, geometry,
    proof::unrooted::pair_sibling,
};

/// An inclusion proof in a batch.
pub(super) trait Proof<const N: usize> {
    /// The checks of verification against `head` that need no hash.
    fn precheck<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<(), VerifyError>;
    fn leaf(&self) -> &Hash;
    fn leaf_index(&self) -> u64;
    /// The place of the path's node in its group of `level`, and the siblings. Called level by
    /// level, from the leaves up.
    fn step(&self, level: usize, state: &mut PathState) -> (usize, &[Hash]);

    /// The siblings of a proof.
    type Siblings<'a>: Copy
    where
        Self: 'a;
    fn siblings(&self) -> Self::Siblings<'_>;
    /// The sibling on `level` of a binary tree. `lifts` has a bit for each level on which the path
    /// is lifted; there the result is arbitrary.
    fn pair_sibling<'a>(siblings: Self::Siblings<'a>, level: usize, lifts: u64) -> &'a Hash
    where
        Self: 'a;
}

impl<const N: usize, const MAX_DEPTH: usize> Proof<N> for NaryProof<N, MAX_DEPTH> {
    #[inline]
    fn precheck<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<(), VerifyError> {
        self.precheck(hasher, head)
    }

    fn leaf(&self) -> &Hash {
        &self.leaf
    }

    fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    #[inline(always)]
    fn step(&self, level: usize, _: &mut PathState) -> (usize, &[Hash]) {
        let level = &self.levels[level];
        (level.position, &level.siblings[..level.sibling_count])
    }

    type Siblings<'a> = &'a [ProofLevel<N>; MAX_DEPTH];

    fn siblings(&self) -> Self::Siblings<'_> {
        &self.levels
    }

    #[inline(always)]
    fn pair_sibling<'a>(levels: Self::Siblings<'a>, level: usize, _: u64) -> &'a Hash {
        &levels[level].siblings[0]
    }
}

impl<const N: usize> Proof<N> for UnrootedInclusion<'_, N> {
    fn precheck<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<(), VerifyError> {
        head.expect_size(self.tree_size())?;
        self.check(hasher).map_err(VerifyError::Malformed)
    }

    fn leaf(&self) -> &Hash {
        UnrootedInclusion::leaf(self)
    }

    fn leaf_index(&self) -> u64 {
        UnrootedInclusion::leaf_index(self)
    }

    #[inline(always)]
    fn step(&self, _: usize, state: &mut PathState) -> (usize, &[Hash]) {
        let group = geometry::group_to::<N>(state.index, state.last);
        state.index /= N as u64;
        state.last /= N as u64;
        let (_, siblings) = UnrootedInclusion::siblings(self).split_at(state.used);
        state.used += group.len - 1;
        (group.position, &siblings[..group.len - 1])
    }

    type Siblings<'b>
        = &'b [Hash]
    where
        Self: 'b;

    fn siblings(&self) -> Self::Siblings<'_> {
        self.siblings()
    }

    #[inline(always)]
    fn pair_sibling<'b>(siblings: Self::Siblings<'b>, level: usize, lifts: u64) -> &'b Hash
    where
        Self: 'b,
    {
        pair_sibling(siblings, level, lifts)
    }
}

/// The node's index on its level, the level's last index, and the number of siblings of the
/// levels below.
#[derive(Clone, Copy)]
pub(super) struct PathState {
    pub(super) index: u64,
    pub(super) last: u64,
    pub(super) used: usize,
}
