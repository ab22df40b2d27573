//! Checkpoints at pairs of sizes around every boundary: live and reopened, every node is the
//! reference tree's.

use std::{collections::BTreeSet, sync::Arc};

use rotortree_hasher::{Blake3Hasher, ToyHasher};
use rotortree_lean_imt::{
    NodeSource,
    geometry::{MAX_BLOCK_NODES, Stride},
    reference::sample_leaves,
};
use rotortree_store::{cold::ColdNodes, storage::Reads};

use super::store::{Store, Tree, assert_nodes, expected};

const PINS: [usize; 5] = [usize::MAX, 0, 1, 2, 5];
const READS: [Reads; 2] = [Reads::Mapped, Reads::Positioned];

/// Sizes at and beside whole groups, whole chunks of each level, and whole sectors where
/// `most` allows.
fn boundaries(arity: u64, most: u64) -> Vec<u64> {
    let mut sizes = BTreeSet::from([1, 2, arity, arity + 1, 200]);
    let mut leaves_of_a_chunk = 128;
    while leaves_of_a_chunk <= most {
        for chunks in [1, 2, 3] {
            let whole = leaves_of_a_chunk * chunks;
            sizes.extend([whole - 1, whole, whole + 1]);
        }
        leaves_of_a_chunk *= arity;
    }
    sizes.into_iter().filter(|size| *size <= most + 1).collect()
}

/// The `turn`-th way to keep and read a tree.
struct Way {
    reads: Reads,
    pin: usize,
    stride: usize,
}

impl Way {
    fn of_turn<const N: usize>(turn: usize) -> Self {
        // The numbers of ways have no common divisor, or each combination would not come.
        let strides = Stride::widest(N as u64, MAX_BLOCK_NODES).levels();
        Self {
            reads: READS[turn % 2],
            pin: PINS[turn / 2 % PINS.len()],
            stride: strides - turn / (2 * PINS.len()) % strides,
        }
    }
}

/// One pair: a checkpoint at `n`, then one at `m`.
fn pair<const N: usize>(
    shard_chunks: Option<u64>,
    leaves: &[[u8; 32]],
    (n, at_n): (u64, &[Vec<[u8; 32]>]),
    (m, at_m): (u64, &[Vec<[u8; 32]>]),
    Way { reads, pin, stride }: Way,
) {
    let store = match shard_chunks {
        Some(chunks) => Store::with_shard_chunks(N, chunks),
        None => Store::new(N),
    };
    let mut store = store.striding(stride);
    let mut tree = Tree::<N>::new(ToyHasher::new());
    tree.insert_many(&leaves[..n as usize]).unwrap();
    let first = tree.snapshot();
    store.checkpoint(&first).unwrap();
    let cold = store.cold(reads);
    tree.nodes_mut()
        .rebase(Arc::<ColdNodes>::clone(&cold), &cold.base_lens(pin));
    assert_nodes(&tree.snapshot(), at_n);

    tree.insert_many(&leaves[n as usize..m as usize]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let cold = cold.extend(&store.manifest).unwrap();
    tree.nodes_mut()
        .rebase(Arc::<ColdNodes>::clone(&cold), &cold.base_lens(pin));
    assert_nodes(&tree.snapshot(), at_m);
    assert_nodes(&first, at_n);

    let mut reopened = store.reopen::<N, _>(ToyHasher::new(), reads, pin);
    assert_nodes(&reopened.snapshot(), at_m);
    assert_nodes(&reopened.snapshot().snapshot_at(n).unwrap(), at_n);
    assert_eq!(
        reopened.insert([0x55; 32]).unwrap(),
        tree.insert([0x55; 32]).unwrap(),
    );
}

fn every_pair<const N: usize>() {
    let sizes = boundaries(N as u64, 4500);
    let leaves = sample_leaves(N as u64, 5000);
    let trees: Vec<_> = sizes
        .iter()
        .map(|&size| (size, expected(N, &leaves, size)))
        .collect();
    let mut turn = 0;
    for (later, (m, at_m)) in trees.iter().enumerate() {
        for (n, at_n) in &trees[..later] {
            let way = Way::of_turn::<N>(turn);
            pair::<N>(None, &leaves, (*n, at_n), (*m, at_m), way);
            turn += 1;
        }
    }
    assert!(turn > 100, "{turn} pairs");
}

#[test]
fn every_node_at_every_pair_of_sizes_for_n_2() {
    every_pair::<2>();
}

#[test]
fn every_node_at_every_pair_of_sizes_for_n_3() {
    every_pair::<3>();
}

#[test]
fn every_node_at_every_pair_of_sizes_for_n_4() {
    every_pair::<4>();
}

#[test]
fn every_node_at_every_pair_of_sizes_for_n_5() {
    every_pair::<5>();
}

#[test]
fn every_node_at_every_pair_of_sizes_for_n_8() {
    every_pair::<8>();
}

#[test]
fn every_node_at_every_pair_of_sizes_for_n_16() {
    every_pair::<16>();
}

#[test]
fn every_node_on_both_sides_of_a_sector_and_a_shard() {
    // A shard of 128 chunks has one sector of checksums: 16,384 leaves.
    let leaves = sample_leaves(9, 50_000);
    let sizes = [100, 16_383, 16_384, 16_512, 32_767, 32_768, 32_900, 49_153];
    let trees = sizes.map(|size| (size, expected(2, &leaves, size)));
    let mut turn = 0;
    for (later, (m, at_m)) in trees.iter().enumerate() {
        for (n, at_n) in &trees[..later] {
            let way = Way::of_turn::<2>(turn);
            pair::<2>(Some(128), &leaves, (*n, at_n), (*m, at_m), way);
            turn += 1;
        }
    }
}

#[test]
fn a_view_that_reaches_into_the_next_shard_is_none() {
    const SHARD: u64 = 128 * 128;
    let leaves = sample_leaves(11, 40_000);
    let mut store = Store::with_shard_chunks(2, 128);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&leaves).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let cold = store.cold(Reads::Mapped);
    for start in SHARD - 4..=SHARD + 4 {
        for len in 0..=8 {
            let view = cold.view(0, start, len);
            let is_across = start < SHARD && start + len as u64 > SHARD;
            assert_eq!(view.is_none(), is_across, "{len} from {start} on");
            let expected = &leaves[start as usize..][..len];
            assert!(view.is_none_or(|nodes| nodes == expected));
        }
    }
}

