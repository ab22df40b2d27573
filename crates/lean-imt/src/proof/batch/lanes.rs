//! Many paths at a time, from the leaves to the root.

use rotortree_hasher::{Hash, Hasher, PairPath};

use super::proof::{PathState, Proof};
use crate::{
    geometry,
    proof::path::{parent_among, place},
};

/// The most proofs that are hashed together.
pub(super) const LANES: usize = 64;
/// The most children that are gathered together.
pub(super) const CHILDREN: usize = 512;

/// Up to [`LANES`] proofs, one in a lane, each with the node that its path has reached.
pub(super) struct Lanes<'a, P> {
    proofs: [&'a P; LANES],
    /// The numbers of the proofs in the batch.
    numbers: [usize; LANES],
    nodes: [Hash; LANES],
    count: usize,
}

impl<'a, P> Lanes<'a, P> {
    /// No proofs. The reference `any` fills unused lanes.
    pub(super) fn new(any: &'a P) -> Self {
        Self {
            proofs: [any; LANES],
            numbers: [0; LANES],
            nodes: [[0; 32]; LANES],
            count: 0,
        }
    }

    pub(super) fn push<const N: usize>(&mut self, number: usize, proof: &'a P)
    where
        P: Proof<N>,
    {
        self.proofs[self.count] = proof;
        self.numbers[self.count] = number;
        self.nodes[self.count] = *proof.leaf();
        self.count += 1;
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// The number of each proof, and the node that its path has reached.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, &Hash)> {
        let nodes = self.numbers.iter().copied().zip(&self.nodes);
        nodes.take(self.count)
    }

    /// Replaces every leaf by the root that it leads to in a tree of `size` leaves.
    pub(super) fn climb<H: Hasher, const N: usize>(&mut self, hasher: &H, size: u64)
    where
        P: Proof<N>,
    {
        if self.count == 0 {
            return;
        }
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
        let mut states = self.proofs.map(|proof| PathState {
            index: proof.leaf_index(),
            last: size - 1,
            used: 0,
        });
        let mut children = [[0; 32]; CHILDREN];
        // The lanes whose path passes the last group of the level, where that group is short, with
        // the node above.
        let mut short = [0; LANES];
        let mut above = [[0; 32]; LANES];
        let nodes = &mut self.nodes[..self.count];
        for level in 0..depth {
            let mut short_count = 0;
            let lanes = self.proofs.iter().zip(&mut states);
            for (lane, (node, (proof, state))) in nodes.iter().zip(lanes).enumerate() {
                let (position, siblings) = proof.step(level, state);
                if siblings.len() == N - 1 && N <= CHILDREN {
                    let slots = &mut children[lane * N..][..N];
                    place(slots, node, position, siblings);
                } else {
                    short[short_count] = lane;
                    above[short_count] = parent_among::<H, N>(hasher, node, position, siblings);
                    short_count += 1;
                    // The kernel hashes these slots too; their hash is not used.
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
