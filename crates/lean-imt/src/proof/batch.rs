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
    /// The place of the path's node in its group of `level`, whose last node has the index `last`, and the siblings.
    fn step(&self, level: usize, last: u64, lane: &mut Place) -> (usize, &[Hash]);
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

    #[inline(always)]
    fn step(&self, level: usize, _: u64, _: &mut Place) -> (usize, &[Hash]) {
        let level = &self.levels[level];
        (level.position, &level.siblings[..level.sibling_count])
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

    #[inline(always)]
    fn step(&self, _: usize, last: u64, lane: &mut Place) -> (usize, &[Hash]) {
        let group = geometry::group_to::<N>(lane.index, last);
        lane.index /= N as u64;
        let (_, siblings) = UnrootedInclusion::siblings(self).split_at(lane.used);
        lane.used += group.len - 1;
        (group.position, &siblings[..group.len - 1])
    }
}

impl<const N: usize, const MAX_DEPTH: usize> NaryProof<N, MAX_DEPTH> {
    /// Verifies many proofs against one head from a trusted source, and says which do not hold: the same verdicts as
    /// [`verify_against`](Self::verify_against) gives one by one, several times as fast where the hasher works on many
    /// groups at a time. Allocates for failures only; about 24 KiB of stack. Under the feature `parallel` large batches are
    /// shared out between rayon's threads.
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

/// Proofs on their way up, one to a lane.
struct Lanes {
    places: [Place; LANES],
    nodes: [Hash; LANES],
    count: usize,
}

#[derive(Clone, Copy)]
struct Place {
    /// Which proof of the batch.
    proof: usize,
    /// Where its node stands on the level, and the siblings of the levels below: for proofs that do not say.
    index: u64,
    used: usize,
}

impl Lanes {
    fn new() -> Self {
        let nowhere = Place {
            proof: 0,
            index: 0,
            used: 0,
        };
        Self {
            places: [nowhere; LANES],
            nodes: [[0; 32]; LANES],
            count: 0,
        }
    }

    fn push(&mut self, proof: usize, index: u64, leaf: Hash) {
        self.places[self.count] = Place {
            proof,
            index,
            used: 0,
        };
        self.nodes[self.count] = leaf;
        self.count += 1;
    }

    /// Replaces every leaf by the root that it leads to.
    fn ascend<H: Hasher, P: Proof<N>, const N: usize>(
        &mut self,
        hasher: &H,
        size: u64,
        proofs: &[P],
    ) {
        let places = &mut self.places[..self.count];
        let nodes = &mut self.nodes[..self.count];
        let mut children = [[0; 32]; CHILDREN];
        // What passes the last group of a level, where that is short: which lanes, and the node above.
        let mut short = [0; LANES];
        let mut above = [[0; 32]; LANES];
        let mut last = size.saturating_sub(1);
        for level in 0..geometry::depth::<N>(size) {
            let mut short_count = 0;
            for (lane, (at, node)) in places.iter_mut().zip(&*nodes).enumerate() {
                let (position, siblings) = proofs[at.proof].step(level, last, at);
                if siblings.len() == N - 1 && N <= CHILDREN {
                    let slots = &mut children[lane * N..][..N];
                    place(slots, node, position, siblings);
                } else {
                    short[short_count] = lane;
                    above[short_count] = parent_among::<H, N>(hasher, node, position, siblings);
                    short_count += 1;
                    // Hashed along with the others, and not looked at.
                    if let Some(slots) = children.get_mut(lane * N..(lane + 1) * N) {
                        slots.fill(*node);
                    }
                }
            }
            if short_count < nodes.len() {
                hasher.hash_groups(N, &children[..nodes.len() * N], nodes);
            }
            for (lane, above) in short.iter().zip(&above).take(short_count) {
                nodes[*lane] = *above;
            }
            last /= N as u64;
        }
    }
}

fn verify_batch<H: Hasher, P: Proof<N> + Sync, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Vec<BatchFailure> {
    assert_arity::<H, N>();
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        /// Proofs that one task verifies: enough to outweigh handing them over.
        const SHARE: usize = 4 * LANES;
        if proofs.len() >= 2 * SHARE {
            let shares = proofs.par_chunks(SHARE).enumerate();
            let failures = shares.flat_map_iter(|(share, proofs)| {
                let first = share * SHARE;
                let failures = verify_share(hasher, head, proofs).into_iter();
                failures.map(move |failure| BatchFailure {
                    index: first + failure.index,
                    ..failure
                })
            });
            return failures.collect();
        }
    }
    verify_share(hasher, head, proofs)
}

fn verify_share<H: Hasher, P: Proof<N>, const N: usize>(
    hasher: &H,
    head: TreeHead,
    proofs: &[P],
) -> Vec<BatchFailure> {
    let mut failures = Vec::new();
    let mut fail = |index, error| failures.push(BatchFailure { index, error });
    let head_error = head.check(hasher, 0).err();
    let mut lanes = Lanes::new();
    let width = (CHILDREN / N).clamp(1, LANES);
    for start in (0..proofs.len()).step_by(width) {
        lanes.count = 0;
        for (index, proof) in proofs.iter().enumerate().skip(start).take(width) {
            match head_error
                .clone()
                .map_or_else(|| proof.precheck(hasher, head), Err)
            {
                Ok(true) => lanes.push(index, proof.leaf_index(), *proof.leaf()),
                Ok(false) => fail(index, None),
                Err(error) => fail(index, Some(error)),
            }
        }
        lanes.ascend(hasher, head.size, proofs);
        for (place, node) in lanes.places.iter().zip(&lanes.nodes).take(lanes.count) {
            if *node != head.root {
                fail(place.proof, None);
            }
        }
    }
    failures.sort_unstable_by_key(|failure| failure.index);
    failures
}
