//! Makes inclusion proofs from a snapshot's nodes.

use alloc::{vec, vec::Vec};
use core::array;
use rotortree_hasher::Hash;

use super::{UnrootedInclusion, inclusion::NaryProof, path::Path};
use crate::{
    NodeSource, NodeSpan, TreeError, TreeSnapshot,
    geometry::{self, GroupSpan},
    prefetch::prefetch,
};

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The proof that a leaf stands at its index. One read per level, no hash.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn generate_proof(&self, leaf_index: u64) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        if leaf_index >= self.size() {
            return Err(TreeError::IndexOutOfRange {
                index: leaf_index,
                size: self.size(),
            });
        }
        // A source that hashes the nodes above the leaves has no view of them.
        if leaf_index / (N as u64) < self.nodes().recomputed_len(1) {
            self.generate_from_copies(leaf_index)
        } else if N == 2 {
            self.generate_pairs(leaf_index)
        } else {
            self.generate_groups(leaf_index)
        }
    }

    /// [`generate_proof`](Self::generate_proof) for any `N`.
    fn generate_groups(&self, leaf_index: u64) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        // First find the addresses of the nodes: this reads data in the cache, while most nodes are
        // not in the cache.
        let mut groups: [&[Hash]; MAX_DEPTH] = [&[]; MAX_DEPTH];
        for (level, (group, read)) in groups.iter_mut().zip(self.reads(leaf_index)).enumerate() {
            match self.nodes().view(level, read.start, read.complete) {
                Some(nodes) => *group = nodes,
                None => return self.generate_from_copies(leaf_index),
            }
        }
        Ok(self.assemble(leaf_index, &groups))
    }

    /// [`generate_proof`](Self::generate_proof) for `N = 2`.
    fn generate_pairs(&self, leaf_index: u64) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        // First find the addresses of the nodes, as for any `N`.
        let (nodes, depth) = (self.nodes(), self.depth());
        let mut siblings: [&Hash; MAX_DEPTH] = [&[0; 32]; MAX_DEPTH];
        // Below the level on which the path parts from that of the next leaf to come, both nodes of
        // a pair are complete.
        let parting = ((leaf_index ^ self.size()).ilog2() as usize).min(depth);
        let (below, above) = siblings[..depth].split_at_mut(parting);
        for (level, sibling) in below.iter_mut().enumerate() {
            let Some(node) = nodes.node(level, leaf_index >> level ^ 1) else {
                return self.generate_groups(leaf_index);
            };
            prefetch(node);
            *sibling = node;
        }
        let lifts = geometry::lifts(leaf_index, self.size() - 1);
        for (level, sibling) in (parting..).zip(above) {
            let own = leaf_index >> level;
            if own & 1 == 1 {
                let Some(node) = nodes.node(level, own ^ 1) else {
                    return self.generate_groups(leaf_index);
                };
                *sibling = node;
            } else if lifts >> level & 1 == 0 {
                *sibling = self.edge_node(level);
            }
        }
        match nodes.node(0, leaf_index) {
            Some(leaf) => Ok(self.assemble_pairs(leaf_index, leaf, lifts, &siblings)),
            None => self.generate_groups(leaf_index),
        }
    }

    /// Builds a proof for `N = 2` from the nodes that were found. `lifts` has a bit for each level
    /// without a sibling. It is a separate call for the reason of [`assemble`](Self::assemble), and
    /// never borrows the proof, which the compiler would then move.
    #[inline(never)]
    fn assemble_pairs(
        &self,
        leaf_index: u64,
        leaf: &Hash,
        lifts: u64,
        siblings: &[&Hash; MAX_DEPTH],
    ) -> NaryProof<N, MAX_DEPTH> {
        let mut proof = NaryProof::BLANK;
        proof.root = self.root;
        proof.leaf_index = leaf_index;
        proof.tree_size = self.size();
        proof.level_count = self.depth();
        // From the top down: the prefetched nodes of the large levels below arrive meanwhile.
        for level in (0..proof.level_count.min(MAX_DEPTH)).rev() {
            proof.levels[level].position = (leaf_index >> level & 1) as usize;
            proof.levels[level].sibling_count = (!lifts >> level & 1) as usize;
            proof.levels[level].siblings[0] = *siblings[level];
        }
        proof.leaf = *leaf;
        proof
    }

    /// The bytes of [`generate_proof`](Self::generate_proof), made without the proof, which has 33
    /// KiB at `N = 16`, `MAX_DEPTH = 64`. Two reads per level, no hash.
    pub(crate) fn generate_proof_bytes(&self, leaf_index: u64) -> Result<Vec<u8>, TreeError> {
        if leaf_index >= self.size() {
            return Err(TreeError::IndexOutOfRange {
                index: leaf_index,
                size: self.size(),
            });
        }
        let path = || Path::<N>::new(leaf_index, self.size());
        let mut leaf = [[0; 32]];
        let mut siblings = vec![[0; 32]; path().map(|span| span.len - 1).sum()];
        let mut spans = Vec::with_capacity(1 + 2 * self.depth());
        spans.push(NodeSpan {
            level: 0,
            start: leaf_index,
            nodes: &mut leaf,
        });
        let mut rest = siblings.as_mut_slice();
        for (level, span) in path().enumerate() {
            let (left, behind) = rest.split_at_mut(span.position);
            let (right, behind) = behind.split_at_mut(span.len - 1 - span.position);
            rest = behind;
            let own = span.start + span.position as u64;
            for (start, nodes) in [(span.start, left), (own + 1, right)] {
                spans.push(NodeSpan {
                    level,
                    start,
                    nodes,
                });
            }
        }
        self.read_spans(&mut spans)?;
        let [leaf] = leaf;
        let proof = UnrootedInclusion::<N>::new(self.size(), leaf_index, &leaf, &siblings)?;
        Ok(proof.to_bytes())
    }

    /// [`generate_proof`](Self::generate_proof) for nodes that can be read only by a copy.
    #[cold]
    fn generate_from_copies(&self, leaf_index: u64) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        let mut copies = [[[0; 32]; N]; MAX_DEPTH];
        let mut spans: [NodeSpan<'_>; MAX_DEPTH] = array::from_fn(|_| NodeSpan::default());
        let each = copies.iter_mut().zip(&mut spans);
        for (level, ((copy, span), read)) in each.zip(self.reads(leaf_index)).enumerate() {
            *span = NodeSpan {
                level,
                start: read.start,
                nodes: &mut copy[..read.complete],
            };
        }
        self.nodes().read_spans(&mut spans[..self.depth()])?;
        let mut groups: [&[Hash]; MAX_DEPTH] = [&[]; MAX_DEPTH];
        let each = copies.iter().zip(&mut groups);
        for ((copy, group), read) in each.zip(self.reads(leaf_index)) {
            *group = &copy[..read.complete];
        }
        Ok(self.assemble(leaf_index, &groups))
    }

    /// The read of each level.
    fn reads(&self, leaf_index: u64) -> impl Iterator<Item = Read> {
        let mut complete_len = self.size();
        Path::<N>::new(leaf_index, self.size())
            .enumerate()
            .map(move |(level, span)| {
                let (start, len) = if is_read_alone::<N>(level, &span) {
                    (span.start + 1 - span.position as u64, 1)
                } else {
                    (span.start, span.len)
                };
                // At most the last node is not complete.
                let complete = complete_len.saturating_sub(start).min(len as u64);
                complete_len /= N as u64;
                Read {
                    start,
                    complete: complete as usize,
                }
            })
    }

    /// Builds a proof from the nodes that were read. It is a separate call, so that the proof is
    /// built in its final place: a proof has thousands of bytes, and moving it costs as much as
    /// reading the nodes.
    #[inline(never)]
    fn assemble(&self, leaf_index: u64, groups: &[&[Hash]; MAX_DEPTH]) -> NaryProof<N, MAX_DEPTH> {
        let mut proof = NaryProof::BLANK;
        proof.root = self.root().unwrap_or_default();
        proof.leaf = proof.root;
        proof.leaf_index = leaf_index;
        proof.tree_size = self.size();
        proof.level_count = self.depth();
        let path = Path::<N>::new(leaf_index, self.size());
        for (level, (span, complete)) in path.zip(groups).enumerate() {
            proof.levels[level].position = span.position;
            proof.levels[level].sibling_count = span.len - 1;
            if is_read_alone::<N>(level, &span) {
                proof.levels[level].siblings[0] = match complete.first() {
                    Some(node) => *node,
                    None => *self.edge_node(level),
                };
                continue;
            }
            let mut slot = 0;
            for place in 0..span.len {
                let node = match complete.get(place) {
                    Some(node) => *node,
                    None => *self.edge_node(level),
                };
                if place != span.position {
                    proof.levels[level].siblings[slot] = node;
                    slot += 1;
                } else if level == 0 {
                    proof.leaf = node;
                }
            }
        }
        proof
    }
}

/// The nodes of a level that a proof reads: the complete ones from `start` on.
struct Read {
    start: u64,
    complete: usize,
}

/// Whether the sibling of a pair is read without the path's own node. This holds above the leaves
/// only, because the leaf is part of the proof.
const fn is_read_alone<const N: usize>(level: usize, span: &GroupSpan) -> bool {
    N == 2 && level > 0 && span.len == 2
}
