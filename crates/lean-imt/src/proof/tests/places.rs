//! The place of the nodes makes no difference to a proof: in memory, in a base with or without
//! views, or in both.

use alloc::{sync::Arc, vec::Vec};
use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, leaves};
use crate::{LeanIMT, MemoryNodes, NodeSource, TreeError, geometry};

/// Nodes of another source, with or without views.
struct Foreign {
    nodes: Arc<dyn NodeSource>,
    in_place: bool,
}

impl NodeSource for Foreign {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        self.nodes.read(level, start, out)
    }

    fn view(&self, level: usize, start: u64, len: usize) -> Option<&[Hash]> {
        self.nodes.view(level, start, len).filter(|_| self.in_place)
    }
}

fn each<const N: usize>() {
    for size in [1, 2, 3, 5, 8, 16, 17, 31, 32, 33, 63, 100] {
        let leaves = leaves(size as usize);
        let mut plain = LeanIMT::<_, N, DEPTH>::new(Blake3Hasher);
        plain.insert_many(&leaves).unwrap();
        let snapshot = plain.snapshot();
        let proofs: Vec<_> = (0..size)
            .map(|index| snapshot.generate_proof(index).unwrap())
            .collect();
        let head = plain.head().unwrap();
        for proof in &proofs {
            proof.verify_against(&Blake3Hasher, head).unwrap();
        }
        for in_place in [true, false] {
            let mut snapshots = Vec::new();
            // Some leaves in the base, or all, and the others in memory over it.
            for below in [1, size / 3, size / 2, size - 1, size] {
                let old = snapshot.snapshot_at(below).unwrap();
                let nodes = Arc::new(Foreign {
                    nodes: plain.nodes().source(),
                    in_place,
                });
                let lens: Vec<_> = (0..=old.depth())
                    .map(|level| geometry::complete_len::<N>(below, level))
                    .collect();
                let nodes = MemoryNodes::over(nodes, &lens);
                let mut tree =
                    LeanIMT::<_, N, DEPTH>::from_nodes(Blake3Hasher, nodes, below, None).unwrap();
                let above = &leaves[below as usize..];
                if !above.is_empty() {
                    tree.insert_many(above).unwrap();
                }
                snapshots.push(tree.snapshot());
            }
            for snapshot in snapshots {
                for proof in &proofs {
                    let same = snapshot.generate_proof(proof.leaf_index).unwrap();
                    assert_eq!(&same, proof, "in place: {in_place}, {size} leaves, N = {N}");
                }
            }
        }
    }
}

#[test]
fn a_proof_is_the_same_wherever_the_nodes_are() {
    each::<2>();
    each::<3>();
    each::<4>();
    each::<16>();
}
