//! Making inclusion proofs from a snapshot's nodes.

use core::array;

use super::{
    inclusion::{NaryProof, ProofLevel},
    path::Path,
};
use crate::{NodeRun, TreeError, TreeSnapshot};

impl<const N: usize, const MAX_DEPTH: usize> TreeSnapshot<N, MAX_DEPTH> {
    /// The proof that a leaf stands where it does. One read per level, no hash.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`], [`TreeError::NodeUnavailable`].
    pub fn generate_proof(&self, leaf_index: u64) -> Result<NaryProof<N, MAX_DEPTH>, TreeError> {
        let Some(root) = self.root().filter(|_| leaf_index < self.size()) else {
            return Err(TreeError::IndexOutOfRange {
                index: leaf_index,
                size: self.size(),
            });
        };
        let mut proof = NaryProof {
            root,
            leaf: root,
            leaf_index,
            tree_size: self.size(),
            level_count: self.depth(),
            levels: [ProofLevel::EMPTY; MAX_DEPTH],
        };
        let mut runs: [NodeRun<'_>; MAX_DEPTH] = array::from_fn(|_| NodeRun {
            level: 0,
            start: 0,
            out: &mut [],
        });
        let path = Path::<N>::new(leaf_index, self.size());
        let mut complete_len = self.size();
        for (level, ((slot, run), span)) in
            proof.levels.iter_mut().zip(&mut runs).zip(path).enumerate()
        {
            slot.position = span.position;
            slot.sibling_count = span.len - 1;
            // What is read: the whole group, the leaf with its own; of a pair above the leaves only the sibling.
            let (start, len) = match span.len {
                1 if level > 0 => (span.start, 0),
                2 if is_read_alone::<N>(level) => (span.start + 1 - span.position as u64, 1),
                len => (span.start, len),
            };
            // At most the last of them is not complete. A group starts at the edge node at the latest.
            let complete = (complete_len.saturating_sub(start)).min(len as u64) as usize;
            let (complete, edge) = slot.siblings[..len].split_at_mut(complete);
            if let Some(edge) = edge.first_mut() {
                *edge = self.edge_node(level);
            }
            *run = NodeRun {
                level,
                start,
                out: complete,
            };
            complete_len /= N as u64;
        }
        self.read_complete_runs(&mut runs[..proof.level_count])?;
        for (level, slot) in proof.levels[..proof.level_count].iter_mut().enumerate() {
            if level == 0 {
                proof.leaf = slot.siblings[slot.position];
            }
            if !(is_read_alone::<N>(level) && slot.sibling_count == 1) {
                for place in slot.position..slot.sibling_count {
                    slot.siblings[place] = slot.siblings[place + 1];
                }
                slot.siblings[slot.sibling_count] = [0; 32];
            }
        }
        Ok(proof)
    }
}

/// Whether a proof reads the sibling of a pair without the path's own node.
const fn is_read_alone<const N: usize>(level: usize) -> bool {
    N == 2 && level > 0
}