#[test]
fn an_arity_that_divides_no_chunk() {
    let leaves = sample_leaves(10, 9_000);
    let sizes = [32, 33, 127, 128, 129, 4_223, 4_224, 4_225, 8_448];
    let trees = sizes.map(|size| (size, expected(33, &leaves, size)));
    for pair_of in trees.windows(2) {
        let [(n, at_n), (m, at_m)] = pair_of else {
            unreachable!("windows of two")
        };
        for reads in READS {
            let way = Way {
                reads,
                pin: 1,
                stride: 1,
            };
            pair::<33>(None, &leaves, (*n, at_n), (*m, at_m), way);
        }
    }
}

#[test]
fn a_chunk_whose_last_node_could_still_change_is_not_written() {
    // 255 leaves: level 1 has 127 complete nodes and an edge node, 128 in all. A checkpoint that
    // took the edge node for the chunk's last would keep it for good, and two proofs would be
    // wrong from then on.
    let leaves = sample_leaves(255, 256);
    let mut tree = Tree::<2, Blake3Hasher>::new(Blake3Hasher);
    let mut store = Store::new(2);
    tree.insert_many(&leaves[..255]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    assert_eq!(store.manifest.levels[1].nodes.len(), 127);
    tree.insert(leaves[255]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();

    let head = tree.head().unwrap();
    for pin in PINS {
        let reopened = store.reopen::<2, _>(Blake3Hasher, Reads::Mapped, pin);
        assert_eq!(reopened.head(), Some(head));
        for leaf in 0..256 {
            let proof = reopened.snapshot().generate_proof(leaf).unwrap();
            proof
                .verify_against(&Blake3Hasher, head)
                .expect("leaf {leaf}");
        }
    }
}

#[test]
fn an_empty_tree_is_checkpointed_and_opened() {
    let mut store = Store::new(4);
    let tree = Tree::<4>::new(ToyHasher::new());
    store.checkpoint(&tree.snapshot()).unwrap();
    assert_eq!(store.place.take_syncs(), 0);
    let mut reopened = store.reopen::<4, _>(ToyHasher::new(), Reads::Mapped, 0);
    assert_eq!(reopened.insert([1; 32]).unwrap(), [1; 32]);
}
