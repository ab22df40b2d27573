//! Lifetimes: snapshots and views across checkpoints, and the shards that an extension shares.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::{NodeSource, reference::sample_leaves};
use rotortree_store::storage::{Reads, Stream};

use super::store::{Store, Tree, assert_nodes, expected};

#[test]
fn a_snapshot_taken_at_open_never_changes() {
    let leaves = sample_leaves(30, 60_000);
    for reads in [Reads::Mapped, Reads::Positioned] {
        let mut store = Store::with_shard_chunks(2, 128);
        let mut tree = Tree::<2>::new(ToyHasher::new());
        tree.insert_many(&leaves[..16_300]).unwrap();
        store.checkpoint(&tree.snapshot()).unwrap();

        let mut tree = store.reopen::<2, _>(ToyHasher::new(), reads, usize::MAX);
        let at_open = expected(2, &leaves, 16_300);
        let held = tree.snapshot();
        assert_nodes(&held, &at_open);
        let mut cold = store.cold(reads);
        for size in [16_301, 16_384, 16_500, 33_000, 60_000] {
            tree.insert_many(&leaves[tree.size() as usize..size])
                .unwrap();
            store.checkpoint(&tree.snapshot()).unwrap();
            cold = cold.extend(&store.manifest).unwrap();
            tree.nodes_mut()
                .rebase(Arc::clone(&cold) as _, &cold.base_lens(usize::MAX));
            assert_nodes(&held, &at_open);
            assert_nodes(&tree.snapshot(), &expected(2, &leaves, size as u64));
        }
        drop(tree);
        drop(cold);
        assert_nodes(&held, &at_open);
    }
}

#[test]
fn an_extension_asks_for_shards_that_grew_and_no_others() {
    let leaves = sample_leaves(31, 128 * 400);
    let mut store = Store::with_shard_chunks(2, 128);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&leaves[..128 * 300]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let cold = store.cold(Reads::Mapped);
    let (chunks, sums) = (Stream::Chunks, Stream::Sums);
    let asked = store.place.take_asked();
    assert_eq!(asked[..2], [(chunks, 0, 2, 44), (chunks, 1, 1, 22)]);
    assert_eq!(cold.regions(), asked.len());

    // Four chunks of leaves, two of level 1, and one of each of the three above.
    tree.insert_many(&leaves[128 * 300..128 * 304]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let extended = cold.extend(&store.manifest).unwrap();
    assert_eq!(
        store.place.take_asked(),
        [
            (chunks, 0, 2, 48),
            (chunks, 1, 1, 24),
            (chunks, 2, 0, 76),
            (chunks, 3, 0, 38),
            (chunks, 4, 0, 19)
        ]
    );
    assert_eq!(extended.regions(), cold.regions());
    let same = extended.extend(&store.manifest).unwrap();
    assert_eq!(store.place.take_asked(), []);
    assert_eq!(same.base_lens(usize::MAX), extended.base_lens(usize::MAX));

    // The last shard's checksums fill a sector.
    tree.insert_many(&leaves[128 * 304..128 * 384]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    extended.extend(&store.manifest).unwrap();
    let asked = store.place.take_asked();
    assert_eq!(asked[..2], [(chunks, 0, 2, 128), (sums, 0, 2, 1)]);
}

#[test]
fn a_mapped_chunk_is_checked_once_and_stays_checked_when_its_shard_grows() {
    let leaves = sample_leaves(32, 128 * 140);
    let mut store = Store::new(2);
    let mut tree = Tree::<2>::new(ToyHasher::new());
    tree.insert_many(&leaves[..128 * 130]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let cold = store.cold(Reads::Mapped);
    store.place.take_sum_views();
    let look_ups = |source: &dyn NodeSource, node: u64| {
        let mut out = [[0; 32]];
        source.read(0, node, &mut out).unwrap();
        assert_eq!(out[0], leaves[node as usize]);
        store.place.take_sum_views()
    };
    assert_eq!(look_ups(&*cold, 0), 1);
    assert_eq!(look_ups(&*cold, 127), 0, "the same chunk");
    assert_eq!(look_ups(&*cold, 128), 1, "another one");
    assert_eq!(look_ups(&*cold, 128 * 70), 1);

    tree.insert_many(&leaves[128 * 130..]).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let extended = cold.extend(&store.manifest).unwrap();
    store.place.take_sum_views();
    let look_ups = |node: u64| {
        let mut out = [[0; 32]];
        extended.read(0, node, &mut out).unwrap();
        store.place.take_sum_views()
    };
    assert_eq!(look_ups(5), 0);
    assert_eq!(look_ups(128 * 70 + 3), 0);
    assert_eq!(look_ups(128 * 71), 1);
}

#[test]
fn base_lengths_are_whole_chunks_below_the_pinned_levels() {
    let store = Store::of::<4>(&sample_leaves(33, 10_000)).0;
    let cold = store.cold(Reads::Mapped);
    assert_eq!(
        cold.base_lens(usize::MAX),
        [9984, 2432, 512, 128, 0, 0, 0, 0]
    );
    assert_eq!(cold.base_lens(2), [9984, 2432, 0, 0, 0, 0, 0, 0]);
    assert_eq!(cold.base_lens(0), [0; 8]);
    let pinned = store.nodes(Reads::Mapped, 0);
    let mapped = store.nodes(Reads::Mapped, usize::MAX);
    assert!(mapped.resident_bytes() < 64 << 10 && pinned.resident_bytes() > 400 << 10);
    for level in 0..8 {
        assert_eq!(pinned.len(level), mapped.len(level));
        assert_eq!(pinned.base_len(level), 0);
    }
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn readers_read_while_checkpoints_go_on() {
    let leaves = sample_leaves(34, 40_000);
    for reads in [Reads::Mapped, Reads::Positioned] {
        let mut store = Store::with_shard_chunks(2, 128);
        let mut tree = Tree::<2>::new(ToyHasher::new());
        tree.insert_many(&leaves[..10_000]).unwrap();
        store.checkpoint(&tree.snapshot()).unwrap();
        let mut tree = store.reopen::<2, _>(ToyHasher::new(), reads, usize::MAX);
        let mut cold = store.cold(reads);
        let nodes = expected(2, &leaves, 10_000);
        let (held, done) = (tree.snapshot(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for reader in 0..3_u64 {
                let (held, done, nodes) = (&held, &done, &nodes);
                scope.spawn(move || {
                    let mut at = reader;
                    while !done.load(Ordering::Relaxed) {
                        at = at
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1442);
                        let level = (at >> 60) as usize % nodes.len();
                        let index = (at >> 20) % nodes[level].len() as u64;
                        let node = held.get_node(level, index).unwrap();
                        assert_eq!(node, nodes[level][index as usize]);
                    }
                });
            }
            // Also when this thread panics: the scope waits for the readers.
            let _stop = SetOnDrop(&done);
            for size in (11_000..40_000).step_by(1000) {
                tree.insert_many(&leaves[tree.size() as usize..size])
                    .unwrap();
                store.checkpoint(&tree.snapshot()).unwrap();
                cold = cold.extend(&store.manifest).unwrap();
                tree.nodes_mut()
                    .rebase(Arc::clone(&cold) as _, &cold.base_lens(usize::MAX));
            }
        });
        let source = tree.nodes().source();
        let mut out = vec![[0; 32]; 39_000];
        source.read(0, 0, &mut out).unwrap();
        assert_eq!(out, leaves[..39_000]);
    }
}
