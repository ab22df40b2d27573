//! Verification finds every wrong node.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use rotortree_hasher::{Hash, Hasher, ToyHasher};
use rotortree_lean_imt::{
    MemoryNodes, NodeSource, TreeError, TreeSnapshot, geometry, reference::sample_leaves,
};
use rotortree_store::{
    StorageError,
    storage::{Reads, Stream},
    verify::verify_nodes,
};

use super::store::{DEPTH, Store, Tree, expected};

/// Nodes with given values.
struct Told(Vec<Vec<Hash>>);

impl NodeSource for Told {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        out.copy_from_slice(&self.0[level][start as usize..][..out.len()]);
        Ok(())
    }
}

fn told<const N: usize>(nodes: &[Vec<Hash>]) -> TreeSnapshot<N, DEPTH> {
    let size = nodes[0].len() as u64;
    let lens: Vec<u64> = (0..nodes.len())
        .map(|level| geometry::complete_len::<N>(size, level))
        .collect();
    let nodes = MemoryNodes::over(Arc::new(Told(nodes.to_vec())), &lens);
    let tree = Tree::<N>::from_nodes(ToyHasher::new(), nodes, size, None).unwrap();
    tree.snapshot()
}

fn verify<const N: usize>(snapshot: &TreeSnapshot<N, DEPTH>) -> Result<(), StorageError> {
    verify_nodes(&ToyHasher::new(), snapshot, &mut |_| {})
}

fn every_changed_node_is_found<const N: usize>(size: usize) {
    let leaves = sample_leaves(size as u64, size);
    let mut nodes = expected(N, &leaves, size as u64);
    verify(&told::<N>(&nodes)).unwrap();
    for level in 0..nodes.len() {
        for index in 0..geometry::complete_len::<N>(size as u64, level) {
            let parent_is_stored =
                index / (N as u64) < geometry::complete_len::<N>(size as u64, level + 1);
            if level == 0 && !parent_is_stored {
                // Nothing stored depends on this leaf but the root, which is made from it.
                continue;
            }
            nodes[level][index as usize][7] ^= 1;
            // An inner node contradicts its own children before it contradicts its parent.
            let (at, index_at) = if level == 0 {
                (1, index / N as u64)
            } else {
                (level, index)
            };
            match verify(&told::<N>(&nodes)) {
                Err(StorageError::DataCorruption {
                    file,
                    offset,
                    reason,
                }) => {
                    assert_eq!(file, format!("level {at}"), "node {index} of level {level}");
                    assert_eq!(offset, index_at * 32);
                    assert_eq!(
                        reason,
                        format!("node {index_at} is not the hash of its children")
                    );
                }
                other => panic!("node {index} of level {level}: {other:?}"),
            }
            nodes[level][index as usize][7] ^= 1;
        }
    }
}

#[test]
fn every_changed_node_of_a_tree_is_named() {
    every_changed_node_is_found::<2>(200);
    every_changed_node_is_found::<2>(256);
    every_changed_node_is_found::<3>(243);
    every_changed_node_is_found::<4>(150);
    every_changed_node_is_found::<16>(300);
    every_changed_node_is_found::<33>(1100);
}

/// Hashes as the toy hasher does, but slowly where a run starts with this child.
#[derive(Clone)]
struct SlowAt(Hash);

impl Hasher for SlowAt {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        ToyHasher::new().hash_children(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        if children.first() == Some(&self.0) {
            thread::sleep(Duration::from_millis(50));
        }
        ToyHasher::new().hash_groups(arity, children, parents);
    }
}

#[test]
fn the_first_of_several_is_named_whichever_thread_meets_it() {
    let leaves = sample_leaves(1, 60_000);
    let mut nodes = expected(2, &leaves, 60_000);
    for index in (9_000..30_000).step_by(50) {
        nodes[1][index][0] ^= 1;
        nodes[3][index / 8][0] ^= 1;
    }
    // The piece with the first wrong node is done last of those that are compared at the time.
    for slow in [[0; 32], leaves[16_384]] {
        for _ in 0..3 {
            let refused = verify_nodes(&SlowAt(slow), &told::<2>(&nodes), &mut |_| {});
            let refused = refused.unwrap_err().to_string();
            let first = "level 1: damaged at byte 288000: node 9000 ";
            assert!(refused.starts_with(first), "{refused}");
        }
    }
}

