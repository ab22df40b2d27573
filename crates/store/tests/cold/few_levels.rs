//! Trees of which every s-th level is stored: every proof is that of the tree in memory.

use std::{collections::BTreeSet, sync::Arc};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::{
    TreeSnapshot,
    geometry::{MAX_BLOCK_NODES, Stride},
    reference::sample_leaves,
};
use rotortree_store::{
    StorageError,
    cold::{BlockCache, load_nodes},
    storage::{Reads, Stream},
    verify::verify_nodes,
};

use super::store::{DEPTH, Store, Tree, assert_nodes, expected, open_cold, open_with};

/// Every stride of a tree of groups of `arity`.
pub(super) fn strides(arity: usize) -> impl Iterator<Item = usize> {
    1..=Stride::widest(arity as u64, MAX_BLOCK_NODES).levels()
}

/// Sizes at and beside the ends of blocks and of chunks, of the leaves and of the level that is
/// stored next.
fn boundaries(arity: u64, stride: usize) -> BTreeSet<u64> {
    let block = arity.pow(stride as u32);
    let units = [block, 128, 128 * block, block * block];
    let sizes = units.into_iter().filter(|unit| *unit <= 17_000);
    let beside = sizes.flat_map(|unit| [unit - 1, unit, unit + 1, unit + arity, 2 * unit + 1]);
    beside.filter(|size| (1..17_000).contains(size)).collect()
}

/// Leaves at and beside the ends of blocks and of chunks.
fn leaves_of(size: u64, arity: u64, stride: usize) -> Vec<u64> {
    let block = arity.pow(stride as u32);
    let near = [0, 1, block - 1, block, 127, 128, size / 2, size - 1];
    let near: BTreeSet<u64> = near.into_iter().filter(|leaf| *leaf < size).collect();
    near.into_iter().collect()
}

/// Compares every kind of proof of two snapshots.
fn assert_proofs<const N: usize>(
    stored: &TreeSnapshot<N, DEPTH>,
    memory: &TreeSnapshot<N, DEPTH>,
    chosen: &[u64],
) {
    let size = memory.size();
    let head = memory.head();
    assert_eq!(stored.head(), head);
    for &leaf in chosen {
        let proof = memory.generate_proof(leaf).unwrap();
        assert_eq!(
            stored.generate_proof(leaf).unwrap(),
            proof,
            "leaf {leaf} of {size}"
        );
        let old = memory.snapshot_at(leaf + 1).unwrap();
        let same = stored.snapshot_at(leaf + 1).unwrap();
        assert_eq!(same.head(), old.head());
        assert_eq!(
            same.generate_proof(leaf / 2).unwrap(),
            old.generate_proof(leaf / 2).unwrap()
        );
        assert_eq!(
            stored.frontier_at(leaf + 1).unwrap(),
            memory.frontier_at(leaf + 1).unwrap()
        );
        let root = old.root().unwrap();
        let growth = memory.generate_consistency_proof(leaf + 1, root).unwrap();
        assert_eq!(
            stored.generate_consistency_proof(leaf + 1, root).unwrap(),
            growth
        );
        let mine = old.generate_proof(leaf).unwrap();
        let updated = growth.update_inclusion_proof(
            &ToyHasher::new(),
            &mine,
            old.head().unwrap(),
            head.unwrap(),
        );
        assert_eq!(updated.unwrap(), stored.generate_proof(leaf).unwrap());
        let range = leaf..size.min(leaf + 200);
        let proof = memory.generate_range_proof(range.clone()).unwrap();
        assert_eq!(stored.generate_range_proof(range).unwrap(), proof);
    }
    let proof = memory.generate_multiproof(chosen).unwrap();
    assert_eq!(stored.generate_multiproof(chosen).unwrap(), proof);
}

fn every_stride_and_boundary<const N: usize>() {
    let leaves = sample_leaves(N as u64, 17_000);
    let mut turn = 0;
    for stride in strides(N) {
        for size in boundaries(N as u64, stride) {
            let mut tree = Tree::<N>::new(ToyHasher::new());
            tree.insert_many(&leaves[..size as usize]).unwrap();
            let memory = tree.snapshot();
            let mut store = Store::new(N).striding(stride);
            store.checkpoint(&memory).unwrap();
            let chosen = leaves_of(size, N as u64, stride);
            // A cache of nothing, of three blocks, and of all.
            for cache in [0, 3 * 4096 * 4, 1 << 20] {
                let reads = [Reads::Mapped, Reads::Positioned][turn % 2];
                let pin = [usize::MAX, 0, 1, stride, stride + 1][turn % 5];
                turn += 1;
                let cache = BlockCache::new(cache, None);
                let hasher = ToyHasher::new();
                let cold = open_with(&store, reads, hasher, cache).unwrap();
                let nodes = load_nodes(cold, &store.manifest, pin).unwrap();
                let stored = Tree::<N>::from_nodes(hasher, nodes, size, None).unwrap();
                assert_proofs(&stored.snapshot(), &memory, &chosen);
                verify_nodes(&hasher, &stored.snapshot(), &mut |_| {}).unwrap();
            }
        }
    }
    assert!(turn > 20, "{turn} trees");
}

