//! Many inclusion proofs against one head, hashed level by level across proofs so that the hasher works on many groups at
//! a time.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher};

use super::{
    UnrootedInclusion,
    inclusion::NaryProof,
    path::{parent_among, place},
};
use crate::{TreeError, TreeHead, arity::assert_arity, geometry};

/// A proof of a batch that does not hold.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT, NaryProof};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let head = tree.head().expect("the tree is not empty");
/// let snapshot = tree.snapshot();
/// let mut proofs = vec![snapshot.generate_proof(0)?, snapshot.generate_proof(1)?];
/// assert!(NaryProof::verify_batch(&Blake3Hasher, head, &proofs).is_empty());
///
/// proofs[1].leaf = [9; 32];
/// let failures = NaryProof::verify_batch(&Blake3Hasher, head, &proofs);
/// assert_eq!(failures.len(), 1);
/// assert_eq!(failures[0].index, 1);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchFailure {
    /// Which proof of the batch, from 0.
    pub index: usize,
    /// Why it is malformed, or `None` where it is well-formed and does not hold.
    pub error: Option<TreeError>,
}

/// An inclusion proof as the batch sees it.
trait Proof<const N: usize> {
    /// Everything that verification against `head` checks without hashing.
    fn precheck<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<bool, TreeError>;
    fn leaf(&self) -> &Hash;
    fn leaf_index(&self) -> u64;
    /// The `count` siblings of a level, which follow `before` siblings of the levels below.
    fn siblings(&self, level: usize, before: usize, count: usize) -> &[Hash];
}

impl<const N: usize, const MAX_DEPTH: usize> Proof<N> for NaryProof<N, MAX_DEPTH> {
    fn precheck<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<bool, TreeError> {
        self.check(hasher)?;
        Ok((self.tree_size, self.root) == (head.size, head.root))
    }

    fn leaf(&self) -> &Hash {
        &self.leaf
    }

    fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    fn siblings(&self, level: usize, _: usize, count: usize) -> &[Hash] {
        &self.levels[level].siblings[..count]
    }
}

impl<const N: usize> Proof<N> for UnrootedInclusion<'_, N> {
    fn precheck<H: Hasher>(&self, hasher: &H, head: TreeHead) -> Result<bool, TreeError> {
        self.check(hasher)?;
        Ok(self.tree_size() == head.size)
    }

    fn leaf(&self) -> &Hash {
        UnrootedInclusion::leaf(self)
    }

    fn leaf_index(&self) -> u64 {
        UnrootedInclusion::leaf_index(self)
    }

    fn siblings(&self, _: usize, before: usize, count: usize) -> &[Hash] {
        &UnrootedInclusion::siblings(self)[before..before + count]
    }
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// Verifies many proofs against one head from a trusted source, and says which do not hold: the same verdicts as
    /// [`verify_against`](Self::verify_against) gives one by one, several times as fast where the hasher works on many
    /// groups at a time. Allocates for failures only; about 24 KiB of stack.
    pub fn verify_batch<H: Hasher>(
        hasher: &H,
        head: TreeHead,
        proofs: &[Self],
    ) -> Vec<BatchFailure> {
        verify_batch(hasher, head, proofs)
    }
}

impl<const N: usize> UnrootedInclusion<'_, N> {
    /// Verifies many proofs against one head from a trusted source, and says which do not hold; see
    /// [`NaryProof::verify_batch`].
    pub fn verify_batch<H: Hasher>(
        hasher: &H,
        head: TreeHead,
        proofs: &[Self],
    ) -> Vec<BatchFailure> {
        verify_batch(hasher, head, proofs)
    }
}

/// Proofs worked on together at most.
const LANES: usize = 64;
/// Children gathered together at most.
const CHILDREN: usize = 512;

/// One proof on its way up.
#[derive(Clone, Copy)]
struct Lane {
    proof: usize,
    node: Hash,
    /// Where the node stands on its level.
    index: u64,
    /// Siblings of the levels below.
    used: usize,
}

fn verify_batch<H: Hasher, P: Proof<N>, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Vec<BatchFailure> {
    assert_arity::<H, N>();
    let mut failures = Vec::new();
    let mut fail = |index, error| failures.push(BatchFailure { index, error });
    let head_error = head.check(hasher, 0).err();
    let idle = Lane {
        proof: 0,
        node: [0; 32],
        index: 0,
        used: 0,
    };
    let mut lanes = [idle; LANES];
    let width = (CHILDREN / N).clamp(1, LANES);
    for start in (0..proofs.len()).step_by(width) {
        let mut count = 0;
        for (index, proof) in proofs.iter().enumerate().skip(start).take(width) {
            match head_error
                .clone()
                .map_or_else(|| proof.precheck(hasher, head), Err)
            {
                Ok(true) => {
                    lanes[count] = Lane {
                        proof: index,
                        node: *proof.leaf(),
                        index: proof.leaf_index(),
                        used: 0,
                    };
                    count += 1;
                }
                Ok(false) => fail(index, None),
                Err(error) => fail(index, Some(error)),
            }
        }
        let lanes = &mut lanes[..count];
        ascend(hasher, head.size, proofs, lanes);
        for lane in lanes {
            if lane.node != head.root {
                fail(lane.proof, None);
            }
        }
    }
    failures.sort_unstable_by_key(|failure| failure.index);
    failures
}

/// Replaces every lane's leaf by the root that it leads to.
fn ascend<H: Hasher, P: Proof<N>, const N: usize>(
    hasher: &H,
    size: u64,
    proofs: &[P],
    lanes: &mut [Lane],
) {
    let mut children = [[0; 32]; CHILDREN];
    let mut parents = [[0; 32]; LANES];
    let mut level_len = size;
    for level in 0..geometry::depth::<N>(size) {
        let mut full = [0; LANES];
        let mut full_count = 0;
        for (at, lane) in lanes.iter_mut().enumerate() {
            let group = geometry::group::<N>(lane.index, level_len);
            lane.index /= N as u64;
            let siblings = proofs[lane.proof].siblings(level, lane.used, group.len - 1);
            lane.used += siblings.len();
            if group.len == N && N <= CHILDREN {
                let slots = &mut children[full_count * N..][..N];
                place(slots, &lane.node, group.position, siblings);
                full[full_count] = at;
                full_count += 1;
            } else {
                lane.node = parent_among::<H, N>(hasher, &lane.node, group.position, siblings);
            }
        }
        let parents = &mut parents[..full_count];
        hasher.hash_groups(N, &children[..full_count * N], parents);
        for (at, parent) in full.iter().zip(parents) {
            lanes[*at].node = *parent;
        }
        level_len = level_len.div_ceil(N as u64);
    }
}