#[test]
fn an_edge_node_that_does_not_follow_from_the_complete_nodes_is_named() {
    /// Agrees on whole groups of four, and on no other.
    #[derive(Clone)]
    struct OtherEdges;

    impl Hasher for OtherEdges {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            let mut hash = ToyHasher::new().hash_children(children);
            hash[0] ^= u8::from(children.len() < 4);
            hash
        }
    }

    // The lowest group that is unfinished and not lifted, and the level of its parent.
    for (size, level, index) in [
        (2, 1, 0),
        (19, 1, 4),
        (17, 3, 0),
        (20, 3, 0),
        (24, 2, 1),
        (64 + 12, 2, 4),
    ] {
        let snapshot = told::<4>(&expected(4, &sample_leaves(9, size), size as u64));
        verify(&snapshot).unwrap();
        let refused = verify_nodes(&OtherEdges, &snapshot, &mut |_| {}).unwrap_err();
        let first = format!(
            "level {level}: damaged at byte {}: node {index} ",
            index * 32
        );
        assert!(
            refused.to_string().starts_with(&first),
            "{size} leaves: {refused}"
        );
    }
    for size in [1, 4, 16, 64] {
        let snapshot = told::<4>(&expected(4, &sample_leaves(9, size), size as u64));
        verify_nodes(&OtherEdges, &snapshot, &mut |_| {}).unwrap();
    }
}

#[test]
fn trees_of_every_shape_pass() {
    fn each<const N: usize>() {
        let mut tree = Tree::<N>::new(ToyHasher::new());
        verify(&tree.snapshot()).unwrap();
        for leaf in sample_leaves(2, 700) {
            tree.insert(leaf).unwrap();
            verify(&tree.snapshot()).unwrap();
        }
        tree.insert_many(&sample_leaves(3, 50_000)).unwrap();
        verify(&tree.snapshot()).unwrap();
    }
    each::<2>();
    each::<3>();
    each::<4>();
    each::<16>();
    each::<33>();
    let mut wide = Tree::<5000>::new(ToyHasher::new());
    wide.insert_many(&sample_leaves(4, 20_001)).unwrap();
    verify(&wide.snapshot()).unwrap();
}

#[test]
fn a_node_with_a_right_checksum_and_a_wrong_value_is_found_in_a_store() {
    let leaves = sample_leaves(5, 1000);
    let mut nodes = expected(2, &leaves, 1000);
    nodes[2][40][0] ^= 1;
    let mut store = Store::new(2);
    store.checkpoint(&told::<2>(&nodes)).unwrap();
    let tree = store.reopen::<2, _>(ToyHasher::new(), Reads::Mapped, usize::MAX);
    let refused = verify(&tree.snapshot()).unwrap_err().to_string();
    assert!(
        refused.starts_with("level 2: damaged at byte 1280: node 40 "),
        "{refused}"
    );
}

#[test]
fn damage_below_is_told_as_storage_told_it() {
    let leaves = sample_leaves(6, 100_000);
    let store = Store::of::<2>(&leaves).0;
    for reads in [Reads::Mapped, Reads::Positioned] {
        store
            .place
            .damage(Stream::Chunks, 2, |bytes| bytes[9 * 4096] ^= 1);
        let tree = store.reopen::<2, _>(ToyHasher::new(), reads, usize::MAX);
        assert!(matches!(
            verify(&tree.snapshot()),
            Err(StorageError::CrcMismatch { file, offset: 36_864, .. })
                if file == "test place, chunks of level 2, shard 0"
        ));
        store
            .place
            .damage(Stream::Chunks, 2, |bytes| bytes[9 * 4096] ^= 1);
        let tree = store.reopen::<2, _>(ToyHasher::new(), reads, usize::MAX);
        verify(&tree.snapshot()).unwrap();
    }
}

#[test]
fn progress_grows_to_the_number_of_inner_nodes() {
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&sample_leaves(7, 100_000)).unwrap();
    let total = (1..17).map(|level| 100_000 >> level).sum::<u64>();
    let mut calls = Vec::new();
    verify_nodes(&ToyHasher::new(), &tree.snapshot(), &mut |progress| {
        calls.push(progress)
    })
    .unwrap();
    let last = calls.last().map(|progress| (progress.done, progress.total));
    assert_eq!(last, Some((total, total)));
    assert!(
        calls
            .iter()
            .all(|call| call.done <= total && call.total == total)
    );
    assert!(calls.is_sorted_by_key(|call| call.done));
}

#[test]
fn a_hasher_that_panics_is_heard_on_the_calling_thread() {
    #[derive(Clone)]
    struct Panicking(Hash);

    impl Hasher for Panicking {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            assert_ne!(children[0], self.0, "the hasher of the test panics");
            ToyHasher::new().hash_children(children)
        }
    }

    let leaves = sample_leaves(8, 50_000);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&leaves).unwrap();
    let snapshot = tree.snapshot();
    for at in [0, 100, 25_000, 49_998] {
        let hasher = Panicking(leaves[at]);
        let verified = catch_unwind(AssertUnwindSafe(|| {
            verify_nodes(&hasher, &snapshot, &mut |_| {})
        }));
        let panic = verified.expect_err("the panic goes through");
        let text = panic
            .downcast_ref::<String>()
            .expect("the hasher's own panic");
        assert!(text.contains("the hasher of the test panics"));
    }
}