#[test]
fn every_proof_is_that_of_the_tree_in_memory_for_n_2() {
    every_stride_and_boundary::<2>();
}

#[test]
fn every_proof_is_that_of_the_tree_in_memory_for_n_3_and_4() {
    every_stride_and_boundary::<3>();
    every_stride_and_boundary::<4>();
}

#[test]
fn every_proof_is_that_of_the_tree_in_memory_for_wider_groups() {
    every_stride_and_boundary::<5>();
    every_stride_and_boundary::<8>();
    every_stride_and_boundary::<11>();
    every_stride_and_boundary::<16>();
    every_stride_and_boundary::<33>();
    every_stride_and_boundary::<130>();
}

#[test]
fn every_other_n_keeps_every_node() {
    fn each<const N: usize>() {
        let leaves = sample_leaves(N as u64, 3 * 128 * N + 5);
        let size = leaves.len() as u64;
        let expected = expected(N, &leaves, size);
        for stride in strides(N) {
            let mut tree = Tree::<N>::new(ToyHasher::new());
            tree.insert_many(&leaves).unwrap();
            let mut store = Store::new(N).striding(stride);
            store.checkpoint(&tree.snapshot()).unwrap();
            let tree = store.reopen::<N, _>(ToyHasher::new(), Reads::Mapped, usize::MAX);
            assert_nodes(&tree.snapshot(), &expected);
        }
    }
    macro_rules! each {
        ($($n:literal)*) => { $(each::<$n>();)* };
    }
    each!(6 7 9 10 12 13 14 15 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

#[test]
fn a_store_has_the_levels_of_its_stride_and_no_others() {
    let leaves = sample_leaves(2, 128 * 128 * 128 / 32);
    for (stride, levels) in [
        (7, vec![0, 7]),
        (3, vec![0, 3, 6, 9]),
        (1, (0..=9).collect()),
    ] {
        let mut tree = Tree::<2>::new(ToyHasher::new());
        tree.insert_many(&leaves).unwrap();
        let mut store = Store::new(2).striding(stride);
        store.checkpoint(&tree.snapshot()).unwrap();
        let streams = store.place.streams();
        let of_chunks = streams
            .iter()
            .filter(|(stream, _)| *stream == Stream::Chunks);
        let found: Vec<u8> = of_chunks.map(|(_, level)| *level).collect();
        assert_eq!(found, levels, "a stride of {stride}");
        assert_eq!(
            store.manifest.levels.len(),
            16_usize.div_ceil(stride) + usize::from(16 % stride == 0)
        );
    }
}

#[test]
fn opening_reads_no_chunk_or_one_a_stored_level() {
    fn each<const N: usize>(most: usize) {
        let leaves = sample_leaves(N as u64, 40_000);
        for size in [129, 300, 5_000, 16_384, 16_385, 39_999] {
            let mut tree = Tree::<N>::new(ToyHasher::new());
            tree.insert_many(&leaves[..size]).unwrap();
            let stride = strides(N).last().unwrap();
            let mut store = Store::new(N).striding(stride);
            store.checkpoint(&tree.snapshot()).unwrap();
            store.place.take_chunk_reads();
            store.reopen::<N, _>(ToyHasher::new(), Reads::Positioned, usize::MAX);
            let levels = store.place.streams();
            let levels = levels
                .iter()
                .filter(|(stream, _)| *stream == Stream::Chunks);
            let reads = store.place.take_chunk_reads();
            assert!(
                reads <= most * levels.count(),
                "{reads} chunks, N = {N}, {size} leaves"
            );
        }
    }
    each::<2>(0);
    each::<4>(0);
    each::<8>(0);
    each::<16>(0);
    each::<3>(1);
    each::<5>(1);
    each::<33>(1);
}

#[test]
fn a_bad_chunk_of_leaves_costs_the_proofs_of_its_own_leaves() {
    fn each<const N: usize>(bad: std::ops::Range<u64>) {
        let leaves = sample_leaves(N as u64, 2_000);
        let mut tree = Tree::<N>::new(ToyHasher::new());
        tree.insert_many(&leaves).unwrap();
        let stride = strides(N).last().unwrap();
        let mut store = Store::new(N).striding(stride);
        store.checkpoint(&tree.snapshot()).unwrap();
        store
            .place
            .damage(Stream::Chunks, 0, |bytes| bytes[5 * 4096 + 77] ^= 1);
        for reads in [Reads::Mapped, Reads::Positioned] {
            let stored = store.reopen::<N, _>(ToyHasher::new(), reads, usize::MAX);
            for leaf in 0..2_000 {
                let proof = stored.snapshot().generate_proof(leaf);
                match proof {
                    Ok(proof) => {
                        assert_eq!(proof, tree.snapshot().generate_proof(leaf).unwrap());
                        assert!(!(640..768).contains(&leaf), "leaf {leaf} cannot be read");
                    }
                    Err(error) => {
                        assert!(bad.contains(&leaf), "leaf {leaf}: {error}");
                        assert!(error.to_string().contains("level 0"), "{error}");
                    }
                }
            }
        }
    }
    each::<2>(640..768);
    each::<4>(640..768);
    each::<8>(640..768);
    each::<16>(640..768);
    // Blocks of 81 and of 125 leaves reach into two chunks.
    each::<3>(567..810);
    each::<5>(625..875);
}

#[test]
fn a_node_beside_a_bad_chunk_is_served() {
    let (store, snapshot) = {
        let leaves = sample_leaves(3, 2_000);
        let mut tree = Tree::<3>::new(ToyHasher::new());
        tree.insert_many(&leaves).unwrap();
        let mut store = Store::new(3).striding(4);
        store.checkpoint(&tree.snapshot()).unwrap();
        (store, tree.snapshot())
    };
    store
        .place
        .damage(Stream::Chunks, 0, |bytes| bytes[5 * 4096 + 77] ^= 1);
    for reads in [Reads::Mapped, Reads::Positioned] {
        let stored = store.reopen::<3, _>(ToyHasher::new(), reads, usize::MAX);
        // Leaves 567 to 647 are a block, and 640 is the first of the bad chunk.
        for (level, index) in [(1, 212), (2, 70), (3, 22), (3, 21)] {
            let node = stored.snapshot().get_node(level, index).unwrap();
            assert_eq!(node, snapshot.get_node(level, index).unwrap());
        }
        for (level, index) in [(1, 213), (2, 71), (3, 23)] {
            let error = stored.snapshot().get_node(level, index).unwrap_err();
            let told = error.to_string();
            assert!(
                told.contains(&format!("node {index} of level {level}")),
                "{told}"
            );
        }
    }
}

#[test]
fn a_wrong_node_with_a_right_checksum_is_found_on_every_stored_level() {
    // Of one tree, all but one chunk: that is another tree's, which differs in one leaf.
    let (one, other) = (sample_leaves(1, 20_000), sample_leaves(2, 20_000));
    for stride in [1, 3, 7] {
        let mut store = Store::new(2).striding(stride);
        let mut tree = Tree::<2>::new(ToyHasher::new());
        tree.insert_many(&one).unwrap();
        store.checkpoint(&tree.snapshot()).unwrap();
        let verify = |store: &Store| {
            let cold = open_cold(&store.storage, &store.manifest, Reads::Mapped).unwrap();
            let nodes = load_nodes(cold, &store.manifest, usize::MAX).unwrap();
            let tree = Tree::<2>::from_nodes(ToyHasher::new(), nodes, 20_000, None).unwrap();
            // Proofs fill the cache with what follows from the wrong nodes.
            for leaf in (0..20_000).step_by(64) {
                drop(tree.snapshot().generate_proof(leaf));
            }
            verify_nodes(&ToyHasher::new(), &tree.snapshot(), &mut |_| {})
        };
        verify(&store).unwrap();

        let mut wrong = Store::new(2).striding(stride);
        let mut tree = Tree::<2>::new(ToyHasher::new());
        let mut mixed = one.clone();
        mixed[9_000] = other[9_000];
        tree.insert_many(&mixed).unwrap();
        wrong.checkpoint(&tree.snapshot()).unwrap();
        for (stream, level) in store.place.streams() {
            if stream != Stream::Chunks {
                continue;
            }
            // The chunk of the wrong path, with its own checksum, below or above the honest ones.
            let chunk = (9_000_usize >> level) / 128;
            let bytes = wrong.place.stream(Stream::Chunks, level);
            let Some(bytes) = bytes.get(chunk * 4096..(chunk + 1) * 4096) else {
                continue;
            };
            let honest = store.place.stream(Stream::Chunks, level);
            store.place.damage(Stream::Chunks, level, |stored| {
                stored[chunk * 4096..][..4096].copy_from_slice(bytes);
            });
            let stored_level = usize::from(level) / stride;
            let sum = rotortree_store::chunk::chunk_sum(
                &store.manifest.tree_id,
                level,
                chunk as u64,
                bytes,
            );
            let sums = &mut store.manifest.levels[stored_level].sums;
            let before = match sums.get_mut(chunk) {
                Some(place) => std::mem::replace(place, sum),
                // Its checksum is in a sector.
                None => {
                    store.place.damage(Stream::Sums, level, |sums| {
                        sums[chunk * 4..][..4].copy_from_slice(&sum.to_le_bytes());
                    });
                    0
                }
            };
            let refused = verify(&store).unwrap_err();
            let StorageError::DataCorruption { reason, .. } = &refused else {
                panic!("{refused}");
            };
            assert!(
                reason.contains("is not the hash of its children"),
                "{refused}"
            );
            store
                .place
                .damage(Stream::Chunks, level, |stored| *stored = honest);
            if let Some(place) = store.manifest.levels[stored_level].sums.get_mut(chunk) {
                *place = before;
            }
            if before == 0 {
                let honest = store.place.stream(Stream::Chunks, level);
                let bytes = &honest[chunk * 4096..][..4096];
                let sum = rotortree_store::chunk::chunk_sum(
                    &store.manifest.tree_id,
                    level,
                    chunk as u64,
                    bytes,
                );
                store.place.damage(Stream::Sums, level, |sums| {
                    sums[chunk * 4..][..4].copy_from_slice(&sum.to_le_bytes());
                });
            }
            verify(&store).unwrap();
        }
    }
}

#[test]
fn a_backup_has_the_stride_of_its_own_manifest() {
    let leaves = sample_leaves(6, 20_000);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&leaves).unwrap();
    for (from, to) in [(7, 1), (1, 7), (7, 3), (3, 7)] {
        let mut original = Store::new(2).striding(from);
        original.checkpoint(&tree.snapshot()).unwrap();
        let reopened = original.reopen::<2, _>(ToyHasher::new(), Reads::Mapped, usize::MAX);
        let mut copy = Store::new(2).striding(to);
        // In two steps, as a backup that is extended.
        copy.checkpoint(&reopened.snapshot().snapshot_at(9_001).unwrap())
            .unwrap();
        copy.checkpoint(&reopened.snapshot()).unwrap();
        let mut direct = Store::new(2).striding(to);
        direct.checkpoint(&tree.snapshot()).unwrap();
        for (stream, level) in direct.place.streams() {
            assert!(
                copy.place.stream(stream, level) == direct.place.stream(stream, level),
                "{stream:?} of level {level}, from {from} to {to}"
            );
        }
        assert_eq!(copy.manifest.levels, direct.manifest.levels);
    }
}

#[test]
fn readers_share_a_small_cache_while_checkpoints_go_on() {
    let leaves = sample_leaves(34, 60_000);
    for reads in [Reads::Mapped, Reads::Positioned] {
        let mut store = Store::with_shard_chunks(2, 128).striding(7);
        let mut tree = Tree::<2>::new(ToyHasher::new());
        tree.insert_many(&leaves[..40_000]).unwrap();
        store.checkpoint(&tree.snapshot()).unwrap();
        let cache = BlockCache::new(100 << 10, None);
        let mut cold = open_with(&store, reads, ToyHasher::new(), Arc::clone(&cache)).unwrap();
        let nodes = load_nodes(Arc::clone(&cold), &store.manifest, usize::MAX).unwrap();
        let mut tree = Tree::<2>::from_nodes(ToyHasher::new(), nodes, 40_000, None).unwrap();
        let held = tree.snapshot();
        let head = held.head().unwrap();
        std::thread::scope(|scope| {
            for reader in 0..3_u64 {
                let (held, cache) = (&held, &cache);
                scope.spawn(move || {
                    for turn in 0..2_000 {
                        let leaf = (turn * 7_919 + reader * 13_001) % 40_000;
                        let proof = held.generate_proof(leaf).unwrap();
                        proof.verify_against(&ToyHasher::new(), head).unwrap();
                        assert!(cache.bytes() <= 100 << 10);
                    }
                });
            }
            for size in (41_000..60_000).step_by(2_000) {
                tree.insert_many(&leaves[tree.size() as usize..size])
                    .unwrap();
                store.checkpoint(&tree.snapshot()).unwrap();
                cold = cold.extend(&store.manifest).unwrap();
                tree.nodes_mut()
                    .rebase(Arc::clone(&cold) as _, &cold.base_lens(usize::MAX));
                cache.release();
            }
        });
        let expected = expected(2, &leaves, tree.size());
        assert_nodes(&tree.snapshot(), &expected);
    }
}
