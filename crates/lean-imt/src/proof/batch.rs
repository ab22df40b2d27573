//! Many inclusion proofs against one head, hashed level by level across proofs so that the hasher works on many groups at
//! a time.

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hasher, PairPath};

use super::{
    UnrootedInclusion,
    inclusion::{NaryProof, ProofLevel},
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
    /// The place of the path's node in its group of `level`, and the siblings. Levels are asked for in order.
    fn step(&self, level: usize, place: &mut Place) -> (usize, &[Hash]);

    /// Where a proof keeps its siblings.
    type Siblings<'a>: Copy
    where
        Self: 'a;
    fn siblings(&self) -> Self::Siblings<'_>;
    /// The sibling on `level` of a binary tree, by the levels on which the path is lifted; on those, anything.
    fn pair_sibling<'a>(siblings: Self::Siblings<'a>, level: usize, lifts: u64) -> &'a Hash
    where
        Self: 'a;
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
    fn step(&self, level: usize, _: &mut Place) -> (usize, &[Hash]) {
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
    fn step(&self, _: usize, place: &mut Place) -> (usize, &[Hash]) {
        let group = geometry::group_to::<N>(place.index, place.last);
        place.index /= N as u64;
        place.last /= N as u64;
        let (_, siblings) = UnrootedInclusion::siblings(self).split_at(place.used);
        place.used += group.len - 1;
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
        // Siblings lie one after the other, without gaps for lifts. Most paths have none below most levels.
        let lifts_below = lifts & !(u64::MAX << level);
        let sibling = if lifts_below == 0 {
            siblings.get(level)
        } else {
            siblings.get(level - lifts_below.count_ones() as usize)
        };
        sibling.unwrap_or(&[0; 32])
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
struct Lanes<'a, P> {
    proofs: [&'a P; LANES],
    /// Which of the batch they are.
    numbers: [usize; LANES],
    nodes: [Hash; LANES],
    count: usize,
}

/// Where a node stands on its level, the level's last index, and the siblings of the levels below.
#[derive(Clone, Copy)]
struct Place {
    index: u64,
    last: u64,
    used: usize,
}

impl<'a, P> Lanes<'a, P> {
    /// No proof; `any` stands where there is none.
    fn new(any: &'a P) -> Self {
        Self {
            proofs: [any; LANES],
            numbers: [0; LANES],
            nodes: [[0; 32]; LANES],
            count: 0,
        }
    }

    fn push<const N: usize>(&mut self, number: usize, proof: &'a P)
    where
        P: Proof<N>,
    {
        self.proofs[self.count] = proof;
        self.numbers[self.count] = number;
        self.nodes[self.count] = *proof.leaf();
        self.count += 1;
    }

    /// Replaces every leaf by the root that it leads to in a tree of `size` leaves.
    fn climb<H: Hasher, const N: usize>(&mut self, hasher: &H, size: u64)
    where
        P: Proof<N>,
    {
        let depth = geometry::depth::<N>(size);
        match N {
            2 => self.climb_pairs::<H, N>(hasher, size, depth),
            _ => self.climb_groups::<H, N>(hasher, size, depth),
        }
    }

    fn climb_pairs<H: Hasher, const N: usize>(&mut self, hasher: &H, size: u64, depth: usize)
    where
        P: Proof<N>,
    {
        let mut paths = [PairPath::default(); LANES];
        let lanes = self.proofs.iter().zip(&self.nodes);
        for (path, (proof, node)) in paths.iter_mut().zip(lanes).take(self.count) {
            let turns = proof.leaf_index();
            *path = PairPath {
                node: *node,
                turns,
                lifts: geometry::lifts(turns, size - 1),
            };
        }
        let siblings = self.proofs.map(|proof| proof.siblings());
        let lifts = paths.map(|path| path.lifts);
        let paths = &mut paths[..self.count];
        hasher.hash_pair_paths(paths, depth, |lane, level| {
            P::pair_sibling(siblings[lane], level, lifts[lane])
        });
        for (node, path) in self.nodes.iter_mut().zip(paths) {
            *node = path.node;
        }
    }

    fn climb_groups<H: Hasher, const N: usize>(&mut self, hasher: &H, size: u64, depth: usize)
    where
        P: Proof<N>,
    {
        let mut places = self.proofs.map(|proof| Place {
            index: proof.leaf_index(),
            last: size - 1,
            used: 0,
        });
        let mut children = [[0; 32]; CHILDREN];
        // What passes the last group of a level, where that is short: which lanes, and the node above.
        let mut short = [0; LANES];
        let mut above = [[0; 32]; LANES];
        let nodes = &mut self.nodes[..self.count];
        for level in 0..depth {
            let mut short_count = 0;
            let lanes = self.proofs.iter().zip(&mut places);
            for (lane, (node, (proof, place_of))) in nodes.iter().zip(lanes).enumerate() {
                let (position, siblings) = proof.step(level, place_of);
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
    let Some(any) = proofs.first() else {
        return failures;
    };
    let mut fail = |index, error| failures.push(BatchFailure { index, error });
    let head_error = head.check(hasher, 0).err();
    let mut lanes = Lanes::new(any);
    let width = (CHILDREN / N).clamp(1, LANES);
    for start in (0..proofs.len()).step_by(width) {
        lanes.count = 0;
        for (index, proof) in proofs.iter().enumerate().skip(start).take(width) {
            match head_error
                .clone()
                .map_or_else(|| proof.precheck(hasher, head), Err)
            {
                Ok(true) => lanes.push(index, proof),
                Ok(false) => fail(index, None),
                Err(error) => fail(index, Some(error)),
            }
        }
        if lanes.count > 0 {
            lanes.climb(hasher, head.size);
        }
        for (number, node) in lanes.numbers.iter().zip(&lanes.nodes).take(lanes.count) {
            if *node != head.root {
                fail(*number, None);
            }
        }
    }
    failures.sort_unstable_by_key(|failure| failure.index);
    failures
}
