//! What a backend is told before units are read: one hint a proof, with every unit in it.

use std::{collections::BTreeMap, sync::Arc};

use rotortree_hasher::ToyHasher;
use rotortree_lean_imt::{TreeSnapshot, reference::sample_leaves};
use rotortree_store::{
    cold::{BlockCache, load_nodes},
    storage::{Reads, Storage},
    test_util::object::{ObjectStorage, ObjectStore},
};

use super::{
    few_levels::strides,
    store::{DEPTH, Store, Tree, open_with},
};

const CHECKPOINTED: usize = 20_001;
const MORE: usize = 77;

/// A handle on the bucket that has nothing fetched, and the tree that is read through it.
struct Reader<const N: usize> {
    storage: Arc<dyn Storage>,
    snapshot: TreeSnapshot<N, DEPTH>,
}

/// With `cache` bytes of blocks.
fn reader<const N: usize>(store: &mut Store, bucket: &ObjectStore, cache: usize) -> Reader<N> {
    let storage: Arc<dyn Storage> = Arc::new(ObjectStorage::new(bucket.clone()));
    store.storage = Arc::clone(&storage);
    let cache = BlockCache::new(cache, None);
    let cold = open_with(store, Reads::Mapped, ToyHasher::new(), cache).unwrap();
    let nodes = load_nodes(cold, &store.manifest, usize::MAX).unwrap();
    let size = store.manifest.size;
    let mut tree = Tree::from_nodes(ToyHasher::new(), nodes, size, None).unwrap();
    let leaves = sample_leaves(50, CHECKPOINTED + MORE);
    tree.insert_many(&leaves[CHECKPOINTED..]).unwrap();
    Reader {
        storage,
        snapshot: tree.snapshot(),
    }
}

impl<const N: usize> Reader<N> {
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = Vec::new();
        self.storage
            .counters(&mut |name, value| counts.push((name, value)));
        counts.into_iter().collect()
    }

    /// The reads that `what` made, all of units that one hint had named.
    fn hinted(&self, what: &str, read: impl FnOnce(&TreeSnapshot<N, DEPTH>)) -> u64 {
        let before = self.counts();
        read(&self.snapshot);
        let after = self.counts();
        let count = |name| after[name] - before[name];
        let (hints, hits) = (count("hints"), count("hits"));
        assert_eq!(
            count("gets"),
            count("fetched"),
            "N = {N}, {what}: a unit was read that no hint had named"
        );
        assert_eq!(hints, u64::from(hits > 0), "N = {N}, {what}: {hits} reads");
        hits
    }
}

fn one_hint_each<const N: usize>() {
    let leaves = sample_leaves(50, CHECKPOINTED + MORE);
    for stride in strides(N) {
        let bucket = ObjectStore::new();
        let mut memory = Tree::<N>::new(ToyHasher::new());
        memory.insert_many(&leaves[..CHECKPOINTED]).unwrap();
        let storage = Arc::new(ObjectStorage::new(bucket.clone()));
        let owner = storage.acquire().unwrap();
        let mut store = Store::on(N, storage).striding(stride);
        store.checkpoint(&memory.snapshot()).unwrap();
        drop(owner);
        memory.insert_many(&leaves[CHECKPOINTED..]).unwrap();
        let memory = memory.snapshot();
        let old_root = memory.snapshot_at(5_000).unwrap().root().unwrap();
        for cache in [0, 1 << 20] {
            let mut hits = 0;
            for leaf in [0, 127, 128, 9_999, 16_383, CHECKPOINTED as u64 - 1] {
                hits += reader::<N>(&mut store, &bucket, cache).hinted("one proof", |snapshot| {
                    let proof = snapshot.generate_proof(leaf).unwrap();
                    assert_eq!(proof, memory.generate_proof(leaf).unwrap());
                });
            }
            assert!(
                hits >= 6,
                "N = {N}, stride {stride}: the leaves are in chunks"
            );
            hits += reader::<N>(&mut store, &bucket, cache).hinted("a multiproof", |snapshot| {
                let indices: Vec<u64> = (0..memory.size()).step_by(977).collect();
                let proof = snapshot.generate_multiproof(&indices).unwrap();
                assert_eq!(proof, memory.generate_multiproof(&indices).unwrap());
            });
            hits += reader::<N>(&mut store, &bucket, cache).hinted("a range proof", |snapshot| {
                let proof = snapshot.generate_range_proof(5_000..7_000).unwrap();
                assert_eq!(proof, memory.generate_range_proof(5_000..7_000).unwrap());
            });
            hits += reader::<N>(&mut store, &bucket, cache).hinted("growth", |snapshot| {
                let proof = snapshot.generate_consistency_proof(5_000, old_root);
                assert_eq!(proof, memory.generate_consistency_proof(5_000, old_root));
            });
            reader::<N>(&mut store, &bucket, cache).hinted("a past state", |snapshot| {
                let past = snapshot.snapshot_at(5_000).unwrap();
                assert_eq!(past.root(), Some(old_root));
            });
            reader::<N>(&mut store, &bucket, cache).hinted("a leaf", |snapshot| {
                assert_eq!(snapshot.get_leaf(300).unwrap(), leaves[300]);
            });
            assert!(hits >= 20, "N = {N}, stride {stride}: {hits} reads in all");
        }
    }
}

#[test]
fn a_proof_gives_one_hint_with_every_unit_before_it_reads_the_first() {
    one_hint_each::<2>();
    one_hint_each::<3>();
    one_hint_each::<4>();
    one_hint_each::<5>();
    one_hint_each::<8>();
    one_hint_each::<16>();
    one_hint_each::<33>();
}

/// A tree of pairs of which levels 0, 7 and 14 are stored.
fn pairs(cache: usize) -> Reader<2> {
    let bucket = ObjectStore::new();
    let leaves = sample_leaves(50, CHECKPOINTED + MORE);
    let mut memory = Tree::<2>::new(ToyHasher::new());
    memory.insert_many(&leaves[..CHECKPOINTED]).unwrap();
    let storage = Arc::new(ObjectStorage::new(bucket.clone()));
    let owner = storage.acquire().unwrap();
    let mut store = Store::on(2, storage).striding(7);
    store.checkpoint(&memory.snapshot()).unwrap();
    drop(owner);
    reader::<2>(&mut store, &bucket, cache)
}

#[test]
fn what_a_crown_lacks_is_in_the_hint() {
    // Room for levels 5 and 6 of each block of leaves.
    let reader = pairs(100_000);
    let prove = |leaf| {
        reader.hinted("a proof", |snapshot| {
            snapshot.generate_proof(leaf).unwrap();
        })
    };
    assert!(prove(0) > 0 && prove(384) > 0);
    let node = |level| {
        reader.hinted("a node", |snapshot| {
            snapshot.get_node(level, 0).unwrap();
        })
    };
    assert_eq!((node(6), node(5)), (0, 0), "the crown has them");
    assert!(node(4) > 0 && prove(384) > 0 && node(1) > 0);
}

#[test]
fn a_block_that_the_cache_has_is_in_no_hint() {
    let reader = pairs(1 << 20);
    let prove = |leaf| {
        reader.hinted("a proof", |snapshot| {
            snapshot.generate_proof(leaf).unwrap();
        })
    };
    assert_eq!(prove(0), 3, "two chunks, and a sector of checksums");
    assert_eq!(
        prove(0),
        0,
        "the chunk of the leaf was the last one read, the blocks are kept"
    );
    assert_eq!(
        prove(5_000),
        2,
        "another chunk of leaves under the same block above"
    );
}
