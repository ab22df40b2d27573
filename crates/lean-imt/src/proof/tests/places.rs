//! The place of the nodes makes no difference to a proof: in memory, in a base with or without
//! views, or in both.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicUsize, Ordering};
use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, leaves};
use crate::{LeanIMT, MemoryNodes, NodeSource, NodeSpan, TreeError, geometry};

/// Nodes of another source, with or without views.
struct Foreign {
    nodes: Arc<dyn NodeSource>,
    in_place: bool,
    requests: AtomicUsize,
}

impl NodeSource for Foreign {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.nodes.read(level, start, out)
    }

    fn read_spans(&self, spans: &mut [NodeSpan<'_>]) -> Result<(), TreeError> {
        self.requests
            .fetch_add(usize::from(!spans.is_empty()), Ordering::Relaxed);
        self.nodes.read_spans(spans)
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
                    requests: AtomicUsize::new(0),
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

/// Every proof of a tree whose first leaves are in a base that has no views.
fn requests<const N: usize>(size: u64, below: u64) {
    let leaves = leaves(size as usize);
    let mut plain = LeanIMT::<_, N, DEPTH>::new(Blake3Hasher);
    plain.insert_many(&leaves).unwrap();
    let base = Arc::new(Foreign {
        nodes: plain.nodes().source(),
        in_place: false,
        requests: AtomicUsize::new(0),
    });
    let lens: Vec<_> = (0..=geometry::depth::<N>(below))
        .map(|level| geometry::complete_len::<N>(below, level))
        .collect();
    let nodes = MemoryNodes::over(base.clone(), &lens);
    let mut tree = LeanIMT::<_, N, DEPTH>::from_nodes(Blake3Hasher, nodes, below, None).unwrap();
    tree.insert_many(&leaves[below as usize..]).unwrap();
    let (snapshot, plain) = (tree.snapshot(), plain.snapshot());
    let once = |what: &str| {
        let requests = base.requests.swap(0, Ordering::Relaxed);
        assert!(
            requests <= 1,
            "{what}: {requests} requests, {below} of {size}, N = {N}"
        );
    };
    once("restoring the edge");
    let old_root = plain.snapshot_at(below).unwrap().root().unwrap();
    let step = (size as usize / 7).max(1);
    for index in (0..size).step_by(step) {
        snapshot.generate_proof(index).unwrap();
        once("an inclusion proof");
        snapshot.generate_proof_bytes(index).unwrap();
        once("its bytes");
        let range = snapshot.generate_range_proof(index..size).unwrap();
        once("a range proof");
        assert_eq!(range, plain.generate_range_proof(index..size).unwrap());
    }
    let indices: Vec<_> = (0..size).step_by(step).collect();
    let multi = snapshot.generate_multiproof(&indices).unwrap();
    once("a multiproof");
    assert_eq!(multi, plain.generate_multiproof(&indices).unwrap());
    let growth = snapshot.generate_consistency_proof(below, old_root);
    once("a consistency proof");
    assert_eq!(growth, plain.generate_consistency_proof(below, old_root));
    snapshot.snapshot_at(size / 2 + 1).unwrap();
    once("a past state");
}

#[test]
fn every_proof_asks_the_base_once_for_all_its_nodes() {
    for (size, below) in [(2, 1), (33, 32), (100, 33), (1000, 997), (1000, 512)] {
        requests::<2>(size, below);
        requests::<3>(size, below);
        requests::<4>(size, below);
        requests::<5>(size, below);
        requests::<8>(size, below);
        requests::<16>(size, below);
        requests::<33>(size, below);
    }
}
